#include "benchmarks/lab/measure/statistics.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/lab/net/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(RatiosOfPagesTest, DivideTheBaselineByThePolicyPageByPage) {
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 30}}}, {"b", {{1, 10}}}},
                            {{"a", {{1, 10}}}, {"b", {{1, 20}}}}),
              UnorderedElementsAre(Pair("a", 3), Pair("b", 0.5)));
}

TEST(RatiosOfPagesTest, TakeTheMedianOverTheSeedsOfAPage) {
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 10}, {2, 30}, {3, 90}}}},
                            {{"a", {{1, 10}, {2, 10}, {3, 10}}}}),
              UnorderedElementsAre(Pair("a", 3)));
}

TEST(RatiosOfPagesTest, LeaveOutPagesThatOneOfThemLacks) {
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 10}}}, {"b", {{1, 10}}}},
                            {{"a", {{2, 10}}}, {"c", {{1, 10}}}}),
              IsEmpty());
  EXPECT_THAT(RatiosOfPages({{"a", {{1, 0}}}}, {{"a", {{1, 0}}}}), IsEmpty())
      << "a page without such resources";
  EXPECT_THAT(RatiosOfPages({{"", {{1, 0}}}}, {{"", {{1, 10}}}}), IsEmpty())
      << "a page with such resources beside one without";
}

// Each of the values on a page of its own, in the order of the pages.
PageRatios OnPages(const std::vector<double>& values) {
  static const auto* const kNames = [] {
    auto* names = new std::vector<std::string>;
    for (int i = 0; i < 100; ++i) names->push_back(absl::StrCat("p", 100 + i));
    return names;
  }();
  PageRatios ratios;
  for (size_t i = 0; i < values.size(); ++i) ratios[(*kNames)[i]] = values[i];
  return ratios;
}

// 1 … count on so many pages.
PageRatios Rising(int count) {
  std::vector<double> values;
  for (int i = 1; i <= count; ++i) values.push_back(i);
  return OnPages(values);
}

std::pair<double, double> IntervalOf(const Spread& spread) {
  return {spread.interval_low, spread.interval_high};
}

Spread Alone(const PageRatios& ratios) { return SpreadsOf({ratios}, 1)[0]; }

TEST(SpreadTest, MediansAndQuartilesLieBetweenTheirNeighbours) {
  const Spread four = Alone(OnPages({4, 1, 3, 2}));
  EXPECT_EQ(four.count, 4u);
  EXPECT_DOUBLE_EQ(four.lower_quartile, 1.75);
  EXPECT_DOUBLE_EQ(four.median, 2.5);
  EXPECT_DOUBLE_EQ(four.upper_quartile, 3.25);
  EXPECT_DOUBLE_EQ(Alone(OnPages({3, 9, 5})).median, 5);
}

TEST(SpreadTest, WithoutRatiosEverythingIsInsideTheNoise) {
  EXPECT_EQ(Alone({}).count, 0u);
  EXPECT_TRUE(Alone({}).InsideTheNoise());
  EXPECT_THAT(SpreadsOf({}, 1), IsEmpty());
}

// With fair coins: of 6 none on one side 2/64 = 3.1 %; of 16 at most 3 2.1 %,
// at most 4 7.7 %; of 100 at most 39 3.5 %, at most 40 5.7 %.
TEST(SpreadTest, OneIntervalIsThatOfTheSignTest) {
  EXPECT_EQ(IntervalOf(Alone(Rising(6))), std::pair(1.0, 6.0));
  EXPECT_EQ(IntervalOf(Alone(Rising(16))), std::pair(4.0, 13.0));
  EXPECT_EQ(IntervalOf(Alone(Rising(100))), std::pair(40.0, 61.0));
}

// At most one of nine on one side: 20/512 = 3.9 %. When two policies disagree
// about four of nine pages, it cannot befall both at once: 7.8 %, and without
// any page on a side 0.8 %.
TEST(SpreadTest, PoliciesThatDisagreeAboutPagesHaveWiderIntervals) {
  const PageRatios one = Rising(9);
  const PageRatios other = OnPages({1, 2, 3, 6, 7, 4, 5, 8, 9});
  EXPECT_EQ(IntervalOf(Alone(one)), std::pair(2.0, 8.0));
  for (const Spread& spread : SpreadsOf({one, other}, 1)) {
    EXPECT_EQ(IntervalOf(spread), std::pair(1.0, 9.0));
  }
  for (const Spread& spread : SpreadsOf({one, one, one}, 1)) {
    EXPECT_EQ(IntervalOf(spread), std::pair(2.0, 8.0)) << "they agree";
  }
}

TEST(SpreadTest, APolicyOfFewPagesLeavesTheOthersTheirIntervals) {
  const std::vector<Spread> spreads = SpreadsOf({Rising(16), Rising(3), {}}, 1);
  EXPECT_EQ(IntervalOf(spreads[0]), std::pair(4.0, 13.0));
  EXPECT_EQ(spreads[1].count, 3u);
  EXPECT_TRUE(spreads[1].TooFewPages());
  EXPECT_EQ(spreads[2].count, 0u);
}

TEST(SpreadTest, MorePoliciesNeedMorePages) {
  EXPECT_EQ(LeastPages(0), 6u);  // there is nothing to compare
  EXPECT_EQ(LeastPages(1), 6u);  // 2/64
  EXPECT_EQ(LeastPages(2), 7u);  // 4/128
  EXPECT_EQ(LeastPages(3), 7u);  // 6/128
  EXPECT_EQ(LeastPages(4), 8u);  // 8/256
  EXPECT_EQ(LeastPages(17), 10u);
  EXPECT_EQ(SpreadsOf({Rising(6), Rising(6)}, 1)[0].least_pages, 7u);
}

// Forty comparisons of six policies with a baseline that all equal.
TEST(SpreadTest, PoliciesThatEqualTheBaselineSeldomSeemToDiffer) {
  SplitMix64 random(1);
  int together = 0;
  int alone = 0;
  for (int comparison = 0; comparison < 40; ++comparison) {
    std::vector<PageRatios> policies;
    bool one_differs = false;
    for (int policy = 0; policy < 6; ++policy) {
      std::vector<double> ratios;
      for (int page = 0; page < 16; ++page) {
        const double ratio = 1 + static_cast<double>(random.Below(1000)) / 1000;
        ratios.push_back(random.Below(2) == 0 ? ratio : 1 / ratio);
      }
      policies.push_back(OnPages(ratios));
      one_differs = one_differs || !Alone(policies.back()).InsideTheNoise();
    }
    if (one_differs) ++alone;
    const std::vector<Spread> spreads = SpreadsOf(policies, 1);
    if (std::any_of(spreads.begin(), spreads.end(), [](const Spread& spread) {
          return !spread.InsideTheNoise();
        })) {
      ++together;
    }
  }
  EXPECT_LE(together, 2);
  EXPECT_GE(alone, 4) << "each by itself";
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

}  // namespace
}  // namespace sluice::lab
