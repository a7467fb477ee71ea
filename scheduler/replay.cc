#include "scheduler/replay.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/trace.h"

namespace sluice::scheduler {
namespace {

absl::StatusOr<PolicyOptions> OptionsOf(absl::Span<const TraceEvent> trace) {
  if (const std::optional<BadCall> bad = FindBadCall(trace)) {
    return absl::InvalidArgumentError(
        absl::StrCat("call ", bad->index + 1, ": ", bad->why));
  }
  const auto& made = std::get<TraceMade>(trace.front());
  PolicyOptions options;
  options.max_grant = made.max_grant;
  options.max_streams = made.max_streams;
  options.max_closed_streams = made.max_closed_streams;
  return options;
}

// Everything but decisions goes to the policy as it is in the trace.
bool Forward(const TraceEvent& event, Policy& policy) {
  if (const auto* open = std::get_if<TraceOpen>(&event)) {
    policy.OnOpen(open->id, open->info).IgnoreError();
  } else if (const auto* priority = std::get_if<TracePriority>(&event)) {
    policy.OnPriority(priority->id, priority->info, priority->changed)
        .IgnoreError();
  } else if (std::holds_alternative<TraceNoRfc7540>(event)) {
    policy.OnNoRfc7540Priorities();
  } else {
    return false;
  }
  return true;
}

// --- What if -----------------------------------------------------------------

// What a trace says of one stream, and how far another policy is with it.
struct Body {
  std::vector<size_t> portions;  // bytes charged after each SetReady()
  size_t next_portion = 0;
  size_t available = 0;
  bool ready = false;     // as the trace has it
  bool finishes = false;  // closed right after its last bytes
  bool closed = false;
};
using Bodies = absl::flat_hash_map<StreamId, Body>;

// Streams are born blocked, so bytes always follow a SetReady().
Bodies BodiesOf(absl::Span<const TraceEvent> trace) {
  Bodies bodies;
  StreamId charged_last = 0;
  for (const TraceEvent& event : trace) {
    if (const auto* ready = std::get_if<TraceReady>(&event)) {
      Body& body = bodies[ready->id];
      if (!std::exchange(body.ready, true)) body.portions.push_back(0);
    } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
      bodies[blocked->id].ready = false;
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      Body& body = bodies[charge->id];
      if (!body.portions.empty()) body.portions.back() += charge->bytes;
      charged_last = charge->id;
      continue;
    } else if (const auto* close = std::get_if<TraceClose>(&event)) {
      bodies[close->id].finishes = close->id == charged_last;
    } else if (std::holds_alternative<TraceFrame>(event)) {
      continue;
    }
    charged_last = 0;
  }
  for (auto& [id, body] : bodies) body.ready = false;
  return bodies;
}

class OtherPolicy {
 public:
  OtherPolicy(std::unique_ptr<Policy> policy, Bodies bodies)
      : policy_(std::move(policy)), bodies_(std::move(bodies)) {}

  void Take(const TraceEvent& event) {
    if (Forward(event, *policy_)) return;
    if (const auto* ready = std::get_if<TraceReady>(&event)) {
      MakeReady(ready->id);
    } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
      bodies_[blocked->id].ready = false;
    } else if (const auto* close = std::get_if<TraceClose>(&event)) {
      Body& body = bodies_[close->id];
      if (!body.finishes || body.available == 0) Close(close->id, body);
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      if (charge->bytes > 0) Send(charge->bytes);
    }
  }

  // Sends one grant of at most `bytes`; whether there was one.
  bool Send(size_t bytes) {
    const std::optional<Grant> grant = policy_->Pick();
    if (!grant.has_value()) return false;
    Body& body = bodies_[grant->stream_id];
    const size_t sent = std::min({bytes, grant->max_bytes, body.available});
    picks_.push_back({grant->stream_id, sent, std::string(grant->reason.rule)});
    policy_->Charge(grant->stream_id, sent);
    body.available -= sent;
    if (body.available > 0) return true;
    if (body.finishes && body.next_portion == body.portions.size()) {
      Close(grant->stream_id, body);
    } else {
      policy_->SetBlocked(grant->stream_id);
    }
    return true;
  }

  std::vector<ReplayedPick> TakePicks() { return std::move(picks_); }

 private:
  void MakeReady(StreamId id) {
    Body& body = bodies_[id];
    if (std::exchange(body.ready, true) || body.closed) return;
    if (body.next_portion == body.portions.size()) return;
    body.available += body.portions[body.next_portion++];
    if (body.available > 0) policy_->SetReady(id);
  }

  void Close(StreamId id, Body& body) {
    body.closed = true;
    body.available = 0;
    policy_->OnClose(id);
  }

  const std::unique_ptr<Policy> policy_;
  Bodies bodies_;
  std::vector<ReplayedPick> picks_;
};

}  // namespace

// A policy relies on what policy.h asks of its session: a charge for each pick,
// of no more than a grant. A file may say anything.
std::optional<BadCall> FindBadCall(absl::Span<const TraceEvent> trace) {
  if (trace.empty() || !std::holds_alternative<TraceMade>(trace.front())) {
    return BadCall{0, "a trace begins with how its policy was made"};
  }
  const size_t max_grant = std::get<TraceMade>(trace.front()).max_grant;
  StreamId picked = 0;
  for (size_t i = 1; i < trace.size(); ++i) {
    if (std::holds_alternative<TraceMade>(trace[i])) {
      return BadCall{i, "another policy is made: one trace is of one policy"};
    }
    if (const auto* pick = std::get_if<TracePick>(&trace[i])) {
      if (picked != 0) {
        return BadCall{i, "a pick while another waits for its charge"};
      }
      picked = pick->id;
    } else if (const auto* charge = std::get_if<TraceCharge>(&trace[i])) {
      if (picked == 0 || charge->id != picked) {
        return BadCall{i, "a charge that no pick waits for"};
      }
      if (charge->bytes > max_grant) {
        return BadCall{
            i, absl::StrCat("a charge of ", charge->bytes,
                            " bytes, and a grant has at most ", max_grant)};
      }
      picked = 0;
    }
  }
  return std::nullopt;
}

std::vector<ReplayedPick> RecordedPicks(absl::Span<const TraceEvent> trace) {
  std::vector<ReplayedPick> picks;
  for (const TraceEvent& event : trace) {
    if (const auto* pick = std::get_if<TracePick>(&event)) {
      picks.push_back({pick->id, 0, std::string(pick->rule)});
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      if (!picks.empty()) picks.back().bytes = charge->bytes;
    }
  }
  return picks;
}

absl::StatusOr<std::vector<ReplayedPick>> Replay(
    absl::Span<const TraceEvent> trace) {
  absl::StatusOr<PolicyOptions> options = OptionsOf(trace);
  if (!options.ok()) return options.status();
  const auto& made = std::get<TraceMade>(trace.front());
  options->values = made.values;
  const absl::StatusOr<std::unique_ptr<Policy>> policy =
      CreatePolicy(made.spec, *options);
  if (!policy.ok()) return policy.status();
  std::vector<ReplayedPick> picks;
  for (const TraceEvent& event : trace) {
    if (Forward(event, **policy)) continue;
    if (const auto* ready = std::get_if<TraceReady>(&event)) {
      (*policy)->SetReady(ready->id);
    } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
      (*policy)->SetBlocked(blocked->id);
    } else if (const auto* close = std::get_if<TraceClose>(&event)) {
      (*policy)->OnClose(close->id);
    } else if (const auto* recorded = std::get_if<TracePick>(&event)) {
      const std::optional<Grant> grant = (*policy)->Pick();
      picks.push_back({});
      if (!grant.has_value()) continue;
      picks.back() = {grant->stream_id, 0, std::string(grant->reason.rule)};
      // The trace has no charge for a pick that found nothing, and the policy
      // waits for one.
      if (recorded->id == 0) (*policy)->Charge(grant->stream_id, 0);
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      if (picks.empty() || picks.back().id == 0) continue;
      picks.back().bytes = charge->bytes;
      (*policy)->Charge(picks.back().id, charge->bytes);
    }
  }
  return picks;
}

absl::StatusOr<std::vector<ReplayedPick>> WhatIf(
    absl::Span<const TraceEvent> trace, absl::string_view spec) {
  absl::StatusOr<PolicyOptions> options = OptionsOf(trace);
  if (!options.ok()) return options.status();
  absl::StatusOr<std::unique_ptr<Policy>> policy = CreatePolicy(spec, *options);
  if (!policy.ok()) return policy.status();
  OtherPolicy other(*std::move(policy), BodiesOf(trace));
  for (const TraceEvent& event : trace) other.Take(event);
  while (other.Send(options->max_grant)) {
  }
  return other.TakePicks();
}

}  // namespace sluice::scheduler
