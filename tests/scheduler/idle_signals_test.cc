#include "scheduler/idle_signals.h"

#include "absl/status/status.h"
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
  EXPECT_TRUE(idle.Remember(5, Urgency(1), 1).ok());
  EXPECT_TRUE(idle.Remember(5, Urgency(2), 1).ok());
  EXPECT_EQ(idle.size(), 1u);
  StreamInfo info;
  idle.Open(5, &info);
  EXPECT_EQ(info, Urgency(2));
  EXPECT_EQ(idle.size(), 0u);
  StreamInfo again;
  idle.Open(5, &again);
  EXPECT_EQ(again, StreamInfo());
}

TEST(IdleSignalsTest, OpeningClosesTheLowerIdsOfTheSameInitiator) {
  IdleSignals idle;
  for (StreamId id : {3, 5, 7, 4, 9}) {
    EXPECT_TRUE(idle.Remember(id, Urgency(1), 10).ok());
  }
  StreamInfo info;
  idle.Open(7, &info);
  EXPECT_EQ(idle.size(), 2u);
  EXPECT_NE(idle.Find(4), nullptr);  // the server's
  EXPECT_NE(idle.Find(9), nullptr);
  EXPECT_TRUE(idle.Passed(5));
  EXPECT_TRUE(idle.Passed(7));
  EXPECT_FALSE(idle.Passed(9));
  EXPECT_FALSE(idle.Passed(4));
  EXPECT_TRUE(idle.Remember(5, Urgency(1), 10).ok());  // and is not kept
  EXPECT_EQ(idle.size(), 2u);
}

TEST(IdleSignalsTest, ANewIdIsRefusedAtTheLimitAndAKnownOneIsNot) {
  IdleSignals idle;
  EXPECT_TRUE(idle.Remember(1, Urgency(1), 2).ok());
  EXPECT_TRUE(idle.Remember(2, Urgency(1), 2).ok());
  EXPECT_EQ(idle.Remember(3, Urgency(1), 2).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(idle.Find(3), nullptr);
  EXPECT_TRUE(idle.Remember(1, Urgency(4), 2).ok());
  EXPECT_EQ(*idle.Find(1), Urgency(4));
}

TEST(IdleSignalsTest, TheSmallestIdIsDroppedFirst) {
  IdleSignals idle;
  for (StreamId id : {9, 4, 7, 2}) {
    EXPECT_TRUE(idle.Remember(id, Urgency(1), 10).ok());
  }
  idle.ShrinkTo(3);
  EXPECT_EQ(idle.Find(2), nullptr);
  idle.ShrinkTo(1);
  EXPECT_EQ(idle.Find(4), nullptr);
  EXPECT_EQ(idle.Find(7), nullptr);
  EXPECT_NE(idle.Find(9), nullptr);
}

}  // namespace
}  // namespace sluice::scheduler
