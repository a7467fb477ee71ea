// One page load of a comparison: everything that is chosen for it, and the
// policies of the registry beside orders from files.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_RUN_ONCE_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_RUN_ONCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/edit.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/net/transport.h"
#include "benchmarks/lab/order/order.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// "order:", before the path of an order's file in place of a policy.
inline constexpr absl::string_view kOrderPrefix = "order:";

// What is chosen for a run beside its page and its policy. The pointers are
// into a Comparison.
struct Choice {
  const NamedNetwork* network = nullptr;
  TransportOptions transport_options;
  const Edit* edit = nullptr;
  const SignalSet* signals = nullptr;
};

// Reads the order of "order:FILE" for a page; FILE is a path of the user's.
// Errors: NotFound, InvalidArgument, a sentence with the file.
absl::StatusOr<Order> OrderOfSpec(absl::string_view spec, const Page& page);

// An error for the first policy that is an order and not one of each page.
absl::Status CheckOrders(const Comparison& comparison);

// Loads `page` with a policy: a spec of CreatePolicy(), or an order. Errors:
// those of RunPageLoad(), Edit::For(), OrderOfSpec().
absl::StatusOr<PageLoad> LoadOnce(const Comparison& comparison,
                                  const Page& page, const Choice& choice,
                                  const std::string& policy);

// PaintedAreaOf() an order (order/play.h).
absl::StatusOr<std::optional<int64_t>> TryOrder(const Comparison& comparison,
                                                const Page& page,
                                                const Choice& choice,
                                                const Order& order,
                                                int64_t limit);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_RUN_ONCE_H_
