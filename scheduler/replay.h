// Plays a trace again: to the policy that made it, which must decide the same,
// or to another one, to see what that would have done.
#ifndef SLUICE_SCHEDULER_REPLAY_H_
#define SLUICE_SCHEDULER_REPLAY_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

struct ReplayedPick {
  StreamId id = 0;  // 0: nothing was ready
  size_t bytes = 0;
  std::string rule;

  friend bool operator==(const ReplayedPick&, const ReplayedPick&) = default;
};

// A call that no session can have made.
struct BadCall {
  size_t index = 0;  // in the trace
  std::string why;
};

// The first such call, if any: no TraceMade in front, or a second one; picks
// and charges that are no pairs; a charge above the largest grant.
std::optional<BadCall> FindBadCall(absl::Span<const TraceEvent> trace);

// The decisions that a trace holds.
std::vector<ReplayedPick> RecordedPicks(absl::Span<const TraceEvent> trace);

// Makes the policy of the trace anew and gives it the same calls. Equal to
// RecordedPicks() for every deterministic policy. A stream that the policy
// finds where the trace found nothing ready is charged 0 bytes. Errors:
// InvalidArgument (FindBadCall(): the message names the call), those of
// CreatePolicy().
absl::StatusOr<std::vector<ReplayedPick>> Replay(
    absl::Span<const TraceEvent> trace);

// What the policy `spec` would have done with the same streams, signals and
// bytes. A stream has the bytes that the trace charged to it, available from
// the SetReady() after which it was charged them; at each recorded pick of some
// bytes `spec` picks in its place, and sends as many at most. A stream that the
// trace closed right after its last bytes closes when `spec` has sent them all;
// one that was closed otherwise (reset) closes at the same point. What is left
// at the end of the trace is sent then. It is a model: what windows, sources
// and the client would have done otherwise is not known.
absl::StatusOr<std::vector<ReplayedPick>> WhatIf(
    absl::Span<const TraceEvent> trace, absl::string_view spec);

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_REPLAY_H_
