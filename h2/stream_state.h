// The state machine of a stream as a table (RFC 9113 §5.1, figure 2).
#ifndef SLUICE_H2_STREAM_STATE_H_
#define SLUICE_H2_STREAM_STATE_H_

#include <sluice/h2/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

namespace sluice::h2 {

enum class StreamState : uint8_t {
  kIdle,
  kReservedLocal,
  kReservedRemote,
  kOpen,
  kHalfClosedLocal,
  kHalfClosedRemote,
  kClosed,
};
inline constexpr int kStreamStates = 7;

// An event in a stream's life. PRIORITY is no input: it is legal in every state
// and changes none (§5.1).
enum class StreamInput : uint8_t {
  kSendHeaders,
  kSendData,
  kSendEndStream,  // the flag of the HEADERS or DATA just sent
  kSendReset,
  kSendWindowUpdate,
  kSendPromise,   // this stream is the promised one
  kSendPromises,  // PUSH_PROMISE on this stream, about another
  kReceiveHeaders,
  kReceiveData,
  kReceiveEndStream,
  kReceiveReset,
  kReceiveWindowUpdate,
  kReceivePromise,
  kReceivePromises,
};
inline constexpr int kStreamInputs = 14;

struct Transition {
  enum class Outcome : uint8_t {
    kOk,
    kIgnore,           // tolerated, nothing changes
    kRefuse,           // sending: the call fails
    kStreamError,      // receiving: RST_STREAM(code)
    kConnectionError,  // receiving: GOAWAY(code)
  };
  Outcome outcome;
  StreamState next;  // of kOk
  ErrorCode code;    // of an error
};

using TransitionTable =
    std::array<std::array<Transition, kStreamStates>, kStreamInputs>;
extern const TransitionTable kTransitions;

// The effect of `input` in `state`.
inline const Transition& FindTransition(StreamState state, StreamInput input) {
  return kTransitions[static_cast<size_t>(input)][static_cast<size_t>(state)];
}

// "stream 1 is idle and takes no DATA (RFC 9113 5.1)": StreamClosed or
// Protocol, as the transition says.
absl::Status TransitionFault(StreamId id, StreamState state, StreamInput input);

// Open or half-closed: counts against MAX_CONCURRENT_STREAMS (§5.1.2).
inline bool IsActive(StreamState state) {
  return state == StreamState::kOpen ||
         state == StreamState::kHalfClosedLocal ||
         state == StreamState::kHalfClosedRemote;
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_STREAM_STATE_H_
