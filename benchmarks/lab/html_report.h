// One self-contained page that shows a comparison: opens offline, asks the
// network for nothing.
//
// The page holds the results of every run and the timelines that its charts are
// drawn from: what run_file.h calls a timeline and, after it, the history of
// the dependency tree (tree_history.h). Runs in a row that differ in the policy
// alone share a line, since they have much in common: the timelines as texts of
// byte_columns.h, deflated together, in base64. The scripts (web/*.js) inflate
// a line when a run of it is looked at. Metrics, medians and intervals come
// from here; the scripts divide the times of single runs where they show a page
// beside the baseline, and no more.
//
// Where not all timelines fit, each page on each network comes before any comes
// with other signals, another send buffer or another seed.
//
// The sums over pages are those of statistics.h, for each combination of
// signals, network, send buffer, max_streams and late_signals. Each sum says,
// too, whether the pages leave open that it equals the best of its combination:
// the interval of the ratios of their times holds 1.
#ifndef SLUICE_BENCHMARKS_LAB_HTML_REPORT_H_
#define SLUICE_BENCHMARKS_LAB_HTML_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/byte_columns.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"
#include "benchmarks/lab/samples.h"
#include "benchmarks/lab/spill_file.h"
#include "benchmarks/lab/statistics.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

struct HtmlOptions {
  // Of the ratios; without runs of it the report shows none.
  std::string baseline = "rr";
  uint64_t seed = 1;  // of the resamples
  // Characters of timelines; those that would pass this are left out, and the
  // page says so. With everything else the file stays below 5 MB: the page is
  // 0.7 MB, the results of 10,000 runs less than that.
  size_t max_timelines = 3'500'000;
};

// The page around the results.
struct HtmlTemplate {
  std::string before_timelines;
  std::string before_index;
  std::string after_index;
};

// `folder`/report.html, with the files that it includes in place. Errors:
// NotFound names the file that cannot be read, InvalidArgument what is wrong.
absl::StatusOr<HtmlTemplate> LoadHtmlTemplate(const std::string& folder);

// --html FILE. Holds the tables of the pages; runs and timelines wait in
// temporary files (spill_file.h).
class HtmlOutput : public Output {
 public:
  // `stream` must outlive this; it is the caller's to open and to close, and to
  // look at for errors.
  HtmlOutput(std::ostream& stream, HtmlTemplate page, HtmlOptions options);
  // Errors: those of Samples, here and below.
  absl::Status Write(const Run& run, const PageLoad& load) override;
  absl::Status Finish() override;

 private:
  struct Sum {
    size_t policy;
    Spread spread;
    bool may_equal_best;
  };
  // A line of timelines.
  struct Line {
    uint64_t offset;
    size_t size;
    size_t runs;
    uint64_t round;  // how many lines before have the same to show
  };

  // Ends the line of the runs that came last.
  absl::Status EndLine();
  absl::StatusOr<std::vector<bool>> ChooseLines() const;
  absl::Status WriteTimelines(const std::vector<bool>& chosen);
  absl::Status WriteIndex(const std::vector<bool>& chosen);
  absl::StatusOr<std::vector<Sum>> Sums(size_t setting, size_t metric) const;
  absl::StatusOr<nlohmann::ordered_json> Summaries() const;

  std::ostream& stream_;
  HtmlOptions options_;
  HtmlTemplate page_;
  Samples samples_;
  std::string pages_;  // their tables in JSON, separated by commas
  size_t tables_ = 0;

  // The line that runs are added to: its first run, and their timelines.
  Sample first_ = {};
  size_t runs_in_line_ = 0;
  ByteWriter line_;

  SpilledRecords<Line> lines_;
  SpillFile timelines_;
  // By page, network and first policy.
  std::map<std::tuple<size_t, std::string, size_t>, uint64_t> rounds_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HTML_REPORT_H_
