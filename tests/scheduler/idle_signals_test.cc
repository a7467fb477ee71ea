#include "scheduler/idle_signals.h"

#include <optional>

#include "gtest/gtest.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {
namespace {

StreamInfo Urgency(int urgency) {
  StreamInfo info;
  info.rfc9218 = priority::Rfc9218Priority{urgency, false};
  return info;
}

TEST(IdleSignalsTest, WhatWasSaidIsThereWhenTheStreamOpensAndNotAfter) {
  IdleSignals idle;
  idle.Remember(5, Urgency(1));
  idle.Remember(5, Urgency(2));
  EXPECT_EQ(idle.size(), 1u);
  EXPECT_EQ(idle.Open(5), Urgency(2));
  EXPECT_EQ(idle.size(), 0u);
  EXPECT_EQ(idle.Open(5), std::nullopt);
}

TEST(IdleSignalsTest, OpeningClosesTheLowerIdsOfTheSameInitiator) {
  IdleSignals idle;
  for (StreamId id : {3, 5, 7, 4, 9}) idle.Remember(id, Urgency(1));
  idle.Open(7);
  EXPECT_EQ(idle.size(), 2u);
  EXPECT_NE(idle.Find(4), nullptr);  // the server's
  EXPECT_NE(idle.Find(9), nullptr);
  EXPECT_TRUE(idle.Passed(5));
  EXPECT_TRUE(idle.Passed(7));
  EXPECT_FALSE(idle.Passed(9));
  EXPECT_FALSE(idle.Passed(4));
}

TEST(IdleSignalsTest, TheSmallestIdIsDroppedFirst) {
  IdleSignals idle;
  idle.DropOldest();
  for (StreamId id : {9, 4, 7, 2}) idle.Remember(id, Urgency(1));
  idle.DropOldest();
  EXPECT_EQ(idle.Find(2), nullptr);
  idle.DropOldest();
  EXPECT_EQ(idle.Find(4), nullptr);
  idle.DropOldest();
  EXPECT_EQ(idle.Find(7), nullptr);
  EXPECT_NE(idle.Find(9), nullptr);
}

}  // namespace
}  // namespace sluice::scheduler
