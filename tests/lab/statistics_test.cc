#include "benchmarks/lab/measure/statistics.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "benchmarks/lab/net/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(RatiosOfPagesTest, DivideTheBaselineByThePolicyPageByPage) {
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 30}}}, {"b", {{1, 10}}}},
                            {{"a", {{1, 10}}}, {"b", {{1, 20}}}}),
              UnorderedElementsAre(3, 0.5));
}

TEST(RatiosOfPagesTest, TakeTheMedianOverTheSeedsOfAPage) {
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 10}, {2, 30}, {3, 90}}}},
                            {{"a", {{1, 10}, {2, 10}, {3, 10}}}}),
              UnorderedElementsAre(3));
}

TEST(RatiosOfPagesTest, LeaveOutPagesThatOneOfThemLacks) {
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 10}}}, {"b", {{1, 10}}}},
                            {{"a", {{2, 10}}}, {"c", {{1, 10}}}}),
              IsEmpty());
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 0}}}}, {{"a", {{1, 0}}}}), IsEmpty())
      << "a page without such resources";
}

TEST(SpreadTest, MediansAndQuartilesLieBetweenTheirNeighbours) {
  const Spread four = SpreadOf({4, 1, 3, 2}, 1);
  EXPECT_EQ(four.count, 4u);
  EXPECT_DOUBLE_EQ(four.lower_quartile, 1.75);
  EXPECT_DOUBLE_EQ(four.median, 2.5);
  EXPECT_DOUBLE_EQ(four.upper_quartile, 3.25);
  EXPECT_DOUBLE_EQ(SpreadOf({3, 9, 5}, 1).median, 5);
}

TEST(SpreadTest, EqualRatiosHaveAnIntervalOfOnePoint) {
  const Spread spread = SpreadOf({1.5, 1.5, 1.5}, 1);
  EXPECT_DOUBLE_EQ(spread.interval_low, 1.5);
  EXPECT_DOUBLE_EQ(spread.interval_high, 1.5);
}

TEST(SpreadTest, WithoutRatiosEverythingIsInsideTheNoise) {
  EXPECT_EQ(SpreadOf({}, 1).count, 0u);
}

// Of 100 values 0.01 … 1 the 2.5th and the 97.5th percentile of the median lie
// near the order statistics 50 ∓ 1.96 · √100 / 2, that is near 0.4 and 0.6.
TEST(SpreadTest, TheIntervalBelongsToTheMedian) {
  std::vector<double> ratios;
  for (int i = 1; i <= 100; ++i) ratios.push_back(i / 100.0);
  const Spread spread = SpreadOf(ratios, 1);
  EXPECT_NEAR(spread.interval_low, 0.4, 0.04);
  EXPECT_NEAR(spread.interval_high, 0.6, 0.04);
}

TEST(SpreadTest, TheSeedAloneDecidesTheInterval) {
  std::vector<double> ratios;
  for (int i = 1; i <= 100; ++i) ratios.push_back(i * i / 100.0);
  const auto interval = [&ratios](uint64_t seed) {
    const Spread spread = SpreadOf(ratios, seed);
    return std::make_pair(spread.interval_low, spread.interval_high);
  };
  EXPECT_EQ(interval(5), interval(5));
  EXPECT_NE(interval(5), interval(6));
}

TEST(SpreadTest, AnIntervalThatHoldsOneIsInsideTheNoise) {
  Spread spread = {.count = 6, .interval_low = 0.9, .interval_high = 1.2};
  EXPECT_TRUE(spread.InsideTheNoise());
  spread.interval_low = 1.01;
  EXPECT_FALSE(spread.InsideTheNoise());
  spread = {.count = 6, .interval_low = 0.8, .interval_high = 0.99};
  EXPECT_FALSE(spread.InsideTheNoise());
  spread.count = 5;  // too few for an interval of 95 %
  EXPECT_TRUE(spread.InsideTheNoise());
}

// The bootstrap as it is defined, by sorting each resample.
TEST(SpreadTest, TheIntervalEqualsThatOfSortedResamples) {
  for (const size_t size : {1u, 2u, 7u, 16u}) {
    std::vector<double> ratios;
    SplitMix64 values(size);
    for (size_t i = 0; i < size; ++i) {
      ratios.push_back(static_cast<double>(values.Below(1000)) / 500);
    }
    const Spread spread = SpreadOf(ratios, 3);
    std::sort(ratios.begin(), ratios.end());
    SplitMix64 random(3);
    std::vector<double> medians;
    for (int i = 0; i < 2000; ++i) {
      std::vector<double> resample;
      for (size_t j = 0; j < size; ++j) {
        resample.push_back(ratios[random.Below(size)]);
      }
      std::sort(resample.begin(), resample.end());
      medians.push_back((resample[(size - 1) / 2] + resample[size / 2]) / 2);
    }
    std::sort(medians.begin(), medians.end());
    // 0.025 · 1999 = 49.975 and 0.975 · 1999 = 1949.025.
    EXPECT_DOUBLE_EQ(spread.interval_low,
                     medians[49] * 0.025 + medians[50] * 0.975);
    EXPECT_DOUBLE_EQ(spread.interval_high,
                     medians[1949] * 0.975 + medians[1950] * 0.025);
  }
}

}  // namespace
}  // namespace sluice::lab
