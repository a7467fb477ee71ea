#include "benchmarks/lab/signals.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/chrome7540.h"
#include "benchmarks/lab/firefox7540.h"
#include "benchmarks/lab/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "h2/events.h"

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
std::string Show(const h2::StreamPriority& priority) {
  return absl::StrCat(priority.depends_on, "/", priority.weight,
                      priority.exclusive ? "!" : "");
}

std::string Show(const std::optional<h2::StreamPriority>& priority) {
  return priority.has_value() ? Show(*priority) : "none";
}

// "id:parent/weight" of each frame.
std::string Show(const std::vector<PriorityFrame>& frames) {
  return absl::StrJoin(
      frames, " ", [](std::string* out, const PriorityFrame& frame) {
        absl::StrAppend(out, frame.stream_id, ":", Show(frame.priority));
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
  auto chrome = MakeChrome7540();
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
  auto chrome = MakeChrome7540();
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
  auto chrome = MakeChrome7540();
  using enum ChromeLevel;
  chrome->OnRequest(1, OfLevel(kHigh));
  for (h2::StreamId id : {3, 5, 7}) chrome->OnRequest(id, OfLevel(kLow));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(5, kHigh)), "7:3/147! 5:1/220!");
  // The next High request hangs under it.
  EXPECT_EQ(Show(chrome->OnRequest(9, OfLevel(kHigh))), "5/220!");
}

TEST(Chrome7540Test, TheEndOfTheChainMovesWithOneFrame) {
  auto chrome = MakeChrome7540();
  using enum ChromeLevel;
  for (h2::StreamId id : {1, 3}) chrome->OnRequest(id, OfLevel(kLow));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(3, kHigh)), "3:0/220!");
}

TEST(Chrome7540Test, AMoveDownHangsUnderWhatWasBelow) {
  auto chrome = MakeChrome7540();
  using enum ChromeLevel;
  chrome->OnRequest(1, OfLevel(kHigh));
  chrome->OnRequest(3, OfLevel(kMedium));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(1, kLow)), "3:0/183! 1:3/147!");
}

TEST(Chrome7540Test, AStreamThatKeepsItsPlaceOnlyChangesItsWeight) {
  auto chrome = MakeChrome7540();
  using enum ChromeLevel;
  chrome->OnRequest(1, OfLevel(kVeryHigh));
  chrome->OnRequest(3, OfLevel(kMedium));
  chrome->OnRequest(5, OfLevel(kLow));
  EXPECT_EQ(Show(chrome->OnChangeOfMind(3, kHigh)), "3:1/220!");
  EXPECT_THAT(chrome->OnChangeOfMind(3, kHigh), IsEmpty());
  EXPECT_THAT(chrome->OnChangeOfMind(99, kHigh), IsEmpty());
}

TEST(Firefox7540Test, SixPlaceholdersAreBuiltBeforeStreamFifteen) {
  auto firefox = MakeFirefox7540();
  EXPECT_EQ(Show(firefox->OnConnect()),
            "3:0/201 5:0/101 7:0/1 9:7/1 11:3/1 13:0/241");
  EXPECT_EQ(firefox->FirstStreamId(), 15u);
}

TEST(Firefox7540Test, EachTypeHasItsGroupAndWeight) {
  auto firefox = MakeFirefox7540();
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

TEST(SignalsTest, AnUnknownSetIsRefusedWithTheKnownOnes) {
  EXPECT_EQ(FindSignalSet("chrome7540")->name, "chrome7540");
  absl::Status status = FindSignalSet("netscape").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "unknown signals \"netscape\"; known are chrome7540, firefox7540");
}

}  // namespace
}  // namespace sluice::lab
