#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/two_policies.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

TwoPolicies::TwoPolicies(std::unique_ptr<Policy> first,
                         std::unique_ptr<Policy> second, StringView second_rule)
    : first_(std::move(first)),
      second_(std::move(second)),
      second_rule_(second_rule) {}

void TwoPolicies::OnOpen(StreamId id, const StreamInfo& info) {
  first_->OnOpen(id, info);
  second_->OnOpen(id, info);
  Stream& stream = streams_.Insert(id);
  stream.info = &info;
  Serve(id, stream);
}

void TwoPolicies::OnPriority(StreamId id, const StreamInfo& info,
                             Signal changed) {
  first_->OnPriority(id, info, changed);
  second_->OnPriority(id, info, changed);
  Serve(id, *streams_.Find(id));
}

absl::Status TwoPolicies::OnIdlePriority(
    StreamId id, const signals::Rfc7540Priority& priority) {
  return first_->OnIdlePriority(id, priority);
}

void TwoPolicies::OnClientUsesRfc9218() {
  first_->OnClientUsesRfc9218();
  second_->OnClientUsesRfc9218();
}

void TwoPolicies::OnClose(StreamId id) {
  streams_.Erase(id);
  first_->OnClose(id);
  second_->OnClose(id);
}

void TwoPolicies::SetReady(StreamId id) {
  Stream& stream = *streams_.Find(id);
  stream.ready = true;
  PolicyOf(stream).SetReady(id);
}

void TwoPolicies::SetBlocked(StreamId id) {
  Stream& stream = *streams_.Find(id);
  stream.ready = false;
  PolicyOf(stream).SetBlocked(id);
}

std::optional<Grant> TwoPolicies::Pick() {
  picked_ = second_.get();
  std::optional<Grant> grant = second_->Pick();
  if (!grant.has_value()) {
    picked_ = first_.get();
    // Built in its place: a copy would read in 16 bytes what the policy has
    // just written in 8, and the processor waits for that.
    ::new (&grant) std::optional<Grant>(first_->Pick());
  } else if (!second_rule_.empty()) {
    grant->reason.rule = second_rule_;
  }
  return grant;
}

void TwoPolicies::Charge(StreamId id, size_t bytes) {
  picked_->Charge(id, bytes);
}

size_t TwoPolicies::LikelyNext(absl::Span<StreamId> picks) const {
  const size_t guesses = second_->LikelyNext(picks);
  return guesses > 0 ? guesses : first_->LikelyNext(picks);
}

size_t TwoPolicies::ExplainPick(absl::Span<PathLevel> levels) const {
  return picked_->ExplainPick(levels);
}

void TwoPolicies::ServeAgain() {
  for (const StreamId id : streams_.SortedIds()) Serve(id, *streams_.Find(id));
}

void TwoPolicies::Serve(StreamId id, Stream& stream) {
  const Side side = SideOf(*stream.info);
  if (side == stream.side) return;
  if (stream.ready) PolicyOf(stream).SetBlocked(id);
  stream.side = side;
  if (stream.ready) PolicyOf(stream).SetReady(id);
}

}  // namespace sluice::scheduler
