#include "benchmarks/lab/summary.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/metrics.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/random.h"
#include "benchmarks/lab/report.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
TEST(SpreadTest, TheIntervalIsThatOfSortedResamples) {
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

// Adds runs of pages by their ATF areas; every other time is 100 ns.
class Pages {
 public:
  explicit Pages(size_t count, uint64_t bytes = 1000) : pages_(count) {
    for (size_t i = 0; i < count; ++i) {
      pages_[i].name = absl::StrCat("page", i);
      pages_[i].resources.resize(1);
      pages_[i].resources[0].bytes = bytes;
    }
  }

  // `area_ns` of each page.
  void Add(
      absl::string_view policy, const std::function<int64_t(int page)>& area_ns,
      const std::function<void(Metrics&)>& change = [](Metrics&) {}) {
    for (size_t i = 0; i < pages_.size(); ++i) {
      lab::Run run;
      run.page = &pages_[i];
      run.signals = "none";
      run.policy = std::string(policy);
      run.metrics = {.render_critical_ns = 100,
                     .atf_ns = 100,
                     .atf_area_ns = area_ns(static_cast<int>(i)),
                     .page_load_ns = 100};
      change(run.metrics);
      summary_.Add(run);
    }
  }

  std::string Text() const { return summary_.Text(); }

  // The line of a policy in the first table.
  std::string LineOf(absl::string_view policy) const {
    const std::string text = Text();
    const size_t from = text.find(absl::StrCat("\n  ", policy, " "));
    return text.substr(from + 1, text.find('\n', from + 1) - from - 1);
  }

 private:
  std::vector<Page> pages_;
  Summary summary_ = Summary("rr", 1);
};

std::function<int64_t(int)> Always(int64_t area_ns) {
  return [area_ns](int) { return area_ns; };
}

TEST(SummaryTest, ComparesEachPolicyWithTheBaselinePageByPage) {
  Pages pages(3);
  pages.Add("rr", [](int page) { return 300 * (page + 1); });
  pages.Add("fast", [](int page) { return 200 * (page + 1); });
  pages.Add("mixed", [](int page) { return page == 1 ? 900 : 150; });
  const std::string text = pages.Text();
  EXPECT_THAT(text, HasSubstr("over 3 pages: median of rr"));
  EXPECT_THAT(text, HasSubstr("  fast       1.500  1.500 – 1.500"));
  // 2, 0.667 and 6.
  EXPECT_THAT(text, HasSubstr("  mixed      2.000"));
  EXPECT_LT(text.find("mixed"), text.find("fast"));
  EXPECT_LT(text.find("fast "), text.find("rr  "));
}

TEST(SummaryTest, SaysWhatTheDifferenceToTheBaselineIsWorth) {
  Pages pages(8);
  pages.Add("rr", Always(100));
  pages.Add("coin", [](int page) { return page % 2 == 0 ? 80 : 125; });
  pages.Add("good", Always(80));
  pages.Add("bad", Always(130));
  EXPECT_THAT(pages.LineOf("rr"), EndsWith("  baseline"));
  EXPECT_THAT(pages.LineOf("coin"), HasSubstr("  inside the noise"));
  EXPECT_THAT(pages.LineOf("good"), EndsWith("  better"));
  EXPECT_THAT(pages.LineOf("bad"), EndsWith("  worse"));
}

TEST(SummaryTest, SaysWhichPoliciesMayEqualTheFirst) {
  Pages pages(8);
  pages.Add("rr", Always(1000));
  pages.Add("first", Always(500));
  pages.Add("equal", [](int page) { return page % 2 == 0 ? 490 : 520; });
  pages.Add("second", Always(600));
  EXPECT_THAT(pages.LineOf("first"), EndsWith("  better"));
  EXPECT_THAT(pages.LineOf("equal"), EndsWith("  better, may equal the first"));
  EXPECT_THAT(pages.LineOf("second"), EndsWith("  better"));
}

TEST(SummaryTest, FewPagesShowNothing) {
  Pages pages(5);
  pages.Add("rr", Always(100));
  pages.Add("good", Always(50));
  EXPECT_THAT(pages.LineOf("good"), EndsWith("  too few pages"));
  EXPECT_THAT(pages.Text(), HasSubstr("or the pages are fewer than 6"));
}

TEST(SummaryTest, EveryMetricSaysForItselfWhetherItIsInsideTheNoise) {
  Pages pages(6);
  pages.Add("rr", Always(100));
  pages.Add("p", Always(80), [](Metrics& metrics) { metrics.atf_ns = 50; });
  EXPECT_EQ(pages.LineOf("p"),
            "  p          1.250  1.250 – 1.250  1.250 – 1.250          1.000 ~"
            "  2.000        1.000 ~  better");
}

TEST(SummaryTest, TheSecondTableHasTheClassesThatPagesHave) {
  Pages pages(6, /*bytes=*/400);
  const auto css = static_cast<size_t>(ResourceType::kCss);
  pages.Add("rr", Always(100), [css](Metrics& metrics) {
    metrics.class_done_ns[css] = 90;
    metrics.lower_first_bytes = 100;
  });
  pages.Add("p", Always(80),
            [css](Metrics& metrics) { metrics.class_done_ns[css] = 30; });
  EXPECT_THAT(pages.Text(), HasSubstr("\n  policy     css    lower first\n"
                                      "  p        3.000          0.0 %\n"
                                      "  rr       1.000 ~       25.0 %\n"));
}

TEST(SummaryTest, OnePageOrNoBaselineGivesNone) {
  Pages one(1);
  one.Add("rr", Always(1));
  EXPECT_THAT(one.Text(), IsEmpty());
  Pages without(2);
  without.Add("fifo", Always(1));
  EXPECT_THAT(without.Text(), IsEmpty());
}

}  // namespace
}  // namespace sluice::lab
