#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/answers.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/output.h"
#include "benchmarks/lab/results/text_report.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Page ThreeResources() {
  Page page;
  page.name = "three";
  page.sha256 = "abc";
  for (int i = 0; i < 3; ++i) {
    Resource resource;
    resource.id = 10 + i;
    resource.label = absl::StrCat("css", 10 + i);
    resource.type = ResourceType::kCss;
    resource.bytes = 100;
    page.resources.push_back(resource);
  }
  page.resources[0].render_critical = true;
  page.resources[0].above_the_fold = true;
  page.resources[1].above_the_fold = true;
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

TEST(ReportTest, TheOrderOfCompletionLeavesRedirectsOut) {
  Page page = ThreeResources();
  page.resources[1].redirect = true;
  PageLoad load;
  load.timings = {
      {.completed_ns = 30}, {.completed_ns = 10}, {.completed_ns = 20}};
  EXPECT_THAT(CompletionOrder(page, load), ElementsAre(2, 0));
}

Run OneRun(const Page& page) {
  return Run{.page = &page,
             .policy = "rr",
             .setting = {.signals = "chrome7540",
                         .network = "3g_fast",
                         .send_buffer_bytes = 16384,
                         .max_streams = 50},
             .seed = 7,
             .metrics = {.render_critical_ns = 1'234'567'890,
                         .atf_ns = 2'000'000'000,
                         .atf_area_ns = 1,
                         .painted_area_ns = 1'900'000'000,
                         .lcp_candidate_ns = 1'950'000'000,
                         .page_load_ns = 3'000'500'500,
                         .class_done_ns = {std::nullopt, 1'500'000'000},
                         .lower_first_bytes = 70'500}};
}

// Picks 11, then 10; completes 10, 12, 11.
PageLoad OneLoad() {
  PageLoad load;
  load.timings = {{.completed_ns = 1'000},
                  {.completed_ns = 3'000},
                  {.completed_ns = 2'000}};
  load.arrivals = {{.resource = 2, .bytes = 100, .at_ns = 1'000}};
  load.picks = {{.resource = 1, .stream_id = 3, .bytes = 300},
                {.resource = 1, .stream_id = 3, .bytes = 200},
                {.resource = 0, .stream_id = 1, .bytes = 70}};
  return load;
}

// The text of TextOutput after these runs of one table, each with `load`.
std::string TextOf(const std::vector<lab::Run>& runs, const PageLoad& load) {
  std::string all;
  TextOutput output(
      {.runs_a_table = runs.size()},
      [&all](absl::string_view text) { absl::StrAppend(&all, text); });
  for (const lab::Run& run : runs) {
    EXPECT_EQ(all, "") << "before the page is complete";
    EXPECT_TRUE(output.Write(run, load).ok());
  }
  return all;
}

TEST(ReportTest, PicksOfOneStreamInARowAreJoined) {
  const std::vector<Pick> joined =
      JoinPicks({{.resource = 0, .stream_id = 1, .bytes = 5, .at_ns = 1},
                 {.resource = 0, .stream_id = 1, .bytes = 6, .at_ns = 2},
                 {.resource = 1, .stream_id = 3, .bytes = 7, .at_ns = 3},
                 {.resource = 0, .stream_id = 1, .bytes = 8, .at_ns = 4}});
  ASSERT_EQ(joined.size(), 3u);
  EXPECT_EQ(joined[0].bytes, 11u);
  EXPECT_EQ(joined[0].at_ns, 1);
  EXPECT_EQ(joined[1].stream_id, 3u);
  EXPECT_EQ(joined[2].bytes, 8u);
}

TEST(ReportTest, AJsonLineHasTheKeysInTheirOrderAndNoMore) {
  const Page page = ThreeResources();
  EXPECT_EQ(
      JsonLine(OneRun(page), OneLoad()),
      R"({"version":"1.4","page":"three","page_sha256":"abc",)"
      R"("edit":"none","edit_sha256":"","policy":"rr",)"
      R"("signals":"chrome7540","late_signals":false,)"
      R"("network":"3g_fast","send_buffer_bytes":16384,"max_streams":50,"seed":7,)"
      R"("render_critical_ms":1234.568,"atf_ms":2000.0,)"
      R"("atf_area_ms":0.0,"page_load_ms":3000.501,)"
      R"("painted_area_ms":1900.0,"lcp_candidate_ms":1950.0,)"
      R"("lower_first_bytes":70500,"class_done_ms":{"css":1500.0},)"
      R"("visual_progress":[],"resources":[)"
      R"({"id":10,"label":"css10","type":"css","bytes":100,)"
      R"("requested_ms":0.0,"done_ms":0.001},)"
      R"({"id":11,"label":"css11","type":"css","bytes":100,)"
      R"("requested_ms":0.0,"done_ms":0.003},)"
      R"({"id":12,"label":"css12","type":"css","bytes":100,)"
      R"("requested_ms":0.0,"first_byte_ms":0.001,"done_ms":0.002}],)"
      R"("picks":[[11,3,500],[10,1,70]]})"
      "\n");
}

TEST(ReportTest, ACsvLineHasAValueForEachNameOfTheHeader) {
  const Page page = ThreeResources();
  EXPECT_EQ(CsvHeader(),
            "version,page,page_sha256,edit,edit_sha256,policy,signals,"
            "late_signals,network,send_buffer_bytes,max_streams,seed,render_"
            "critical_ms,atf_ms,"
            "atf_area_ms,page_load_ms,painted_area_ms,lcp_candidate_ms,"
            "lower_first_bytes,reaction_ms,low_open,"
            "low_left_bytes,best_order_painted_area_ms,best_order_bound_ms,"
            "share_of_possible_gain,html_done_ms,css_done_ms,"
            "js_done_ms,font_done_ms,image_done_ms,fetch_done_ms,"
            "media_done_ms,manifest_done_ms,beacon_done_ms,other_done_ms\n");
  lab::Run run = OneRun(page);
  EXPECT_EQ(CsvLine(run),
            "1.4,three,abc,none,,rr,chrome7540,0,3g_fast,16384,50,7,1234.568,"
            "2000.000,"
            "0.000,3000.501,1900.000,1950.000,70500,,,,,,,,1500.000,,,,,,,,\n");
  run.policy = "rfc9218:mixed=alternate,starvation_guard=3";
  EXPECT_THAT(CsvLine(run),
              HasSubstr(",\"rfc9218:mixed=alternate,starvation_guard=3\","));
  run.metrics.reaction = Reaction{
      .reaction_ns = 658'000'000, .low_open = 30, .low_left_bytes = 2'000'000};
  EXPECT_THAT(CsvLine(run),
              HasSubstr(",70500,658.000,30,2000000,,,,,1500.000"));
  EXPECT_THAT(JsonLine(run, OneLoad()),
              HasSubstr(R"("lower_first_bytes":70500,"reaction_ms":658.0,)"
                        R"("low_open":30,"low_left_bytes":2000000,"class)"));
}

TEST(ReportTest, ALineHasTheBestOrderAndTheShareOfThePossibleGain) {
  const Page page = ThreeResources();
  lab::Run run = OneRun(page);  // its painted area is 1.9 s
  run.best = {.painted_area_ns = 1'000'000'000,
              .bound_ns = 900'000'000,
              .baseline = "rr",
              .baseline_ns = 2'000'000'000};
  EXPECT_THAT(CsvLine(run), HasSubstr(",1000.000,900.000,0.100,,1500.000"));
  EXPECT_THAT(JsonLine(run, OneLoad()),
              HasSubstr(R"("best_order_painted_area_ms":1000.0,)"
                        R"("best_order_bound_ms":900.0,)"
                        R"("share_of_possible_gain":0.1,"class)"));
  // Without a bound, and where nothing can be gained.
  run.best = {.painted_area_ns = 2'000'000'000,
              .baseline = "rr",
              .baseline_ns = 2'000'000'000};
  EXPECT_THAT(CsvLine(run), HasSubstr(",2000.000,,,,1500.000"));
  run.best->painted_area_ns = 1'000'000'000;
  run.best->baseline_ns.reset();
  EXPECT_THAT(CsvLine(run), HasSubstr(",1000.000,,,,1500.000"));
}

TEST(ReportTest, ATableHasTheBestOrderAndTheShareOfThePossibleGain) {
  const Page page = ThreeResources();
  lab::Run run = OneRun(page);
  run.best = {.painted_area_ns = 1'000'000'000,
              .bound_ns = 900'000'000,
              .baseline = "rr",
              .baseline_ns = 2'000'000'000};
  lab::Run other = run;
  other.policy = "fifo";
  other.metrics.painted_area_ns = 1'200'000'000;
  const std::string text = TextOf({run, other}, OneLoad());
  EXPECT_THAT(text, HasSubstr("lower first  of the possible gain\n"));
  EXPECT_THAT(text, HasSubstr("70 KB                  80 %\n"));
  EXPECT_THAT(text, HasSubstr("70 KB                  10 %\n"));
  EXPECT_THAT(text, HasSubstr("\n\n  chrome7540: the best order found has "
                              "1000.0 ms; no order is below 900.0 ms\n"));
}

TEST(ReportTest, ATableNamesTheRunAndShowsItsPicks) {
  const Page page = ThreeResources();
  EXPECT_EQ(TextOf({OneRun(page)}, OneLoad()),
            "three: 3 resources, 300 bytes, network 3g_fast, send buffer 16384 "
            "bytes, seed 7\n"
            "\n"
            "  signals     policy  painted area   less rr    rr ÷       LCP  "
            "render-critical  ATF area       ATF  page load  lower first\n"
            "  chrome7540  rr         1900.0 ms  baseline       -    1950.0"
            "           1234.6       0.0    2000.0     3000.5        70 KB\n"
            "\n"
            "  first 20 picks (one stream's in a row count as one)\n"
            "  chrome7540  rr      css11 css10\n"
            "\n"
            "  first 20 resources to complete\n"
            "  chrome7540  rr      css10 css12 css11\n");
}

// A policy of a page, and when it completes the page's resources.
struct Beside {
  std::string policy;
  int64_t painted_area_ms;
  std::vector<int64_t> done_ms;
};
void WriteAll(const Page& page, const std::vector<Beside>& runs,
              Output& output) {
  for (const Beside& beside : runs) {
    lab::Run run = OneRun(page);
    run.policy = beside.policy;
    run.metrics.painted_area_ns = beside.painted_area_ms * 1'000'000;
    PageLoad load = OneLoad();
    for (size_t i = 0; i < beside.done_ms.size(); ++i) {
      load.timings[i].completed_ns = beside.done_ms[i] * 1'000'000;
    }
    EXPECT_TRUE(output.Write(run, load).ok());
  }
  EXPECT_TRUE(output.Finish().ok());
}

TEST(ReportTest, ATableIsSortedAndSaysWhatEachPolicyCostsByResource) {
  const Page page = ThreeResources();
  std::string text;
  TextOutput output(
      {.runs_a_table = 3, .only_page = true},
      [&text](absl::string_view more) { absl::StrAppend(&text, more); });
  WriteAll(page,
           {{"slow", 4000, {100, 250, 300}},
            {"rr", 2000, {100, 200, 300}},
            {"fast", 1000, {90, 150, 330}}},
           output);
  const size_t fast = text.find("fast       1000.0 ms   -1000.0   2.000");
  const size_t rr = text.find("rr         2000.0 ms  baseline       -");
  const size_t slow = text.find("slow       4000.0 ms   +2000.0   0.500");
  EXPECT_TRUE(fast < rr && rr < slow && slow != std::string::npos) << text;
  EXPECT_THAT(
      text,
      HasSubstr("\n  resources that end earlier and later than with rr, and "
                "those that moved most, ms\n"
                "  chrome7540  fast    2 earlier, 1 later: css11 -50.0 css12 "
                "+30.0 css10 -10.0\n"
                "  chrome7540  slow    0 earlier, 1 later: css11 +50.0\n"));
  EXPECT_THAT(text,
              HasSubstr("\n  by resource, ms: its end with rr, and what the "
                        "others add (chrome7540)\n"
                        "  resource           rr       fast       slow\n"
                        "  css11           200.0      -50.0      +50.0\n"
                        "  css12           300.0      +30.0        0.0\n"
                        "  css10           100.0      -10.0        0.0\n"));
  EXPECT_THAT(text, EndsWith("\nThese times are exact: the same inputs give "
                             "them again. They say nothing about other "
                             "pages.\n"));
}

TEST(ReportTest, ManyResourcesAndPoliciesAreCutAndCounted) {
  Page page = ThreeResources();
  PageLoad load = OneLoad();
  while (page.resources.size() < 25) {
    page.resources.push_back(page.resources.back());
    ++page.resources.back().id;
    load.timings.push_back(load.timings.back());
  }
  std::string text;
  TextOutput output(
      {.runs_a_table = 8, .only_page = true},
      [&text](absl::string_view more) { absl::StrAppend(&text, more); });
  for (int i = 0; i < 8; ++i) {
    lab::Run run = OneRun(page);
    if (i > 0) run.policy = absl::StrCat("p", i);
    EXPECT_TRUE(output.Write(run, load).ok());
  }
  const size_t from = text.find("by resource");
  const std::string shown = text.substr(from, text.find("\n\n", from) - from);
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 2 + 20) << shown;
  EXPECT_THAT(shown, AllOf(HasSubstr("p6"), Not(HasSubstr("p7"))));
  EXPECT_THAT(shown, EndsWith("have all 25 resources and 7 others"));
}

TEST(AnswersTest, ALineHasWhatARunCostsBesideTheBaseline) {
  const Page page = ThreeResources();
  std::ostringstream stream;
  AnswersOutput output(stream, "rr");
  WriteAll(page,
           {{"fast", 1000, {90, 150, 330}}, {"rr", 2000, {100, 200, 300}}},
           output);
  const std::vector<std::string> lines =
      absl::StrSplit(stream.str(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 2u);
  const nlohmann::json fast = nlohmann::json::parse(lines[0]);
  EXPECT_THAT(lines[0], HasSubstr(R"("policy":"fast",)"));
  EXPECT_EQ(fast["baseline"], "rr");
  EXPECT_EQ(fast["metrics"]["painted_area_ms"].dump(),
            R"({"baseline_ms":2000.0,"difference_ms":-1000.0,"ms":1000.0,)"
            R"("ratio":2.0})");
  EXPECT_FALSE(fast["metrics"].contains("font_done_ms"));
  EXPECT_EQ(fast["earlier"], 2);
  EXPECT_EQ(fast["later"], 1);
  EXPECT_EQ(fast["resources"][1].dump(),
            R"({"baseline_done_ms":200.0,"bytes":100,"difference_ms":-50.0,)"
            R"("done_ms":150.0,"id":11,"label":"css11",)"
            R"("requested_difference_ms":0.0,"type":"css"})");
  EXPECT_EQ(nlohmann::json::parse(lines[1])["earlier"], 0);
}

TEST(AnswersTest, PagesThatAreComparedArePairs) {
  const Page before = ThreeResources();
  Page after = ThreeResources();
  after.name = "after";
  after.sha256 = "another";
  std::ostringstream stream;
  AnswersOutput output(stream, Baseline(Compared::kPage, before.name));
  EXPECT_TRUE(output.Write(OneRun(after), OneLoad()).ok());
  EXPECT_TRUE(output.Write(OneRun(before), OneLoad()).ok());
  EXPECT_TRUE(output.Finish().ok());
  EXPECT_THAT(
      std::vector<std::string>(absl::StrSplit(stream.str(), '\n')),
      ElementsAre(HasSubstr(R"("page":"after")"),
                  HasSubstr(absl::StrCat(R"("page":")", before.name, "\"")),
                  ""));
}

TEST(AnswersTest, ARunWithoutAPairHasNoLine) {
  const Page page = ThreeResources();
  std::ostringstream stream;
  AnswersOutput output(stream, Baseline(Compared::kSignals, "none"));
  lab::Run none = OneRun(page);
  none.setting.signals = "none";
  lab::Run other_seed = OneRun(page);
  other_seed.seed = 8;
  for (const lab::Run& run : {OneRun(page), other_seed, none}) {
    EXPECT_TRUE(output.Write(run, OneLoad()).ok());
  }
  EXPECT_TRUE(output.Finish().ok());
  EXPECT_THAT(
      std::vector<std::string>(absl::StrSplit(stream.str(), '\n')),
      ElementsAre(AllOf(HasSubstr("chrome7540"), HasSubstr("\"seed\":7,")),
                  HasSubstr("\"signals\":\"none\""), ""));
}

TEST(ReportTest, TwentyPicksAreShownAndLongLinesAreBroken) {
  const Page page = ThreeResources();
  PageLoad load = OneLoad();
  load.picks.clear();
  for (uint32_t i = 0; i < 30; ++i) {
    load.picks.push_back(
        {.resource = i % 3, .stream_id = 1 + 2 * (i % 3), .bytes = 1});
  }
  const std::string text = TextOf({OneRun(page)}, load);
  const size_t from = text.find("as one)");
  const std::string shown = text.substr(from, text.find("\n\n", from) - from);
  size_t labels = 0;
  for (size_t at = 0; (at = shown.find("css", at)) != std::string::npos; ++at) {
    ++labels;
  }
  EXPECT_EQ(labels, 20u);
  EXPECT_THAT(shown, HasSubstr("css10\n                      css11"));
}

TEST(ReportTest, APageOfMoreThanTwelveRunsHasNoOrders) {
  const Page page = ThreeResources();
  std::vector<lab::Run> runs(13, OneRun(page));
  for (size_t i = 0; i < runs.size(); ++i) runs[i].seed = i;
  EXPECT_THAT(TextOf(runs, OneLoad()),
              EndsWith("\n  more than 12 runs: only --json has the order of "
                       "picks\n"));
}

TEST(ReportTest, TheSummaryComesAfterTheTablesOfThePages) {
  Page one = ThreeResources();
  Page two = ThreeResources();
  two.name = "two";
  std::vector<std::string> texts;
  TextOutput output({.runs_a_table = 1}, [&texts](absl::string_view text) {
    texts.emplace_back(text);
  });
  EXPECT_TRUE(output.Write(OneRun(one), OneLoad()).ok());
  EXPECT_TRUE(output.Write(OneRun(two), OneLoad()).ok());
  EXPECT_TRUE(output.Finish().ok());
  EXPECT_THAT(texts, ElementsAre(StartsWith("three: "), StartsWith("\ntwo: "),
                                 StartsWith("\nover 2 pages: ")));
}

}  // namespace
}  // namespace sluice::lab
