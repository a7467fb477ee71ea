#include <algorithm>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/baseline.h"
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
void WriteAll(const Page& page, const std::vector<Beside>& runs, Output& output,
              uint64_t seed = 7) {
  for (const Beside& beside : runs) {
    lab::Run run = OneRun(page);
    run.policy = beside.policy;
    run.seed = seed;
    run.metrics.painted_area_ns = beside.painted_area_ms * 1'000'000;
    PageLoad load = OneLoad();
    for (size_t i = 0; i < beside.done_ms.size(); ++i) {
      load.timings[i].completed_ns = beside.done_ms[i] * 1'000'000;
    }
    EXPECT_TRUE(output.Write(run, load).ok());
  }
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
  EXPECT_TRUE(output.Finish().ok());
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

TEST(ReportTest, PagesThatAreComparedStandBesideTheBaselinesRunOfTheirPolicy) {
  Page before = ThreeResources();
  before.name = "before";
  Page after = ThreeResources();
  after.resources[2].id = 99;
  after.name = "after";
  std::string text;
  TextOutput output(
      {.runs_a_table = 2, .baseline = {Compared::kPage, "before"}},
      [&text](absl::string_view more) { absl::StrAppend(&text, more); });
  WriteAll(before, {{"rr", 2000, {100, 200}}, {"fifo", 3000, {100, 300}}},
           output, 1);
  WriteAll(before, {{"rr", 7000, {100, 200}}, {"fifo", 8000, {100, 300}}},
           output, 2);
  EXPECT_THAT(text, HasSubstr("rr         2000.0 ms     baseline          -"));
  text.clear();
  WriteAll(after, {{"rr", 1000, {90, 190}}, {"fifo", 4000, {120, 300}}}, output,
           1);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("  less before   before ÷"),
            HasSubstr("rr         1000.0 ms      -1000.0      2.000"),
            HasSubstr("fifo       4000.0 ms      +1000.0      0.750"),
            HasSubstr("\n  resources that end earlier and later than with "
                      "before, and those that moved most, ms\n"
                      "  chrome7540  rr      2 earlier, 0 later: css10 -10.0 "
                      "css11 -10.0\n"
                      "  chrome7540  fifo    0 earlier, 1 later: css10 "
                      "+20.0\n")));
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
  EXPECT_TRUE(output.Finish().ok());
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
