// Runs for people: tables for each page, and at last the summary over pages.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_TEXT_REPORT_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_TEXT_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/results/output.h"
#include "benchmarks/lab/results/resource_times.h"
#include "benchmarks/lab/results/summary.h"

namespace sluice::lab {

struct TextOptions {
  // Runs that make a table: those of one page, network, send buffer and seed.
  size_t runs_a_table = 0;
  // If pages are compared, a page has its runs beside the baseline's only if
  // the baseline's page came before it.
  Baseline baseline = "rr";
  uint64_t seed = 1;  // of the summary
  // The comparison has no other page: each table is the exact answer for it,
  // resource by resource.
  bool only_page = false;
};

// For each page, network, send buffer and seed: a table of the metrics in
// virtual milliseconds beside the baseline, the smallest painted area first,
// with the part of the possible gain and the best order, if it was searched
// for; how many resources end earlier and later than in the baseline, and the
// farthest apart; then, if it has at most 12 runs, the first 20 joined picks of
// each and its first 20 resources to complete, by their labels. Keeps what it
// shows of one table's runs and, if pages are compared, of the baseline's.
class TextOutput : public Output {
 public:
  // Gives text to `sink` after each table, and at the end.
  TextOutput(TextOptions options,
             std::function<void(absl::string_view text)> sink)
      : options_(std::move(options)),
        sink_(std::move(sink)),
        summary_(options_.baseline, options_.seed) {}

  // Errors: those of Summary, here and below.
  absl::Status Write(const Run& run, const PageLoad& load) override;
  absl::Status Finish() override;

 private:
  struct Row {
    Pair pair = {};
    uint64_t seed = 0;
    std::string signals = {};
    std::string policy = {};
    Metrics metrics = {};
    std::optional<BestOrder> best = {};
    std::vector<ResourceTimes> resources = {};
    std::vector<std::string> picks = {};      // labels
    std::vector<std::string> completed = {};  // labels
  };

  void SortRows();
  // The row that `row` is compared with; null: it did not run.
  const Row* BaselineOf(const Row& row) const;
  bool IsBaseline(const Row& row) const {
    return row.pair.variant == options_.baseline.name;
  }
  std::string Names(absl::string_view signals, absl::string_view policy) const;
  std::string TableText() const;
  std::string MetricsText() const;
  std::string BestOrdersText() const;
  std::string ShiftsText() const;
  std::string ResourcesText() const;
  std::string ResourcesText(const Row& baseline,
                            absl::Span<const Row* const> others) const;
  std::string OrdersText() const;

  const TextOptions options_;
  const std::function<void(absl::string_view text)> sink_;
  Summary summary_;
  bool first_table_ = true;
  std::string title_;  // of the table whose runs are in rows_
  std::vector<Row> rows_;
  std::vector<Row> baselines_;  // of tables before, if pages are compared
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_TEXT_REPORT_H_
