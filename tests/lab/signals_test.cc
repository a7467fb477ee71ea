#include "benchmarks/lab/browser/signals.h"

#include <sluice/h2/events.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/browser/chrome.h"
#include "benchmarks/lab/browser/firefox.h"
#include "benchmarks/lab/browser/safari.h"
#include "benchmarks/lab/page/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Resource OfLevel(ChromeLevel level) {
  Resource resource;
  resource.level = level;
  return resource;
}

Resource OfType(ResourceType type, bool async_or_defer = false) {
  Resource resource;
  resource.type = type;
  resource.hints.async_or_defer = async_or_defer;
  return resource;
}

// "parent/weight", with a ! when exclusive.
std::string Show(const signals::Rfc7540Priority& priority) {
  return absl::StrCat(priority.depends_on, "/", priority.weight,
                      priority.exclusive ? "!" : "");
}

// "u=1" or "u=1, i".
std::string Show(const signals::Rfc9218Priority& field) {
  return absl::StrCat("u=", field.urgency, field.incremental ? ", i" : "");
}

// The dependency in HEADERS, then "priority: FIELD" and "update: FIELD".
std::string Show(const RequestSignals& said) {
  std::vector<std::string> parts;
  if (said.dependency.has_value()) parts.push_back(Show(*said.dependency));
  if (!said.header.empty()) {
    parts.push_back(absl::StrCat("priority: ", said.header));
  }
  if (said.update.has_value()) {
    parts.push_back(absl::StrCat("update: ", Show(*said.update)));
  }
  return parts.empty() ? "none" : absl::StrJoin(parts, " ");
}

// "id:parent/weight" or "id:field" of each frame.
std::string Show(const std::vector<SignalFrame>& frames) {
  return absl::StrJoin(
      frames, " ", [](std::string* out, const SignalFrame& frame) {
        absl::StrAppend(out, frame.stream_id, ":",
                        std::visit([](const auto& said) { return Show(said); },
                                   frame.signal));
      });
}

TEST(Chrome7540Test, TheFiveLevelsHaveTheWeightsThatChromeSends) {
  EXPECT_EQ(Chrome7540Weight(ChromeLevel::kVeryHigh), 256);
  EXPECT_EQ(Chrome7540Weight(ChromeLevel::kHigh), 220);
  EXPECT_EQ(Chrome7540Weight(ChromeLevel::kMedium), 183);
  EXPECT_EQ(Chrome7540Weight(ChromeLevel::kLow), 147);
  EXPECT_EQ(Chrome7540Weight(ChromeLevel::kVeryLow), 110);
}

TEST(Chrome7540Test, ARequestHangsUnderTheLastOpenOneOfItsLevelOrHigher) {
  auto chrome = MakeChrome7540({});
  EXPECT_THAT(chrome->OnConnect(), IsEmpty());
  EXPECT_EQ(chrome->FirstStreamId(), 1u);
  using enum ChromeLevel;
  EXPECT_EQ(Show(chrome->OnRequest(1, OfLevel(kLow))), "0/147!");
  EXPECT_EQ(Show(chrome->OnRequest(3, OfLevel(kLow))), "1/147!");
  EXPECT_EQ(Show(chrome->OnRequest(5, OfLevel(kVeryHigh))), "0/256!");
  EXPECT_EQ(Show(chrome->OnRequest(7, OfLevel(kHigh))), "5/220!");
  EXPECT_EQ(Show(chrome->OnRequest(9, OfLevel(kVeryHigh))), "5/256!");
  EXPECT_EQ(Show(chrome->OnRequest(11, OfLevel(kVeryLow))), "3/110!");
  EXPECT_EQ(Show(chrome->OnRequest(13, OfLevel(kMedium))), "7/183!");
}

TEST(Chrome7540Test, AClosedStreamIsNoParentAnyMore) {
  auto chrome = MakeChrome7540({});
  using enum ChromeLevel;
  chrome->OnRequest(1, OfLevel(kHigh));
  chrome->OnRequest(3, OfLevel(kHigh));
  chrome->OnStreamClosed(3);
  EXPECT_EQ(Show(chrome->OnRequest(5, OfLevel(kLow))), "1/147!");
  chrome->OnStreamClosed(1);
  EXPECT_EQ(Show(chrome->OnRequest(7, OfLevel(kHigh))), "0/220!");
}

// The chain 1(High) 3(Low) 5(Low) 7(Low): 5 goes up behind 1.
TEST(Chrome7540Test, AMoveTakesTheChildOutFirstAndThenTheStream) {
  auto chrome = MakeChrome7540({});
  using enum ChromeLevel;
  chrome->OnRequest(1, OfLevel(kHigh));
  for (h2::StreamId id : {3, 5, 7}) chrome->OnRequest(id, OfLevel(kLow));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(5, kHigh)), "7:3/147! 5:1/220!");
  // The next High request hangs under it.
  EXPECT_EQ(Show(chrome->OnRequest(9, OfLevel(kHigh))), "5/220!");
}

TEST(Chrome7540Test, TheEndOfTheChainMovesWithOneFrame) {
  auto chrome = MakeChrome7540({});
  using enum ChromeLevel;
  for (h2::StreamId id : {1, 3}) chrome->OnRequest(id, OfLevel(kLow));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(3, kHigh)), "3:0/220!");
}

TEST(Chrome7540Test, AStreamThatMovesDownHangsUnderTheOnesBelow) {
  auto chrome = MakeChrome7540({});
  using enum ChromeLevel;
  chrome->OnRequest(1, OfLevel(kHigh));
  chrome->OnRequest(3, OfLevel(kMedium));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(1, kLow)), "3:0/183! 1:3/147!");
}

TEST(Chrome7540Test, AStreamThatKeepsItsPlaceOnlyChangesItsWeight) {
  auto chrome = MakeChrome7540({});
  using enum ChromeLevel;
  chrome->OnRequest(1, OfLevel(kVeryHigh));
  chrome->OnRequest(3, OfLevel(kMedium));
  chrome->OnRequest(5, OfLevel(kLow));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(3, kHigh)), "3:1/220!");
  EXPECT_THAT(chrome->OnChangeOfMind(3, kHigh), IsEmpty());
  EXPECT_THAT(chrome->OnChangeOfMind(99, kHigh), IsEmpty());
}

TEST(Firefox7540Test, SixPlaceholdersAreBuiltBeforeStreamFifteen) {
  auto firefox = MakeFirefox7540({});
  EXPECT_EQ(Show(firefox->OnConnect()),
            "3:0/201 5:0/101 7:0/1 9:7/1 11:3/1 13:0/241");
  EXPECT_EQ(firefox->FirstStreamId(), 15u);
}

TEST(Firefox7540Test, EachTypeHasItsGroupAndWeight) {
  auto firefox = MakeFirefox7540({});
  auto request = [&](const Resource& resource) {
    return Show(firefox->OnRequest(15, resource));
  };
  EXPECT_EQ(request(OfType(ResourceType::kHtml)), "11/32");
  EXPECT_EQ(request(OfType(ResourceType::kCss)), "3/32");
  EXPECT_EQ(request(OfType(ResourceType::kJs)), "3/32");
  EXPECT_EQ(request(OfType(ResourceType::kJs, /*async_or_defer=*/true)),
            "5/32");
  EXPECT_EQ(request(OfType(ResourceType::kFetch)), "5/32");
  EXPECT_EQ(request(OfType(ResourceType::kImage)), "11/22");
  EXPECT_EQ(request(OfType(ResourceType::kFont)), "11/42");
  EXPECT_EQ(request(OfType(ResourceType::kMedia)), "7/32");
  EXPECT_THAT(firefox->OnChangeOfMind(15, ChromeLevel::kHigh), IsEmpty());
}

Resource ImageThatComesIntoView() {
  Resource resource = OfType(ResourceType::kImage);
  resource.hints.above_the_fold = true;
  resource.change_of_mind = ChangeOfMind{.level = ChromeLevel::kHigh};
  return resource;
}

TEST(Chrome9218Test, TheLevelIsTheUrgencyAndTheDefaultIsNotSaid) {
  auto chrome = MakeChrome9218In2022({});
  using enum ChromeLevel;
  EXPECT_EQ(Show(chrome->OnRequest(1, OfLevel(kVeryHigh))), "update: u=0");
  EXPECT_EQ(Show(chrome->OnRequest(3, OfLevel(kHigh))), "update: u=1");
  EXPECT_EQ(Show(chrome->OnRequest(5, OfLevel(kMedium))), "update: u=2");
  EXPECT_EQ(Show(chrome->OnRequest(7, OfLevel(kLow))), "none");
  EXPECT_EQ(Show(chrome->OnRequest(9, OfLevel(kVeryLow))), "update: u=4");
  EXPECT_EQ(Show(chrome->OnRequest(11, OfType(ResourceType::kImage))), "none");
}

TEST(Chrome9218Test, AnImageThatComesIntoViewIsHighFromItsRequestOn) {
  for (auto make : {MakeChrome9218In2022, MakeChrome9218In2023}) {
    auto chrome = make({});
    EXPECT_EQ(chrome->OnRequest(1, ImageThatComesIntoView()).update->urgency,
              1);
    EXPECT_THAT(chrome->OnChangeOfMind(1, ChromeLevel::kHigh), IsEmpty());
  }
}

TEST(Chrome9218Test, WithLateSignalsItIsRaisedByAnUpdate) {
  auto chrome = MakeChrome9218In2023({.late_signals = true});
  EXPECT_EQ(Show(chrome->OnRequest(1, ImageThatComesIntoView())),
            "update: u=3, i");
  EXPECT_EQ(Show(chrome->OnChangeOfMind(1, ChromeLevel::kHigh)), "1:u=1, i");
  auto in_2022 = MakeChrome9218In2022({.late_signals = true});
  EXPECT_EQ(Show(in_2022->OnRequest(1, ImageThatComesIntoView())), "none");
  EXPECT_EQ(Show(in_2022->OnChangeOfMind(1, ChromeLevel::kHigh)), "1:u=1");
  // Not after its end.
  in_2022->OnStreamClosed(1);
  EXPECT_THAT(in_2022->OnChangeOfMind(1, ChromeLevel::kHigh), IsEmpty());
}

// The columns of the capture on HTTP/2, in the order of its table.
TEST(ChromiumH2Test, SaysBothTheChainAndTheHeader) {
  auto chromium = MakeChromiumH2In156({});
  using enum ChromeLevel;
  auto request = [&, id = h2::StreamId{1}](ResourceType type,
                                           ChromeLevel level) mutable {
    Resource resource = OfType(type);
    resource.level = level;
    const std::string said = Show(chromium->OnRequest(id, resource));
    chromium->OnStreamClosed(id);
    id += 2;
    return said;
  };
  EXPECT_EQ(request(ResourceType::kHtml, kVeryHigh), "0/256! priority: u=0, i");
  EXPECT_EQ(request(ResourceType::kCss, kVeryHigh), "0/256! priority: u=0");
  EXPECT_EQ(request(ResourceType::kCss, kVeryLow), "0/110! priority: u=4");
  EXPECT_EQ(request(ResourceType::kFont, kVeryHigh), "0/256! priority: u=0");
  EXPECT_EQ(request(ResourceType::kFont, kHigh), "0/220! priority: u=1");
  EXPECT_EQ(request(ResourceType::kJs, kHigh), "0/220! priority: u=1");
  EXPECT_EQ(request(ResourceType::kJs, kMedium), "0/183! priority: u=2");
  EXPECT_EQ(request(ResourceType::kJs, kLow), "0/147!");
  EXPECT_EQ(request(ResourceType::kImage, kHigh), "0/220! priority: u=1, i");
  EXPECT_EQ(request(ResourceType::kImage, kMedium), "0/183! priority: u=2, i");
  EXPECT_EQ(request(ResourceType::kImage, kLow), "0/147! priority: i");
  EXPECT_EQ(request(ResourceType::kFetch, kHigh), "0/220! priority: u=1, i");
  EXPECT_EQ(request(ResourceType::kFetch, kLow), "0/147! priority: i");
  EXPECT_EQ(request(ResourceType::kJs, kVeryLow), "0/110! priority: u=4, i");
}

TEST(ChromiumH2Test, AChangeOfMindIsPriorityFramesOnly) {
  auto chromium = MakeChromiumH2In156({});
  chromium->OnRequest(1, OfLevel(ChromeLevel::kLow));
  chromium->OnRequest(3, ImageThatComesIntoView());
  chromium->OnRequest(5, OfLevel(ChromeLevel::kLow));
  EXPECT_EQ(Show(chromium->OnChangeOfMind(5, ChromeLevel::kHigh)), "5:0/220!");
}

TEST(ChromiumH2Test, ARequestThatWasRaisedBeforeItWasSentKeepsItsHeader) {
  auto chromium = MakeChromiumH2In156({});
  Resource image = OfType(ResourceType::kImage);
  image.level = ChromeLevel::kHigh;
  EXPECT_EQ(Show(chromium->OnRaisedRequest(1, image, ChromeLevel::kLow)),
            "0/220! priority: i");
}

TEST(ChromiumH2Test, AStreamThatKeepsItsParentSendsNothing) {
  auto chromium = MakeChromiumH2In156({});
  chromium->OnRequest(1, OfLevel(ChromeLevel::kVeryHigh));
  chromium->OnRequest(3, OfLevel(ChromeLevel::kMedium));
  chromium->OnRequest(5, OfLevel(ChromeLevel::kMedium));
  EXPECT_THAT(chromium->OnChangeOfMind(3, ChromeLevel::kHigh), IsEmpty());
  // It has moved all the same.
  EXPECT_EQ(Show(chromium->OnRequest(7, OfLevel(ChromeLevel::kHigh))),
            "3/220! priority: u=1");
}

TEST(FirefoxH2Test, SaysAWeightOnTheRootAndTheHeader) {
  auto firefox = MakeFirefoxH2In153({});
  EXPECT_THAT(firefox->OnConnect(), IsEmpty());
  EXPECT_EQ(firefox->FirstStreamId(), 1u);
  auto request = [&](const Resource& resource) {
    return Show(firefox->OnRequest(1, resource));
  };
  Resource document = OfType(ResourceType::kHtml);
  document.render_critical = true;
  EXPECT_EQ(request(document), "0/42 priority: u=0, i");
  EXPECT_EQ(request(OfType(ResourceType::kHtml)), "0/22 priority: u=4");
  Resource css = OfType(ResourceType::kCss);
  css.level = ChromeLevel::kVeryHigh;
  EXPECT_EQ(request(css), "0/22 priority: u=2");
  css.level = ChromeLevel::kVeryLow;
  EXPECT_EQ(request(css), "0/22 priority: u=4");
  Resource font = OfType(ResourceType::kFont);
  EXPECT_EQ(request(font), "0/32");
  font.hints.preload = true;
  EXPECT_EQ(request(font), "0/32 priority: u=2");
  Resource js = OfType(ResourceType::kJs);
  EXPECT_EQ(request(js), "0/22 priority: u=2");
  js.hints.async_or_defer = true;
  EXPECT_EQ(request(js), "0/22");
  js.hints.preload = true;
  EXPECT_EQ(request(js), "0/42 priority: u=1");
  EXPECT_EQ(request(OfType(ResourceType::kImage)), "0/12 priority: u=5, i");
  EXPECT_EQ(request(OfType(ResourceType::kFetch)), "0/22 priority: u=4");
  js.level = ChromeLevel::kVeryLow;
  EXPECT_EQ(request(js), "0/2 priority: u=6");
}

TEST(Safari7540Test, FiveLevelsAreFiveWeightsOnTheRoot) {
  auto safari = MakeSafari7540({});
  auto request = [&](ResourceType type, ChromeLevel level) {
    Resource resource = OfType(type);
    resource.level = level;
    return Show(safari->OnRequest(1, resource));
  };
  using enum ChromeLevel;
  EXPECT_EQ(request(ResourceType::kHtml, kVeryHigh), "0/256");
  EXPECT_EQ(request(ResourceType::kJs, kHigh), "0/24");
  EXPECT_EQ(request(ResourceType::kFont, kVeryHigh), "0/16");
  EXPECT_EQ(request(ResourceType::kImage, kLow), "0/8");
  EXPECT_EQ(request(ResourceType::kCss, kVeryLow), "0/1");
}

TEST(SignalsTest, TheSetNoneSendsNoFieldsNoHeaderAndNoFrames) {
  auto none = FindSignalSet("none")->make({});
  EXPECT_EQ(Show(none->OnRequest(1, ImageThatComesIntoView())), "none");
  EXPECT_THAT(none->OnChangeOfMind(1, ChromeLevel::kHigh), IsEmpty());
  EXPECT_THAT(none->OnConnect(), IsEmpty());
}

TEST(SignalsTest, AnUnknownSetIsRefusedWithTheKnownOnes) {
  EXPECT_EQ(FindSignalSet("chrome7540")->name, "chrome7540");
  absl::Status status = FindSignalSet("netscape").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "unknown signals \"netscape\"; known are none, chrome7540, "
            "firefox7540, safari7540, chrome9218_2022, chrome9218_2023, "
            "firefox9218, safari9218, chromium_h2_156, firefox_h2_153");
}

}  // namespace
}  // namespace sluice::lab
