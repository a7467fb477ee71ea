#include <sluice/h2/flow_window.h>

#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

// RFC 9113 §6.9.1: "A sender MUST NOT allow a flow-control window to exceed
// 2^31-1 octets."
TEST(SendWindowTest, OpensUpTo2To31Minus1) {
  SendWindow window(10);
  EXPECT_TRUE(window.Open(kMaxWindow - 10));
  EXPECT_EQ(window.size(), kMaxWindow);
  EXPECT_FALSE(window.Open(1));
  EXPECT_EQ(window.size(), kMaxWindow);
}

// RFC 9113 §6.9.2.
TEST(SendWindowTest, MayBecomeNegative) {
  SendWindow window(100);
  window.Consume(60);
  EXPECT_TRUE(window.Open(-84));
  EXPECT_EQ(window.size(), -44);
}

TEST(ReceiveWindowTest, RefusesMoreThanItHas) {
  ReceiveWindow window(10);
  EXPECT_FALSE(window.Consume(11));
  EXPECT_TRUE(window.Consume(10));
  EXPECT_EQ(window.size(), 0);
  EXPECT_TRUE(window.Consume(0));
  EXPECT_FALSE(window.Consume(1));
}

TEST(ReceiveWindowTest, ZeroBytesFitANegativeWindow) {
  ReceiveWindow window(100);
  ASSERT_TRUE(window.Consume(60));
  window.ChangeInitialSize(-84);
  EXPECT_EQ(window.size(), -44);
  EXPECT_TRUE(window.Consume(0));
  EXPECT_FALSE(window.Consume(1));
}

TEST(ReceiveWindowTest, AnUpdateIsWorthItOnceHalfOfTheWindowIsProcessed) {
  ReceiveWindow window(65536);
  ASSERT_TRUE(window.Consume(50000));
  EXPECT_EQ(window.Process(32767), 0u);
  EXPECT_EQ(window.Process(1), 32768u);
  EXPECT_EQ(window.size(), 65536 - 50000 + 32768);
}

TEST(ReceiveWindowTest, AnEmptyWindowIsOpenedEarlier) {
  ReceiveWindow window(65536);
  ASSERT_TRUE(window.Consume(65536));
  EXPECT_EQ(window.Process(1023), 0u);
  EXPECT_EQ(window.Process(1), 1024u);

  ReceiveWindow small(40);
  ASSERT_TRUE(small.Consume(40));
  EXPECT_EQ(small.Process(9), 0u);
  EXPECT_EQ(small.Process(1), 10u);
}

TEST(ReceiveWindowTest, AWindowOfOneByteIsOpenedForEachByte) {
  ReceiveWindow window(1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(window.Consume(1));
    EXPECT_EQ(window.Process(0), 0u);
    EXPECT_EQ(window.Process(1), 1u);
  }
}

TEST(ReceiveWindowTest, AnIncrementByHandIsNotGivenTwice) {
  ReceiveWindow window(100);
  ASSERT_TRUE(window.Consume(60));
  ASSERT_TRUE(window.Open(50));
  EXPECT_EQ(window.size(), 90);
  EXPECT_EQ(window.Process(60), 10u);
  EXPECT_EQ(window.size(), 100);
  EXPECT_EQ(window.Process(100), 0u) << "nothing to restore";
}

TEST(ReceiveWindowTest, TheLargestSizeIsTheOneThatIsRestored) {
  ReceiveWindow window(100);
  ASSERT_TRUE(window.Open(100));
  ASSERT_TRUE(window.Consume(150));
  EXPECT_EQ(window.Process(99), 0u);
  EXPECT_EQ(window.Process(51), 150u);
  EXPECT_EQ(window.size(), 200);
  EXPECT_FALSE(window.Open(kMaxWindow));
}

TEST(ReceiveWindowTest, ASmallerInitialSizeMakesItNegativeUntilProcessed) {
  ReceiveWindow window(100);
  ASSERT_TRUE(window.Consume(80));
  window.ChangeInitialSize(-50);
  EXPECT_EQ(window.size(), -30);
  EXPECT_FALSE(window.Consume(1));
  EXPECT_EQ(window.Process(80), 80u);
  EXPECT_EQ(window.size(), 50);
}

TEST(ReceiveWindowTest, ALargerInitialSizeStopsAt2To31Minus1) {
  ReceiveWindow window(100);
  ASSERT_TRUE(window.Open(kMaxWindow - 100));
  window.ChangeInitialSize(1000);
  EXPECT_EQ(window.size(), kMaxWindow);
}

}  // namespace
}  // namespace sluice::h2
