// The comparison over pages for programs: a line of comma-separated values for
// each setting, metric and policy (measure/samples.h).
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_VERDICTS_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_VERDICTS_H_

#include <cstdint>
#include <ostream>
#include <utility>

#include "absl/status/status.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/measure/samples.h"
#include "benchmarks/lab/results/output.h"

namespace sluice::lab {

// --verdicts FILE. The columns: version; compared and baseline; the setting, by
// the names that it has in CsvHeader(), empty for what is compared; metric;
// variant, the name that is compared with the baseline; of baseline ÷ variant
// over pages: pages, lower_quartile, median, upper_quartile, interval_low,
// interval_high; verdict (VerdictOf()); may_equal_best, 0 or 1. The baseline
// has no lines of its own, nor has a variant that shares no page with it.
class VerdictsOutput : public Output {
 public:
  // `stream` must outlive this. The caller opens it, closes it and checks it
  // for errors. `seed` is that of the resamples.
  VerdictsOutput(std::ostream& stream, Baseline baseline, uint64_t seed);
  // Errors: those of Samples, here and below.
  absl::Status Write(const Run& run, const PageLoad& load) override;
  absl::Status Finish() override;

 private:
  std::ostream& stream_;
  const Baseline baseline_;
  const uint64_t seed_;
  Samples samples_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_VERDICTS_H_
