// Runs for people: a table for each page, and at last the summary over pages.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_TEXT_REPORT_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_TEXT_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/results/output.h"
#include "benchmarks/lab/results/summary.h"

namespace sluice::lab {

// For each page, network, send buffer and seed: a table of the metrics in
// virtual milliseconds, then, if it has at most 12 runs, the first 20 joined
// picks of each and its first 20 resources to complete, by their labels. Keeps
// what it shows of one page's runs.
class TextOutput : public Output {
 public:
  // Gives text to `sink` after `runs_a_table` runs, which are those of one
  // table, and at the end. `baseline` and `seed` are the summary's.
  TextOutput(size_t runs_a_table, Baseline baseline, uint64_t seed,
             std::function<void(absl::string_view text)> sink)
      : runs_a_table_(runs_a_table),
        sink_(std::move(sink)),
        summary_(std::move(baseline), seed) {}

  // Errors: those of Summary, here and below.
  absl::Status Write(const Run& run, const PageLoad& load) override;
  absl::Status Finish() override;

 private:
  struct Row {
    std::string signals;
    std::string policy;
    Metrics metrics;
    std::vector<std::string> picks;      // labels
    std::vector<std::string> completed;  // labels
  };

  std::string PageText() const;

  const size_t runs_a_table_;
  const std::function<void(absl::string_view text)> sink_;
  Summary summary_;
  bool first_page_ = true;
  std::string title_;  // of the table whose runs are in rows_
  std::vector<Row> rows_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_TEXT_REPORT_H_
