// Compares policies with a baseline over many pages.
//
// For a policy p, a baseline b and a metric m, page g gives the ratio
// m(g, b) / m(g, p): above 1, p is better. A page that ran with several seeds
// gives one ratio, the median of those of its seeds. Over the pages:
//
//   median, quartiles   of the ratios; between two values by linear
//                       interpolation
//   interval            the 2.5th and the 97.5th percentile of the medians of
//                       2,000 resamples of the pages, drawn with replacement by
//                       a generator of a given seed (bootstrap)
//
// An interval that holds 1 is inside the noise: these pages do not show that
// the policy is better or worse than the baseline. Nor do fewer than six pages:
// even from the lowest to the highest ratio they do not hold the median of all
// pages with 95 % confidence (5 pages: 1 − 2 · 0.5⁵ = 93.75 %). Other pages
// give other numbers, and of twenty policies that all equal the baseline, one
// will seem not to.
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_STATISTICS_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::lab {

// A metric of the runs of one policy: by page and, inside it, by seed. The
// names of pages must outlive it.
using ByPage = std::map<absl::string_view, std::map<uint64_t, double>>;

// Baseline ÷ policy of every page, the median over its seeds. Leaves out runs
// without a run of the baseline, and values of 0: the page has no such
// resources.
std::vector<double> RatiosOfPages(const ByPage& baseline, const ByPage& policy);

// The fewest pages that give an interval.
inline constexpr size_t kLeastPages = 6;

struct Spread {
  size_t count = 0;  // of ratios; with 0 the rest says nothing
  double lower_quartile = 1;
  double median = 1;
  double upper_quartile = 1;
  double interval_low = 1;
  double interval_high = 1;

  bool InsideTheNoise() const {
    return count < kLeastPages || (interval_low <= 1 && 1 <= interval_high);
  }
};

// "better", "worse", "inside the noise" or "too few pages": the policy beside
// the baseline.
absl::string_view VerdictOf(const Spread& spread);

// Of at least one value. O(n log n).
double Median(std::vector<double> values);

// O(resamples · n).
Spread SpreadOf(std::vector<double> ratios, uint64_t seed);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_STATISTICS_H_
