// One run of the lab: a page load, the parameters that it was made with, and
// its metrics. Its events are a PageLoad (load/page_load.h).
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_RUN_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_RUN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// The parameters that runs must share to be compared over pages and policies.
struct Setting {
  std::string signals = "";
  std::string edit = "none";     // its name (browser/edit.h)
  std::string edit_sha256 = "";  // of its file
  std::string network = "";
  size_t send_buffer_bytes = 0;
  uint32_t max_streams = 100;
  bool late_signals = false;
  // Of pairs that something else tells apart (baseline.h); of a Run empty.
  std::string policy = "";

  friend bool operator==(const Setting&, const Setting&) = default;
};

// How far the runs of one page and setting are from the best: a search among
// orders of bodies (order/) found `painted_area_ns`, and no policy of the
// comparison is below it; `bound_ns`, where there is one, is below every order
// that exists.
struct BestOrder {
  int64_t painted_area_ns = 0;
  std::optional<int64_t> bound_ns = std::nullopt;
  // The policy that gains are measured from, and its painted area; without one
  // among the runs, nothing.
  std::string baseline = "";
  std::optional<int64_t> baseline_ns = std::nullopt;

  friend bool operator==(const BestOrder&, const BestOrder&) = default;
};

// (baseline − area) ÷ (baseline − best): 0 is the baseline's painted area, 1
// the best one; worse than the baseline is below 0. Nothing without a baseline,
// and when nothing can be gained from it.
inline std::optional<double> ShareOfPossibleGain(const BestOrder& best,
                                                 int64_t painted_area_ns) {
  if (!best.baseline_ns.has_value() ||
      *best.baseline_ns <= best.painted_area_ns) {
    return std::nullopt;
  }
  return static_cast<double>(*best.baseline_ns - painted_area_ns) /
         static_cast<double>(*best.baseline_ns - best.painted_area_ns);
}

// `page` must outlive it.
struct Run {
  const Page* page = nullptr;
  std::string policy = "";
  Setting setting = {};
  uint64_t seed = 1;  // of the network's losses and of the summary
  Metrics metrics = {};
  std::optional<BestOrder> best = std::nullopt;  // nothing: not searched for
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_RUN_H_
