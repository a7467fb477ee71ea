// Searches for the order of bodies (order.h) with the smallest value.
//
// The search knows the page, and tries orders of its parts: bodies, cut where
// they discover something that the first screen needs. It begins with the
// orders that it is given, and with these again after everything that the first
// screen needs has been put first: first what leads to the render-critical
// resources, then what leads to the others above the fold. Then it changes the
// best one: it moves a part, swaps two, or moves a resource forward together
// with all that discovers it. It keeps a change that is not worse. When no
// change has helped for a while, it goes on from the best order with three
// changes at once.
//
// What it finds is the best of the orders that it tried. It is no proof;
// bound.h is one.
#ifndef SLUICE_BENCHMARKS_LAB_ORDER_SEARCH_H_
#define SLUICE_BENCHMARKS_LAB_ORDER_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/lab/order/order.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// An order and its value: nanoseconds, the smaller the better.
struct ValuedOrder {
  Order order;
  int64_t value = 0;
};

// The value of an order, or nothing when it is above `limit`. A search passes
// on its error.
using Evaluate = std::function<absl::StatusOr<std::optional<int64_t>>(
    const Order& order, int64_t limit)>;

struct SearchOptions {
  size_t evaluations = 0;  // at most; a run of the lab each
  uint64_t seed = 1;
  // Called after each evaluation.
  std::function<void(size_t evaluations, int64_t best)> progress = nullptr;
};

// The best of `starts` (at least one) and of the orders that it tries. Equal
// arguments, equal result.
absl::StatusOr<ValuedOrder> SearchOrder(const Page& page,
                                        const std::vector<ValuedOrder>& starts,
                                        const Evaluate& evaluate,
                                        const SearchOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_ORDER_SEARCH_H_
