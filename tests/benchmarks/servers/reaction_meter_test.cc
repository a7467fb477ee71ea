#include "benchmarks/servers/reaction_meter.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace sluice::servers {
namespace {

constexpr absl::Duration Ms(int ms) { return absl::Milliseconds(ms); }

TEST(ReactionMeterTest, LowBytesCountFromTheRequestOn) {
  ReactionMeter meter;
  meter.OnLowData(1'000'000);
  meter.OnAsked(Ms(1000));
  meter.OnLowData(16384);
  meter.OnLowData(100);
  meter.OnUrgentData(Ms(1400), 16384);
  EXPECT_EQ(meter.reaction().low_before, 16484);
  EXPECT_EQ(meter.reaction().low_between, 0);
  EXPECT_EQ(meter.reaction().to_first, Ms(400));
  EXPECT_EQ(meter.reaction().to_last, Ms(400));
}

TEST(ReactionMeterTest, LowBytesBetweenUrgentFramesCountApart) {
  ReactionMeter meter;
  meter.OnAsked(Ms(0));
  meter.OnLowData(5);
  meter.OnUrgentData(Ms(10), 100);
  meter.OnLowData(7);
  meter.OnUrgentData(Ms(20), 100);
  meter.OnLowData(11);
  meter.OnUrgentData(Ms(30), 100);
  EXPECT_EQ(meter.reaction().low_before, 5);
  EXPECT_EQ(meter.reaction().low_between, 18);
  EXPECT_EQ(meter.reaction().to_first, Ms(10));
  EXPECT_EQ(meter.reaction().to_last, Ms(30));
}

TEST(ReactionMeterTest, LowBytesAfterTheLastUrgentByteDoNotCount) {
  ReactionMeter meter;
  meter.OnAsked(Ms(0));
  meter.OnUrgentData(Ms(10), 100);
  meter.OnLowData(7);
  meter.OnUrgentData(Ms(50), 0);  // END_STREAM alone
  EXPECT_EQ(meter.reaction().low_before, 0);
  EXPECT_EQ(meter.reaction().low_between, 0);
  EXPECT_EQ(meter.reaction().to_last, Ms(10));
}

TEST(ReactionMeterTest, AnEmptyFrameDoesNotBeginTheUrgentBody) {
  ReactionMeter meter;
  meter.OnAsked(Ms(0));
  meter.OnUrgentData(Ms(5), 0);
  meter.OnLowData(9);
  meter.OnUrgentData(Ms(8), 1);
  EXPECT_EQ(meter.reaction().low_before, 9);
  EXPECT_EQ(meter.reaction().to_first, Ms(8));
}

}  // namespace
}  // namespace sluice::servers
