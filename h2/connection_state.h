// The states of a connection as tables: what may arrive, and what may be sent
// (RFC 9113 §3.4, §4.3, §5.4.1, §6.8, §6.10).
#ifndef SLUICE_H2_CONNECTION_STATE_H_
#define SLUICE_H2_CONNECTION_STATE_H_

#include <sluice/h2/errors.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/types.h>

#include <cstdint>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

// --- Receiving -------------------------------------------------------------

enum class Receiving : uint8_t {
  kFirstSettings,  // the peer's SETTINGS begin it, after a client's preface
  kFrames,
  kHeaderBlock,  // HEADERS or PUSH_PROMISE came without END_HEADERS
};
inline constexpr int kReceivingStates = 3;

enum class Arrival : uint8_t {
  kSettings,           // without ACK
  kOpenHeaderBlock,    // HEADERS, PUSH_PROMISE without END_HEADERS
  kContinuation,       // without END_HEADERS
  kFinalContinuation,  // with END_HEADERS
  kOther,
};
inline constexpr int kArrivals = 5;

struct ReceivingRow {
  Receiving state;
  Arrival arrival;
  ErrorCode code;  // of the connection error; kNoError: legal
  Receiving next;  // when legal
  absl::string_view section;
};

Arrival ArrivalOf(const FrameHeader& header);
const ReceivingRow& FindReceivingRow(Receiving state, Arrival arrival);

// --- Sending ---------------------------------------------------------------

enum class Sending : uint8_t {
  kNotInitiated,
  kOpen,
  kPeerGoesAway,  // the peer's GOAWAY came, with NO_ERROR
  kEnded,         // GOAWAY with an error, either way
};
inline constexpr int kSendingStates = 4;

enum class Departure : uint8_t {
  kGoAway,
  kNewStream,  // HEADERS or PUSH_PROMISE with a new stream of ours
  kOther,      // on the connection or on a stream that exists
};
inline constexpr int kDepartures = 3;

struct SendingRow {
  Sending state;
  Departure departure;
  bool legal;
  ErrorKind kind;  // of the refusal
  absl::string_view section;
};

const SendingRow& FindSendingRow(Sending state, Departure departure);

}  // namespace sluice::h2

#endif  // SLUICE_H2_CONNECTION_STATE_H_
