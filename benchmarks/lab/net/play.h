// Plays a decision log over a link, in milliseconds: when the bytes of each
// stream would have reached the client under a policy, a rate and a round-trip
// time.
//
// Time 0 is when the client sends its first request. The server gets it half a
// round trip later, and every further call at the distance that the log gives
// it. The server sends, under the policy, whenever its send buffer has room for
// a segment: DATA frames of at most one segment with their headers. The link
// (link.h) delivers them. What trace/replay.h says of WhatIfPlayer
// holds here: requests, windows and bodies are those of the log, so a page
// that would have asked earlier for more is not seen.
#ifndef SLUICE_BENCHMARKS_LAB_NET_PLAY_H_
#define SLUICE_BENCHMARKS_LAB_NET_PLAY_H_

#include <sluice/scheduler/trace.h>
#include <sluice/signals/stream_id.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/net/link.h"

namespace sluice::lab {

struct PlayedStream {
  signals::StreamId id = 0;
  uint64_t bytes = 0;         // that arrived
  int64_t first_byte_ns = 0;  // at the client
  int64_t last_byte_ns = 0;

  friend bool operator==(const PlayedStream&, const PlayedStream&) = default;
};

// The streams with bytes, by id. `spec` is empty for the log's own policy.
// Errors: those of WhatIfPlayer::Create().
absl::StatusOr<std::vector<PlayedStream>> PlayLog(
    absl::Span<const scheduler::TraceEvent> log, absl::string_view spec,
    const LinkOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NET_PLAY_H_
