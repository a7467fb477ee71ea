#include <sluice/h2/errors.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {
namespace {

struct KindRow {
  ErrorKind kind;
  absl::string_view name;
  ErrorCode code;
  absl::StatusCode status;
};

using S = absl::StatusCode;

// In the order of ErrorKind.
constexpr KindRow kKinds[] = {
    {ErrorKind::kProtocol, "Protocol", ErrorCode::kProtocolError,
     S::kInvalidArgument},
    {ErrorKind::kFrameTooLarge, "FrameTooLarge", ErrorCode::kFrameSizeError,
     S::kOutOfRange},
    {ErrorKind::kFrameDataMissing, "FrameDataMissing",
     ErrorCode::kFrameSizeError, S::kInvalidArgument},
    {ErrorKind::kCompression, "Compression", ErrorCode::kCompressionError,
     S::kDataLoss},
    {ErrorKind::kTooManyStreams, "TooManyStreams", ErrorCode::kRefusedStream,
     S::kResourceExhausted},
    {ErrorKind::kFlowControl, "FlowControl", ErrorCode::kFlowControlError,
     S::kOutOfRange},
    {ErrorKind::kStreamIdTooLow, "StreamIdTooLow", ErrorCode::kProtocolError,
     S::kInvalidArgument},
    {ErrorKind::kNoAvailableStreamId, "NoAvailableStreamId",
     ErrorCode::kProtocolError, S::kResourceExhausted},
    {ErrorKind::kNoSuchStream, "NoSuchStream", ErrorCode::kProtocolError,
     S::kNotFound},
    {ErrorKind::kStreamClosed, "StreamClosed", ErrorCode::kStreamClosed,
     S::kFailedPrecondition},
    {ErrorKind::kInvalidSettingsValue, "InvalidSettingsValue",
     ErrorCode::kProtocolError, S::kInvalidArgument},
    {ErrorKind::kSettingsTimeout, "SettingsTimeout",
     ErrorCode::kSettingsTimeout, S::kDeadlineExceeded},
    {ErrorKind::kInvalidHeaders, "InvalidHeaders", ErrorCode::kProtocolError,
     S::kInvalidArgument},
    {ErrorKind::kPseudoHeaderOrder, "PseudoHeaderOrder",
     ErrorCode::kProtocolError, S::kInvalidArgument},
    {ErrorKind::kHeadersTooLarge, "HeadersTooLarge", ErrorCode::kInternalError,
     S::kOutOfRange},
    {ErrorKind::kInvalidBodyLength, "InvalidBodyLength",
     ErrorCode::kProtocolError, S::kInvalidArgument},
    {ErrorKind::kUnsupportedFrame, "UnsupportedFrame",
     ErrorCode::kProtocolError, S::kUnimplemented},
    {ErrorKind::kDenialOfService, "DenialOfService",
     ErrorCode::kEnhanceYourCalm, S::kResourceExhausted},
    {ErrorKind::kClientsOnly, "ClientsOnly", ErrorCode::kProtocolError,
     S::kFailedPrecondition},
    {ErrorKind::kServersOnly, "ServersOnly", ErrorCode::kProtocolError,
     S::kFailedPrecondition},
    {ErrorKind::kInvalidArgument, "InvalidArgument", ErrorCode::kProtocolError,
     S::kInvalidArgument},
    {ErrorKind::kOutputFull, "OutputFull", ErrorCode::kInternalError,
     S::kUnavailable},
    {ErrorKind::kConnectionClosed, "ConnectionClosed",
     ErrorCode::kProtocolError, S::kFailedPrecondition},
};

constexpr char kPayloadUrl[] = "sluice/h2.Error";

// The payload: three 32-bit words in host order; it never leaves the process.
struct Payload {
  uint32_t kind;
  uint32_t code;
  uint32_t stream_id;
};

const KindRow& RowOf(ErrorKind kind) {
  return kKinds[static_cast<size_t>(kind)];
}

std::optional<Payload> PayloadOf(const absl::Status& status) {
  const auto cord = status.GetPayload(kPayloadUrl);
  if (!cord.has_value() || cord->size() != sizeof(Payload)) {
    return std::nullopt;
  }
  Payload payload;
  std::memcpy(&payload, std::string(*cord).data(), sizeof(payload));
  return payload;
}

}  // namespace

absl::string_view ErrorKindName(ErrorKind kind) { return RowOf(kind).name; }

ErrorCode DefaultErrorCode(ErrorKind kind) { return RowOf(kind).code; }

absl::Status MakeError(ErrorKind kind, absl::string_view message,
                       StreamId stream_id, std::optional<ErrorCode> code) {
  const KindRow& row = RowOf(kind);
  absl::Status status(row.status, absl::StrCat(row.name, ": ", message));
  Payload payload{static_cast<uint32_t>(kind),
                  static_cast<uint32_t>(code.value_or(row.code)), stream_id};
  status.SetPayload(kPayloadUrl, absl::Cord(absl::string_view(
                                     reinterpret_cast<const char*>(&payload),
                                     sizeof(payload))));
  return status;
}

std::optional<ErrorKind> ErrorKindOf(const absl::Status& status) {
  const std::optional<Payload> payload = PayloadOf(status);
  if (!payload.has_value()) return std::nullopt;
  return static_cast<ErrorKind>(payload->kind);
}

ErrorCode ErrorCodeOf(const absl::Status& status) {
  if (status.ok()) return ErrorCode::kNoError;
  const std::optional<Payload> payload = PayloadOf(status);
  return payload.has_value() ? static_cast<ErrorCode>(payload->code)
                             : ErrorCode::kInternalError;
}

StreamId ErrorStreamOf(const absl::Status& status) {
  const std::optional<Payload> payload = PayloadOf(status);
  return payload.has_value() ? payload->stream_id : kConnectionStreamId;
}

}  // namespace sluice::h2
