#include "benchmarks/lab/comparison/progress.h"

#include <cstdint>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

class ProgressTest : public ::testing::Test {
 protected:
  // The text since the last call.
  std::string Written() {
    std::string text = out_.str();
    out_.str("");
    return text;
  }
  Progress Make(bool terminal) {
    return Progress(out_, terminal, [this] { return now_ms_; });
  }

  std::ostringstream out_;
  int64_t now_ms_ = 5'000;
};

TEST_F(ProgressTest, ALogHasALineForTheFirstRunAndThenOneEveryTenSeconds) {
  Progress progress = Make(/*terminal=*/false);
  progress.OnRun(1, 100, "vk none rr");
  EXPECT_EQ(Written(), "[1/100] vk none rr\n");
  now_ms_ += 9'999;
  progress.OnRun(2, 100, "vk none fifo");
  EXPECT_EQ(Written(), "");
  now_ms_ += 1;
  progress.OnRun(11, 100, "vk none lifo");  // a second a run, 90 are left
  EXPECT_EQ(Written(), "[11/100] vk none lifo, 90 s left\n");
  progress.OnRun(12, 100, "vk none lifo");
  progress.Clear();
  EXPECT_EQ(Written(), "");
}

TEST_F(ProgressTest, TheFirstRunMayTakeLongAndBeToldOfOften) {
  Progress progress = Make(/*terminal=*/false);
  progress.OnRun(1, 3, "a, 1 of 300");
  progress.OnRun(1, 3, "a, 2 of 300");
  EXPECT_EQ(Written(), "[1/3] a, 1 of 300\n");
  now_ms_ += 10'000;
  progress.OnRun(1, 3, "a, 300 of 300");  // nothing to estimate by yet
  EXPECT_EQ(Written(), "[1/3] a, 300 of 300\n");
  now_ms_ += 10'000;
  progress.OnRun(2, 3, "b");
  EXPECT_EQ(Written(), "[2/3] b, 40 s left\n");
}

TEST_F(ProgressTest, ATerminalHasOneLineThatIsOverwritten) {
  Progress progress = Make(/*terminal=*/true);
  progress.OnRun(1, 3, "a");
  EXPECT_EQ(Written(), "\r\x1b[K[1/3] a");
  now_ms_ += 99;
  progress.OnRun(2, 3, "b");
  EXPECT_EQ(Written(), "");
  now_ms_ += 1;
  progress.OnRun(3, 3, "c");
  EXPECT_EQ(Written(), "\r\x1b[K[3/3] c");
  progress.Clear();
  EXPECT_EQ(Written(), "\r\x1b[K");
  progress.Clear();
  EXPECT_EQ(Written(), "");
}

TEST_F(ProgressTest, ALongNameIsCutToFitTheLine) {
  Progress progress = Make(/*terminal=*/true);
  progress.OnRun(1, 2, "a");
  now_ms_ += 3'000;
  Written();
  progress.OnRun(2, 2, std::string(200, 'n'));
  const std::string line = Written();
  EXPECT_EQ(line.substr(4, 8), "[2/2] nn");
  EXPECT_EQ(line.substr(line.size() - 12), "nn, 3 s left");
  EXPECT_EQ(line.size(), 4u + 79u);
}

TEST_F(ProgressTest, LongTimesAreInMinutesAndHours) {
  Progress progress = Make(/*terminal=*/false);
  progress.OnRun(1, 1001, "a");
  now_ms_ += 10'000;
  progress.OnRun(2, 61, "b");
  EXPECT_EQ(Written(), "[1/1001] a\n[2/61] b, 10 min left\n");
  now_ms_ += 10'000;
  progress.OnRun(3, 1082, "c");
  EXPECT_EQ(Written(), "[3/1082] c, 3 h 0 min left\n");
}

}  // namespace
}  // namespace sluice::lab
