// What many pages say together: each policy against a baseline.
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
// the policy is better or worse than the baseline. Of fewer than six pages even
// the lowest and the highest ratio do not hold the median of all pages with
// 95 % confidence (5 pages: 1 − 2 · 0.5⁵ = 93.75 %), so they show nothing
// either. Other pages give other numbers, and of twenty policies that are all
// like the baseline one will seem not to be.
#ifndef SLUICE_BENCHMARKS_LAB_STATISTICS_H_
#define SLUICE_BENCHMARKS_LAB_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::lab {

// A metric of the runs of one policy: by page and, inside it, by seed. Names of
// pages are their owner's.
using ByPage = std::map<absl::string_view, std::map<uint64_t, double>>;

// Baseline ÷ policy of every page, the median over its seeds. Left out is what
// the baseline has no run for, and what is 0: the page has no such resources.
std::vector<double> RatiosOfPages(const ByPage& baseline, const ByPage& policy);

// The least pages of which an interval is one.
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

// Of at least one value. O(n log n).
double Median(std::vector<double> values);

// O(resamples · n).
Spread SpreadOf(std::vector<double> ratios, uint64_t seed);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_STATISTICS_H_
