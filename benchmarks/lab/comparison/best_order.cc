#include "benchmarks/lab/comparison/best_order.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/order/bound.h"
#include "benchmarks/lab/order/search.h"

namespace sluice::lab {

absl::StatusOr<FoundOrder> FindBestOrder(
    const Comparison& comparison, const Page& page, const Choice& choice,
    const std::function<void(size_t evaluations, int64_t best_ns)>& progress) {
  FoundOrder found;
  found.best.baseline = comparison.baseline;
  std::vector<ValuedOrder> starts;
  for (const std::string& policy : comparison.policies) {
    const absl::StatusOr<PageLoad> load =
        LoadOnce(comparison, page, choice, policy);
    if (!load.ok()) {
      return absl::Status(load.status().code(),
                          absl::StrCat(policy, ": ", load.status().message()));
    }
    const int64_t area_ns = Measure(page, *load).painted_area_ns;
    starts.push_back({OrderOf(*load), area_ns});
    found.policies.emplace_back(policy, area_ns);
    if (policy == comparison.baseline) found.best.baseline_ns = area_ns;
  }
  absl::StatusOr<ValuedOrder> best =
      SearchOrder(page, starts,
                  [&](const Order& order, int64_t limit) {
                    return TryOrder(comparison, page, choice, order, limit);
                  },
                  {.evaluations = comparison.best_order,
                   .seed = choice.transport_options.seed,
                   .progress = progress});
  if (!best.ok()) return best.status();
  found.order = std::move(best->order);
  found.best.painted_area_ns = best->value;
  if (choice.network->link.has_value()) {
    found.best.bound_ns = PaintedAreaBound(page, *choice.network->link);
  }
  return found;
}

}  // namespace sluice::lab
