// A comparison as one self-contained page, which opens offline and asks the
// network for nothing.
//
// The page holds the results of every run and the timelines from which the
// scripts (web/*.js) draw: a timeline of run_file.h and, after it, the history
// of the dependency tree (tree_history.h). Successive runs that differ in the
// policy alone have much in common, so they share a line: their timelines as
// texts of byte_columns.h, deflated together, in base64. The scripts inflate a
// line when the user looks at one of its runs. Metrics, medians and intervals
// come from here; the scripts only divide the times of single runs, where they
// show a page beside the baseline.
//
// If not all timelines fit, each page on each network comes before any page
// comes again with other signals, another send buffer or another seed.
//
// The sums over pages are the Standings of measure/samples.h, for each Setting.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_HTML_REPORT_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_HTML_REPORT_H_

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
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/byte_columns.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/measure/samples.h"
#include "benchmarks/lab/measure/spill_file.h"
#include "benchmarks/lab/measure/statistics.h"
#include "benchmarks/lab/results/output.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

struct HtmlOptions {
  // Of the ratios; without runs of the baseline the report shows none. Of pages
  // that are compared with each other it shows those of each page by itself.
  Baseline baseline = "rr";
  uint64_t seed = 1;  // of the resamples
  // Characters of timelines. The report leaves out the rest and says so. With
  // everything else the file stays below 5 MB: the page is 0.7 MB, the results
  // of 10,000 runs less than that.
  size_t max_timelines = 3'500'000;
};

// The page around the results.
struct HtmlTemplate {
  std::string before_timelines;
  std::string before_index;
  std::string after_index;
};

// `folder`/report.html, with the files that it includes in place. Errors:
// NotFound names the file that cannot be read, InvalidArgument the mistake.
absl::StatusOr<HtmlTemplate> LoadHtmlTemplate(const std::string& folder);

// --html FILE. Holds the tables of the pages; runs and timelines wait in
// temporary files (spill_file.h).
class HtmlOutput : public Output {
 public:
  // `stream` must outlive this. The caller opens it, closes it and checks it
  // for errors.
  HtmlOutput(std::ostream& stream, HtmlTemplate page, HtmlOptions options);
  // Errors: those of Samples, here and below.
  absl::Status Write(const Run& run, const PageLoad& load) override;
  absl::Status Finish() override;

 private:
  // A line of timelines.
  struct Line {
    uint64_t offset;
    size_t size;
    size_t runs;
    uint64_t round;  // how many lines before it show the same page
  };

  // Ends the line of the runs that came last.
  absl::Status EndLine();
  absl::StatusOr<std::vector<bool>> ChooseLines() const;
  absl::Status WriteTimelines(const std::vector<bool>& chosen);
  absl::Status WriteIndex(const std::vector<bool>& chosen);
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

  // By page, setting and seed, where the lab looked for it.
  std::map<std::tuple<size_t, size_t, uint64_t>, BestOrder> best_;

  SpilledRecords<Line> lines_;
  SpillFile timelines_;
  // By page, network and first policy.
  std::map<std::tuple<size_t, std::string, size_t>, uint64_t> rounds_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_HTML_REPORT_H_
