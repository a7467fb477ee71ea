#include "benchmarks/lab/comparison/run_once.h"

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/order/play.h"
#include "support/paths.h"

namespace sluice::lab {
namespace {

// The ends of a page load but for the policy. For one load.
struct Ends {
  std::unique_ptr<Transport> transport;
  std::unique_ptr<Signals> signals;
};

absl::StatusOr<Ends> EndsOf(const Comparison& comparison, const Page& page,
                            const Choice& choice) {
  absl::StatusOr<PriorityEdits> edits = choice.edit->For(page);
  if (!edits.ok()) return edits.status();
  return Ends{choice.network->transport(choice.transport_options),
              EditSignals(choice.signals->make(comparison.signal_options),
                          *std::move(edits))};
}

}  // namespace

absl::StatusOr<Order> OrderOfSpec(absl::string_view spec, const Page& page) {
  const absl::string_view path = absl::StripPrefix(spec, kOrderPrefix);
  const absl::StatusOr<std::string> text =
      support::ReadFile(support::ResolveUserPath(path));
  if (!text.ok()) return text.status();
  return ParseOrder(*text, path, page);
}

absl::Status CheckOrders(const Comparison& comparison) {
  for (const std::string& policy : comparison.policies) {
    if (!absl::StartsWith(policy, kOrderPrefix)) continue;
    for (const Page& page : comparison.pages) {
      const absl::StatusOr<Order> order = OrderOfSpec(policy, page);
      if (order.ok()) continue;
      return absl::Status(
          order.status().code(),
          absl::StrCat("--policies: ", order.status().message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<PageLoad> LoadOnce(const Comparison& comparison,
                                  const Page& page, const Choice& choice,
                                  const std::string& policy) {
  absl::StatusOr<Ends> ends = EndsOf(comparison, page, choice);
  if (!ends.ok()) return ends.status();
  if (absl::StartsWith(policy, kOrderPrefix)) {
    const absl::StatusOr<Order> order = OrderOfSpec(policy, page);
    if (!order.ok()) return order.status();
    return PlayOrder(page, *ends->signals, *order, *ends->transport,
                     comparison.load_options);
  }
  absl::StatusOr<std::unique_ptr<scheduler::Policy>> made =
      scheduler::CreatePolicy(policy, {.max_grant = kMaxGrant});
  if (!made.ok()) return made.status();
  return RunPageLoad(page, *ends->signals, *std::move(made), *ends->transport,
                     comparison.load_options);
}

absl::StatusOr<std::optional<int64_t>> TryOrder(const Comparison& comparison,
                                                const Page& page,
                                                const Choice& choice,
                                                const Order& order,
                                                int64_t limit) {
  absl::StatusOr<Ends> ends = EndsOf(comparison, page, choice);
  if (!ends.ok()) return ends.status();
  return PaintedAreaOf(page, *ends->signals, order, *ends->transport,
                       comparison.load_options, limit);
}

}  // namespace sluice::lab
