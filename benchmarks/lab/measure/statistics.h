// Compares policies with a baseline over many pages.
//
// For a policy p, a baseline b and a metric m, page g gives the ratio
// m(g, b) / m(g, p): above 1, p is better. A page that ran with several seeds
// gives one ratio, the median of those of its seeds. Over the pages:
//
//   median, quartiles   of the ratios; between two values by linear
//                       interpolation
//   interval            of the median over all pages, of which these are a
//                       sample. The intervals of all policies that are compared
//                       with the baseline hold together with 95 %: of twenty
//                       policies that all equal it, most often none seems to
//                       differ.
//
// The interval goes from the r-th lowest ratio to the r-th highest. It misses
// the median if fewer than r ratios lie on one side of it, and a page's ratio
// lies on either side with a probability of 1/2, whatever the distribution (the
// sign test's interval). r is the largest number for which that befalls any of
// the policies with at most 5 %. Policies agree about pages, so the probability
// is less than the sum over the policies. It is estimated by 4,000 draws from
// a generator of a given seed: in each draw a page changes sides with
// probability 1/2, for all policies at once (Westfall and Young's minimum of
// p-values). Policies that lack pages have an r of their own, by the same
// probability.
//
// An interval that holds 1 is inside the noise: these pages do not show that
// the policy is better or worse than the baseline. Nor do fewer than
// LeastPages(): even from the lowest to the highest ratio they do not hold the
// medians with 95 % (of one policy, 5 pages: 1 − 2 · 0.5⁵ = 93.75 %). Other
// pages give other numbers.
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

// A ratio of each page.
using PageRatios = std::map<absl::string_view, double>;

// Baseline ÷ policy of every page, the median over its seeds. Leaves out runs
// without a run of the baseline, and values of 0: the page has no such
// resources.
PageRatios RatiosOfPages(const ByPage& baseline, const ByPage& policy);

// The fewest pages n that give intervals of `policies` policies together: the
// first with policies · 2 · 0.5ⁿ ≤ 5 %; 6 for one policy.
size_t LeastPages(size_t policies);

struct Spread {
  size_t count = 0;  // of ratios; with 0 the rest says nothing
  size_t least_pages = LeastPages(1);
  double lower_quartile = 1;
  double median = 1;
  double upper_quartile = 1;
  double interval_low = 1;
  double interval_high = 1;

  bool TooFewPages() const { return count < least_pages; }
  bool InsideTheNoise() const {
    return TooFewPages() || (interval_low <= 1 && 1 <= interval_high);
  }
};

// "better", "worse", "inside the noise" or "too few pages": the policy beside
// the baseline.
absl::string_view VerdictOf(const Spread& spread);

// Of at least one value. O(n log n).
double Median(std::vector<double> values);

// Of each policy's ratios to one baseline, which is none of the policies. They
// may be of different pages. O(policies · pages · (draws + log pages)).
std::vector<Spread> SpreadsOf(const std::vector<PageRatios>& policies,
                              uint64_t seed);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_STATISTICS_H_
