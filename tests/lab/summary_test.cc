#include "benchmarks/lab/results/summary.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/page/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Adds runs of pages by their painted areas; every other time is 100 ns.
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
      run.setting.signals = "none";
      run.policy = std::string(policy);
      run.metrics = {.render_critical_ns = 100,
                     .atf_ns = 100,
                     .atf_area_ns = 100,
                     .painted_area_ns = area_ns(static_cast<int>(i)),
                     .lcp_candidate_ns = 100,
                     .page_load_ns = 100};
      change(run.metrics);
      EXPECT_TRUE(summary_.Add(run).ok());
    }
  }

  std::string Text() const {
    const absl::StatusOr<std::string> text = summary_.Text();
    return text.ok() ? *text : std::string(text.status().message());
  }

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
  EXPECT_THAT(text, HasSubstr("  fast           1.500  1.500 – 1.500"));
  // 2, 0.667 and 6.
  EXPECT_THAT(text, HasSubstr("  mixed          2.000"));
  EXPECT_LT(text.find("mixed"), text.find("fast"));
  EXPECT_LT(text.find("fast "), text.find("rr  "));
}

TEST(SummaryTest, JudgesTheDifferenceFromTheBaseline) {
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

TEST(SummaryTest, NamesThePoliciesThatMayEqualTheFirst) {
  Pages pages(8);
  pages.Add("rr", Always(1000));
  pages.Add("first", Always(500));
  pages.Add("equal", [](int page) { return page % 2 == 0 ? 490 : 520; });
  pages.Add("second", Always(600));
  EXPECT_THAT(pages.LineOf("first"), EndsWith("  better"));
  EXPECT_THAT(pages.LineOf("equal"), EndsWith("  better, may equal the first"));
  EXPECT_THAT(pages.LineOf("second"), EndsWith("  better"));
}

TEST(SummaryTest, FewPagesGiveNoVerdict) {
  Pages pages(5);
  pages.Add("rr", Always(100));
  pages.Add("good", Always(50));
  EXPECT_THAT(pages.LineOf("good"), EndsWith("  too few pages"));
  EXPECT_THAT(pages.Text(), HasSubstr("or the pages are fewer than 6"));
}

TEST(SummaryTest, EachMetricIsMarkedInsideTheNoiseByItself) {
  Pages pages(6);
  pages.Add("rr", Always(100));
  pages.Add("p", Always(80),
            [](Metrics& metrics) { metrics.lcp_candidate_ns = 50; });
  EXPECT_EQ(
      pages.LineOf("p"),
      "  p              1.250  1.250 – 1.250  1.250 – 1.250 "
      "         2.000              1.000 ~     1.000 ~      1.000 ~  better");
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

TEST(SummaryTest, ARunThatComesTwiceIsAnError) {
  Pages pages(2);
  pages.Add("rr", Always(1));
  pages.Add("fifo", Always(1));
  pages.Add("fifo", Always(2));
  EXPECT_THAT(pages.Text(), HasSubstr("with policy fifo, signals none"));
}

// Runs of six pages under two policies, each with two variants.
std::string TextOfVariants(const Baseline& baseline,
                           const std::function<void(Run&, bool second)>& vary) {
  std::vector<Page> pages(6);
  Summary summary(baseline, 1);
  for (size_t i = 0; i < pages.size(); ++i) {
    pages[i].name = absl::StrCat("page", i);
    pages[i].resources.resize(1);
    // Of rr the second is 1.5 times as good, of fifo four times as bad.
    const std::pair<std::string, std::pair<int, int>> times[] = {
        {"rr", {300, 200}}, {"fifo", {100, 400}}};
    for (const auto& [policy, areas] : times) {
      for (const bool second : {false, true}) {
        Run run = {.page = &pages[i],
                   .policy = policy,
                   .setting = {.signals = "none", .network = "cable"}};
        run.metrics.painted_area_ns = second ? areas.second : areas.first;
        vary(run, second);
        EXPECT_TRUE(summary.Add(run).ok());
      }
    }
  }
  const absl::StatusOr<std::string> text = summary.Text();
  return text.ok() ? *text : std::string(text.status().message());
}

TEST(SummaryTest, SignalSetsAreComparedInPairsOfEachPolicy) {
  const std::string text = TextOfVariants(
      {Compared::kSignals, "one"}, [](lab::Run& run, bool second) {
        run.setting.signals = second ? "two" : "one";
      });
  EXPECT_THAT(text, HasSubstr("over 6 pages: median of one ÷ signals"));
  EXPECT_THAT(text, HasSubstr("\n  policy rr\n  signals  painted area"));
  EXPECT_THAT(text, HasSubstr("\n  two             1.500  1.500 – 1.500"));
  EXPECT_THAT(text, HasSubstr("\n  policy fifo\n  signals  painted area"));
  EXPECT_THAT(text, HasSubstr("\n  two             0.250  0.250 – 0.250"));
}

TEST(SummaryTest, EditsAreComparedInPairsWhateverTheirHashIs) {
  const std::string text =
      TextOfVariants({Compared::kEdit, "none"}, [](lab::Run& run, bool second) {
        if (!second) return;
        run.setting.edit = "hero";
        run.setting.edit_sha256 = "abc";
      });
  EXPECT_THAT(text, HasSubstr("\n  policy rr, signals none\n  edit  painted"));
  EXPECT_THAT(text, HasSubstr("\n  hero         1.500"));
  EXPECT_THAT(text, HasSubstr("\n  hero         0.250"));
}

TEST(SummaryTest, TwoPagesAreAPairIfPagesAreCompared) {
  Page pages[2];
  Summary summary({Compared::kPage, "before"}, 1);
  for (const bool after : {false, true}) {
    Page& page = pages[after ? 1 : 0];
    page.name = after ? "after" : "before";
    page.resources.resize(1);
    page.resources[0].bytes = after ? 1 : 2;
    lab::Run run = {
        .page = &page, .policy = "rr", .setting = {.signals = "none"}};
    run.metrics.painted_area_ns = after ? 400 : 500;
    ASSERT_TRUE(summary.Add(run).ok());
  }
  EXPECT_THAT(*summary.Text(),
              AllOf(HasSubstr("\n  policy rr, signals none\n  page "),
                    HasSubstr("\n  after          1.250  1.250 – 1.250")));
}

TEST(SummaryTest, SettingsAreNamedByWhatDiffers) {
  const std::string text = TextOfVariants("rr", [](lab::Run& run, bool second) {
    run.setting.network = second ? "cable" : "down=1M";
    run.setting.edit = second ? "hero" : "none";
  });
  EXPECT_THAT(text, HasSubstr("\n  signals none, network down=1M\n"));
  EXPECT_THAT(text, HasSubstr("\n  signals none + hero, network cable\n"));
}

TEST(SummaryTest, OnePageGivesNoSummaryAndAMissingBaselineASentence) {
  Pages one(1);
  one.Add("rr", Always(1));
  EXPECT_THAT(one.Text(), IsEmpty());
  Pages without(2);
  without.Add("fifo", Always(1));
  EXPECT_THAT(without.Text(),
              HasSubstr("the baseline, policy rr, is not among the runs"));
}

}  // namespace
}  // namespace sluice::lab
