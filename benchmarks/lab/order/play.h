// Loads a page with a server that follows an order (order.h), and measures the
// order for a search.
#ifndef SLUICE_BENCHMARKS_LAB_ORDER_PLAY_H_
#define SLUICE_BENCHMARKS_LAB_ORDER_PLAY_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/net/transport.h"
#include "benchmarks/lab/order/order.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// RunPageLoad() with the order as the policy.
absl::StatusOr<PageLoad> PlayOrder(const Page& page, Signals& signals,
                                   const Order& order, Transport& transport,
                                   PageLoadOptions options);

// The painted area (measure/metrics.h) of PlayOrder(), or nothing when it is
// above `limit`. Ends the load when the first screen is complete, or when it is
// sure to pass the limit: a part of the time of a whole load.
absl::StatusOr<std::optional<int64_t>> PaintedAreaOf(
    const Page& page, Signals& signals, const Order& order,
    Transport& transport, PageLoadOptions options, int64_t limit);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_ORDER_PLAY_H_
