#include "tests/h2/transcript_player.h"

#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/signals/rfc7540_priority.h>

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "tests/h2/event_text.h"
#include "tests/h2/kept_events.h"

namespace sluice::h2::tests {
namespace {

// Whether hyper's exception class covers one of our kinds. Ours are finer:
// hyper raises ProtocolError for many of them.
bool Covers(absl::string_view hyper, ErrorKind ours) {
  static const auto& classes =
      *new std::map<absl::string_view, std::vector<ErrorKind>>{
          {"ProtocolError",
           {ErrorKind::kProtocol, ErrorKind::kCompression,
            ErrorKind::kInvalidHeaders, ErrorKind::kPseudoHeaderOrder,
            ErrorKind::kServersOnly, ErrorKind::kConnectionClosed,
            ErrorKind::kUnsupportedFrame, ErrorKind::kInvalidArgument,
            ErrorKind::kStreamClosed, ErrorKind::kInvalidBodyLength}},
          {"FrameTooLargeError", {ErrorKind::kFrameTooLarge}},
          {"FrameDataMissingError", {ErrorKind::kFrameDataMissing}},
          {"TooManyStreamsError", {ErrorKind::kTooManyStreams}},
          {"FlowControlError", {ErrorKind::kFlowControl}},
          {"StreamIDTooLowError", {ErrorKind::kStreamIdTooLow}},
          {"NoSuchStreamError", {ErrorKind::kNoSuchStream}},
          {"StreamClosedError",
           {ErrorKind::kStreamClosed, ErrorKind::kInvalidBodyLength}},
          {"InvalidSettingsValueError", {ErrorKind::kInvalidSettingsValue}},
          {"InvalidBodyLengthError", {ErrorKind::kInvalidBodyLength}},
          {"DenialOfServiceError", {ErrorKind::kDenialOfService}},
          {"ValueError", {ErrorKind::kInvalidArgument}},
          {"RFC1122Error", {ErrorKind::kClientsOnly}},
      };
  const auto found = classes.find(hyper);
  if (found == classes.end()) return false;
  const std::vector<ErrorKind>& kinds = found->second;
  return std::find(kinds.begin(), kinds.end(), ours) != kinds.end();
}

// hyper's class in the recorded outcome, or nothing.
absl::string_view RecordedClass(const RecordedCall& call) {
  for (absl::string_view line : call.outcome) {
    if (!absl::ConsumePrefix(&line, "error ")) continue;
    return line.substr(0, line.find(' '));
  }
  return "";
}

std::optional<signals::Rfc7540Priority> Priority(const RecordedCall& call) {
  if (!call.weight && !call.depends_on && !call.exclusive) return std::nullopt;
  return signals::Rfc7540Priority{.depends_on = call.depends_on.value_or(0),
                                  .weight = call.weight.value_or(16),
                                  .exclusive = call.exclusive.value_or(false)};
}

}  // namespace

namespace {

// hyper-h2 has no bound on its output, so ours is out of its way.
ConnectionOptions WithoutMark(ConnectionOptions options) {
  options.limits.output_high_water_mark = 1 << 24;
  return options;
}

}  // namespace

TranscriptPlayer::TranscriptPlayer(const ConnectionOptions& options,
                                   Feeding feeding)
    : connection_(WithoutMark(options)), feeding_(std::move(feeding)) {}

std::vector<std::string> TranscriptPlayer::Play(const RecordedCall& call) {
  recorded_class_ = std::string(RecordedClass(call));
  NoteError(Call(call), recorded_class_);
  NoteOutput();
  return std::exchange(outcome_, {});
}

std::vector<std::string> TranscriptPlayer::Feed(absl::string_view bytes) {
  NoteError(Receive(bytes), "ProtocolError");
  NoteOutput();
  return std::exchange(outcome_, {});
}

void TranscriptPlayer::NoteError(const absl::Status& status,
                                 absl::string_view class_hint) {
  if (status.ok()) return;
  const ErrorKind kind = ErrorKindOf(status).value();
  // Classes without an HTTP/2 code in hyper.
  if ((class_hint == "ValueError" || class_hint == "RFC1122Error") &&
      Covers(class_hint, kind)) {
    outcome_.push_back(absl::StrCat("error ", class_hint));
    return;
  }
  outcome_.push_back(absl::StrCat(
      "error ", Covers(class_hint, kind) ? class_hint : ErrorKindName(kind),
      " ", CodeText(ErrorCodeOf(status))));
}

absl::Status TranscriptPlayer::Receive(absl::string_view bytes) {
  KeptEvents kept;
  while (!bytes.empty()) {
    const size_t size = feeding_.Next(bytes.size());
    std::vector<Event> events;
    const absl::Status status =
        connection_.ReceiveData(bytes.substr(0, size), &events);
    for (const Event& event : events) {
      if (kept.Add(event)) outcome_.pop_back();
      outcome_.push_back(Text(kept.back()));
    }
    if (!status.ok()) return status;
    bytes.remove_prefix(size);
  }
  return absl::OkStatus();
}

std::string TranscriptPlayer::Text(const Event& event) const {
  // The recording holds no fields of unknown frames.
  if (std::holds_alternative<UnknownFrameReceived>(event)) {
    return "UnknownFrameReceived";
  }
  std::string text = EventText(event);
  const auto* reset = std::get_if<StreamReset>(&event);
  if (reset == nullptr) return text;
  // Nor why a stream was reset, unless hyper closed the connection instead.
  const std::optional<ErrorKind> kind = ErrorKindOf(reset->error);
  if (!kind) return text;
  text.resize(text.rfind(": "));
  if (recorded_class_.empty()) return text;
  return absl::StrCat(
      text, ": ",
      Covers(recorded_class_, *kind) ? recorded_class_ : ErrorKindName(*kind));
}

void TranscriptPlayer::NoteOutput() {
  std::array<iovec, 256> pieces;
  const size_t count = connection_.PeekOutput(absl::MakeSpan(pieces));
  std::string output;
  for (size_t i = 0; i < count; ++i) {
    output.append(static_cast<const char*>(pieces[i].iov_base),
                  pieces[i].iov_len);
  }
  for (const std::string& frame :
       reader_.Read(absl::string_view(output).substr(seen_))) {
    outcome_.push_back("wrote " + frame);
  }
  seen_ = output.size();
}

absl::Status TranscriptPlayer::Call(const RecordedCall& call) {
  const auto returned = [this](const auto& value) {
    outcome_.push_back(absl::StrCat("returned ", value));
    return absl::OkStatus();
  };
  const std::string& name = call.name;
  if (name == "initiate_connection") return connection_.InitiateConnection();
  if (name == "receive_data") return Receive(call.data);
  if (name == "data_to_send") {
    const size_t size =
        connection_.DataToSend(call.has_amount ? call.amount : Connection::kAll)
            .size();
    seen_ -= size;
    return call.has_amount ? returned(absl::StrCat(size, " bytes"))
                           : absl::OkStatus();
  }
  if (name == "clear_outbound_data_buffer") {
    connection_.ClearOutput();
    seen_ = 0;
    return absl::OkStatus();
  }
  if (name == "send_headers") {
    return connection_.SendHeaders(
        call.stream_id, call.headers,
        {.end_stream = call.end_stream, .priority = Priority(call)});
  }
  if (name == "send_data") {
    return connection_.SendData(
        call.stream_id, absl::Cord(call.data),
        {.end_stream = call.end_stream, .pad_length = call.pad_length});
  }
  if (name == "end_stream") return connection_.EndStream(call.stream_id);
  if (name == "reset_stream") {
    return connection_.ResetStream(call.stream_id,
                                   static_cast<ErrorCode>(call.error_code));
  }
  if (name == "ping") return connection_.Ping(call.data);
  if (name == "close_connection") {
    return connection_.CloseConnection(static_cast<ErrorCode>(call.error_code),
                                       call.additional_data.value_or(""),
                                       call.last_stream_id);
  }
  if (name == "update_settings") {
    return connection_.UpdateSettings(call.settings);
  }
  if (name == "increment_flow_control_window") {
    return connection_.IncrementFlowControlWindow(call.stream_id, call.amount);
  }
  if (name == "acknowledge_received_data") {
    return connection_.AcknowledgeReceivedData(call.stream_id, call.amount);
  }
  if (name == "prioritize") {
    return connection_.Prioritize(call.stream_id, *Priority(call));
  }
  if (name == "open_outbound_streams") {
    return returned(connection_.OpenOutboundStreams());
  }
  if (name == "open_inbound_streams") {
    return returned(connection_.OpenInboundStreams());
  }
  const auto answer = [&](const auto& status_or) {
    return status_or.ok() ? returned(*status_or) : status_or.status();
  };
  if (name == "local_flow_control_window") {
    return answer(connection_.LocalFlowControlWindow(call.stream_id));
  }
  if (name == "remote_flow_control_window") {
    return answer(connection_.RemoteFlowControlWindow(call.stream_id));
  }
  if (name == "inbound_flow_control_window") {
    return answer(connection_.RemoteFlowControlWindow(kConnectionStreamId));
  }
  if (name == "get_next_available_stream_id") {
    return answer(connection_.GetNextAvailableStreamId());
  }
  if (name == "initiate_upgrade_connection") {
    const auto header = connection_.InitiateUpgrade(call.data);
    // A server's call returns nothing.
    if (!header.ok() || header->empty()) return header.status();
    return returned(UpgradeSettingsText(*header));
  }
  if (name == "push_stream") {
    return connection_.PushStream(call.stream_id, call.promised_stream_id,
                                  call.headers);
  }
  if (name == "advertise_alternative_service") {
    return connection_.AdvertiseAlternativeService(
        call.data, call.origin,
        call.has_stream_id ? std::optional(call.stream_id) : std::nullopt);
  }
  std::cerr << "no call is named " << name << "\n";
  std::abort();
}

}  // namespace sluice::h2::tests
