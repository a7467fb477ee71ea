// The numbers of many runs, and how they compare over pages (statistics.h).
// Memory holds names and, of each combination of setting and policy, one
// number; the runs themselves are spilled (spill_file.h), so that a comparison
// may have any number of them.
#ifndef SLUICE_BENCHMARKS_LAB_SAMPLES_H_
#define SLUICE_BENCHMARKS_LAB_SAMPLES_H_

#include <compare>
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
#include "benchmarks/lab/metrics.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/report.h"
#include "benchmarks/lab/spill_file.h"
#include "benchmarks/lab/statistics.h"

namespace sluice::lab {

// What runs that are compared have in common.
struct Setting {
  std::string signals;
  std::string network;
  size_t send_buffer_bytes;
  uint32_t max_streams;
  bool late_signals;

  friend auto operator<=>(const Setting&, const Setting&) = default;
};

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

// The metrics that are times, by index; after kTimeMetrics those of the classes
// of resources, by ResourceType.
enum TimeMetric : size_t {
  kAtfArea,
  kRenderCritical,
  kAtf,
  kPageLoad,
  kTimeMetrics,
  kAllTimeMetrics = kTimeMetrics + kResourceTypes,
};

// 0: the page has no such resources.
int64_t TimeOf(const Metrics& metrics, size_t metric);

class Samples {
 public:
  // What it keeps of the run. Error: SpillFile's.
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

  // Of the runs of a policy in a setting; good until the next Add(). Errors:
  // SpillFile's; InvalidArgument, a sentence, when a page ran twice with one
  // seed.
  absl::StatusOr<ByPage> Values(
      size_t setting, size_t policy,
      const std::function<double(const Sample&)>& value) const;

  // Each policy, by its index, against the policy `base` over the pages of a
  // setting: base ÷ policy. `seed` is that of the resamples. Errors: those of
  // Values().
  absl::StatusOr<std::vector<Spread>> Against(size_t setting, size_t base,
                                              size_t metric,
                                              uint64_t seed) const;

 private:
  struct Record {
    Sample sample;
    uint64_t before;  // 1 + the record before of this setting and policy, or 0
  };

  absl::StatusOr<ByPage> Times(size_t setting, size_t policy,
                               size_t metric) const;

  std::vector<SamplePage> pages_;
  std::vector<Setting> settings_;
  std::vector<std::string> policies_;
  SpilledRecords<Record> records_;
  // By setting and policy: 1 + the last record.
  std::map<std::pair<size_t, size_t>, uint64_t> last_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_SAMPLES_H_
