#include "benchmarks/lab/measure/statistics.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/net/random.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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

// Style sheets of 100 bytes: a render-critical one, one above the fold, one
// below.
Page ThreeResources() {
  Page page;
  for (int i = 0; i < 3; ++i) {
    Resource resource;
    resource.type = ResourceType::kCss;
    resource.bytes = 100;
    resource.render_critical = i == 0;
    resource.above_the_fold = i < 2;
    page.resources.push_back(resource);
  }
  return page;
}

TEST(MetricsTest, EachMetricReadsItsOwnResources) {
  const Page page = ThreeResources();
  PageLoad load;
  load.timings = {
      {.completed_ns = 10}, {.completed_ns = 20}, {.completed_ns = 30}};
  const Metrics metrics = Measure(page, load);
  EXPECT_EQ(metrics.render_critical_ns, 10);
  EXPECT_EQ(metrics.atf_ns, 20);
  EXPECT_EQ(metrics.page_load_ns, 30);
  EXPECT_EQ(metrics.atf_area_ns, 0);
}

TEST(MetricsTest, TheAreaIsTheMeanArrivalOfAByteAboveTheFold) {
  const Page page = ThreeResources();
  PageLoad load;
  load.timings.resize(3);
  load.arrivals = {{.resource = 0, .bytes = 30, .at_ns = 100},
                   {.resource = 2, .bytes = 99, .at_ns = 150},
                   {.resource = 1, .bytes = 10, .at_ns = 200}};
  // (30·100 + 10·200) / 40
  EXPECT_EQ(Measure(page, load).atf_area_ns, 125);
}

TEST(MetricsTest, TheAreaOfALargePageDoesNotOverflow) {
  const Page page = ThreeResources();
  PageLoad load;
  load.timings.resize(3);
  const int64_t hour = 3'600'000'000'000;
  load.arrivals = {{.resource = 0, .bytes = 1 << 30, .at_ns = hour},
                   {.resource = 1, .bytes = 1 << 30, .at_ns = hour}};
  EXPECT_EQ(Measure(page, load).atf_area_ns, hour);
}

// The document and a style sheet that blocks it, an image in view, a font and
// another style sheet; not render-critical from the third on.
Page FirstScreen() {
  Page page;
  for (const ResourceType type :
       {ResourceType::kHtml, ResourceType::kCss, ResourceType::kImage,
        ResourceType::kFont, ResourceType::kCss, ResourceType::kJs}) {
    Resource resource;
    resource.type = type;
    resource.render_critical = page.resources.size() < 2;
    resource.above_the_fold = type != ResourceType::kJs;
    resource.lcp_candidate = type == ResourceType::kImage;
    page.resources.push_back(resource);
  }
  return page;
}

PageLoad FirstScreenLoad() {
  PageLoad load;
  load.timings = {{.completed_ns = 60},  {.completed_ns = 100},
                  {.completed_ns = 300}, {.completed_ns = 200},
                  {.completed_ns = 80},  {.completed_ns = 400}};
  load.arrivals = {{.resource = 0, .bytes = 1, .at_ns = 60},
                   {.resource = 3, .bytes = 2, .at_ns = 70},
                   {.resource = 4, .bytes = 4, .at_ns = 80},
                   {.resource = 2, .bytes = 8, .at_ns = 90},
                   {.resource = 1, .bytes = 16, .at_ns = 100},
                   {.resource = 2, .bytes = 32, .at_ns = 150},
                   {.resource = 3, .bytes = 64, .at_ns = 200},
                   {.resource = 2, .bytes = 128, .at_ns = 300},
                   {.resource = 5, .bytes = 999, .at_ns = 400}};
  return load;
}

// At 100 all is shown that has arrived (29 bytes) but the font's beginning. It
// waits for the font's end, the image for nothing.
TEST(MetricsTest, NothingIsPaintedBeforeRenderCriticalAndAFontOnlyWhole) {
  const Page page = FirstScreen();
  const PageLoad load = FirstScreenLoad();
  EXPECT_THAT(VisualProgress(page, load),
              ElementsAre(ProgressStep{100, 29}, ProgressStep{150, 61},
                          ProgressStep{200, 127}, ProgressStep{300, 255}));
  // (29·100 + 32·150 + 66·200 + 128·300) / 255
  EXPECT_EQ(Measure(page, load).painted_area_ns, 232);
  EXPECT_THAT(JsonLine({.page = &page}, load),
              HasSubstr(R"("visual_progress":[[0.0,11],[0.0,23],[0.0,49],)"
                        R"([0.0,100]],"resources")"));
}

TEST(MetricsTest, ThePaintedAreaIsTheIntegralOfWhatTheProgressLacks) {
  const Page page = FirstScreen();
  const PageLoad load = FirstScreenLoad();
  const std::vector<ProgressStep> steps = VisualProgress(page, load);
  int64_t from_ns = 0;
  double shown = 0;
  double area = 0;
  for (const ProgressStep& step : steps) {
    area += static_cast<double>(step.at_ns - from_ns) * (1 - shown);
    from_ns = step.at_ns;
    shown = static_cast<double>(step.bytes) /
            static_cast<double>(steps.back().bytes);
  }
  EXPECT_EQ(Measure(page, load).painted_area_ns, static_cast<int64_t>(area));
}

TEST(MetricsTest, TheLcpCandidateIsTheFirstOfThemButNotBeforeRenderCritical) {
  Page page = FirstScreen();
  const PageLoad load = FirstScreenLoad();
  const auto candidate = [&] { return Measure(page, load).lcp_candidate_ns; };
  EXPECT_EQ(candidate(), 300);
  page.resources[3].lcp_candidate = true;
  EXPECT_EQ(candidate(), 200);
  page.resources[0].lcp_candidate = true;  // the text, complete at 60
  EXPECT_EQ(candidate(), 100);
}

TEST(MetricsTest, APageWithoutBytesAboveTheFoldHasNoProgress) {
  Page page = FirstScreen();
  for (Resource& resource : page.resources) resource.above_the_fold = false;
  EXPECT_THAT(VisualProgress(page, FirstScreenLoad()), ElementsAre());
  EXPECT_EQ(Measure(page, FirstScreenLoad()).painted_area_ns, 0);
  EXPECT_THAT(JsonLine({.page = &page}, FirstScreenLoad()),
              HasSubstr(R"("visual_progress":[],)"));
}

// One load has the large image early and the style sheet last, the other the
// style sheet first. By arrival the first is ahead, but it paints nothing
// before 300.
TEST(MetricsTest, TheTwoAreasDisagreeWhereBytesWaitForAStyleSheet) {
  Page page = FirstScreen();
  page.resources.resize(3);
  PageLoad image_first;
  image_first.timings = {
      {.completed_ns = 10}, {.completed_ns = 300}, {.completed_ns = 100}};
  image_first.arrivals = {{.resource = 0, .bytes = 10, .at_ns = 10},
                          {.resource = 2, .bytes = 1000, .at_ns = 100},
                          {.resource = 1, .bytes = 90, .at_ns = 300}};
  PageLoad style_first;
  style_first.timings = {
      {.completed_ns = 10}, {.completed_ns = 30}, {.completed_ns = 230}};
  style_first.arrivals = {{.resource = 0, .bytes = 10, .at_ns = 10},
                          {.resource = 1, .bytes = 90, .at_ns = 30},
                          {.resource = 2, .bytes = 1000, .at_ns = 230}};
  const Metrics image = Measure(page, image_first);
  const Metrics style = Measure(page, style_first);
  EXPECT_EQ(image.atf_area_ns, 115);  // (10·10 + 1000·100 + 90·300) / 1100
  EXPECT_EQ(style.atf_area_ns, 211);  // (10·10 + 90·30 + 1000·230) / 1100
  EXPECT_EQ(image.painted_area_ns, 300);
  EXPECT_EQ(style.painted_area_ns, 211);  // (100·30 + 1000·230) / 1100
  EXPECT_EQ(image.lcp_candidate_ns, 300);
  EXPECT_EQ(style.lcp_candidate_ns, 230);
}

TEST(MetricsTest, AClassIsDoneWithItsLastResource) {
  Page page = ThreeResources();
  page.resources[1].type = ResourceType::kImage;
  PageLoad load;
  load.timings = {
      {.completed_ns = 10}, {.completed_ns = 20}, {.completed_ns = 30}};
  const Metrics metrics = Measure(page, load);
  auto done = [&](ResourceType type) {
    return metrics.class_done_ns[static_cast<size_t>(type)];
  };
  EXPECT_EQ(done(ResourceType::kCss), 30);
  EXPECT_EQ(done(ResourceType::kImage), 20);
  EXPECT_EQ(done(ResourceType::kJs), std::nullopt);
}

// 10 is low and flows; 11 is high, requested at 100 and done at 200.
TEST(MetricsTest, LowerBytesCountWhileAHigherRequestIsOpen) {
  Page page = ThreeResources();
  page.resources[0].level = ChromeLevel::kLow;
  page.resources[1].level = ChromeLevel::kHigh;
  page.resources[2].level = ChromeLevel::kHigh;
  PageLoad load;
  load.timings = {{.requested_ns = 0, .completed_ns = 300},
                  {.requested_ns = 100, .completed_ns = 200},
                  {.requested_ns = 150, .completed_ns = 160}};
  load.arrivals = {
      {.resource = 0, .bytes = 1, .at_ns = 100},  // not after it
      {.resource = 0, .bytes = 10, .at_ns = 101},
      {.resource = 1, .bytes = 100, .at_ns = 155},  // as high as 12
      {.resource = 0, .bytes = 1000, .at_ns = 200},
      {.resource = 0, .bytes = 10000, .at_ns = 201}};
  EXPECT_EQ(Measure(page, load).lower_first_bytes, 1010u);
  // An image that will be raised is as high from the start.
  page.resources[0].change_of_mind = ChangeOfMind{.level = ChromeLevel::kHigh};
  EXPECT_EQ(Measure(page, load).lower_first_bytes, 0u);
}

// 10 and 11 are low, 12 is high and requested at 100.
TEST(MetricsTest, AReactionHasTheTimeOfTheHighOnesAndTheBytesLeftOfTheLowOnes) {
  Page page = ThreeResources();
  PageLoad load;
  load.timings.resize(3);
  EXPECT_EQ(Measure(page, load).reaction, std::nullopt);
  page.resources[0].role = "low";
  page.resources[1].role = "low";
  page.resources[2].role = "high";
  page.resources.push_back(page.resources[2]);
  load.timings = {{.requested_ns = 0, .completed_ns = 100},
                  {.requested_ns = 0, .completed_ns = 500},
                  {.requested_ns = 100, .completed_ns = 150},
                  {.requested_ns = 150, .completed_ns = 220}};
  load.arrivals = {{.resource = 1, .bytes = 30, .at_ns = 60},
                   {.resource = 0, .bytes = 100, .at_ns = 100},
                   {.resource = 1, .bytes = 70, .at_ns = 101}};
  const std::optional<Reaction> reaction = Measure(page, load).reaction;
  ASSERT_TRUE(reaction.has_value());
  EXPECT_EQ(reaction->reaction_ns, 70);
  EXPECT_EQ(reaction->low_open, 1u);
  EXPECT_EQ(reaction->low_left_bytes, 70u);
}

}  // namespace
}  // namespace sluice::lab
