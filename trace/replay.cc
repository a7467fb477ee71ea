#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/trace/replay.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::trace {
namespace {

using scheduler::FaultText;
using scheduler::FindFault;
using scheduler::Grant;
using scheduler::kFirstReservedId;
using scheduler::kMaxTraceTime;
using scheduler::PolicyOptions;
using scheduler::Signal;
using scheduler::TraceBlocked;
using scheduler::TraceCharge;
using scheduler::TraceClose;
using scheduler::TraceFrame;
using scheduler::TraceIdlePriority;
using scheduler::TraceMade;
using scheduler::TraceOpen;
using scheduler::TracePick;
using scheduler::TracePriority;
using scheduler::TraceReady;
using scheduler::TraceTime;
using scheduler::TraceUsesRfc9218;

// --- Checking ----------------------------------------------------------------

class CallChecker {
 public:
  explicit CallChecker(size_t max_grant) : max_grant_(max_grant) {}

  // Why no session makes the call; empty when one can.
  std::string FaultOf(const TraceEvent& event) {
    return std::visit([this](const auto& call) { return this->Fault(call); },
                      event);
  }

 private:
  static std::string Fault(const TraceMade&) {
    return "a second \"made\"; a log holds one policy";
  }
  static std::string Fault(const TraceFrame&) { return ""; }
  std::string Fault(const TraceUsesRfc9218&) {
    const bool before = std::exchange(uses_rfc9218_, true);
    return before ? "a second \"uses_rfc9218\"; a client begins once" : "";
  }
  std::string Fault(const TraceOpen& open) {
    if (!open_.insert(open.id).second) return IsOpen(open.id);
    if (open.id >= kFirstReservedId && open.id % 2 == 0) {
      return absl::StrCat("stream ", open.id, ": even ids from ",
                          kFirstReservedId, " on are reserved");
    }
    return FaultOfInfo(open.id, open.info);
  }
  std::string Fault(const TracePriority& priority) {
    if (priority.changed == Signal::kRfc7540 && !priority.info.rfc7540) {
      return absl::StrCat("the RFC 7540 priority of stream ", priority.id,
                          " changed, and \"rfc7540\" is missing");
    }
    const std::string fault = FaultUnlessOpen(priority.id);
    return fault.empty() ? FaultOfInfo(priority.id, priority.info) : fault;
  }
  std::string Fault(const TraceIdlePriority& idle) {
    if (open_.contains(idle.id)) return IsOpen(idle.id);
    const char* fault = FindFault(idle.id, idle.priority, &text_);
    return fault == nullptr ? "" : fault;
  }
  std::string Fault(const TraceClose& close) {
    std::string fault = FaultUnlessOpen(close.id);
    open_.erase(close.id);
    return fault;
  }
  template <class ReadyOrBlocked>
  std::string Fault(const ReadyOrBlocked& call) {
    return FaultUnlessOpen(call.id);
  }
  std::string Fault(const TracePick& pick) {
    if (picked_ == 0) {
      picked_ = pick.id;
      return "";
    }
    return absl::StrCat("a pick before stream ", picked_,
                        ", which was picked, is charged");
  }
  std::string Fault(const TraceCharge& charge) {
    const StreamId picked = std::exchange(picked_, 0);
    if (picked == 0 || charge.id != picked) {
      return absl::StrCat("stream ", charge.id, " is charged without a pick");
    }
    if (charge.bytes <= max_grant_) return "";
    return absl::StrCat(charge.bytes, " bytes charged to stream ", charge.id,
                        ", the largest grant is ", max_grant_);
  }
  std::string Fault(const TraceTime& time) {
    const int64_t before = std::exchange(now_, time.ns);
    if (before <= now_ && now_ <= kMaxTraceTime) return "";
    return absl::StrCat("time is ", now_, " ns; it must be from ", before,
                        ", the time before, to ", kMaxTraceTime);
  }

  static std::string IsOpen(StreamId id) {
    return absl::StrCat("stream ", id, " is open already");
  }
  std::string FaultUnlessOpen(StreamId id) const {
    if (open_.contains(id)) return "";
    return absl::StrCat("stream ", id, " is not open");
  }
  std::string FaultOfInfo(StreamId id, const StreamInfo& info) {
    if (info.moved && !info.rfc7540.has_value()) {
      return absl::StrCat("stream ", id,
                          " was \"moved\", and \"rfc7540\" is missing");
    }
    const char* fault = FindFault(id, info, &text_);
    return fault == nullptr ? "" : fault;
  }

  const size_t max_grant_;
  bool uses_rfc9218_ = false;
  absl::flat_hash_set<StreamId> open_;
  StreamId picked_ = 0;
  int64_t now_ = 0;
  FaultText text_{};
};

// --- Playing -----------------------------------------------------------------

// The policy `spec`, by default the log's, for a log that can be played.
absl::StatusOr<std::unique_ptr<Policy>> MakePolicyFor(
    absl::Span<const TraceEvent> trace, StringView spec = "",
    size_t max_grant = 0) {
  if (const std::optional<BadCall> bad = FindBadCall(trace)) {
    return absl::InvalidArgumentError(
        absl::StrCat("call ", bad->index + 1, ": ", bad->why));
  }
  const auto& made = std::get<TraceMade>(trace.front());
  PolicyOptions options = made.options;
  if (max_grant > 0) options.max_grant = max_grant;
  return CreatePolicy(spec.empty() ? made.spec : spec, options);
}

// Makes a call that is no decision.
void Forward(const TraceEvent& event, Policy& policy, StreamInfos& infos) {
  if (const auto* open = std::get_if<TraceOpen>(&event)) {
    StreamInfo& info = infos[open->id] = open->info;
    policy.OnOpen(open->id, info);
  } else if (const auto* priority = std::get_if<TracePriority>(&event)) {
    const auto found = infos.find(priority->id);
    if (found == infos.end()) return;  // WhatIfPlayer closed it already
    found->second = priority->info;
    policy.OnPriority(priority->id, found->second, priority->changed);
  } else if (const auto* idle = std::get_if<TraceIdlePriority>(&event)) {
    policy.OnIdlePriority(idle->id, idle->priority).IgnoreError();
  } else if (std::holds_alternative<TraceUsesRfc9218>(event)) {
    policy.OnClientUsesRfc9218();
  } else if (const auto* close = std::get_if<TraceClose>(&event)) {
    policy.OnClose(close->id);
    infos.erase(close->id);
  } else if (const auto* ready = std::get_if<TraceReady>(&event)) {
    policy.SetReady(ready->id);
  } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
    policy.SetBlocked(blocked->id);
  }
}

// As StreamBook::Charge().
void Charge(StreamId id, size_t bytes, Policy& policy, StreamInfos& infos) {
  if (const auto found = infos.find(id); found != infos.end()) {
    CountDown(bytes, &found->second.hints);
  }
  policy.Charge(id, bytes);
}

}  // namespace

std::optional<BadCall> FindBadCall(absl::Span<const TraceEvent> trace) {
  if (trace.empty() || !std::holds_alternative<TraceMade>(trace.front())) {
    return BadCall{0, "a log must begin with \"made\""};
  }
  const auto& made = std::get<TraceMade>(trace.front());
  const absl::Status status = CreatePolicy(made.spec, made.options).status();
  if (!status.ok()) return BadCall{0, std::string(status.message())};
  CallChecker checker(made.options.max_grant);
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
  const absl::StatusOr<std::unique_ptr<Policy>> made = MakePolicyFor(trace);
  if (!made.ok()) return made.status();
  Policy& policy = **made;
  StreamInfos infos;
  std::vector<ReplayedPick> picks;
  for (const TraceEvent& event : trace) {
    if (const auto* recorded = std::get_if<TracePick>(&event)) {
      const std::optional<Grant> grant = policy.Pick();
      picks.push_back({});
      if (!grant.has_value()) continue;
      picks.back() = {grant->stream_id, 0, std::string(grant->reason.rule)};
      // No charge follows in the log, and the policy waits for one.
      if (recorded->id == 0) Charge(grant->stream_id, 0, policy, infos);
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      if (picks.back().id == 0) continue;
      picks.back().bytes = charge->bytes;
      Charge(picks.back().id, charge->bytes, policy, infos);
    } else {
      Forward(event, policy, infos);
    }
  }
  return picks;
}

// --- What if -----------------------------------------------------------------

absl::StatusOr<WhatIfPlayer> WhatIfPlayer::Create(
    absl::Span<const TraceEvent> trace, StringView spec, size_t max_grant) {
  absl::StatusOr<std::unique_ptr<Policy>> policy =
      MakePolicyFor(trace, spec, max_grant);
  if (!policy.ok()) return policy.status();
  return WhatIfPlayer(*std::move(policy), BodiesOf(trace));
}

WhatIfPlayer::WhatIfPlayer(std::unique_ptr<Policy> policy, Bodies bodies)
    : policy_(std::move(policy)), bodies_(std::move(bodies)) {}

// Streams are born blocked, so a charge of some bytes follows a SetReady().
WhatIfPlayer::Bodies WhatIfPlayer::BodiesOf(
    absl::Span<const TraceEvent> trace) {
  Bodies bodies;
  bool has_frames = false;
  StreamId charged_last = 0;
  for (const TraceEvent& event : trace) {
    if (const auto* frame = std::get_if<TraceFrame>(&event)) {
      has_frames = true;
      bodies[frame->id].finishes |= frame->end_stream;
      continue;
    }
    if (const auto* ready = std::get_if<TraceReady>(&event)) {
      Body& body = bodies[ready->id];
      if (!std::exchange(body.ready, true)) body.portions.push_back(0);
    } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
      bodies[blocked->id].ready = false;
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      Body& body = bodies[charge->id];
      if (!body.portions.empty()) body.portions.back() += charge->bytes;
    } else if (const auto* close = std::get_if<TraceClose>(&event)) {
      Body& body = bodies[close->id];
      body.finishes |=
          close->id == charged_last || (!has_frames && !body.ready);
      body.ready = false;
    }
    const auto* charge = std::get_if<TraceCharge>(&event);
    charged_last = charge == nullptr ? 0 : charge->id;
  }
  for (auto& [id, body] : bodies) body.ready = false;
  return bodies;
}

void WhatIfPlayer::Take(const TraceEvent& event) {
  if (const auto* ready = std::get_if<TraceReady>(&event)) {
    MakeReady(ready->id);
  } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
    bodies_[blocked->id].ready = false;
  } else if (const auto* close = std::get_if<TraceClose>(&event)) {
    const Body& body = bodies_[close->id];
    if (!body.finishes || body.available == 0) Close(close->id);
  } else {
    if (const auto* open = std::get_if<TraceOpen>(&event)) {
      Close(open->id);  // an adapter may open an id once more
      bodies_[open->id].open = true;
    }
    Forward(event, *policy_, infos_);
  }
}

std::optional<ReplayedPick> WhatIfPlayer::Send(size_t bytes) {
  const std::optional<Grant> grant = policy_->Pick();
  if (!grant.has_value()) return std::nullopt;
  const StreamId id = grant->stream_id;
  Body& body = bodies_[id];
  const size_t sent = std::min({bytes, grant->max_bytes, body.available});
  ReplayedPick pick = {id, sent, std::string(grant->reason.rule)};
  Charge(id, sent, *policy_, infos_);
  body.available -= sent;
  if (body.available > 0) return pick;
  if (body.finishes && body.next_portion == body.portions.size()) {
    Close(id);
  } else {
    policy_->SetBlocked(id);
  }
  return pick;
}

void WhatIfPlayer::MakeReady(StreamId id) {
  Body& body = bodies_[id];
  if (std::exchange(body.ready, true) || !body.open) return;
  if (body.next_portion == body.portions.size()) return;
  body.available += body.portions[body.next_portion++];
  if (body.available > 0) policy_->SetReady(id);
}

void WhatIfPlayer::Close(StreamId id) {
  Body& body = bodies_[id];
  body.available = 0;
  body.ready = false;
  if (std::exchange(body.open, false)) {
    Forward(TraceClose{id}, *policy_, infos_);
  }
}

absl::StatusOr<std::vector<ReplayedPick>> WhatIf(
    absl::Span<const TraceEvent> trace, StringView spec) {
  absl::StatusOr<WhatIfPlayer> player = WhatIfPlayer::Create(trace, spec);
  if (!player.ok()) return player.status();
  std::vector<ReplayedPick> picks;
  const auto send = [&](size_t bytes) {
    const std::optional<ReplayedPick> pick = player->Send(bytes);
    if (pick.has_value()) picks.push_back(*pick);
    return pick.has_value();
  };
  for (const TraceEvent& event : trace) {
    const auto* charge = std::get_if<TraceCharge>(&event);
    if (charge == nullptr) {
      player->Take(event);
    } else if (charge->bytes > 0) {
      send(charge->bytes);
    }
  }
  while (send(std::get<TraceMade>(trace.front()).options.max_grant)) {
  }
  return picks;
}

}  // namespace sluice::trace
