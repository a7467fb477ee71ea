#include "benchmarks/lab/metrics.h"

#include <algorithm>

#include "absl/numeric/int128.h"

namespace sluice::lab {

Metrics Measure(const Page& page, const PageLoad& load) {
  Metrics metrics;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    const int64_t done = load.timings[i].completed_ns;
    metrics.page_load_ns = std::max(metrics.page_load_ns, done);
    if (page.resources[i].render_critical) {
      metrics.render_critical_ns = std::max(metrics.render_critical_ns, done);
    }
    if (page.resources[i].above_the_fold) {
      metrics.atf_ns = std::max(metrics.atf_ns, done);
    }
  }
  absl::uint128 weighted = 0;  // bytes · nanoseconds pass 64 bits
  uint64_t bytes = 0;
  for (const Arrival& arrival : load.arrivals) {
    if (!page.resources[arrival.resource].above_the_fold) continue;
    weighted +=
        absl::uint128(arrival.bytes) * static_cast<uint64_t>(arrival.at_ns);
    bytes += arrival.bytes;
  }
  if (bytes > 0) {
    metrics.atf_area_ns =
        static_cast<int64_t>(absl::Uint128Low64(weighted / bytes));
  }
  return metrics;
}

}  // namespace sluice::lab
