#include <sluice/h2/stream_state.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <iterator>

namespace sluice::h2 {
namespace {

using In = StreamInput;
using Out = Transition::Outcome;

constexpr StreamState kIdle = StreamState::kIdle;
constexpr StreamState kReservedL = StreamState::kReservedLocal;
constexpr StreamState kReservedR = StreamState::kReservedRemote;
constexpr StreamState kOpen = StreamState::kOpen;
constexpr StreamState kHalfL = StreamState::kHalfClosedLocal;
constexpr StreamState kHalfR = StreamState::kHalfClosedRemote;
constexpr StreamState kClosed = StreamState::kClosed;

constexpr Transition Ok(StreamState state, In input, StreamState next,
                        absl::string_view section) {
  return {state, input, Out::kOk, next, ErrorCode::kNoError, section};
}
constexpr Transition Stays(StreamState state, In input,
                           absl::string_view section) {
  return Ok(state, input, state, section);
}
constexpr Transition Ignored(StreamState state, In input,
                             absl::string_view section) {
  return {state, input, Out::kIgnore, state, ErrorCode::kNoError, section};
}
constexpr Transition Refused(StreamState state, In input,
                             absl::string_view section) {
  return {state,  input, Out::kRefuse, state, ErrorCode::kProtocolError,
          section};
}
constexpr Transition RefusedClosed(StreamState state, In input,
                                   absl::string_view section) {
  return {state, input, Out::kRefuse, state, ErrorCode::kStreamClosed, section};
}
constexpr Transition StreamClosedError(StreamState state, In input,
                                       absl::string_view section) {
  return {state,  input, Out::kStreamError, kClosed, ErrorCode::kStreamClosed,
          section};
}
constexpr Transition Fatal(StreamState state, In input, ErrorCode code,
                           absl::string_view section) {
  return {state, input, Out::kConnectionError, kClosed, code, section};
}

constexpr ErrorCode kProtocol = ErrorCode::kProtocolError;
constexpr ErrorCode kWasClosed = ErrorCode::kStreamClosed;

// One row for each pair. A stream that is closed and still remembered differs
// by how it ended: see stream_table.h; the rows of kClosed here are those of an
// end by END_STREAM.
constexpr Transition kTransitions[] = {
    // idle: "Receiving any frame other than HEADERS or PRIORITY … MUST be
    // treated as a connection error of type PROTOCOL_ERROR."
    Ok(kIdle, In::kSendHeaders, kOpen, "5.1 idle"),
    Refused(kIdle, In::kSendData, "5.1 idle"),
    Refused(kIdle, In::kSendEndStream, "5.1 idle"),
    Refused(kIdle, In::kSendReset, "6.4"),
    Refused(kIdle, In::kSendWindowUpdate, "5.1 idle"),
    Ok(kIdle, In::kSendPromise, kReservedL, "5.1 idle, 8.4.1"),
    Refused(kIdle, In::kSendPromises, "8.4.1"),
    Ok(kIdle, In::kReceiveHeaders, kOpen, "5.1 idle"),
    Fatal(kIdle, In::kReceiveData, kProtocol, "5.1 idle"),
    Fatal(kIdle, In::kReceiveEndStream, kProtocol, "5.1 idle"),
    Fatal(kIdle, In::kReceiveReset, kProtocol, "5.1 idle, 6.4"),
    Fatal(kIdle, In::kReceiveWindowUpdate, kProtocol, "5.1 idle"),
    Ok(kIdle, In::kReceivePromise, kReservedR, "5.1 idle, 8.4.2"),
    Fatal(kIdle, In::kReceivePromises, kProtocol, "6.6"),

    // reserved (local): HEADERS, RST_STREAM and PRIORITY out; RST_STREAM,
    // WINDOW_UPDATE and PRIORITY in.
    Ok(kReservedL, In::kSendHeaders, kHalfR, "5.1 reserved (local)"),
    Refused(kReservedL, In::kSendData, "5.1 reserved (local)"),
    Refused(kReservedL, In::kSendEndStream, "5.1 reserved (local)"),
    Ok(kReservedL, In::kSendReset, kClosed, "5.1 reserved (local)"),
    Refused(kReservedL, In::kSendWindowUpdate, "5.1 reserved (local)"),
    Refused(kReservedL, In::kSendPromise, "6.6"),
    Refused(kReservedL, In::kSendPromises, "6.6"),
    Fatal(kReservedL, In::kReceiveHeaders, kProtocol, "5.1 reserved (local)"),
    Fatal(kReservedL, In::kReceiveData, kProtocol, "5.1 reserved (local)"),
    Fatal(kReservedL, In::kReceiveEndStream, kProtocol, "5.1 reserved (local)"),
    Ok(kReservedL, In::kReceiveReset, kClosed, "5.1 reserved (local)"),
    Stays(kReservedL, In::kReceiveWindowUpdate, "5.1 reserved (local)"),
    Fatal(kReservedL, In::kReceivePromise, kProtocol, "6.6"),
    Fatal(kReservedL, In::kReceivePromises, kProtocol, "6.6"),

    // reserved (remote): RST_STREAM, WINDOW_UPDATE and PRIORITY out; HEADERS,
    // RST_STREAM and PRIORITY in.
    Refused(kReservedR, In::kSendHeaders, "5.1 reserved (remote)"),
    Refused(kReservedR, In::kSendData, "5.1 reserved (remote)"),
    Refused(kReservedR, In::kSendEndStream, "5.1 reserved (remote)"),
    Ok(kReservedR, In::kSendReset, kClosed, "5.1 reserved (remote)"),
    Stays(kReservedR, In::kSendWindowUpdate, "5.1 reserved (remote)"),
    Refused(kReservedR, In::kSendPromise, "6.6"),
    Refused(kReservedR, In::kSendPromises, "6.6"),
    Ok(kReservedR, In::kReceiveHeaders, kHalfL, "5.1 reserved (remote)"),
    Fatal(kReservedR, In::kReceiveData, kProtocol, "5.1 reserved (remote)"),
    Fatal(kReservedR, In::kReceiveEndStream, kProtocol,
          "5.1 reserved (remote)"),
    Ok(kReservedR, In::kReceiveReset, kClosed, "5.1 reserved (remote)"),
    Fatal(kReservedR, In::kReceiveWindowUpdate, kProtocol,
          "5.1 reserved (remote)"),
    Fatal(kReservedR, In::kReceivePromise, kProtocol, "6.6"),
    Fatal(kReservedR, In::kReceivePromises, kProtocol, "6.6"),

    // open
    Stays(kOpen, In::kSendHeaders, "5.1 open"),
    Stays(kOpen, In::kSendData, "5.1 open"),
    Ok(kOpen, In::kSendEndStream, kHalfL, "5.1 open"),
    Ok(kOpen, In::kSendReset, kClosed, "5.1 open"),
    Stays(kOpen, In::kSendWindowUpdate, "5.1 open"),
    Refused(kOpen, In::kSendPromise, "6.6"),
    Stays(kOpen, In::kSendPromises, "6.6, 8.4.1"),
    Stays(kOpen, In::kReceiveHeaders, "5.1 open"),
    Stays(kOpen, In::kReceiveData, "5.1 open"),
    Ok(kOpen, In::kReceiveEndStream, kHalfR, "5.1 open"),
    Ok(kOpen, In::kReceiveReset, kClosed, "5.1 open"),
    Stays(kOpen, In::kReceiveWindowUpdate, "5.1 open"),
    Fatal(kOpen, In::kReceivePromise, kProtocol, "6.6"),
    Stays(kOpen, In::kReceivePromises, "6.6"),

    // half-closed (local): only WINDOW_UPDATE, RST_STREAM and PRIORITY out.
    RefusedClosed(kHalfL, In::kSendHeaders, "5.1 half-closed (local)"),
    RefusedClosed(kHalfL, In::kSendData, "5.1 half-closed (local)"),
    RefusedClosed(kHalfL, In::kSendEndStream, "5.1 half-closed (local)"),
    Ok(kHalfL, In::kSendReset, kClosed, "5.1 half-closed (local)"),
    Stays(kHalfL, In::kSendWindowUpdate, "5.1 half-closed (local)"),
    Refused(kHalfL, In::kSendPromise, "6.6"),
    RefusedClosed(kHalfL, In::kSendPromises, "6.6"),
    Stays(kHalfL, In::kReceiveHeaders, "5.1 half-closed (local)"),
    Stays(kHalfL, In::kReceiveData, "5.1 half-closed (local)"),
    Ok(kHalfL, In::kReceiveEndStream, kClosed, "5.1 half-closed (local)"),
    Ok(kHalfL, In::kReceiveReset, kClosed, "5.1 half-closed (local)"),
    Stays(kHalfL, In::kReceiveWindowUpdate, "5.1 half-closed (local)"),
    Fatal(kHalfL, In::kReceivePromise, kProtocol, "6.6"),
    Stays(kHalfL, In::kReceivePromises, "6.6"),

    // half-closed (remote): anything else than WINDOW_UPDATE, PRIORITY and
    // RST_STREAM in is "a stream error of type STREAM_CLOSED".
    Stays(kHalfR, In::kSendHeaders, "5.1 half-closed (remote)"),
    Stays(kHalfR, In::kSendData, "5.1 half-closed (remote)"),
    Ok(kHalfR, In::kSendEndStream, kClosed, "5.1 half-closed (remote)"),
    Ok(kHalfR, In::kSendReset, kClosed, "5.1 half-closed (remote)"),
    Stays(kHalfR, In::kSendWindowUpdate, "5.1 half-closed (remote)"),
    Refused(kHalfR, In::kSendPromise, "6.6"),
    Stays(kHalfR, In::kSendPromises, "6.6, 8.4.1"),
    StreamClosedError(kHalfR, In::kReceiveHeaders, "5.1 half-closed (remote)"),
    StreamClosedError(kHalfR, In::kReceiveData, "5.1 half-closed (remote)"),
    StreamClosedError(kHalfR, In::kReceiveEndStream,
                      "5.1 half-closed (remote)"),
    Ok(kHalfR, In::kReceiveReset, kClosed, "5.1 half-closed (remote)"),
    Stays(kHalfR, In::kReceiveWindowUpdate, "5.1 half-closed (remote)"),
    Fatal(kHalfR, In::kReceivePromise, kProtocol, "6.6"),
    // The peer of a server-pushed stream has ended it, so it promises nothing
    // on it any more.
    Fatal(kHalfR, In::kReceivePromises, kProtocol, "6.6"),

    // closed
    RefusedClosed(kClosed, In::kSendHeaders, "5.1 closed"),
    RefusedClosed(kClosed, In::kSendData, "5.1 closed"),
    RefusedClosed(kClosed, In::kSendEndStream, "5.1 closed"),
    RefusedClosed(kClosed, In::kSendReset, "5.1 closed"),
    RefusedClosed(kClosed, In::kSendWindowUpdate, "5.1 closed"),
    Refused(kClosed, In::kSendPromise, "5.1.1"),
    RefusedClosed(kClosed, In::kSendPromises, "6.6"),
    Fatal(kClosed, In::kReceiveHeaders, kWasClosed, "5.1 closed"),
    Fatal(kClosed, In::kReceiveData, kWasClosed, "5.1 closed"),
    Fatal(kClosed, In::kReceiveEndStream, kWasClosed, "5.1 closed"),
    Ignored(kClosed, In::kReceiveReset, "5.1 closed"),
    Ignored(kClosed, In::kReceiveWindowUpdate, "5.1 closed"),
    Fatal(kClosed, In::kReceivePromise, kProtocol, "5.1.1"),
    Fatal(kClosed, In::kReceivePromises, kProtocol, "6.6"),
};

constexpr size_t IndexOf(StreamState state, StreamInput input) {
  return static_cast<size_t>(state) * kStreamInputs +
         static_cast<size_t>(input);
}

// Every pair has its row, and the rows stand where IndexOf() looks.
constexpr bool TableIsComplete() {
  if (std::size(kTransitions) != size_t{kStreamStates} * kStreamInputs) {
    return false;
  }
  for (size_t i = 0; i < std::size(kTransitions); ++i) {
    if (IndexOf(kTransitions[i].state, kTransitions[i].input) != i) {
      return false;
    }
  }
  return true;
}
static_assert(TableIsComplete());

}  // namespace

const Transition& FindTransition(StreamState state, StreamInput input) {
  return kTransitions[IndexOf(state, input)];
}

}  // namespace sluice::h2
