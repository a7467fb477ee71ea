// Errors as typed absl::Status.
//
//   absl::Status status = connection.SendData(id, body);
//   if (h2::ErrorKindOf(status) == h2::ErrorKind::kOutputFull) { …later… }
//
// Every status that h2::Connection returns carries three values: its kind, the
// HTTP/2 error code (RFC 9113 §7) for the peer, and the stream concerned (0:
// the connection, or no stream). Status::ToString() shows them as text after
// the message:
//
//   FAILED_PRECONDITION: stream 1 is closed and sends no DATA (RFC 9113 5.1)
//   [sluice/h2.Error='StreamClosed code=5 stream=1']
#ifndef SLUICE_H2_ERRORS_H_
#define SLUICE_H2_ERRORS_H_

#include <sluice/h2/types.h>

#include <optional>

#include "absl/status/status.h"

namespace sluice::h2 {

enum class ErrorKind {
  kProtocol,              // any other breach of RFC 9113
  kFrameTooLarge,         // §4.2: above the receiver's MAX_FRAME_SIZE
  kFrameDataMissing,      // §4.2: too short, or of the wrong length
  kCompression,           // §4.3: HPACK (RFC 7541) cannot be decoded
  kTooManyStreams,        // §5.1.2
  kFlowControl,           // §5.2, §6.9
  kStreamIdTooLow,        // §5.1.1: not above those used before
  kNoAvailableStreamId,   // §5.1.1: 2^31−1 is used up
  kNoSuchStream,          // the stream was never opened
  kStreamClosed,          // §5.1
  kInvalidSettingsValue,  // §6.5.2
  kSettingsTimeout,       // §6.5.3: our SETTINGS were not acknowledged in time
  kInvalidHeaders,        // §8.2, §8.3: a field, or the set of them
  kPseudoHeaderOrder,     // §8.3: a pseudo-header field after a regular one
  kHeadersTooLarge,       // §6.5.2: a field or the list of them, going out
  kInvalidBodyLength,     // §8.1.1: content-length and body differ
  kUnsupportedFrame,      // a frame this side may not send or receive
  kDenialOfService,       // §10.5: a limit of h2::Limits was reached
  kClientsOnly,           // a call that only a client may make
  kServersOnly,           // a call that only a server may make
  kInvalidArgument,       // an argument outside its documented range
  kOutputFull,            // no room in the output: write, then try again
  kConnectionClosed,      // after GOAWAY, or after a connection error
};

// "FlowControl" …
StringView ErrorKindName(ErrorKind kind);

// A status of `kind` about `stream_id`. Without `code` it has the usual code of
// its kind.
absl::Status MakeError(ErrorKind kind, StringView message,
                       StreamId stream_id = kConnectionStreamId,
                       std::optional<ErrorCode> code = std::nullopt);

// No kind for OK and for a status that MakeError() did not make.
std::optional<ErrorKind> ErrorKindOf(const absl::Status& status);

// kNoError for OK; kInternalError for a status that MakeError() did not make.
ErrorCode ErrorCodeOf(const absl::Status& status);

// 0 for the connection, for OK, and for a status that MakeError() did not make.
StreamId ErrorStreamOf(const absl::Status& status);

}  // namespace sluice::h2

#endif  // SLUICE_H2_ERRORS_H_
