// The interface of every form of results.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_OUTPUT_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_OUTPUT_H_

#include "absl/status/status.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"

namespace sluice::lab {

// Sees every run once, in the order of the comparison.
class Output {
 public:
  virtual ~Output() = default;

  // `load` has the events of `run`. Neither outlives the call. Error: the
  // results could not be written; the comparison stops.
  virtual absl::Status Write(const Run& run, const PageLoad& load) = 0;

  // Once, after the last run of a comparison that did not fail.
  virtual absl::Status Finish() { return absl::OkStatus(); }
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_OUTPUT_H_
