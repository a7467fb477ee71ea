// The metrics of many runs, and how they compare over pages (statistics.h).
// Memory holds names and one number for each combination of setting and policy;
// the runs themselves are spilled (spill_file.h), so a comparison may have any
// number of them.
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_SAMPLES_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_SAMPLES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/measure/spill_file.h"
#include "benchmarks/lab/measure/statistics.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

struct SamplePage {
  std::string name;  // and, after a space, its SHA-256
  uint64_t body_bytes;

  friend bool operator==(const SamplePage&, const SamplePage&) = default;
};

// One run; the first three are indices in the lists below.
struct Sample {
  size_t page;
  size_t setting;
  size_t policy;
  uint64_t seed;
  Metrics metrics;
};

// Indices of the metrics that are times; after kTimeMetrics come those of the
// classes of resources, by ResourceType.
enum TimeMetric : size_t {
  kPaintedArea,
  kLcpCandidate,
  kAtfArea,
  kRenderCritical,
  kAtf,
  kPageLoad,
  kTimeMetrics,
  kAllTimeMetrics = kTimeMetrics + kResourceTypes,
};

// As in JSON Lines and CSV: "painted_area_ms", and of classes "css_done_ms".
std::string TimeMetricName(size_t metric);

// In nanoseconds; 0: the page has no such resources.
int64_t TimeOf(const Metrics& metrics, size_t metric);

// A policy against the baseline, over the pages of one setting and metric.
struct Standing {
  size_t policy;
  Spread spread;  // of baseline ÷ policy; count 0: the two share no page
  // The pages do not tell it from the policy with the highest median: the
  // interval of the ratios of their times holds 1.
  bool may_equal_best;
};

class Samples {
 public:
  // With something else than the policy compared, what is called a policy below
  // is a signal set, an edit or a page, and a setting has the policy. Pages
  // that are compared with each other count as one.
  explicit Samples(Compared compared = Compared::kPolicy)
      : compared_(compared) {}

  // Returns the part of `run` that it keeps. Error: SpillFile's.
  absl::StatusOr<Sample> Add(const Run& run);

  // In the order of Add().
  uint64_t size() const { return records_.size(); }
  absl::StatusOr<Sample> Read(uint64_t number) const;

  // Each in the order in which its entries came.
  const std::vector<SamplePage>& pages() const { return pages_; }
  const std::vector<Setting>& settings() const { return settings_; }
  const std::vector<std::string>& policies() const { return policies_; }
  // policies().size() when it has no runs.
  size_t IndexOfPolicy(absl::string_view policy) const;

  // The values of the runs of a policy in a setting; valid until the next
  // Add(). Errors: SpillFile's; InvalidArgument, a sentence, when a page ran
  // twice with one seed.
  absl::StatusOr<ByPage> Values(
      size_t setting, size_t policy,
      const std::function<double(const Sample&)>& value) const;

  // The ratios base ÷ policy over the pages of a setting, for every policy, by
  // its index; the intervals of the others hold together. `seed` is that of
  // SpreadsOf(). Errors: those of Values().
  absl::StatusOr<std::vector<Spread>> Against(size_t setting, size_t base,
                                              size_t metric,
                                              uint64_t seed) const;

  // The fewest pages that give those intervals.
  size_t LeastPages() const;

  // The same as standings.
  absl::StatusOr<std::vector<Standing>> Standings(size_t setting,
                                                  absl::string_view baseline,
                                                  size_t metric,
                                                  uint64_t seed) const;

 private:
  const Compared compared_;
  struct Record {
    Sample sample;
    uint64_t before;  // 1 + the record before of this setting and policy, or 0
  };

  std::vector<SamplePage> pages_;
  std::vector<Setting> settings_;
  std::vector<std::string> policies_;
  SpilledRecords<Record> records_;
  // By setting and policy: 1 + the last record.
  std::map<std::pair<size_t, size_t>, uint64_t> last_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_SAMPLES_H_
