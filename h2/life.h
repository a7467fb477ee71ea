// The beginning and the end of a connection (RFC 9113 §3.4, §5.4.1, §6.8).
#ifndef SLUICE_H2_LIFE_H_
#define SLUICE_H2_LIFE_H_

#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"

namespace sluice::h2 {

class Life {
 public:
  // --- What may be sent now ------------------------------------------------

  // A GOAWAY, also after an error: §6.8 allows several. Error: Protocol.
  absl::Status CheckInitiated() const {
    if (initiated_) return absl::OkStatus();
    return ConnectionFault(
        ErrorKind::kProtocol,
        "InitiateConnection() was not called; it comes first (RFC 9113 3.4)");
  }
  // Any other frame. Errors: Protocol, ConnectionClosed.
  absl::Status CheckOpen() const {
    SLUICE_RETURN_IF_ERROR(CheckInitiated());
    if (!terminated_) return absl::OkStatus();
    return ConnectionFault(
        ErrorKind::kConnectionClosed,
        "the connection ended with a GOAWAY; only another GOAWAY may follow "
        "(RFC 9113 5.4.1)");
  }
  // A frame that opens stream `id`: "Receivers of a GOAWAY frame MUST NOT open
  // additional streams" (§6.8).
  absl::Status CheckOpensStream(StreamId id) const {
    SLUICE_RETURN_IF_ERROR(CheckOpen());
    if (!peer_goes_away_) return absl::OkStatus();
    return StreamFault(ErrorKind::kConnectionClosed, id,
                       "cannot open after the peer's GOAWAY (RFC 9113 6.8)");
  }

  // What CheckOpen() checks.
  bool open() const { return initiated_ && !terminated_; }
  bool initiated() const { return initiated_; }
  bool terminated() const { return terminated_; }
  // The status of every later ReceiveData(); OK while it may go on.
  const absl::Status& fatal() const { return fatal_; }

  // The last ids of the peer's / of ours that a GOAWAY leaves alive.
  StreamId last_of_peer() const { return last_of_peer_; }
  StreamId last_of_ours() const { return last_of_ours_; }

  // --- What happens --------------------------------------------------------

  void Initiate() { initiated_ = true; }

  // We send a GOAWAY. Returns the last id that it names: ids never grow.
  StreamId GoAway(StreamId last) {
    return last_of_peer_ = std::min(last_of_peer_, last);
  }
  // The connection is over, by an error of the peer's or by ours.
  void End(absl::Status why) {
    terminated_ = true;
    fatal_ = std::move(why);
  }
  void ReceiveGoAway(StreamId last, ErrorCode code) {
    peer_goes_away_ = true;
    last_of_ours_ = std::min(last_of_ours_, last);
    if (code != ErrorCode::kNoError) terminated_ = true;
  }

 private:
  bool initiated_ = false;  // our SETTINGS are queued
  bool terminated_ = false;
  bool peer_goes_away_ = false;
  absl::Status fatal_;
  StreamId last_of_peer_ = kMaxStreamId;
  StreamId last_of_ours_ = kMaxStreamId;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_LIFE_H_
