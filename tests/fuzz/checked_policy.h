// A policy around another one that checks its calls: they keep every rule of
// policy.h, and a stream's signals are the client's own.
#ifndef SLUICE_TESTS_FUZZ_CHECKED_POLICY_H_
#define SLUICE_TESTS_FUZZ_CHECKED_POLICY_H_

#include <sluice/scheduler/policy.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace sluice::fuzz {

// The client's signals for one stream, in order, as events told them.
struct Said {
  std::vector<signals::Rfc7540Priority> rfc7540;
  std::vector<signals::Rfc9218Priority> rfc9218;
};

class CheckedPolicy : public scheduler::Policy {
 public:
  using StreamId = scheduler::StreamId;
  using StreamInfo = scheduler::StreamInfo;

  // Calls `on_pick` at each pick. `said` must outlive the policy.
  CheckedPolicy(std::unique_ptr<scheduler::Policy> policy,
                const std::map<StreamId, Said>* said,
                std::function<void()> on_pick)
      : policy_(std::move(policy)),
        said_(*said),
        on_pick_(std::move(on_pick)) {}

  void OnOpen(StreamId id, const StreamInfo& info) override;
  void OnPriority(StreamId id, const StreamInfo& info,
                  scheduler::Signal changed) override;
  absl::Status OnIdlePriority(
      StreamId id, const signals::Rfc7540Priority& priority) override;
  void OnClientUsesRfc9218() override;
  void OnClose(StreamId id) override;
  void SetReady(StreamId id) override;
  void SetBlocked(StreamId id) override;
  std::optional<scheduler::Grant> Pick() override;
  void Charge(StreamId id, size_t bytes) override;

 private:
  const StreamInfo* InfoOf(StreamId id) const;
  void CheckInfo(StreamId id, const StreamInfo& info) const;

  const std::unique_ptr<scheduler::Policy> policy_;
  const std::map<StreamId, Said>& said_;
  const std::function<void()> on_pick_;
  std::map<StreamId, const StreamInfo*> infos_;
  bool uses_rfc9218_ = false;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_CHECKED_POLICY_H_
