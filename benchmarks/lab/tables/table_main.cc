// //benchmarks/lab/tables:table makes a table in Markdown over the runs in CSV
// files.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/tables/run_table.h"
#include "support/command_line.h"
#include "support/paths.h"
#include "support/whole_file.h"

ABSL_FLAG(
    std::string, columns, "",
    "columns, separated by ;. Each is TITLE|METRIC STATISTIC and the runs "
    "that it selects: NAME=VALUE, after spaces. METRIC is a column of the CSV "
    "files; STATISTIC median, quartiles, interval or range of the ratios "
    "baseline ÷ run over pages, or value. Empty: a report of everything");
ABSL_FLAG(std::string, rows, "policy", "the CSV column that makes the rows");
ABSL_FLAG(bool, sorted, false, "sort the rows by the first column, falling");
ABSL_FLAG(std::string, where, "",
          "runs that the table selects: NAME=VALUE, separated by spaces");
ABSL_FLAG(std::string, baseline, "rr",
          "what ratios compare with: a policy or a signal set, or edit=NAME");
ABSL_FLAG(std::string, published, "",
          "figures of others beside ours: TITLE;ROW=TEXT;ROW=TEXT…");
ABSL_FLAG(std::string, output, "", "write the table to this file");
ABSL_FLAG(std::string, csv, "", "also write all runs to this file");

namespace {

using sluice::support::ExitBadCommandLine;
using sluice::support::OpenOrExit;
using sluice::support::WholeFile;

constexpr char kProgram[] = "table";

template <typename T>
T ValueOrExit(absl::StatusOr<T> value) {
  return sluice::support::ValueOrExit(kProgram, std::move(value));
}

// Whether everything was written.
bool Write(WholeFile* file, absl::string_view text) {
  file->stream() << text;
  if (file->Close()) return true;
  absl::FPrintF(stderr, "%s: writing %s failed\n", kProgram, file->path());
  return false;
}

sluice::lab::TableSpec SpecFromFlags(const sluice::lab::Baseline& baseline) {
  sluice::lab::TableSpec spec;
  spec.rows = absl::GetFlag(FLAGS_rows);
  spec.sorted = absl::GetFlag(FLAGS_sorted);
  spec.where =
      ValueOrExit(sluice::lab::ParseSelection(absl::GetFlag(FLAGS_where)));
  spec.baseline = baseline;
  const std::string columns = absl::GetFlag(FLAGS_columns);
  for (absl::string_view column : absl::StrSplit(columns, ';')) {
    spec.columns.push_back(ValueOrExit(sluice::lab::ParseTableColumn(column)));
  }
  const std::string published = absl::GetFlag(FLAGS_published);
  for (absl::string_view item :
       absl::StrSplit(published, ';', absl::SkipEmpty())) {
    const size_t equals = item.rfind('=');
    if (spec.published_title.empty()) {
      spec.published_title = std::string(item);
    } else if (equals == absl::string_view::npos) {
      ExitBadCommandLine(kProgram, absl::StrCat("--published: \"", item,
                                                "\" is not ROW=TEXT"));
    } else {
      spec.published[std::string(item.substr(0, equals))] =
          std::string(item.substr(equals + 1));
    }
  }
  return spec;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> paths = ValueOrExit(
      sluice::support::ExpandPathLists(sluice::support::ParseFlagsOrExit(
          argc, argv,
          "table FILE…: makes a table in Markdown of the runs in CSV files "
          "(//:compare --csv=FILE).\n@LIST stands for the files that LIST "
          "names, one a line.\n")));
  if (paths.empty())
    ExitBadCommandLine(kProgram, "no CSV file of runs is given");
  std::vector<sluice::lab::RunRecord> runs;
  std::string all_runs;
  for (const std::string& path : paths) {
    const std::string text = ValueOrExit(sluice::support::ReadFile(path));
    const absl::Status status = sluice::lab::ParseRuns(text, path, runs);
    if (!status.ok()) ExitBadCommandLine(kProgram, status.message());
    // One version has one header: ParseRuns() saw to it.
    absl::StrAppend(&all_runs,
                    all_runs.empty() ? text : text.substr(text.find('\n') + 1));
  }
  const sluice::lab::Baseline baseline =
      ValueOrExit(sluice::lab::SelectBaseline(absl::GetFlag(FLAGS_baseline)));
  if (baseline.compared == sluice::lab::Compared::kPage) {
    ExitBadCommandLine(kProgram, "--baseline: a table does not compare pages");
  }
  const std::string table = ValueOrExit(
      absl::GetFlag(FLAGS_columns).empty()
          ? sluice::lab::MarkdownReport(runs, baseline)
          : sluice::lab::MarkdownTable(runs, SpecFromFlags(baseline)));
  const std::unique_ptr<WholeFile> output =
      OpenOrExit(kProgram, "output", absl::GetFlag(FLAGS_output));
  const std::unique_ptr<WholeFile> csv =
      OpenOrExit(kProgram, "csv", absl::GetFlag(FLAGS_csv));
  bool written = true;
  if (output == nullptr) {
    std::fwrite(table.data(), 1, table.size(), stdout);
  } else {
    written = Write(output.get(), table);
  }
  if (csv != nullptr) written = Write(csv.get(), all_runs) && written;
  return sluice::support::StatusOfOutput(kProgram, written ? 0 : 1);
}
