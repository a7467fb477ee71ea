// Plays a decision log again: to the policy that made it, which must decide the
// same, or to another one, to compare the two.
#ifndef SLUICE_TRACE_REPLAY_H_
#define SLUICE_TRACE_REPLAY_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace sluice::trace {

using scheduler::CreatePolicy;
using scheduler::Policy;
using scheduler::StreamId;
using scheduler::StreamInfo;
using scheduler::StringView;
using scheduler::TraceEvent;

// Of open streams. A policy may look at one until its stream closes.
using StreamInfos = absl::node_hash_map<StreamId, StreamInfo>;

struct ReplayedPick {
  StreamId id = 0;  // 0: nothing was ready
  size_t bytes = 0;
  std::string rule;

  friend bool operator==(const ReplayedPick&, const ReplayedPick&) = default;
};

// A call that no session makes.
struct BadCall {
  size_t index = 0;  // in the log
  std::string why;
};

// The first such call, or the first call of all when its policy cannot be made.
// A policy relies on its session (policy.h), and a file may say anything, so
// the functions below check a log before they play it.
std::optional<BadCall> FindBadCall(absl::Span<const TraceEvent> trace);

// The decisions that a log holds.
std::vector<ReplayedPick> RecordedPicks(absl::Span<const TraceEvent> trace);

// Makes the policy of the log anew and gives it the same calls. Equal to
// RecordedPicks() for every deterministic policy. When the policy picks a
// stream where the log has none, it is charged 0 bytes. Error: InvalidArgument
// (FindBadCall(); the message names the call).
absl::StatusOr<std::vector<ReplayedPick>> Replay(
    absl::Span<const TraceEvent> trace);

// Another policy in the place of the one that made the log, with the same
// streams, signals and bytes. A stream has the bytes that the log charged to
// it. Each portion is available from the SetReady() that came before its
// charge. A stream that had sent all of its bytes when it closed (a frame ended
// it, or it closed right after a charge, or blocked in a log without frames)
// closes when this policy has sent them; any other was reset, and closes where
// the log closes it. It is a model: other windows, bodies and requests, which
// another order would have led to, are not known.
class WhatIfPlayer {
 public:
  // An empty `spec` is the log's own, a `max_grant` of 0 too. Errors: those of
  // Replay() and CreatePolicy().
  static absl::StatusOr<WhatIfPlayer> Create(absl::Span<const TraceEvent> trace,
                                             StringView spec,
                                             size_t max_grant = 0);

  // Makes the next call of the log. Decisions are Send()'s, so picks and
  // charges do nothing here.
  void Take(const TraceEvent& event);

  // Sends one grant of at most `bytes`. Nothing when no stream is ready.
  std::optional<ReplayedPick> Send(size_t bytes);

 private:
  struct Body {
    std::vector<size_t> portions;  // bytes charged after each SetReady()
    size_t next_portion = 0;
    size_t available = 0;
    bool ready = false;     // as the log has it
    bool finishes = false;  // it closes when all bytes are sent
    bool open = false;      // in this policy
  };
  using Bodies = absl::flat_hash_map<StreamId, Body>;

  WhatIfPlayer(std::unique_ptr<Policy> policy, Bodies bodies);
  static Bodies BodiesOf(absl::Span<const TraceEvent> trace);
  void MakeReady(StreamId id);
  void Close(StreamId id);

  std::unique_ptr<Policy> policy_;
  StreamInfos infos_;
  Bodies bodies_;
};

// Every decision of WhatIfPlayer: one in the place of each recorded charge of
// some bytes, of as many bytes at most, and then those that send the rest.
absl::StatusOr<std::vector<ReplayedPick>> WhatIf(
    absl::Span<const TraceEvent> trace, StringView spec);

}  // namespace sluice::trace

#endif  // SLUICE_TRACE_REPLAY_H_
