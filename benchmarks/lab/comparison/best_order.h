// The best order of a page's bodies in one setting of a comparison.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_BEST_ORDER_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_BEST_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/comparison/run_once.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/order/order.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

struct FoundOrder {
  Order order;
  BestOrder best;  // as runs carry it
  // The policies of the comparison and their painted areas, in nanoseconds.
  std::vector<std::pair<std::string, int64_t>> policies;
};

// Loads the page with every policy of `comparison`, and searches from their
// orders with Comparison::best_order evaluations (order/search.h); the seed is
// that of the run. No policy is better than `best`. A policy that announces
// SETTINGS_NO_RFC7540_PRIORITIES sends six bytes that an order does not send:
// where its value is nevertheless the best, `order` plays its picks, without
// the six bytes. Calls `progress` after each evaluation with its number and the
// best painted area so far. Errors: those of LoadOnce().
absl::StatusOr<FoundOrder> FindBestOrder(
    const Comparison& comparison, const Page& page, const Choice& choice,
    const std::function<void(size_t evaluations, int64_t best_ns)>& progress);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_BEST_ORDER_H_
