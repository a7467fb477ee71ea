#include "scheduler/trace.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"

namespace sluice::scheduler {
namespace {

constexpr size_t kMaxAlsoReady = 8;

class RecordedPolicy final : public Policy {
 public:
  RecordedPolicy(std::unique_ptr<Policy> policy, TraceSink* sink,
                 TraceDetail detail)
      : policy_(std::move(policy)), sink_(*sink), detail_(detail) {}

  absl::Status OnOpen(StreamId id, const StreamInfo& info) override {
    absl::Status status = policy_->OnOpen(id, info);
    if (status.ok()) open_.insert(id);
    sink_.Write(TraceOpen{id, info, status.ok()});
    return status;
  }

  absl::Status OnPriority(StreamId id, const StreamInfo& info,
                          Signal changed) override {
    absl::Status status = policy_->OnPriority(id, info, changed);
    sink_.Write(TracePriority{id, info, changed, status.ok()});
    return status;
  }

  void OnNoRfc7540Priorities() override {
    policy_->OnNoRfc7540Priorities();
    sink_.Write(TraceNoRfc7540{});
  }

  bool AnnouncesNoRfc7540Priorities() const override {
    return policy_->AnnouncesNoRfc7540Priorities();
  }

  bool ServesEveryReadyStream() const override {
    return policy_->ServesEveryReadyStream();
  }

  void OnClose(StreamId id) override {
    policy_->OnClose(id);
    open_.erase(id);
    ready_.erase(id);
    sink_.Write(TraceClose{id});
  }

  void SetReady(StreamId id) override {
    policy_->SetReady(id);
    if (open_.contains(id)) ready_.insert(id);
    sink_.Write(TraceReady{id});
  }

  void SetBlocked(StreamId id) override {
    policy_->SetBlocked(id);
    ready_.erase(id);
    sink_.Write(TraceBlocked{id});
  }

  std::optional<Grant> Pick() override {
    std::optional<Grant> grant = policy_->Pick();
    TraceEvent event = TracePick();
    TracePick& pick = std::get<TracePick>(event);
    pick.number = picks_++;
    pick.ready = ready_.size();
    if (grant.has_value()) {
      pick.id = grant->stream_id;
      pick.max_bytes = grant->max_bytes;
      pick.rule = grant->reason.rule;
      if (detail_ == TraceDetail::kFull) {
        for (const StreamId id : ready_) {
          if (pick.also_ready.size() == kMaxAlsoReady) break;
          if (id != pick.id) pick.also_ready.push_back(id);
        }
        pick.path = policy_->Explain(pick.id);
      }
    }
    sink_.Write(std::move(event));
    return grant;
  }

  void Charge(StreamId id, size_t bytes) override {
    policy_->Charge(id, bytes);
    sink_.Write(TraceCharge{id, bytes});
  }

  std::vector<PathLevel> Explain(StreamId id) const override {
    return policy_->Explain(id);
  }

 private:
  const std::unique_ptr<Policy> policy_;
  TraceSink& sink_;
  const TraceDetail detail_;
  uint64_t picks_ = 0;
  absl::btree_set<StreamId> open_;
  absl::btree_set<StreamId> ready_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Policy>> CreateRecordedPolicy(
    absl::string_view spec, const PolicyOptions& options, TraceSink* sink,
    TraceDetail detail) {
  absl::StatusOr<std::unique_ptr<Policy>> policy = CreatePolicy(spec, options);
  if (!policy.ok()) return policy;
  sink->Write(TraceMade{std::string(spec), options.max_grant,
                        options.max_streams, options.max_closed_streams,
                        options.values});
  return std::make_unique<RecordedPolicy>(*std::move(policy), sink, detail);
}

}  // namespace sluice::scheduler
