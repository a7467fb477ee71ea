#include "scheduler/two_policies.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/macros.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduler/idle_signals.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/stream_info.h"

namespace sluice::scheduler {
namespace {

// There is room: it was asked for.
void Must(const absl::Status& status) {
  ABSL_ASSERT(status.ok());
  static_cast<void>(status);
}

}  // namespace

TwoPolicies::TwoPolicies(std::unique_ptr<Policy> first,
                         std::unique_ptr<Policy> second,
                         const PolicyOptions& options,
                         absl::string_view second_rule)
    : first_(std::move(first)),
      second_(std::move(second)),
      max_streams_(options.max_streams),
      second_rule_(second_rule),
      streams_(options.memory),
      idle_(options.memory) {}

absl::Status TwoPolicies::OnOpen(StreamId id, const StreamInfo& info) {
  if (absl::Status status = ValidateStreamInfo(id, info); !status.ok()) {
    return status;
  }
  if (streams_.contains(id)) {
    return absl::AlreadyExistsError(absl::StrCat("stream ", id, " is open"));
  }
  if (absl::Status status = first_->OnOpen(id, info); !status.ok()) {
    return status;
  }
  StreamInfo told = info;
  idle_.Open(id, &told);
  if (absl::Status status = second_->OnOpen(id, told); !status.ok()) {
    // An id that opens again (RFC 9113 §5.1.1 forbids it), which `first` has
    // forgotten: nothing was kept of it here.
    first_->OnClose(id);
    return status;
  }
  Stream& stream = streams_[id];
  stream.told = told;
  idle_.ShrinkTo(RoomForIdle());
  if (Notice(stream.told, std::nullopt)) ServeAgain();
  Serve(id, stream);
  return absl::OkStatus();
}

absl::Status TwoPolicies::OnPriority(StreamId id, const StreamInfo& info,
                                     Signal changed) {
  absl::Status status = ValidateStreamInfo(id, info);
  const auto found = streams_.find(id);
  const bool open = found != streams_.end();
  if (status.ok() && !open) status = idle_.CheckRoom(id, RoomForIdle());
  if (status.ok()) status = first_->OnPriority(id, info, changed);
  if (!status.ok()) return status;
  if (open) {
    Stream& stream = found->second;
    const StreamInfo before = std::exchange(stream.told, info);
    TranslateForSecond(before, changed, &stream.told);
    // It may lack room for a placeholder that `first` had: the stream stays
    // where it is there.
    second_->OnPriority(id, stream.told, changed).IgnoreError();
  } else {
    Must(idle_.Remember(id, info, RoomForIdle()));
  }
  if (Notice(info, changed)) ServeAgain();
  if (open) Serve(id, found->second);
  return absl::OkStatus();
}

void TwoPolicies::OnClose(StreamId id) {
  streams_.erase(id);
  first_->OnClose(id);
  second_->OnClose(id);
}

void TwoPolicies::SetReady(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.ready = true;
  PolicyOf(found->second).SetReady(id);
}

void TwoPolicies::SetBlocked(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.ready = false;
  PolicyOf(found->second).SetBlocked(id);
}

std::optional<Grant> TwoPolicies::Pick() {
  picked_ = second_.get();
  std::optional<Grant> grant = second_->Pick();
  if (grant.has_value()) {
    if (!second_rule_.empty()) grant->reason.rule = second_rule_;
    return grant;
  }
  picked_ = first_.get();
  return first_->Pick();
}

void TwoPolicies::Charge(StreamId id, size_t bytes) {
  picked_->Charge(id, bytes);
}

size_t TwoPolicies::ExplainPick(absl::Span<PathLevel> levels) const {
  return picked_->ExplainPick(levels);
}

void TwoPolicies::ServeAgain() {
  for (auto& [id, stream] : streams_) Serve(id, stream);
}

size_t TwoPolicies::RoomForIdle() const {
  return max_streams_ - std::min(max_streams_, streams_.size());
}

void TwoPolicies::Serve(StreamId id, Stream& stream) {
  const Side side = SideOf(stream.told);
  if (side == stream.side) return;
  if (stream.ready) PolicyOf(stream).SetBlocked(id);
  stream.side = side;
  if (stream.ready) PolicyOf(stream).SetReady(id);
}

}  // namespace sluice::scheduler
