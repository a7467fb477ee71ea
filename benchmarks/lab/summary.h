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
// the policy is better or worse than the baseline. Of fewer than six pages even
// the lowest and the highest ratio do not hold the median of all pages with
// 95 % confidence (5 pages: 1 − 2 · 0.5⁵ = 93.75 %), so they show nothing
// either. Other pages give other numbers, and of twenty policies that are all
// like the baseline one will seem not to be.
#ifndef SLUICE_BENCHMARKS_LAB_SUMMARY_H_
#define SLUICE_BENCHMARKS_LAB_SUMMARY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/report.h"

namespace sluice::lab {

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

// Takes the runs of one comparison, which differ in page, signals and policy
// only, and keeps some 150 bytes of each. Every run with the baseline's page
// and signals is compared with it.
class Summary {
 public:
  Summary(std::string baseline, uint64_t seed)
      : baseline_(std::move(baseline)), seed_(seed) {}

  void Add(const Run& run);

  // Two tables for each signal set, in the order of the runs, policies by their
  // median on the ATF area. Empty when the baseline did not run, or on fewer
  // than two pages.
  std::string Text() const;

 private:
  enum Metric : size_t {
    kAtfArea,
    kRenderCritical,
    kAtf,
    kPageLoad,
    kFirstClass,  // by ResourceType
    kMetrics = kFirstClass + kResourceTypes,
  };
  // Indices in the lists of names. Times are nanoseconds, 0: the page has no
  // such resources.
  struct Sample {
    size_t page = 0;
    size_t signals = 0;
    size_t policy = 0;
    std::array<int64_t, kMetrics> times = {};
    double lower_first = 0;  // part of all bytes
  };
  struct Line;

  std::vector<Line> Lines(size_t signals) const;
  std::string TextOf(size_t signals) const;
  // Of two samples of each page in turn: `base` ÷ `sample`.
  Spread Compare(const std::vector<const Sample*>& base,
                 const std::vector<const Sample*>& samples,
                 size_t metric) const;

  std::string baseline_;
  uint64_t seed_;
  std::vector<std::string> pages_;  // names and hashes
  std::vector<std::string> signals_;
  std::vector<std::string> policies_;
  std::vector<Sample> samples_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_SUMMARY_H_
