#include "benchmarks/servers/link_direction.h"

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace sluice::servers {
namespace {

// 8 Mbit/s are 1,000 bytes a millisecond.
constexpr LinkDirectionOptions kLink = {.bits_per_second = 8'000'000,
                                        .delay = absl::Milliseconds(50),
                                        .queue_bytes = 3000};

absl::Duration Ms(double ms) { return absl::Milliseconds(ms); }

std::string Packet(size_t bytes, char fill = 'x') {
  return std::string(bytes, fill);
}

TEST(LinkDirectionTest, AnIdleLinkSendsAPacketAtItsRateAndDelaysIt) {
  LinkDirection link(kLink);
  EXPECT_EQ(link.NextArrival(), absl::InfiniteDuration());
  ASSERT_TRUE(link.Offer(Ms(7), Packet(1500)));
  EXPECT_EQ(link.NextArrival(), Ms(7 + 1.5 + 50));
  EXPECT_EQ(link.TakeArrived(Ms(58.4)), std::nullopt);
  EXPECT_EQ(link.TakeArrived(Ms(58.5)), Packet(1500));
  EXPECT_EQ(link.NextArrival(), absl::InfiniteDuration());
}

TEST(LinkDirectionTest, PacketsOfferedTogetherArriveInOrderAtTheLinksRate) {
  LinkDirection link(kLink);
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1000, 'a')));
  ASSERT_TRUE(link.Offer(Ms(0), Packet(500, 'b')));
  ASSERT_TRUE(link.Offer(Ms(0.2), Packet(1000, 'c')));
  EXPECT_EQ(link.NextArrival(), Ms(51));
  EXPECT_EQ(link.TakeArrived(Ms(51)), Packet(1000, 'a'));
  EXPECT_EQ(link.NextArrival(), Ms(51.5));
  EXPECT_EQ(link.TakeArrived(Ms(60)), Packet(500, 'b'));
  EXPECT_EQ(link.NextArrival(), Ms(52.5));
  EXPECT_EQ(link.TakeArrived(Ms(60)), Packet(1000, 'c'));
}

TEST(LinkDirectionTest, AnIdleLinkDoesNotSaveItsRateForLater) {
  LinkDirection link(kLink);
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1000)));
  ASSERT_TRUE(link.Offer(Ms(100), Packet(1000)));
  ASSERT_TRUE(link.TakeArrived(Ms(100)).has_value());
  EXPECT_EQ(link.NextArrival(), Ms(100 + 1 + 50));
}

TEST(LinkDirectionTest, AFullQueueDropsAPacketAndTheLinkGoesOn) {
  LinkDirection link(kLink);
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1500)));
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1500)));
  EXPECT_FALSE(link.Offer(Ms(0), Packet(1)));
  EXPECT_EQ(link.counters().dropped_packets, 1);
  EXPECT_EQ(link.counters().most_queued_bytes, 3000u);
  ASSERT_TRUE(link.TakeArrived(Ms(51.5)).has_value());
  EXPECT_EQ(link.NextArrival(), Ms(53));
}

TEST(LinkDirectionTest, APacketStaysInTheQueueUntilItsLastBitHasLeft) {
  LinkDirection link(kLink);
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1500)));
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1500)));
  EXPECT_FALSE(link.Offer(Ms(1.4), Packet(1500)));
  EXPECT_TRUE(link.Offer(Ms(1.5), Packet(1500)));
}

TEST(LinkDirectionTest, PacketsOnTheWayDoNotFillTheQueue) {
  LinkDirection link(kLink);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(link.Offer(Ms(i), Packet(1000))) << i;
  }
  EXPECT_EQ(link.counters().most_queued_bytes, 1000u);
  EXPECT_EQ(link.counters().packets, 0);
}

TEST(LinkDirectionTest, ASaturatedLinkCarriesItsRate) {
  LinkDirection link(kLink);
  absl::Duration now = absl::ZeroDuration();
  absl::Duration last = absl::ZeroDuration();
  // More than it carries, for one second.
  for (; now < absl::Seconds(1); now += Ms(0.1)) {
    link.Offer(now, Packet(1000));
    while (link.TakeArrived(now)) last = now;
  }
  while (link.NextArrival() < absl::InfiniteDuration()) {
    last = link.NextArrival();
    ASSERT_TRUE(link.TakeArrived(last).has_value());
  }
  // 1,000 packets in the second, and the queue's rest after it: of 3 packets
  // one at 999.9 ms is being sent.
  EXPECT_EQ(link.counters().packets, 1002);
  EXPECT_EQ(link.counters().bytes, 1'002'000);
  EXPECT_EQ(last, Ms(1002 + 50));
}

TEST(LinkDirectionTest, TheCountersTellHowLateTheCallerWas) {
  LinkDirection link(kLink);
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1000)));
  ASSERT_TRUE(link.Offer(Ms(0), Packet(1000)));
  ASSERT_TRUE(link.TakeArrived(Ms(51.25)).has_value());
  ASSERT_TRUE(link.TakeArrived(Ms(52)).has_value());
  EXPECT_EQ(link.counters().most_late, Ms(0.25));
  EXPECT_EQ(link.counters().packets, 2);
  EXPECT_EQ(link.counters().bytes, 2000);
}

}  // namespace
}  // namespace sluice::servers
