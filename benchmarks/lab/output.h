// A form in which a comparison's results are kept: JSON Lines, CSV, …
#ifndef SLUICE_BENCHMARKS_LAB_OUTPUT_H_
#define SLUICE_BENCHMARKS_LAB_OUTPUT_H_

#include <ostream>

#include "absl/status/status.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"

namespace sluice::lab {

// One form of results. Sees every run once, in the order of the comparison.
class Output {
 public:
  virtual ~Output() = default;

  // `load` is the whole page load that `run` sums up. Neither outlives the
  // call. Error: why the results could not be written; the comparison stops.
  virtual absl::Status Write(const Run& run, const PageLoad& load) = 0;

  // Once, after the last run of a comparison that did not fail.
  virtual absl::Status Finish() { return absl::OkStatus(); }
};

// JsonLine() of every run. `stream` must outlive this; it is the caller's to
// open and to close, and to look at for errors.
class JsonOutput : public Output {
 public:
  explicit JsonOutput(std::ostream& stream) : stream_(stream) {}
  absl::Status Write(const Run& run, const PageLoad& load) override;

 private:
  std::ostream& stream_;
};

// CsvHeader(), then CsvLine() of every run. `stream` as above.
class CsvOutput : public Output {
 public:
  explicit CsvOutput(std::ostream& stream);
  absl::Status Write(const Run& run, const PageLoad& load) override;

 private:
  std::ostream& stream_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_OUTPUT_H_
