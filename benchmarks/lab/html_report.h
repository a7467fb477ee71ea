// One self-contained page that shows a comparison: opens offline, asks the
// network for nothing.
//
// The page holds the results of every run and the timelines that its charts are
// drawn from: what run_file.h calls a timeline and, after it, the history of
// the dependency tree (tree_history.h), deflated and in base64, one line a run.
// Its scripts (web/*.js) inflate a timeline when it is looked at. Metrics,
// medians and intervals come from here; the scripts divide the times of single
// runs where they show a page beside the baseline, and no more.
//
// The sums over pages are those of summary.h, for each combination of signals,
// network, send buffer, max_streams and late_signals. A page that ran with
// several seeds counts once, with the median of its ratios. Each sum says, too,
// whether the pages leave open that it equals the best of its combination: the
// interval of the quotients of their ratios holds 1.
#ifndef SLUICE_BENCHMARKS_LAB_HTML_REPORT_H_
#define SLUICE_BENCHMARKS_LAB_HTML_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/metrics.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

struct HtmlOptions {
  // Of the ratios; without runs of it the report shows none.
  std::string baseline = "rr";
  uint64_t seed = 1;  // of the resamples
  // Characters of timelines. Of runs that would pass this the first pages of
  // each setting have theirs, under every policy, and the page says how many
  // are without. With everything else the file stays below 5 MB: the page is
  // 0.7 MB, the results of 10,000 runs are about as much.
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

// --html FILE. Holds the metrics of all runs, the tables of their pages, and
// the timelines that there is room for; writes them when it is finished.
class HtmlOutput : public Output {
 public:
  // `stream` must outlive this; it is the caller's to open and to close, and to
  // look at for errors.
  HtmlOutput(std::ostream& stream, HtmlTemplate page, HtmlOptions options);
  absl::Status Write(const Run& run, const PageLoad& load) override;
  absl::Status Finish() override;

 private:
  // What the runs that are compared have in common.
  struct Setting {
    std::string signals;
    std::string network;
    size_t send_buffer_bytes;
    uint32_t max_streams;
    bool late_signals;

    friend auto operator<=>(const Setting&, const Setting&) = default;
  };
  struct Sample {
    size_t page;
    size_t setting;
    size_t policy;
    uint64_t seed;
    Metrics metrics;
    size_t turn;  // of the page among those of its setting
  };

  // Drops the timelines of the pages that came last until the rest has room.
  void MakeRoom();

  nlohmann::ordered_json Index() const;
  nlohmann::ordered_json Summaries() const;

  std::ostream& stream_;
  HtmlOptions options_;
  HtmlTemplate page_;
  std::map<size_t, std::string> timelines_;  // lines, by sample
  size_t timelines_size_ = 0;
  size_t turns_with_timelines_ = std::numeric_limits<size_t>::max();
  std::vector<std::vector<size_t>> turns_;  // pages by setting, as they came
  std::vector<std::string> policies_;
  std::vector<Setting> settings_;
  std::vector<std::pair<std::string, std::string>> page_names_;  // and hashes
  nlohmann::ordered_json pages_;
  std::vector<Sample> samples_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HTML_REPORT_H_
