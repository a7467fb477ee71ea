#include "benchmarks/lab/browser/blink.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/page/page_rules.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using enum ResourceType;
using enum ChromeLevel;

// A document of 30,000 bytes and what it leads to.
class BlinkTest : public ::testing::Test {
 protected:
  BlinkTest() {
    Add(kHtml, kVeryHigh);
    page_.resources[0].render_blocking = RenderBlocking::kDocument;
    page_.resources[0].bytes = 30'000;
  }

  // Returns the index. At `byte` of resource `initiator`.
  size_t Add(ResourceType type, ChromeLevel level, uint64_t byte = 0,
             RenderBlocking blocking = RenderBlocking::kNo,
             size_t initiator = 0) {
    Resource resource;
    resource.id = static_cast<int64_t>(page_.resources.size());
    SetType(type, resource);
    resource.level = level;
    resource.render_blocking = blocking;
    if (resource.id > 0) {
      resource.initiator = initiator;
      resource.discovered_at_byte = byte;
    }
    page_.resources.push_back(resource);
    return page_.resources.size() - 1;
  }
  size_t HeadScript() {
    return Add(kJs, kHigh, 1'000, RenderBlocking::kParser);
  }
  size_t Sheet() {
    return Add(kCss, kVeryHigh, 1'000, RenderBlocking::kStylesheet);
  }
  size_t Image(uint64_t byte = 2'000) { return Add(kImage, kLow, byte); }

  void Begin() {
    MarkMetricSets(page_.resources);
    blink_.emplace(page_);
    Found(0);
  }
  // The actions: "js1:High" a request, "js1:Medium/High" one that was found at
  // Medium, "js1=High" a change of its level, "js1+" the beginning of a pause.
  std::string Actions() {
    return absl::StrJoin(
        blink_->TakeActions(), " ",
        [this](std::string* out, const Blink::Action& action) {
          absl::StrAppend(out, page_.resources[action.resource].label);
          const absl::string_view level = ChromeLevelName(action.level);
          if (action.kind == Blink::Action::kPause) {
            absl::StrAppend(out, "+");
          } else if (action.kind == Blink::Action::kChange) {
            absl::StrAppend(out, "=", level);
          } else if (action.found_at == action.level) {
            absl::StrAppend(out, ":", level);
          } else {
            absl::StrAppend(out, ":", ChromeLevelName(action.found_at), "/",
                            level);
          }
        });
  }
  std::string Found(size_t resource) {
    blink_->OnFound(resource);
    return Actions();
  }
  // The first piece of the document is committed at once.
  std::string Bytes(uint64_t received) {
    blink_->OnBytes(0, received);
    if (!std::exchange(committed_, true)) blink_->OnCommit();
    return Actions();
  }
  std::string Complete(size_t resource) {
    blink_->OnComplete(resource);
    return Actions();
  }

  Page page_;
  std::optional<Blink> blink_;
  bool committed_ = false;
};

TEST_F(BlinkTest, AFrameThatBlocksRenderingIsNotTheDocument) {
  Add(kHtml, kVeryHigh);
  std::swap(page_.resources[0], page_.resources[1]);
  page_.resources[0].initiator = 1;
  page_.resources[0].render_blocking = RenderBlocking::kParser;
  MarkMetricSets(page_.resources);
  EXPECT_TRUE(page_.resources[0].render_critical);
  EXPECT_EQ(Blink(page_).document(), 1u);
}

// As Chromium 156 did on a page like this one: the stylesheet and the script,
// two Medium images, and the rest when the script had arrived.
TEST_F(BlinkTest, UntilTheBodyTwoRequestsBelowHighAreOpen) {
  const size_t css = Sheet();
  const size_t script = HeadScript();
  const size_t async = Add(kJs, kLow, 1'000);
  for (int i = 0; i < 7; ++i) Image();
  const size_t fetch = Add(kFetch, kLow, 2'000);
  Begin();
  EXPECT_EQ(Bytes(3'000), "");
  EXPECT_EQ(Found(css), "css1:VeryHigh");
  EXPECT_EQ(Found(script), "js2:High");
  EXPECT_EQ(Found(async), "");
  EXPECT_EQ(Found(4), "img4:Medium");
  EXPECT_EQ(Found(5), "img5:Medium");
  for (size_t i = 6; i < 11; ++i) EXPECT_EQ(Found(i), "");
  EXPECT_EQ(Found(fetch), "fetch11:Low");
  EXPECT_EQ(Complete(css), "");
  EXPECT_EQ(Complete(4), "img6:Medium");
  EXPECT_EQ(Complete(script),
            "img7:Medium img8:Medium js3:Low img9:Low img10:Low");
}

TEST_F(BlinkTest, ALowRequestGoesWhileFewerThanTwoAreOpen) {
  HeadScript();
  Image();
  Image();
  Begin();
  Bytes(3'000);
  EXPECT_EQ(Found(1), "js1:High");
  page_.resources[2].type = kOther;  // not raised
  page_.resources[3].type = kOther;
  EXPECT_EQ(Found(2), "img2:Low");
  EXPECT_EQ(Found(3), "");
  EXPECT_EQ(Complete(2), "img3:Low");
}

TEST_F(BlinkTest, AScriptOfTheHeadWaitsForTheStylesheetsAboveIt) {
  Sheet();
  HeadScript();
  Sheet();
  const size_t async = Add(kJs, kLow, 1'000);
  Begin();
  Bytes(3'000);
  for (size_t i = 1; i < 4; ++i) Found(i);
  EXPECT_EQ(Found(async), "");
  EXPECT_EQ(Complete(2), "");
  EXPECT_EQ(Complete(1), "js4:Low");
}

TEST_F(BlinkTest, WithoutAScriptTheBodyBeginsWithItsBytes) {
  Sheet();
  Sheet();
  const size_t async = Add(kJs, kLow, 500);
  Begin();
  Bytes(900);
  Found(1);
  Found(2);
  EXPECT_EQ(Found(async), "");
  EXPECT_EQ(Bytes(1'000), "js3:Low");
}

TEST_F(BlinkTest, OnlyTheFirstFiveImagesThatTheScannerFindsAreRaised) {
  for (int i = 0; i < 7; ++i) Image(1'000);
  Begin();
  Bytes(3'000);
  for (size_t i = 1; i < 6; ++i) {
    EXPECT_EQ(Found(i), absl::StrCat("img", i, ":Medium"));
  }
  EXPECT_EQ(Found(6), "img6:Low");
}

TEST_F(BlinkTest, TheParserFindsWhatComesBehindTheFirstPiece) {
  for (int i = 0; i < 3; ++i) Image(20'000);
  const size_t late = Add(kJs, kMedium, 20'000, RenderBlocking::kParserLate);
  const size_t behind = Image(20'000);
  for (int i = 0; i < 2; ++i) Image(20'000);
  Begin();
  Bytes(3'000);
  Bytes(19'000);
  EXPECT_EQ(Found(1), "img1:Low/Medium");
  Bytes(25'000);
  // The parser stops at the script, and the scanner reads on.
  EXPECT_EQ(Found(late), "js4:High");
  EXPECT_EQ(Found(behind), "img5:Medium");
  Complete(late);
  EXPECT_EQ(Found(6), "img6:Low/Medium");
}

TEST_F(BlinkTest, APageWithAMediumImageKnowsWhichImagesAreRaised) {
  for (int i = 0; i < 3; ++i) Image();
  page_.resources[2].level = kMedium;
  Begin();
  Bytes(3'000);
  EXPECT_EQ(Found(1), "img1:Low");
  EXPECT_EQ(Found(2), "img2:Medium");
  Bytes(20'000);
  EXPECT_EQ(Found(3), "img3:Low");
}

TEST_F(BlinkTest, AScriptIsRaisedWhenTheParserStopsAtIt) {
  HeadScript();
  Add(kJs, kMedium, 5'000, RenderBlocking::kParserLate);
  Add(kJs, kMedium, 6'000, RenderBlocking::kParserLate);
  Begin();
  Bytes(10'000);
  Found(1);
  EXPECT_EQ(Found(2), "js2:Medium");
  EXPECT_EQ(Found(3), "js3:Medium");
  EXPECT_EQ(Complete(1), "js2=High");
  EXPECT_EQ(Complete(2), "js3=High");
}

// It keeps the header of the level at which it was found.
TEST_F(BlinkTest, ARequestThatIsRaisedWhileItWaitsIsAskedForAndThenRaised) {
  HeadScript();
  Add(kImage, kMedium, 2'000);
  Add(kImage, kMedium, 2'000);
  Add(kJs, kMedium, 5'000, RenderBlocking::kParserLate);
  Begin();
  Bytes(10'000);
  for (size_t i = 1; i < 4; ++i) Found(i);
  EXPECT_EQ(Found(4), "");
  EXPECT_EQ(Complete(1), "js4:Medium/High");
}

TEST_F(BlinkTest, AFontOfAStylesheetWaitsForLayout) {
  const size_t css = Sheet();
  const size_t script = HeadScript();
  const size_t font =
      Add(kFont, kVeryHigh, 10, RenderBlocking::kNo, /*initiator=*/css);
  const size_t preloaded = Add(kFont, kHigh, 500);
  const size_t later =
      Add(kFont, kVeryHigh, 10, RenderBlocking::kNo, /*initiator=*/css);
  Begin();
  Bytes(3'000);
  Found(css);
  Found(script);
  EXPECT_EQ(Found(preloaded), "font4:High");
  EXPECT_EQ(Complete(css), "");
  EXPECT_EQ(Found(font), "");
  EXPECT_EQ(Complete(script), "font3:VeryHigh");
  EXPECT_EQ(Found(later), "font5:VeryHigh");
}

TEST_F(BlinkTest, LayoutRaisesTheImagesInView) {
  Sheet();
  for (int i = 0; i < 3; ++i) {
    page_.resources[Image(1'000)].hints.above_the_fold = i != 1;
  }
  // The time of this one is known.
  page_.resources[4].change_of_mind = ChangeOfMind{.level = kVeryHigh};
  page_.resources[Image(20'000)].hints.above_the_fold = true;
  Begin();
  Bytes(3'000);
  for (size_t i = 1; i < 5; ++i) Found(i);
  blink_->OnChangeDue(4);
  EXPECT_EQ(Actions(), "");
  EXPECT_EQ(Complete(1), "img4=VeryHigh img2=High");
  Bytes(20'000);
  EXPECT_EQ(Found(5), "img5:Low/Medium img5=High");
}

TEST_F(BlinkTest, LayoutSeesNothingBehindTheScriptAtWhichTheParserStops) {
  const size_t before = Image(1'000);
  const size_t script = Add(kJs, kMedium, 2'000, RenderBlocking::kParserLate);
  const size_t behind = Image(2'000);
  const size_t font = Add(kFont, kVeryHigh, 2'000);
  for (size_t i : {before, behind}) {
    page_.resources[i].hints.above_the_fold = true;
  }
  Begin();
  Bytes(3'000);
  EXPECT_EQ(Found(before), "img1:Medium img1=High");
  EXPECT_EQ(Found(script), "js2:High");
  EXPECT_EQ(Found(behind), "img3:Medium");
  EXPECT_EQ(Found(font), "");
  EXPECT_EQ(Complete(script), "font4:VeryHigh img3=High");
}

TEST_F(BlinkTest, TheParserStopsAtAStylesheetOfTheBody) {
  const size_t image = Image(20'000);
  const size_t css = Add(kCss, kMedium, 20'000);
  const size_t script = Add(kJs, kMedium, 20'000, RenderBlocking::kParserLate);
  const size_t behind = Image(20'000);
  Begin();
  Bytes(3'000);
  Bytes(20'000);
  EXPECT_EQ(Found(image), "img1:Low/Medium");
  EXPECT_EQ(Found(css), "css2:VeryHigh");
  EXPECT_EQ(Found(script), "js3:Medium");
  EXPECT_EQ(Found(behind), "img4:Medium");
  EXPECT_EQ(Complete(css), "js3=High");
}

TEST_F(BlinkTest, APreloadedImageIsNotAmongTheFive) {
  page_.resources[Image(1'000)].hints.preload = true;
  const size_t other = Image(1'000);
  Begin();
  Bytes(3'000);
  EXPECT_EQ(Found(1), "img1:Low");
  EXPECT_EQ(Found(other), "img2:Medium");
}

// The pauses of inline scripts, which no page file has.
TEST_F(BlinkTest, TheScannerSeesNothingThatAScriptAsksFor) {
  const size_t before = Add(kFetch, kHigh, 500);
  const size_t script = HeadScript();
  const size_t fetch = Add(kFetch, kHigh, 2'000);
  const size_t late = Add(kJs, kLow, 2'000);
  const size_t soon = Add(kJs, kLow, 2'000);
  page_.resources[late].discovery_delay_ns = 150'000'000;
  page_.resources[soon].discovery_delay_ns = 149'000'000;
  Begin();
  Bytes(3'000);
  for (size_t i : {before, script, soon}) EXPECT_FALSE(blink_->HoldsBack(i));
  for (size_t i : {fetch, late}) EXPECT_TRUE(blink_->HoldsBack(i));
  EXPECT_EQ(Found(script), "js2:High");
  EXPECT_EQ(Complete(script), "fetch3+ js4+");
  EXPECT_FALSE(blink_->HoldsBack(fetch));
}

TEST_F(BlinkTest, TheEngineGetsTheDocumentWhenItIsCommitted) {
  const size_t css = Sheet();
  Begin();
  blink_->OnBytes(0, 2'000);
  EXPECT_EQ(Found(css), "");
  blink_->OnComplete(0);
  EXPECT_EQ(Actions(), "");
  blink_->OnCommit();
  EXPECT_EQ(Actions(), "css1:VeryHigh");
}

TEST_F(BlinkTest, OtherFramesNeitherWaitNorHoldUpThePage) {
  HeadScript();
  const size_t frame = Add(kHtml, kVeryHigh, 2'000);
  Add(kCss, kVeryHigh, 10, RenderBlocking::kNo, frame);
  for (int i = 0; i < 3; ++i) {
    Add(kImage, kLow, 10, RenderBlocking::kNo, frame);
  }
  const size_t own = Add(kOther, kLow, 2'000);
  Begin();
  Bytes(3'000);
  EXPECT_EQ(Found(frame), "html2:VeryHigh");
  for (size_t i = 3; i < 7; ++i) EXPECT_NE(Found(i), "");
  EXPECT_EQ(Found(own), "other7:Low");
}

// A circle would stop the load: layout waits for a script that a font leads to.
TEST_F(BlinkTest, NothingThatAFontLeadsToHoldsUpLayout) {
  const size_t css = Sheet();
  const size_t font = Add(kFont, kVeryHigh, 10, RenderBlocking::kNo, css);
  Add(kJs, kHigh, 10, RenderBlocking::kParser, font);
  Begin();
  Bytes(3'000);
  Found(css);
  EXPECT_EQ(Complete(css), "");
  EXPECT_EQ(Found(font), "font2:VeryHigh");
}

// As one behind a redirect in a capture.
TEST_F(BlinkTest, ADocumentThatWasRequestedLateStillHasAHead) {
  page_.resources[0].discovery_delay_ns = 350'000'000;
  const size_t script = HeadScript();
  for (int i = 0; i < 3; ++i) Image();
  Begin();
  Bytes(3'000);
  EXPECT_EQ(Found(script), "js1:High");
  EXPECT_EQ(Found(2), "img2:Medium");
  EXPECT_EQ(Found(3), "img3:Medium");
  EXPECT_EQ(Found(4), "");
  EXPECT_EQ(Complete(script), "img4:Medium");
}

}  // namespace
}  // namespace sluice::lab
