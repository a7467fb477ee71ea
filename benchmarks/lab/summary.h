// What many pages say together: each policy against a baseline.
//
// For a policy p, a baseline b and a metric m, page g gives the ratio
// m(g, b) / m(g, p): above 1, p is better. Over the pages:
//
//   median, quartiles   of the ratios; between two values by linear
//                       interpolation
//   interval            the 2.5th and the 97.5th percentile of the medians of
//                       2,000 resamples of the pages, drawn with replacement by
//                       a generator of a given seed (bootstrap)
//
// An interval that holds 1 is inside the noise: these pages do not show that
// the policy is better or worse than the baseline. Other pages give other
// numbers.
#ifndef SLUICE_BENCHMARKS_LAB_SUMMARY_H_
#define SLUICE_BENCHMARKS_LAB_SUMMARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/metrics.h"

namespace sluice::lab {

struct Spread {
  size_t count = 0;  // of ratios; with 0 the rest says nothing
  double lower_quartile = 1;
  double median = 1;
  double upper_quartile = 1;
  double interval_low = 1;
  double interval_high = 1;
};

// O(resamples · n).
Spread SpreadOf(std::vector<double> ratios, uint64_t seed);

class Summary {
 public:
  Summary(std::string baseline, uint64_t seed)
      : baseline_(std::move(baseline)), seed_(seed) {}

  void Add(absl::string_view page, absl::string_view signals,
           absl::string_view policy, const Metrics& metrics);

  // A table for each signal set, in the order of the runs, policies by their
  // median on the ATF area. Empty when the baseline did not run, or on fewer
  // than two pages.
  std::string Text() const;

 private:
  struct Sample {
    std::string page;
    std::string signals;
    std::string policy;
    Metrics metrics;
  };
  std::string TextOf(const std::string& signals) const;
  std::vector<double> Ratios(const std::string& signals,
                             const std::string& policy,
                             int64_t Metrics::*metric) const;

  std::string baseline_;
  uint64_t seed_;
  std::vector<Sample> samples_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_SUMMARY_H_
