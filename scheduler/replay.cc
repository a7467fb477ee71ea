#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/replay.h>
#include <sluice/scheduler/trace.h>

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
#include "absl/container/flat_hash_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

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

// Gives a policy everything of a trace but decisions and what may be sent. It
// keeps the infos, which a policy may look at until the stream closes.
class Player {
 public:
  explicit Player(std::unique_ptr<Policy> policy)
      : policy_(std::move(policy)) {}

  Policy& policy() { return *policy_; }

  bool Forward(const TraceEvent& event) {
    if (const auto* open = std::get_if<TraceOpen>(&event)) {
      StreamInfo& info = infos_[open->id];
      info = open->info;
      policy_->OnOpen(open->id, info);
    } else if (const auto* priority = std::get_if<TracePriority>(&event)) {
      const auto found = infos_.find(priority->id);
      if (found == infos_.end()) return true;  // WhatIf() closed it already
      found->second = priority->info;
      policy_->OnPriority(priority->id, found->second, priority->changed);
    } else if (const auto* idle = std::get_if<TraceIdlePriority>(&event)) {
      policy_->OnIdlePriority(idle->id, idle->priority).IgnoreError();
    } else if (std::holds_alternative<TraceUsesRfc9218>(event)) {
      policy_->OnClientUsesRfc9218();
    } else {
      return false;
    }
    return true;
  }

  // The book counts the bytes that remain of a body, so this does.
  void Charge(StreamId id, size_t bytes) {
    if (const auto found = infos_.find(id); found != infos_.end()) {
      CountDown(bytes, &found->second.hints);
    }
    policy_->Charge(id, bytes);
  }

  void Close(StreamId id) {
    if (!infos_.contains(id)) return;
    policy_->OnClose(id);
    infos_.erase(id);
  }

 private:
  const std::unique_ptr<Policy> policy_;
  absl::node_hash_map<StreamId, StreamInfo> infos_;  // of open streams
};

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
      : player_(std::move(policy)),
        policy_(&player_.policy()),
        bodies_(std::move(bodies)) {}

  void Take(const TraceEvent& event) {
    if (player_.Forward(event)) return;
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
    player_.Charge(grant->stream_id, sent);
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
    player_.Close(id);
  }

  Player player_;
  Policy* const policy_;
  Bodies bodies_;
  std::vector<ReplayedPick> picks_;
};

// A policy relies on what policy.h asks of its callers. A file may say
// anything.
class CallChecker {
 public:
  explicit CallChecker(size_t max_grant) : max_grant_(max_grant) {}

  // Why no session can have made the call; empty when one can.
  std::string FaultOf(const TraceEvent& event) {
    return std::visit([this](const auto& call) { return Fault(call); }, event);
  }

 private:
  static std::string Fault(const TraceMade&) {
    return "another policy is made: one trace is of one policy";
  }
  std::string Fault(const TraceUsesRfc9218&) {
    return std::exchange(uses_rfc9218_, true)
               ? "the client used RFC 9218 before"
               : "";
  }
  std::string Fault(const TraceOpen& open) {
    if (open_.contains(open.id)) {
      return absl::StrCat("stream ", open.id, " is open");
    }
    open_.insert(open.id);
    if (open.id >= kFirstReservedId && open.id % 2 == 0) {
      return absl::StrCat("stream ", open.id, " is reserved");
    }
    return FaultOfInfo(open.id, open.info);
  }
  std::string Fault(const TracePriority& priority) {
    if (priority.changed == Signal::kRfc7540 &&
        !priority.info.rfc7540.has_value()) {
      return "no RFC 7540 priority is given";
    }
    const std::string fault = FaultOfOpen(priority.id);
    return fault.empty() ? FaultOfInfo(priority.id, priority.info) : fault;
  }
  std::string Fault(const TraceIdlePriority& idle) {
    if (open_.contains(idle.id)) {
      return absl::StrCat("stream ", idle.id, " is open");
    }
    return Say(FindFault(idle.id, idle.priority, &text_));
  }
  std::string Fault(const TraceClose& close) {
    std::string fault = FaultOfOpen(close.id);
    open_.erase(close.id);
    return fault;
  }
  std::string Fault(const TraceReady& ready) { return FaultOfOpen(ready.id); }
  std::string Fault(const TraceBlocked& blocked) {
    return FaultOfOpen(blocked.id);
  }
  std::string Fault(const TracePick& pick) {
    if (picked_ != 0) return "a pick while another waits for its charge";
    picked_ = pick.id;
    return "";
  }
  std::string Fault(const TraceCharge& charge) {
    if (picked_ == 0 || charge.id != picked_) {
      return "a charge that no pick waits for";
    }
    picked_ = 0;
    if (charge.bytes <= max_grant_) return "";
    return absl::StrCat("a charge of ", charge.bytes,
                        " bytes, and a grant has at most ", max_grant_);
  }
  static std::string Fault(const TraceFrame&) { return ""; }

  std::string FaultOfOpen(StreamId id) const {
    return open_.contains(id) ? ""
                              : absl::StrCat("stream ", id, " is not open");
  }
  std::string FaultOfInfo(StreamId id, const StreamInfo& info) {
    if (info.moved && !info.rfc7540.has_value()) {
      return absl::StrCat("stream ", id, " was moved by no priority");
    }
    return Say(FindFault(id, info, &text_));
  }
  static std::string Say(const char* fault) {
    return fault == nullptr ? "" : fault;
  }

  const size_t max_grant_;
  bool uses_rfc9218_ = false;
  absl::flat_hash_set<StreamId> open_;
  StreamId picked_ = 0;
  FaultText text_{};
};

}  // namespace

std::optional<BadCall> FindBadCall(absl::Span<const TraceEvent> trace) {
  if (trace.empty() || !std::holds_alternative<TraceMade>(trace.front())) {
    return BadCall{0, "a trace begins with how its policy was made"};
  }
  CallChecker checker(std::get<TraceMade>(trace.front()).max_grant);
  for (size_t i = 1; i < trace.size(); ++i) {
    std::string fault = checker.FaultOf(trace[i]);
    if (!fault.empty()) return BadCall{i, std::move(fault)};
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
  const absl::StatusOr<PolicyOptions> options = OptionsOf(trace);
  if (!options.ok()) return options.status();
  absl::StatusOr<std::unique_ptr<Policy>> made =
      CreatePolicy(std::get<TraceMade>(trace.front()).spec, *options);
  if (!made.ok()) return made.status();
  Player player(*std::move(made));
  Policy& policy = player.policy();
  std::vector<ReplayedPick> picks;
  for (const TraceEvent& event : trace) {
    if (player.Forward(event)) continue;
    if (const auto* ready = std::get_if<TraceReady>(&event)) {
      policy.SetReady(ready->id);
    } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
      policy.SetBlocked(blocked->id);
    } else if (const auto* close = std::get_if<TraceClose>(&event)) {
      player.Close(close->id);
    } else if (const auto* recorded = std::get_if<TracePick>(&event)) {
      const std::optional<Grant> grant = policy.Pick();
      picks.push_back({});
      if (!grant.has_value()) continue;
      picks.back() = {grant->stream_id, 0, std::string(grant->reason.rule)};
      // The trace has no charge for a pick that found nothing, and the policy
      // waits for one.
      if (recorded->id == 0) player.Charge(grant->stream_id, 0);
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      if (picks.empty() || picks.back().id == 0) continue;
      picks.back().bytes = charge->bytes;
      player.Charge(picks.back().id, charge->bytes);
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
