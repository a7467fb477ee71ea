// The comparison of policies over many pages, as tables for people
// (statistics.h).
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_SUMMARY_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_SUMMARY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/measure/samples.h"
#include "benchmarks/lab/measure/statistics.h"

namespace sluice::lab {

// Takes the runs of one comparison and compares them with those of the
// baseline. Errors: those of Samples.
class Summary {
 public:
  Summary(Baseline baseline, uint64_t seed)
      : baseline_(std::move(baseline)),
        seed_(seed),
        samples_(baseline_.compared) {}

  absl::Status Add(const Run& run) { return samples_.Add(run).status(); }

  // Two tables for each setting, in the order of the runs, with the policies,
  // or what else the baseline is one of, by their median of the painted area,
  // the headline. A sentence without runs of the baseline; empty on fewer than
  // two pages.
  absl::StatusOr<std::string> Text() const;

 private:
  struct Line {
    size_t policy;
    std::array<Spread, kAllTimeMetrics> ratios;
    double lower_first = 0;        // part of all bytes, the median
    bool may_equal_first = false;  // on the painted area
  };

  absl::StatusOr<std::vector<Line>> Lines(size_t setting) const;
  std::string TextOf(size_t setting, const std::vector<Line>& lines) const;

  Baseline baseline_;
  uint64_t seed_;
  Samples samples_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_SUMMARY_H_
