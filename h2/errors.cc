#include <sluice/h2/errors.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace sluice::h2 {
namespace {

struct KindRow {
  absl::string_view name;
  ErrorCode code;
  absl::StatusCode status;
};

using C = ErrorCode;
using S = absl::StatusCode;

// In the order of ErrorKind.
constexpr KindRow kKinds[] = {
    {"Protocol", C::kProtocolError, S::kInvalidArgument},
    {"FrameTooLarge", C::kFrameSizeError, S::kOutOfRange},
    {"FrameDataMissing", C::kFrameSizeError, S::kInvalidArgument},
    {"Compression", C::kCompressionError, S::kDataLoss},
    {"TooManyStreams", C::kRefusedStream, S::kResourceExhausted},
    {"FlowControl", C::kFlowControlError, S::kOutOfRange},
    {"StreamIdTooLow", C::kProtocolError, S::kInvalidArgument},
    {"NoAvailableStreamId", C::kProtocolError, S::kResourceExhausted},
    {"NoSuchStream", C::kProtocolError, S::kNotFound},
    {"StreamClosed", C::kStreamClosed, S::kFailedPrecondition},
    {"InvalidSettingsValue", C::kProtocolError, S::kInvalidArgument},
    {"SettingsTimeout", C::kSettingsTimeout, S::kDeadlineExceeded},
    {"InvalidHeaders", C::kProtocolError, S::kInvalidArgument},
    {"PseudoHeaderOrder", C::kProtocolError, S::kInvalidArgument},
    {"HeadersTooLarge", C::kInternalError, S::kOutOfRange},
    {"InvalidBodyLength", C::kProtocolError, S::kInvalidArgument},
    {"UnsupportedFrame", C::kProtocolError, S::kUnimplemented},
    {"DenialOfService", C::kEnhanceYourCalm, S::kResourceExhausted},
    {"ClientsOnly", C::kProtocolError, S::kFailedPrecondition},
    {"ServersOnly", C::kProtocolError, S::kFailedPrecondition},
    {"InvalidArgument", C::kProtocolError, S::kInvalidArgument},
    {"OutputFull", C::kInternalError, S::kUnavailable},
    {"ConnectionClosed", C::kProtocolError, S::kFailedPrecondition},
};
static_assert(std::size(kKinds) ==
              static_cast<size_t>(ErrorKind::kConnectionClosed) + 1);

constexpr char kPayloadUrl[] = "sluice/h2.Error";

const KindRow& RowOf(ErrorKind kind) {
  return kKinds[static_cast<size_t>(kind)];
}

// The payload is text, since Status::ToString() shows it:
// "StreamClosed code=5 stream=1".
struct Payload {
  ErrorKind kind;
  uint32_t code;
  StreamId stream_id;
};

std::optional<Payload> PayloadOf(const absl::Status& status) {
  const auto cord = status.GetPayload(kPayloadUrl);
  if (!cord.has_value()) return std::nullopt;
  const std::string text(*cord);
  std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  Payload payload;
  if (words.size() != 3 || !absl::ConsumePrefix(&words[1], "code=") ||
      !absl::SimpleAtoi(words[1], &payload.code) ||
      !absl::ConsumePrefix(&words[2], "stream=") ||
      !absl::SimpleAtoi(words[2], &payload.stream_id)) {
    return std::nullopt;
  }
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    if (kKinds[i].name != words[0]) continue;
    payload.kind = static_cast<ErrorKind>(i);
    return payload;
  }
  return std::nullopt;
}

}  // namespace

StringView ErrorKindName(ErrorKind kind) { return RowOf(kind).name; }

absl::Status MakeError(ErrorKind kind, StringView message, StreamId stream_id,
                       std::optional<ErrorCode> code) {
  const KindRow& row = RowOf(kind);
  absl::Status status(row.status, message);
  const auto number = static_cast<uint32_t>(code.value_or(row.code));
  status.SetPayload(kPayloadUrl,
                    absl::Cord(absl::StrCat(row.name, " code=", number,
                                            " stream=", stream_id)));
  return status;
}

std::optional<ErrorKind> ErrorKindOf(const absl::Status& status) {
  const std::optional<Payload> payload = PayloadOf(status);
  if (!payload.has_value()) return std::nullopt;
  return payload->kind;
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
