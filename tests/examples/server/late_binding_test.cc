#include "examples/server/late_binding.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gtest/gtest.h"
#include "support/link_state.h"

namespace sluice::examples {
namespace {

using ::sluice::support::EarlyBytesFor;
using ::sluice::support::LinkState;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kFrame = 16384;
constexpr size_t kSegment = 1448;

// 8 Mbit/s and 100 ms, the congestion window twice what the link holds.
constexpr LinkState kSlow = {.round_trip = milliseconds(100),
                             .congestion_window = 140 * kSegment,
                             .pacing_rate = 1'000'000};
// A loopback interface just after the handshake.
constexpr LinkState kFast = {.round_trip = microseconds(50),
                             .congestion_window = 10 * 32741};

class LateBindingTest : public ::testing::Test {
 protected:
  LateBinding::Clock::time_point now_{};
  LateBinding binding_{kFrame, now_};
};

TEST_F(LateBindingTest, ALinkTakesItsWindowEachRoundTrip) {
  EXPECT_EQ(EarlyBytesFor({.round_trip = milliseconds(10),
                           .congestion_window = 1'000'000}),
            100'000)
      << "in a millisecond";
}

TEST_F(LateBindingTest, ALinkWhoseRoundTripIsNotMeasuredCountsAsSlow) {
  EXPECT_EQ(EarlyBytesFor({.congestion_window = 1'000'000}), 0);
  EXPECT_EQ(EarlyBytesFor({}), 0);
}

TEST_F(LateBindingTest, PacingBoundsTheRate) {
  EXPECT_EQ(EarlyBytesFor({.round_trip = milliseconds(10),
                           .congestion_window = 1'000'000,
                           .pacing_rate = 20'000'000}),
            20'000);
}

TEST_F(LateBindingTest, UnsentBytesGoFirst) {
  LinkState link = {.round_trip = milliseconds(10),
                    .congestion_window = 1'000'000,
                    .unsent = 30'000};
  EXPECT_EQ(EarlyBytesFor(link), 70'000);
  link.unsent = 1'000'000;
  EXPECT_EQ(EarlyBytesFor(link), 0);
}

TEST_F(LateBindingTest, ASlowLinkGetsAPartOfAFrameForEachWrite) {
  EXPECT_EQ(binding_.FirstBytes(), kFrame) << "not known yet";
  binding_.SetLink(kSlow, now_);
  EXPECT_EQ(binding_.BytesPerWrite(), LateBinding::kLeast);
  EXPECT_EQ(binding_.FirstBytes(), LateBinding::kLeast);
}

TEST_F(LateBindingTest, AnUnknownLinkCountsAsSlow) {
  EXPECT_EQ(binding_.BytesPerWrite(), kFrame);
  binding_.SetLink(std::nullopt, now_);
  EXPECT_EQ(binding_.BytesPerWrite(), kFrame);
}

TEST_F(LateBindingTest, AFastLinkGetsManyWholeFrames) {
  binding_.SetLink(kFast, now_);
  EXPECT_EQ(binding_.BytesPerWrite(), LateBinding::kMost);
  EXPECT_EQ(binding_.FirstBytes(), kFrame);
  LateBinding tls(kFrame - 9, now_);
  tls.SetLink(kFast, now_);
  EXPECT_EQ(tls.BytesPerWrite(),
            LateBinding::kMost / (kFrame - 9) * (kFrame - 9));
}

// 100 Mbit/s are 12.5 KB, and 1 Gbit/s are 125 KB in a millisecond.
TEST_F(LateBindingTest, TheBytesGrowWithTheRateOfTheLink) {
  const auto bytes = [this](uint64_t megabits) {
    const uint64_t rate = megabits * 125'000;
    binding_.SetLink(LinkState{.round_trip = milliseconds(20),
                               .congestion_window = rate / 50},
                     now_);
    return binding_.BytesPerWrite();
  };
  EXPECT_EQ(bytes(8), LateBinding::kLeast);
  EXPECT_EQ(bytes(100), 12'500);
  EXPECT_EQ(bytes(1000), 7 * kFrame);
  EXPECT_EQ(bytes(10'000), LateBinding::kMost);
}

TEST_F(LateBindingTest, AnAnswerHoldsForARoundTrip) {
  EXPECT_TRUE(binding_.WantsLink(now_)) << "none yet";
  binding_.SetLink(kSlow, now_);
  EXPECT_FALSE(binding_.WantsLink(now_ + milliseconds(99)));
  EXPECT_TRUE(binding_.WantsLink(now_ + milliseconds(100)));
}

TEST_F(LateBindingTest, NoLinkIsAskedMoreThanOnceAMillisecond) {
  binding_.SetLink(kFast, now_);
  EXPECT_FALSE(binding_.WantsLink(now_ + microseconds(999)));
  EXPECT_TRUE(binding_.WantsLink(now_ + milliseconds(1)));
}

TEST_F(LateBindingTest, APeerThatReadsSlowlyGetsLessForEachWrite) {
  binding_.SetLink(kFast, now_);
  binding_.OnWrite(LateBinding::kMost, 5 * kFrame + 1, now_);
  EXPECT_EQ(binding_.BytesPerWrite(), 5 * kFrame) << "as much as it took";
  binding_.OnWrite(5 * kFrame, 100, now_);
  EXPECT_EQ(binding_.BytesPerWrite(), kFrame);
}

TEST_F(LateBindingTest, APeerThatReadsAgainGetsMoreWithEachWrite) {
  binding_.SetLink(kFast, now_);
  binding_.OnWrite(LateBinding::kMost, 0, now_);
  for (const size_t frames : {1, 2, 4, 8, 16, 16}) {
    EXPECT_EQ(binding_.BytesPerWrite(), frames * kFrame);
    binding_.OnWrite(100, 100, now_);  // tells nothing
    EXPECT_EQ(binding_.BytesPerWrite(), frames * kFrame);
    binding_.OnWrite(frames * kFrame, frames * kFrame, now_);
  }
}

TEST_F(LateBindingTest, TheFirstRecordsOnASlowLinkFitASegment) {
  EXPECT_EQ(binding_.RecordSize(now_), LateBinding::kSmallRecord);
  binding_.SetLink(kSlow, now_);
  for (int sent = 0; sent < 64 * 1024; sent += kFrame) {
    EXPECT_EQ(binding_.RecordSize(now_), LateBinding::kSmallRecord) << sent;
    binding_.OnWrite(kFrame, kFrame, now_);
  }
  EXPECT_EQ(binding_.RecordSize(now_), LateBinding::kLargeRecord);
}

TEST_F(LateBindingTest, TheSizeOfFramesDoesNotMakeASlowLinkAFastOne) {
  LateBinding short_frames(1391, now_);
  short_frames.SetLink(kSlow, now_);
  EXPECT_EQ(short_frames.RecordSize(now_), LateBinding::kSmallRecord);
  short_frames.SetLink(kFast, now_);
  EXPECT_EQ(short_frames.RecordSize(now_), LateBinding::kLargeRecord);
}

TEST_F(LateBindingTest, RecordsAreSmallAgainAfterAPause) {
  binding_.OnWrite(100'000, 100'000, now_);
  EXPECT_EQ(binding_.RecordSize(now_ + seconds(1)), LateBinding::kLargeRecord);
  now_ += milliseconds(1001);
  EXPECT_EQ(binding_.RecordSize(now_), LateBinding::kSmallRecord);
  binding_.OnWrite(kFrame, kFrame, now_);
  EXPECT_EQ(binding_.RecordSize(now_), LateBinding::kSmallRecord);
}

TEST_F(LateBindingTest, RecordsOnAFastLinkAreLargeFromTheBeginning) {
  binding_.SetLink(kFast, now_);
  EXPECT_EQ(binding_.RecordSize(now_), LateBinding::kLargeRecord);
}

}  // namespace
}  // namespace sluice::examples
