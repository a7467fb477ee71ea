// The exact answer for each page: what every run costs beside its pair of the
// baseline (baseline.h), metric by metric and resource by resource.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_ANSWERS_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_ANSWERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <utility>

#include "absl/status/status.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/measure/samples.h"
#include "benchmarks/lab/measure/spill_file.h"
#include "benchmarks/lab/results/output.h"

namespace sluice::lab {

// --answers FILE. One JSON object a line for each run whose pair ran too, in
// the order of the runs: the run's parameters as in JsonLine(); baseline, the
// name of what it is compared with; metrics, an object with
// {ms, baseline_ms, difference_ms, ratio} for each metric that both have
// (ratio: baseline ÷ run); earlier and later, how many resources end so;
// resources, an array of {id, label, type, bytes, requested_difference_ms,
// baseline_done_ms, done_ms, difference_ms}. A difference below 0 is earlier
// than in the baseline. Says nothing about other pages.
//
// The runs wait in a temporary file, so any pair may come in any order.
class AnswersOutput : public Output {
 public:
  // `stream` must outlive this. The caller opens it, closes it and checks it
  // for errors.
  AnswersOutput(std::ostream& stream, Baseline baseline)
      : stream_(stream),
        baseline_(std::move(baseline)),
        samples_(baseline_.compared) {}

  // Errors: SpillFile's, here and below.
  absl::Status Write(const Run& run, const PageLoad& load) override;
  absl::Status Finish() override;

 private:
  // Page, setting and seed: what both of a pair share. Pages that are compared
  // with each other count as one.
  using Key = std::array<uint64_t, 3>;
  // A run in runs_.
  struct Place {
    uint64_t offset;
    size_t size;
  };
  struct Waiting {
    Key key;
    Place place;
  };

  std::ostream& stream_;
  Baseline baseline_;
  Samples samples_;  // numbers what a pair shares
  SpillFile runs_;
  SpilledRecords<Waiting> waiting_;
  std::map<Key, Place> baselines_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_ANSWERS_H_
