#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/trace/record.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::trace {
namespace {

using scheduler::Grant;
using scheduler::PathLevel;
using scheduler::Signal;
using scheduler::StreamId;
using scheduler::StreamInfo;
using scheduler::TraceBlocked;
using scheduler::TraceCharge;
using scheduler::TraceClose;
using scheduler::TraceIdlePriority;
using scheduler::TraceList;
using scheduler::TraceMade;
using scheduler::TraceOpen;
using scheduler::TracePick;
using scheduler::TracePriority;
using scheduler::TraceReady;
using scheduler::TraceUsesRfc9218;

class RecordedPolicy final : public Policy {
 public:
  // `name` never dies.
  RecordedPolicy(std::unique_ptr<Policy> policy, absl::string_view name,
                 TraceSink* sink, TraceDetail detail)
      : policy_(std::move(policy)),
        name_(name),
        sink_(*sink),
        detail_(detail) {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    policy_->OnOpen(id, info);
    sink_.Write(TraceOpen{id, info});
  }

  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    policy_->OnPriority(id, info, changed);
    sink_.Write(TracePriority{id, info, changed});
  }

  absl::Status OnIdlePriority(
      StreamId id, const signals::Rfc7540Priority& priority) override {
    absl::Status status = policy_->OnIdlePriority(id, priority);
    sink_.Write(TraceIdlePriority{id, priority, !status.ok()});
    return status;
  }

  void OnClientUsesRfc9218() override {
    policy_->OnClientUsesRfc9218();
    sink_.Write(TraceUsesRfc9218{});
  }

  bool AnnouncesNoRfc7540Priorities() const override {
    return policy_->AnnouncesNoRfc7540Priorities();
  }

  void OnClose(StreamId id) override {
    policy_->OnClose(id);
    Unready(id);
    sink_.Write(TraceClose{id});
  }

  void SetReady(StreamId id) override {
    policy_->SetReady(id);
    if (ready_.insert(id).second) stale_ = true;
    sink_.Write(TraceReady{id});
  }

  void SetBlocked(StreamId id) override {
    policy_->SetBlocked(id);
    Unready(id);
    sink_.Write(TraceBlocked{id});
  }

  std::optional<Grant> Pick() override {
    std::optional<Grant> grant = policy_->Pick();
    if (ABSL_PREDICT_FALSE(stale_)) CountReady();
    TracePick& pick = sink_.Next<TracePick>();
    if (ABSL_PREDICT_FALSE(!grant.has_value())) {
      pick = TracePick();
      pick.number = picks_++;
      pick.policy = name_;
      pick.ready = ready_count_;
      return grant;
    }
    pick.number = picks_++;
    pick.id = grant->stream_id;
    pick.ready = ready_count_;
    pick.max_bytes = grant->max_bytes;
    pick.policy = name_;
    pick.rule = grant->reason.rule;
    if (detail_ == TraceDetail::kFull) {
      pick.ready_ids = first_ready_;
      const size_t levels = policy_->ExplainPick(pick.path.room());
      pick.path.set_size(levels);
      pick.levels = static_cast<uint32_t>(levels);
    } else {
      pick.ready_ids.clear();
      pick.path.clear();
      pick.levels = 0;
    }
    return grant;
  }

  void Charge(StreamId id, size_t bytes) override {
    policy_->Charge(id, bytes);
    TraceCharge& charge = sink_.Next<TraceCharge>();
    charge.id = id;
    charge.bytes = bytes;
  }

  size_t ExplainPick(absl::Span<PathLevel> levels) const override {
    return policy_->ExplainPick(levels);
  }

 private:
  void Unready(StreamId id) {
    if (ready_.erase(id) > 0) stale_ = true;
  }

  // Few decisions change the ready streams; the others skip this.
  ABSL_ATTRIBUTE_NOINLINE void CountReady() {
    stale_ = false;
    ready_count_ = static_cast<uint32_t>(ready_.size());
    first_ready_.clear();
    for (const StreamId id : ready_) {
      if (first_ready_.size() == first_ready_.room().size()) break;
      first_ready_.push_back(id);
    }
  }

  using Ids = absl::btree_set<StreamId, std::less<>,
                              priority::ResourceAllocator<StreamId>>;

  const std::unique_ptr<Policy> policy_;
  const absl::string_view name_;
  TraceSink& sink_;
  const TraceDetail detail_;
  uint64_t picks_ = 0;
  Ids ready_;
  // Of ready_, unless stale_.
  uint32_t ready_count_ = 0;
  TraceList<StreamId, 8> first_ready_;
  bool stale_ = false;
};

}  // namespace

absl::Span<TraceEvent> LastEventsTrace::Room() {
  wrapped_ = handed_out() > 0;
  return absl::MakeSpan(events_);
}

std::vector<TraceEvent> LastEventsTrace::events() const {
  const auto next = events_.begin() + static_cast<ptrdiff_t>(handed_out());
  std::vector<TraceEvent> result;
  if (wrapped_) result.assign(next, events_.end());
  result.insert(result.end(), events_.begin(), next);
  return result;
}

absl::StatusOr<std::unique_ptr<Policy>> CreateRecordedPolicy(
    StringView spec, const PolicyOptions& options, TraceSink* sink,
    TraceDetail detail) {
  absl::StatusOr<std::unique_ptr<Policy>> policy =
      scheduler::CreatePolicy(spec, options);
  if (!policy.ok()) return policy;
  sink->Write(TraceMade{std::string(spec), options});
  return std::make_unique<RecordedPolicy>(
      *std::move(policy), scheduler::RegisteredNameOf(spec), sink, detail);
}

}  // namespace sluice::trace
