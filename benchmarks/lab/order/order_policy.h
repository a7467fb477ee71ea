// Plays an order (order.h). It is a policy of the lab and not of the registry:
// those see streams, and this one must know which resource a stream carries.
#ifndef SLUICE_BENCHMARKS_LAB_ORDER_ORDER_POLICY_H_
#define SLUICE_BENCHMARKS_LAB_ORDER_ORDER_POLICY_H_

#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "benchmarks/lab/order/order.h"

namespace sluice::lab {

// Ignores every signal. Pick: O(1); Charge: O(log ready streams).
class OrderPolicy final : public scheduler::Policy {
 public:
  // Does not keep `order`. `max_grant` as in PolicyOptions.
  OrderPolicy(const Order& order, size_t max_grant);

  // Stream `id`, which has opened and is not ready yet, carries `resource`:
  // what PageLoadOptions::on_answer reports. Once for each stream.
  void OnAnswer(scheduler::StreamId id, size_t resource);

  void OnOpen(scheduler::StreamId /*id*/,
              const scheduler::StreamInfo& /*info*/) override {}
  void OnPriority(scheduler::StreamId /*id*/,
                  const scheduler::StreamInfo& /*info*/,
                  scheduler::Signal /*changed*/) override {}
  void OnClose(scheduler::StreamId id) override;
  void SetReady(scheduler::StreamId id) override;
  void SetBlocked(scheduler::StreamId id) override;
  std::optional<scheduler::Grant> Pick() override;
  void Charge(scheduler::StreamId id, size_t bytes) override;

 private:
  struct Place {
    size_t rank = 0;     // in the order, from 0; what it leaves out comes after
    uint64_t bytes = 0;  // left of this piece; 0: no end
  };
  struct Stream {
    std::vector<Place> places;  // of its body, the next one last
    bool ready = false;
  };

  const size_t max_grant_;
  std::vector<std::vector<Place>> places_;  // by resource, the first one last
  size_t next_rank_;                        // of those that are left out
  absl::flat_hash_map<scheduler::StreamId, Stream> streams_;
  std::set<std::pair<size_t, scheduler::StreamId>> ready_;  // by rank
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_ORDER_ORDER_POLICY_H_
