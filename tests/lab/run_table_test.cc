#include "benchmarks/lab/tables/run_table.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/results/lines.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::HasSubstr;

// One run as compare writes it; both areas are 1 s times `area`.
std::string Line(const std::string& name, const std::string& policy, int area,
                 uint64_t seed = 1, size_t buffer = 0) {
  Page page;
  page.name = name;
  Run run;
  run.page = &page;
  run.policy = policy;
  run.setting.signals = "none";
  run.setting.network = "cable";
  run.setting.send_buffer_bytes = buffer;
  run.seed = seed;
  run.metrics.atf_area_ns = int64_t{area} * 1'000'000'000;
  run.metrics.painted_area_ns = run.metrics.atf_area_ns;
  return CsvLine(run);
}

std::vector<RunRecord> Runs(const std::vector<std::string>& lines) {
  std::string text = CsvHeader();
  for (const std::string& line : lines) absl::StrAppend(&text, line);
  std::vector<RunRecord> runs;
  const absl::Status status = ParseRuns(text, "runs.csv", runs);
  EXPECT_TRUE(status.ok()) << status;
  return runs;
}

TableSpec Spec(absl::string_view columns) {
  TableSpec spec;
  const auto column = ParseTableColumn(columns);
  EXPECT_TRUE(column.ok()) << column.status();
  if (column.ok()) spec.columns = {*column};
  return spec;
}

std::string Table(const std::vector<RunRecord>& runs, const TableSpec& spec) {
  const absl::StatusOr<std::string> table = MarkdownTable(runs, spec);
  return table.ok() ? *table : std::string(table.status().message());
}

TEST(RunTableTest, ARatioAboveOneMeansFasterThanTheBaseline) {
  const auto runs =
      Runs({Line("a", "rr", 4), Line("a", "fifo", 2),
            Line("a", "rfc9218:mixed=alternate,starvation_guard=3", 8),
            Line("b", "rr", 9), Line("b", "fifo", 3),
            Line("b", "rfc9218:mixed=alternate,starvation_guard=3", 9)});
  EXPECT_EQ(Table(runs, Spec("area|atf_area_ms median")),
            "| policy | area |\n"
            "|---|---:|\n"
            "| `fifo` | 2.500 |\n"
            "| `rfc9218:mixed=alternate,starvation_guard=3` | 0.750 |\n");
  EXPECT_THAT(Table(runs, Spec("area|atf_area_ms range")),
              HasSubstr("| `fifo` | 2.000 – 3.000 |"));
  EXPECT_THAT(Table(runs, Spec("area|atf_area_ms quartiles")),
              HasSubstr("| `fifo` | 2.250 – 2.750 |"));
  // Two pages show nothing, whatever their ratios are.
  EXPECT_THAT(Table(runs, Spec("area|atf_area_ms interval")),
              HasSubstr("| `fifo` | 2.000 – 3.000, noise |"));
}

TEST(RunTableTest, EditsAreComparedInPairsOfEachPolicy) {
  std::vector<std::string> lines;
  for (const char* page : {"a", "b"}) {
    const std::pair<const char*, std::pair<int, int>> areas[] = {
        {"rr", {3, 2}}, {"fifo", {1, 4}}};
    for (const auto& [policy, area] : areas) {
      lines.push_back(Line(page, policy, area.first));
      lines.push_back(Line(page, policy, area.second));
      std::string& edited = lines.back();
      const size_t at = edited.find(",none,");
      ASSERT_NE(at, std::string::npos);
      edited.replace(at, 6, ",hero,");
    }
  }
  const absl::StatusOr<std::string> report =
      MarkdownReport(Runs(lines), {Compared::kEdit, "none"});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(*report, HasSubstr("policy=rr"));
  EXPECT_THAT(*report, HasSubstr("Medians over 2 pages of none ÷ edit"));
  EXPECT_THAT(*report, HasSubstr("| `hero` | 1.500 | 1.500 – 1.500 |"));
  EXPECT_THAT(*report, HasSubstr("| `hero` | 0.250 | 0.250 – 0.250 |"));
}

TEST(RunTableTest, AnIntervalThatHoldsOneIsMarkedAsNoise) {
  std::vector<std::string> lines;
  for (const char* page : {"a", "b", "c", "d", "e", "f", "g"}) {
    lines.push_back(Line(page, "rr", 4));
    lines.push_back(Line(page, "fifo", 2));
    lines.push_back(Line(page, "lifo", *page < 'd' ? 2 : 8));
  }
  const std::string table =
      Table(Runs(lines), Spec("area|atf_area_ms interval"));
  EXPECT_THAT(table, HasSubstr("| `fifo` | 2.000 – 2.000 |"));
  EXPECT_THAT(table, HasSubstr("| `lifo` | 0.500 – 2.000, noise |"));
}

TEST(RunTableTest, ValuesAreShownForTheBaselineToo) {
  const auto runs = Runs({Line("a", "rr", 4), Line("a", "fifo", 2)});
  EXPECT_EQ(Table(runs, Spec("area|atf_area_ms value")),
            "| policy | area |\n"
            "|---|---:|\n"
            "| `rr` | 4000.0 |\n"
            "| `fifo` | 2000.0 |\n");
  // A value that no page has is a dash, not a zero.
  EXPECT_THAT(Table(runs, Spec("low|low_open value")), HasSubstr("`rr` | – |"));
}

TEST(RunTableTest, RowsAreSortedByTheFirstColumnOnRequest) {
  const auto runs = Runs({Line("a", "rr", 4), Line("a", "fifo", 8),
                          Line("a", "lifo", 2), Line("a", "srpt", 8)});
  TableSpec spec = Spec("area|atf_area_ms median");
  spec.sorted = true;
  const std::string table = Table(runs, spec);
  EXPECT_LT(table.find("lifo"), table.find("fifo"));
  EXPECT_LT(table.find("fifo"), table.find("srpt"));
}

TEST(RunTableTest, ColumnsAndRowsSelectByAnyParameter) {
  const auto runs =
      Runs({Line("a", "rr", 4, 1, 0), Line("a", "fifo", 2, 1, 0),
            Line("a", "rr", 4, 1, 65536), Line("a", "fifo", 3, 1, 65536)});
  TableSpec spec = Spec("fifo|atf_area_ms median policy=fifo");
  spec.rows = "send_buffer_bytes";
  spec.published_title = "expected";
  spec.published = {{"0", "1.9"}};
  EXPECT_EQ(Table(runs, spec),
            "| send_buffer_bytes | expected | fifo |\n"
            "|---|---:|---:|\n"
            "| `0` | 1.9 | 2.000 |\n"
            "| `65536` | – | 1.333 |\n");
}

TEST(RunTableTest, TheSeedsOfAPageAreOneSampleTheirMedianRatio) {
  const auto runs = Runs({Line("a", "rr", 4, 1), Line("a", "rr", 8, 2),
                          Line("a", "rr", 9, 3), Line("a", "fifo", 1, 1),
                          Line("a", "fifo", 4, 2), Line("a", "fifo", 3, 3)});
  EXPECT_THAT(Table(runs, Spec("area|atf_area_ms range")),
              HasSubstr("| `fifo` | 3.000 – 3.000 |"));
  EXPECT_THAT(Table(runs, Spec("area|atf_area_ms value")),
              HasSubstr("| `fifo` | 3000.0 |"));
}

TEST(RunTableTest, RunsThatCannotBeComparedAreRefusedWithTheReason) {
  const std::vector<RunRecord> two_buffers =
      Runs({Line("a", "rr", 4, 1, 0), Line("a", "rr", 4, 1, 65536),
            Line("a", "fifo", 4, 1, 0)});
  EXPECT_EQ(Table(two_buffers, Spec("area|atf_area_ms value")),
            "column \"area\": \"policy=rr\" mixes several values of "
            "send_buffer_bytes; select one");
  EXPECT_EQ(Table(Runs({Line("a", "rr", 4), Line("b", "fifo", 4)}),
                  Spec("area|atf_area_ms median")),
            "column \"area\": there is no run of the baseline rr for page b, "
            "seed 1 with "
            "policy=fifo");
  EXPECT_EQ(Table(Runs({Line("a", "rr", 4), Line("a", "rr", 4)}),
                  Spec("area|atf_area_ms value")),
            "column \"area\": page a with policy=rr and one seed comes "
            "twice");
  EXPECT_EQ(Table(Runs({Line("a", "rr", 4)}), Spec("size|atf_areas value")),
            "column \"size\": the runs have no number called \"atf_areas\"");
  TableSpec nowhere = Spec("area|atf_area_ms value network=3g_fast");
  nowhere.where = {{"network", "3g_fast"}};
  EXPECT_EQ(Table(Runs({Line("a", "rr", 4)}), nowhere),
            "no run has network=3g_fast");
}

TEST(RunTableTest, FilesOfAnotherVersionOrKindAreRefused) {
  std::vector<RunRecord> runs = Runs({Line("a", "rr", 4)});
  std::string text = absl::StrCat(CsvHeader(), Line("b", "rr", 4));
  text.replace(text.find('\n') + 1, text.find(",b,") - text.find('\n') - 1,
               "0.1");
  EXPECT_THAT(std::string(ParseRuns(text, "old.csv", runs).message()),
              HasSubstr("old.csv: comes from version 0.1 of the lab"));
  EXPECT_THAT(std::string(ParseRuns("a,b\n1,2\n", "x.csv", runs).message()),
              HasSubstr("x.csv: is not a CSV file"));
  EXPECT_THAT(std::string(ParseRuns("", "x.csv", runs).message()),
              HasSubstr("x.csv: is not a CSV file"));
  text = absl::StrCat(CsvHeader(), "1.0,cut\n");
  const std::string header = CsvHeader();
  EXPECT_EQ(ParseRuns(text, "cut.csv", runs).message(),
            absl::StrCat("cut.csv:2: does not have the ",
                         1 + std::count(header.begin(), header.end(), ','),
                         " values of a run"));
  EXPECT_EQ(runs.size(), 1u);
}

TEST(RunTableTest, AMalformedColumnIsRefused) {
  for (const char* column :
       {"", "area", "area|atf_area_ms", "area|atf_area_ms best",
        "area|atf_area_ms median fifo", "a|b|c median"}) {
    EXPECT_FALSE(ParseTableColumn(column).ok()) << column;
  }
}

TEST(RunTableTest, AReportHasATableForEachSettingAndValuesForOnePageAlone) {
  const absl::StatusOr<std::string> compared = MarkdownReport(
      Runs({Line("a", "rr", 4), Line("a", "fifo", 2), Line("b", "rr", 4),
            Line("b", "fifo", 2), Line("a", "rr", 4, 1, 65536),
            Line("a", "fifo", 4, 1, 65536)}),
      "rr");
  ASSERT_TRUE(compared.ok()) << compared.status();
  EXPECT_THAT(*compared, HasSubstr("Medians over 2 pages of rr ÷ policy"));
  EXPECT_THAT(*compared, HasSubstr("| `fifo` | 2.000 | 2.000 – 2.000 |"));
  EXPECT_THAT(*compared, HasSubstr("send_buffer_bytes=65536"));
  EXPECT_THAT(*compared, HasSubstr("\na:\n\n| policy | painted area, ms |"));
  EXPECT_THAT(*compared, HasSubstr("| `fifo` | 4000.0 |"));
}

}  // namespace
}  // namespace sluice::lab
