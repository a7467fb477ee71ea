#include "benchmarks/lab/summary.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/lab/metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Metrics AreaOf(int64_t area_ns) {
  return {.render_critical_ns = 100,
          .atf_ns = 100,
          .atf_area_ns = area_ns,
          .page_load_ns = 100};
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

TEST(SpreadTest, NoRatiosSayNothing) { EXPECT_EQ(SpreadOf({}, 1).count, 0u); }

// Of 100 values 0.01 … 1 the 2.5th and the 97.5th percentile of the median lie
// near the order statistics 50 ∓ 1.96 · √100 / 2, that is near 0.4 and 0.6.
TEST(SpreadTest, TheIntervalIsThatOfTheMedian) {
  std::vector<double> ratios;
  for (int i = 1; i <= 100; ++i) ratios.push_back(i / 100.0);
  const Spread spread = SpreadOf(ratios, 1);
  EXPECT_NEAR(spread.interval_low, 0.4, 0.04);
  EXPECT_NEAR(spread.interval_high, 0.6, 0.04);
}

TEST(SpreadTest, TheSeedAloneDecidesTheInterval) {
  const std::vector<double> ratios = {0.7, 0.9, 1.1, 1.6, 2.1, 2.3, 4.0};
  EXPECT_EQ(SpreadOf(ratios, 5).interval_low, SpreadOf(ratios, 5).interval_low);
  EXPECT_EQ(SpreadOf(ratios, 5).interval_high,
            SpreadOf(ratios, 5).interval_high);
}

TEST(SummaryTest, ComparesEachPolicyWithTheBaselinePageByPage) {
  Summary summary("rr", 1);
  for (int page = 0; page < 3; ++page) {
    const std::string name = absl::StrCat("page", page);
    summary.Add(name, "none", "rr", AreaOf(300 * (page + 1)));
    summary.Add(name, "none", "fast", AreaOf(200 * (page + 1)));
    summary.Add(name, "none", "mixed", AreaOf(page == 1 ? 900 : 150));
  }
  const std::string text = summary.Text();
  EXPECT_THAT(text, HasSubstr("over 3 pages: median of rr"));
  EXPECT_THAT(text, HasSubstr("  fast       1.500  1.500 – 1.500"));
  // 2, 0.667 and 6.
  EXPECT_THAT(text, HasSubstr("  mixed      2.000"));
  EXPECT_LT(text.find("mixed"), text.find("fast"));
  EXPECT_LT(text.find("fast "), text.find("rr  "));
}

TEST(SummaryTest, SaysWhenADifferenceIsInsideTheNoise) {
  Summary summary("rr", 1);
  for (int page = 0; page < 4; ++page) {
    const std::string name = absl::StrCat("page", page);
    summary.Add(name, "none", "rr", AreaOf(100));
    summary.Add(name, "none", "coin", AreaOf(page % 2 == 0 ? 80 : 125));
  }
  EXPECT_THAT(summary.Text(), HasSubstr("inside the noise"));
  Summary clear("rr", 1);
  for (int page = 0; page < 4; ++page) {
    const std::string name = absl::StrCat("page", page);
    clear.Add(name, "none", "rr", AreaOf(100));
    clear.Add(name, "none", "better", AreaOf(80 + page));
  }
  EXPECT_THAT(clear.Text(), Not(HasSubstr("inside the noise")));
}

TEST(SummaryTest, OnePageOrNoBaselineGivesNone) {
  Summary one("rr", 1);
  one.Add("page", "none", "rr", AreaOf(1));
  EXPECT_THAT(one.Text(), IsEmpty());
  Summary without("rr", 1);
  without.Add("a", "none", "fifo", AreaOf(1));
  without.Add("b", "none", "fifo", AreaOf(1));
  EXPECT_THAT(without.Text(), IsEmpty());
}

}  // namespace
}  // namespace sluice::lab
