#include "adapters/policy_host.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "priority/rfc7540_priority.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/policy.h"
#include "scheduler/stream_info.h"

namespace sluice::adapters {

using ::sluice::priority::Rfc7540Priority;
using ::sluice::priority::Rfc9218Priority;
using ::sluice::scheduler::FaultText;
using ::sluice::scheduler::FindFault;
using ::sluice::scheduler::Grant;
using ::sluice::scheduler::Policy;
using ::sluice::scheduler::ResourceHints;
using ::sluice::scheduler::ServerPriority;
using ::sluice::scheduler::Signal;
using ::sluice::scheduler::StreamId;
using ::sluice::scheduler::StreamInfo;

template <class... Args>
absl::Status PolicyHost::Refuse(absl::StatusCode code,
                                const absl::FormatSpec<Args...>& format,
                                const Args&... args) {
  ++stats_.refused;
  absl::SNPrintF(error_text_.data(), error_text_.size(), format, args...);
  return absl::Status(code, "");
}

PolicyHost::PolicyHost(std::unique_ptr<Policy> policy, size_t max_idle,
                       std::pmr::memory_resource* memory)
    : policy_(std::move(policy)),
      max_idle_(max_idle),
      streams_(memory),
      idle_(memory) {}

void PolicyHost::SetObserver(std::function<void(const Decision&)> observer) {
  observer_ = std::move(observer);
}

absl::Status PolicyHost::Open(StreamId id, const StreamInfo& said) {
  if (IsOpen(id)) {
    return Refuse(absl::StatusCode::kAlreadyExists, "stream %u is open already",
                  id);
  }
  if (FaultText text; const char* fault = FindFault(id, said, &text)) {
    return Refuse(absl::StatusCode::kInvalidArgument, "%s", fault);
  }
  // What was said before the policy knows.
  if (absl::Status status = policy_->OnOpen(id, said); !status.ok()) {
    return RefuseAs(status);
  }
  StreamInfo& info = streams_[id].info;
  info = said;
  idle_.Open(id, &info);
  ++stats_.opened;
  return absl::OkStatus();
}

absl::Status PolicyHost::SetRfc7540(StreamId id,
                                    const Rfc7540Priority& priority) {
  StreamInfo info = Known(id);
  info.rfc7540 = priority;
  return Said(id, info, Signal::kRfc7540);
}

absl::Status PolicyHost::SetRfc9218(StreamId id,
                                    const Rfc9218Priority& priority) {
  StreamInfo info = Known(id);
  info.rfc9218 = priority;
  return Said(id, info, Signal::kRfc9218);
}

absl::Status PolicyHost::SetServerPriority(
    StreamId id, std::optional<ServerPriority> server) {
  if (!IsOpen(id)) return NotOpen(id);
  StreamInfo info = Known(id);
  info.server = server;
  return Said(id, info, Signal::kServer);
}

absl::Status PolicyHost::SetHints(StreamId id, const ResourceHints& hints) {
  if (!IsOpen(id)) return NotOpen(id);
  StreamInfo info = Known(id);
  const bool tunnel = info.hints.tunnel;
  info.hints = hints;
  info.hints.tunnel |= tunnel;  // that is the request's to say
  return Said(id, info, Signal::kHints);
}

absl::Status PolicyHost::SetReady(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return NotOpen(id);
  if (!found->second.ready) ++stats_.ready_streams;
  found->second.ready = true;
  policy_->SetReady(id);
  return absl::OkStatus();
}

absl::Status PolicyHost::SetBlocked(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return NotOpen(id);
  if (found->second.ready) --stats_.ready_streams;
  found->second.ready = false;
  policy_->SetBlocked(id);
  return absl::OkStatus();
}

absl::Status PolicyHost::Close(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return NotOpen(id);
  if (found->second.ready) --stats_.ready_streams;
  streams_.erase(found);
  ++stats_.closed;
  policy_->OnClose(id);
  return absl::OkStatus();
}

std::optional<Grant> PolicyHost::Pick() {
  if (grant_.has_value()) return std::nullopt;
  grant_ = policy_->Pick();
  ++(grant_.has_value() ? stats_.picks : stats_.empty_picks);
  return grant_;
}

absl::Status PolicyHost::Charge(StreamId id, size_t bytes) {
  if (!grant_.has_value() || grant_->stream_id != id) {
    return Refuse(absl::StatusCode::kFailedPrecondition,
                  "stream %u holds no grant", id);
  }
  if (bytes > grant_->max_bytes) {
    return Refuse(absl::StatusCode::kInvalidArgument,
                  "%zu bytes charged to stream %u, %zu were granted", bytes, id,
                  grant_->max_bytes);
  }
  policy_->Charge(id, bytes);
  const Decision decision{stats_.picks - 1, *grant_, bytes};
  grant_.reset();
  stats_.bytes += bytes;
  if (bytes == 0) ++stats_.empty_grants;
  // A copy: it may set another, or none.
  if (const auto observer = observer_) observer(decision);
  return absl::OkStatus();
}

PolicyHost::Stats PolicyHost::stats() const {
  Stats stats = stats_;
  stats.open_streams = streams_.size();
  return stats;
}

// What the policy refuses is not kept either.
absl::Status PolicyHost::Said(StreamId id, const StreamInfo& info,
                              Signal changed) {
  const auto found = streams_.find(id);
  const bool open = found != streams_.end();
  if (FaultText text; const char* fault = FindFault(id, info, &text)) {
    return Refuse(absl::StatusCode::kInvalidArgument, "%s", fault);
  }
  absl::Status status;
  if (!open) status = idle_.CheckRoom(id, max_idle_);
  if (status.ok()) status = policy_->OnPriority(id, info, changed);
  if (!status.ok()) return RefuseAs(status);
  if (open) {
    found->second.info = info;
    return status;
  }
  return idle_.Remember(id, info, max_idle_);  // there is room
}

StreamInfo PolicyHost::Known(StreamId id) const {
  if (const auto found = streams_.find(id); found != streams_.end()) {
    return found->second.info;
  }
  if (const StreamInfo* idle = idle_.Find(id)) return *idle;
  return StreamInfo();
}

absl::Status PolicyHost::NotOpen(StreamId id) {
  return Refuse(absl::StatusCode::kNotFound, "stream %u is not open", id);
}

absl::Status PolicyHost::RefuseAs(const absl::Status& status) {
  return Refuse(status.code(), "%s", status.message());
}

absl::Status PolicyHost::WithText(const absl::Status& status) const {
  return status.ok() ? status : absl::Status(status.code(), error_text());
}

}  // namespace sluice::adapters
