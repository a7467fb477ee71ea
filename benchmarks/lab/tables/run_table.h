// Reads runs back from CSV files (results/lines.h) and makes tables over many
// of them.
//
// A cell of a table is a statistic of one metric over the pages of the runs
// that the row, the column and the table select. Runs of one page that differ
// in the seed alone are one sample, the median of their ratios. A cell never
// mixes runs that differ in anything else: the error names the parameter to
// select.
#ifndef SLUICE_BENCHMARKS_LAB_TABLES_RUN_TABLE_H_
#define SLUICE_BENCHMARKS_LAB_TABLES_RUN_TABLE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/measure/baseline.h"

namespace sluice::lab {

// The values of one line of a CSV file by their column's name.
using RunRecord = std::map<std::string, std::string>;

// Appends the runs in `text`, lines of CsvHeader() and CsvLine(), to `runs`.
// `file` names it in errors. Errors: InvalidArgument for other text, or for
// another version of the lab than that of the runs before it.
absl::Status ParseRuns(absl::string_view text, absl::string_view file,
                       std::vector<RunRecord>& runs);

// Runs to select: values by the names of CSV columns.
using Selection = std::map<std::string, std::string>;

struct TableColumn {
  std::string title;
  std::string metric;  // a CSV column: atf_area_ms, …
  // Of the ratios baseline ÷ run, one for each page: "median"; "quartiles";
  // "interval", of the median, with ", noise" inside the noise (statistics.h);
  // those of a column's rows hold together; "range", the smallest and the
  // largest. Of the metric itself: "value", the median over pages.
  std::string statistic;
  Selection where;
};

// "TITLE|METRIC STATISTIC KEY=VALUE KEY=VALUE…".
absl::StatusOr<TableColumn> ParseTableColumn(absl::string_view spec);

// "KEY=VALUE KEY=VALUE…"; values hold no spaces.
absl::StatusOr<Selection> ParseSelection(absl::string_view spec);

struct TableSpec {
  std::string rows = "policy";  // a CSV column; a row for each of its values
  bool sorted = false;  // by the first column, falling; else as they come
  Selection where;
  Baseline baseline = "rr";  // not of a page
  std::vector<TableColumn> columns;
  // A column of others' figures before ours, by the row's value; a row without
  // one shows a dash.
  std::string published_title = "";  // empty: none
  std::map<std::string, std::string> published = {};
};

// A table in Markdown, with a newline at its end. A table of ratios has no row
// for the baseline. Error: InvalidArgument, a sentence. O(rows · columns ·
// (runs + draws · pages)).
absl::StatusOr<std::string> MarkdownTable(absl::Span<const RunRecord> runs,
                                          const TableSpec& spec);

// The report of a sweep: for every network, send buffer, edit and signal set a
// table of the policies (or, as the baseline is, of signal sets for every
// policy, and so on), over pages against `baseline`, which is not a page. With
// one page alone or no run of the baseline it has the metrics of each page
// instead.
absl::StatusOr<std::string> MarkdownReport(absl::Span<const RunRecord> runs,
                                           const Baseline& baseline);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_TABLES_RUN_TABLE_H_
