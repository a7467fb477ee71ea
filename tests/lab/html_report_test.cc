#include "benchmarks/lab/results/html_report.h"

#include <sluice/h2/events.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/byte_columns.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/measure/tree_history.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/run_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto kOpen = TreeChange::State::kOpen;
constexpr auto kIdle = TreeChange::State::kIdle;
constexpr auto kClosed = TreeChange::State::kClosed;

ReceivedSignal Dependency(h2::StreamId stream_id, int64_t at_ns,
                          signals::Rfc7540Priority priority,
                          bool with_request) {
  return {stream_id, at_ns, priority, with_request};
}

TEST(TreeHistoryTest, StreamsOpenWithTheSignalOfTheirRequestAndClose) {
  PageLoad load;
  load.requests = {{.resource = 0, .stream_id = 1, .at_ns = 10},
                   {.resource = 1, .stream_id = 3, .at_ns = 20}};
  load.signals = {
      Dependency(3, 20, {.depends_on = 1, .weight = 8}, /*with_request=*/true)};
  load.picks = {{.resource = 0, .stream_id = 1, .bytes = 5, .at_ns = 30},
                {.resource = 1, .stream_id = 3, .bytes = 5, .at_ns = 40},
                {.resource = 1, .stream_id = 3, .bytes = 5, .at_ns = 50}};
  EXPECT_THAT(TreeHistory(load), ElementsAre(TreeChange{10, 1, kOpen, 0, 16},
                                             TreeChange{20, 3, kOpen, 1, 8},
                                             TreeChange{30, 1, kClosed, 0, 16},
                                             TreeChange{50, 3, kClosed, 1, 8}));
}

TEST(TreeHistoryTest, AnExclusiveStreamAdoptsTheOthers) {
  // RFC 7540 §5.3.1: and those it takes over have a change of their own.
  PageLoad load;
  load.requests = {{.resource = 0, .stream_id = 1, .at_ns = 10},
                   {.resource = 1, .stream_id = 3, .at_ns = 20}};
  load.signals = {Dependency(
      3, 20, {.depends_on = 0, .weight = 256, .exclusive = true}, true)};
  load.picks = {{.resource = 0, .stream_id = 1, .bytes = 5, .at_ns = 90},
                {.resource = 1, .stream_id = 3, .bytes = 5, .at_ns = 90}};
  const std::vector<TreeChange> changes = TreeHistory(load);
  ASSERT_EQ(changes.size(), 5u);
  EXPECT_EQ(changes[1], (TreeChange{20, 1, kOpen, 3, 16}));
  EXPECT_EQ(changes[2], (TreeChange{20, 3, kOpen, 0, 256}));
}

TEST(TreeHistoryTest, PriorityFramesBeforeRequestsMakeIdleStreams) {
  // RFC 7540 §5.3.3, as Firefox made placeholders of them.
  PageLoad load;
  load.signals = {Dependency(3, 5, {.depends_on = 0, .weight = 201}, false),
                  Dependency(7, 10, {.depends_on = 3, .weight = 32}, true),
                  Dependency(7, 15, {.depends_on = 0, .weight = 4}, false)};
  load.requests = {{.resource = 0, .stream_id = 7, .at_ns = 10}};
  EXPECT_THAT(TreeHistory(load),
              ElementsAre(TreeChange{5, 3, kIdle, 0, 201},
                          TreeChange{10, 7, kClosed, 3, 32},  // without a body
                          TreeChange{15, 7, kClosed, 0, 4}));
}

TEST(TreeHistoryTest, UrgenciesLeaveTheTreeFlat) {
  PageLoad load;
  load.signals = {{1, 5, signals::Rfc9218Priority{.urgency = 1}, false}};
  EXPECT_THAT(TreeHistory(load), IsEmpty());
}

// Files of a template in a folder of the test's own.
class HtmlTemplateTest : public testing::Test {
 protected:
  void Put(absl::string_view name, absl::string_view text) {
    std::ofstream(absl::StrCat(folder_, "/", name)) << text;
  }
  std::string folder_ = testing::TempDir();
};

TEST_F(HtmlTemplateTest, IncludesFilesAndSplitsAtThePlacesOfTheResults) {
  Put("report.html",
      "<style>\n<!--include a.css-->\n</style>\n<pre>\n<!--include b.txt-->\n"
      "</pre>\n<p><!--timelines--></p><i><!--index--></i>\n");
  Put("a.css", "a > b {}\n");
  Put("b.txt", "<x> & y\n");
  const absl::StatusOr<HtmlTemplate> page = LoadHtmlTemplate(folder_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->before_timelines, HasSubstr("a > b {}"));
  EXPECT_THAT(page->before_timelines, HasSubstr("&lt;x> &amp; y"));
  EXPECT_EQ(page->before_index, "</p><i>");
  EXPECT_THAT(page->after_index, HasSubstr("</i>"));
}

TEST_F(HtmlTemplateTest, NamesTheFileThatIsMissing) {
  Put("report.html", "<!--include nowhere.css-->\n");
  const absl::Status status = LoadHtmlTemplate(folder_).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("nowhere.css"));
}

TEST_F(HtmlTemplateTest, RefusesATemplateWithoutAPlaceForResults) {
  Put("report.html", "<!--index--> <!--timelines-->\n");
  EXPECT_TRUE(absl::IsInvalidArgument(LoadHtmlTemplate(folder_).status()));
}

// One page of one resource that completes at `done_ns`.
struct Load {
  Page page;
  PageLoad load;
  lab::Run run;

  Load(const std::string& name, const std::string& policy, int64_t done_ns,
       uint64_t seed = 1) {
    page.name = name;
    page.sha256 = absl::StrCat("hash of ", name);
    Resource resource;
    resource.id = 4;
    resource.label = "html4";
    resource.type = ResourceType::kHtml;
    resource.bytes = 10;
    resource.render_critical = true;
    resource.above_the_fold = true;
    page.resources = {resource};
    load.timings = {
        {.stream_id = 1, .requested_ns = 0, .completed_ns = done_ns}};
    load.requests = {{.resource = 0, .stream_id = 1, .at_ns = 1}};
    load.picks = {{.resource = 0, .stream_id = 1, .bytes = 10, .at_ns = 2}};
    load.arrivals = {{.resource = 0, .bytes = 10, .at_ns = done_ns}};
    run.page = &page;
    run.policy = policy;
    run.setting.signals = "none";
    run.setting.network = "net";
    run.seed = seed;
    run.metrics = Measure(page, load);
  }
};

// The contents of a report.
struct Contents {
  nlohmann::json index;
  std::vector<std::string> lines;  // inflated
};

std::string LineOf(const std::vector<const Load*>& loads) {
  ByteWriter line;
  for (const Load* load : loads) {
    ByteWriter timeline;
    AppendTimeline(load->load, timeline);
    AppendTreeHistory(TreeHistory(load->load), timeline);
    line.Text(timeline.bytes());
  }
  return line.Take();
}

std::string Unpacked(absl::string_view packed) {
  std::string deflated;
  EXPECT_TRUE(absl::Base64Unescape(packed, &deflated));
  return Inflate(deflated, 1 << 20).value();
}

Contents Report(const std::vector<const Load*>& loads,
                HtmlOptions options = {}) {
  std::ostringstream stream;
  HtmlOutput output(stream, {"<before>", "<middle>", "<after>"},
                    std::move(options));
  for (const Load* load : loads) {
    EXPECT_TRUE(output.Write(load->run, load->load).ok());
  }
  EXPECT_TRUE(output.Finish().ok());
  const std::string text = stream.str();
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::ByAnyChar("<>"));
  // "", before, timelines, middle, index, after, ""
  EXPECT_EQ(parts.size(), 7u);
  Contents contents;
  for (const absl::string_view line :
       absl::StrSplit(parts[2], '\n', absl::SkipEmpty())) {
    contents.lines.push_back(Unpacked(line));
  }
  contents.index = nlohmann::json::parse(Unpacked(parts[4]));
  return contents;
}

TEST(HtmlOutputTest, TheIndexHasTheNumbersOfTheJsonLines) {
  const Load load("a", "rr", 1'234'567'890);
  const nlohmann::json line =
      nlohmann::json::parse(JsonLine(load.run, load.load));
  const nlohmann::json index = Report({&load}).index;
  EXPECT_EQ(index["version"], line["version"]);
  EXPECT_EQ(index["pages"][0]["name"], line["page"]);
  EXPECT_EQ(index["pages"][0]["sha256"], line["page_sha256"]);
  EXPECT_EQ(index["pages"][0]["warnings"],
            nlohmann::json({"the document alone is render-critical",
                            "the document alone is above the fold"}));
  EXPECT_EQ(index["settings"][0]["signals"], line["signals"]);
  EXPECT_EQ(index["settings"][0]["network"], line["network"]);
  EXPECT_EQ(index["settings"][0]["send_buffer_bytes"],
            line["send_buffer_bytes"]);
  EXPECT_EQ(index["settings"][0]["max_streams"], line["max_streams"]);
  EXPECT_EQ(index["settings"][0]["late_signals"], line["late_signals"]);
  const nlohmann::json& run = index["runs"][0];
  for (size_t i = 0; i < index["metrics"].size(); ++i) {
    EXPECT_EQ(run[4][i].get<double>() / 1000,
              line[index["metrics"][i].get<std::string>()].get<double>());
  }
  EXPECT_EQ(run[5], line["lower_first_bytes"]);
  EXPECT_EQ(run[6][0].get<double>() / 1000,
            line["class_done_ms"]["html"].get<double>());
  EXPECT_TRUE(run[6][1].is_null());
  EXPECT_EQ(index["pages"][0]["resources"],
            nlohmann::json::parse(R"([[4, "html4", 0, 10, 6, 3, 3, -1, ""]])"));
}

TEST(HtmlOutputTest, TheIndexHasTheBestOrderOfEachPageOnce) {
  Load rr("a", "rr", 3'000'000), fifo("a", "fifo", 2'000'000);
  const Load other("b", "rr", 1'000'000);
  for (Load* load : {&rr, &fifo}) {
    load->run.best =
        BestOrder{.painted_area_ns = 1'500'000, .bound_ns = 900'000};
  }
  EXPECT_EQ(Report({&rr, &fifo, &other}).index["best"],
            nlohmann::json::parse(R"([[0, 0, "1", 1500, 900]])"));
  rr.run.best->bound_ns = std::nullopt;
  EXPECT_EQ(Report({&rr}).index["best"],
            nlohmann::json::parse(R"([[0, 0, "1", 1500, null]])"));
}

// The last two of each run: its line, and its place there.
std::vector<std::pair<int, int>> LinesOf(const nlohmann::json& index) {
  std::vector<std::pair<int, int>> lines;
  for (const nlohmann::json& run : index["runs"]) {
    lines.emplace_back(run[8].get<int>(), run[9].get<int>());
  }
  return lines;
}

TEST(HtmlOutputTest, ATimelineIsTheRunFilesAndTheTreesHistory) {
  const Load load("a", "rr", 1000);
  EXPECT_THAT(Report({&load}).lines, ElementsAre(LineOf({&load})));
}

TEST(HtmlOutputTest, PoliciesOfAPageShareALine) {
  const Load a_rr("a", "rr", 300), a_fifo("a", "fifo", 100);
  const Load b_rr("b", "rr", 100), b_fifo("b", "fifo", 50);
  const Load seed("b", "rr", 100, /*seed=*/2);
  const Contents contents = Report({&a_rr, &a_fifo, &b_rr, &b_fifo, &seed});
  EXPECT_THAT(contents.lines,
              ElementsAre(LineOf({&a_rr, &a_fifo}), LineOf({&b_rr, &b_fifo}),
                          LineOf({&seed})));
  EXPECT_THAT(
      LinesOf(contents.index),
      ElementsAre(Pair(0, 0), Pair(0, 1), Pair(1, 0), Pair(1, 1), Pair(2, 0)));
}

TEST(HtmlOutputTest, RatiosCompareWithTheBaselineOnTheSamePage) {
  const Load a_rr("a", "rr", 300), a_fifo("a", "fifo", 100);
  const Load b_rr("b", "rr", 100), b_fifo("b", "fifo", 100);
  const nlohmann::json index = Report({&a_rr, &a_fifo, &b_fifo, &b_rr}).index;
  EXPECT_EQ(index["policies"], nlohmann::json({"rr", "fifo"}));
  // Six metrics and one class, rr and fifo: 2 pages, median (3 + 1) / 2.
  ASSERT_EQ(index["summaries"].size(), 14u);
  const nlohmann::json& fifo = index["summaries"][1];
  EXPECT_EQ(fifo[2], 1);
  EXPECT_EQ(fifo[3], 2);
  EXPECT_EQ(fifo[5], 2.0);
  EXPECT_EQ(index["summaries"][0][5], 1.0) << "rr against itself";
  EXPECT_EQ(index["summaries"][13][0], 6) << "html, after the metrics";
  EXPECT_EQ(index["summaries"][13][5], 2.0);
}

TEST(HtmlOutputTest, APageThatRanWithSeveralSeedsCountsOnce) {
  const Load rr1("a", "rr", 100, 1), rr2("a", "rr", 300, 2);
  const Load fifo1("a", "fifo", 100, 1), fifo2("a", "fifo", 100, 2);
  const nlohmann::json fifo =
      Report({&rr1, &rr2, &fifo1, &fifo2}).index["summaries"][1];
  EXPECT_EQ(fifo[3], 1);
  EXPECT_EQ(fifo[5], 2.0) << "the median of 1 and 3";
}

TEST(HtmlOutputTest, WithoutTheBaselineThereAreNoRatios) {
  const Load load("a", "fifo", 100);
  EXPECT_EQ(Report({&load}).index["summaries"].size(), 0u);
  EXPECT_EQ(Report({&load}, {.baseline = "fifo"}).index["summaries"].size(),
            7u);
}

TEST(HtmlOutputTest, MarksPoliciesInsideTheNoise) {
  // Six pages, all three times as fast, are the least that show something.
  std::vector<std::unique_ptr<Load>> loads;
  std::vector<const Load*> runs;
  for (int page = 0; page < 6; ++page) {
    const std::string name = absl::StrCat("page", page);
    EXPECT_EQ(runs.empty() || Report(runs).index["summaries"][1][9], true);
    loads.push_back(std::make_unique<Load>(name, "rr", 300));
    loads.push_back(std::make_unique<Load>(name, "fifo", 100));
    runs.push_back(loads[loads.size() - 2].get());
    runs.push_back(loads.back().get());
  }
  const nlohmann::json index = Report(runs).index;
  EXPECT_EQ(index["least_pages"], 6);
  EXPECT_EQ(index["summaries"][0][9], true) << "rr against itself";
  EXPECT_EQ(index["summaries"][1][9], false);
}

TEST(HtmlOutputTest, MarksPoliciesThatMayEqualTheBest) {
  // By its median a is best; b is behind it on every page, c on five of nine.
  std::vector<std::unique_ptr<Load>> loads;
  std::vector<const Load*> runs;
  for (int page = 0; page < 9; ++page) {
    const std::pair<const char*, int64_t> times[] = {
        {"rr", 300}, {"a", 100}, {"b", 150}, {"c", page < 4 ? 99 : 120}};
    for (const auto& [policy, done_ns] : times) {
      loads.push_back(
          std::make_unique<Load>(absl::StrCat("page", page), policy, done_ns));
      runs.push_back(loads.back().get());
    }
  }
  const nlohmann::json index = Report(runs).index;
  EXPECT_EQ(index["policies"], nlohmann::json({"rr", "a", "b", "c"}));
  EXPECT_EQ(index["summaries"][0][10], false) << "rr";
  EXPECT_EQ(index["summaries"][1][10], true) << "the best and itself";
  EXPECT_EQ(index["summaries"][2][10], false) << "b";
  EXPECT_EQ(index["summaries"][3][10], true) << "c";
}

TEST(HtmlOutputTest, ARunThatComesTwiceIsAnError) {
  const Load load("a", "rr", 100);
  std::ostringstream stream;
  HtmlOutput output(stream, {"", "", ""}, {});
  EXPECT_TRUE(output.Write(load.run, load.load).ok());
  EXPECT_TRUE(output.Write(load.run, load.load).ok());
  const absl::Status status = output.Finish();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("page a with policy rr"));
}

TEST(HtmlOutputTest, TimelinesBeyondTheLimitAreLeftOut) {
  const Load one("a", "rr", 1000), two("b", "rr", 1000);
  const Contents contents = Report({&one, &two}, {.max_timelines = 100});
  EXPECT_EQ(contents.lines.size(), 1u);
  EXPECT_THAT(LinesOf(contents.index), ElementsAre(Pair(0, 0), Pair(-1, 0)));
  EXPECT_EQ(contents.index["runs"][1][4], contents.index["runs"][0][4]);
}

TEST(HtmlOutputTest, EveryPageOnEveryNetworkComesBeforeAnyComesAgain) {
  const Load a("a", "rr", 1000), a_seed("a", "rr", 1000, /*seed=*/2);
  Load a_buffer("a", "rr", 1000), a_cable("a", "rr", 1000);
  a_buffer.run.setting.send_buffer_bytes = 9;
  a_cable.run.setting.network = "cable";
  const Load b("b", "rr", 1000), b_seed("b", "rr", 1000, /*seed=*/2);
  const std::vector<const Load*> loads = {&a, &a_seed, &a_buffer,
                                          &b, &b_seed, &a_cable};
  const auto shown = [&loads](size_t lines) {
    std::ostringstream line;
    PackedWriter writer(line);
    writer.Write(LineOf({loads[0]}));
    writer.Finish();
    const size_t line_size = line.str().size() + 1;
    std::vector<int> runs;
    const nlohmann::json index =
        Report(loads, {.max_timelines = lines * line_size}).index;
    for (size_t i = 0; i < loads.size(); ++i) {
      if (index["runs"][i][8] != -1) runs.push_back(static_cast<int>(i));
    }
    return runs;
  };
  EXPECT_THAT(shown(2), ElementsAre(0, 3));
  EXPECT_THAT(shown(3), ElementsAre(0, 3, 5));
  EXPECT_THAT(shown(5), ElementsAre(0, 1, 3, 4, 5)) << "the other seed";
  EXPECT_THAT(shown(6), ElementsAre(0, 1, 2, 3, 4, 5));
}

}  // namespace
}  // namespace sluice::lab
