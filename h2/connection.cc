// The calls of a connection that send nothing on a stream: its beginning, bytes
// in, its end, settings, questions and the output.
#include <sluice/h2/connection.h>
#include <sluice/h2/core.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/options.h>
#include <sluice/h2/receiver.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {
namespace {

absl::Status CheckNotInitiated(const Core& core) {
  if (!core.life.initiated()) return absl::OkStatus();
  return ConnectionFault(
      ErrorKind::kProtocol,
      "InitiateConnection() was called already; it may be called once "
      "(RFC 9113 3.4)");
}

void SendSettings(std::vector<Setting> settings, Core* core) {
  core->output.AppendControl(EncodeSettings(settings));
  core->settings.Sent(std::move(settings), core->now);
}

}  // namespace

Connection::Connection(ConnectionOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
Connection::~Connection() = default;

// --- Beginning -------------------------------------------------------------

absl::Status Connection::InitiateConnection() {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(CheckNotInitiated(core));
  std::vector<Setting> ours = SettingsExchange::Initial(core.options);
  SLUICE_RETURN_IF_ERROR(core.settings.CheckLocal(ours, /*first=*/true));
  if (core.is_client()) core.output.AppendControl(kClientPreface);
  SendSettings(std::move(ours), &core);
  core.life.Initiate();
  return absl::OkStatus();
}

absl::StatusOr<std::string> Connection::InitiateUpgrade(
    StringView http2_settings) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(CheckNotInitiated(core));
  std::vector<Setting> clients;
  if (!core.is_client()) {
    std::string payload;
    if (!absl::WebSafeBase64Unescape(http2_settings, &payload) ||
        payload.size() % kSettingSize != 0) {
      return ConnectionFault(
          ErrorKind::kInvalidArgument,
          "HTTP2-Settings is not a SETTINGS payload in base64url "
          "(RFC 7540 3.2.1)");
    }
    clients = ParseSettings(payload);
  }
  const std::vector<Setting> ours = SettingsExchange::Initial(core.options);
  SLUICE_RETURN_IF_ERROR(core.settings.CheckLocal(ours, /*first=*/true));
  // The header counts as the client's SETTINGS, and the 101 response
  // acknowledges it; the client sends SETTINGS with its preface all the same.
  std::vector<Event> none;
  SLUICE_RETURN_IF_ERROR(
      core.TakeRemoteSettings(clients, /*in_frame=*/false, &none));
  SLUICE_RETURN_IF_ERROR(InitiateConnection());
  if (!core.is_client()) {
    core.EndReceiving(core.Open(1, StreamInput::kReceiveHeaders));
    return std::string();
  }
  Stream* const stream = core.Open(1, StreamInput::kSendHeaders);
  core.EndSending(stream);
  // The core does not know the HTTP/1.1 request: it may be a HEAD.
  stream->unchecked_length = true;
  return absl::WebSafeBase64Escape(EncodeSettingsPayload(ours));
}

// --- Bytes in --------------------------------------------------------------

absl::Status Connection::ReceiveData(StringView bytes,
                                     std::vector<Event>* events) {
  Core& core = impl_->core;
  if (!core.life.fatal().ok()) return core.life.fatal();
  if (!core.life.initiated()) return core.life.CheckInitiated();
  Receiver& receiver = impl_->receiver;
  absl::Status status = receiver.BeginRead(&bytes);
  while (status.ok()) {
    const FrameDecoder::Result result = receiver.Next(&bytes);
    if (result == FrameDecoder::Result::kNeedMore) break;
    status = result == FrameDecoder::Result::kHeader
                 ? receiver.CheckHeader(receiver.frame())
                 : receiver.OnFrame(receiver.frame(), events);
  }
  receiver.EndRead();
  return status.ok() ? status : core.Terminate(std::move(status));
}

void Connection::EndViews() { impl_->receiver.EndViews(); }

// --- The connection --------------------------------------------------------

absl::Status Connection::CloseConnection(
    ErrorCode code, StringView additional_data,
    std::optional<StreamId> last_stream_id) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.life.CheckInitiated());
  const StreamId last = last_stream_id.value_or(core.streams.last_peers());
  // RFC 9113 §6.8: "Endpoints MUST NOT increase the value they send in the
  // last stream identifier".
  if (last_stream_id.has_value() && last > core.life.last_of_peer()) {
    return ConnectionFault(
        ErrorKind::kInvalidArgument, "the last stream of GOAWAY is ", last,
        "; it may be at most ", core.life.last_of_peer(), " (RFC 9113 6.8)");
  }
  SLUICE_RETURN_IF_ERROR(
      core.CheckFrameSize("GOAWAY", 8 + additional_data.size()));
  core.QueueGoAway(code, additional_data, last);
  if (code != ErrorCode::kNoError && !core.life.terminated()) {
    core.life.End(MakeError(ErrorKind::kConnectionClosed,
                            "CloseConnection() ended the connection",
                            kConnectionStreamId, code));
  }
  return absl::OkStatus();
}

absl::Status Connection::Drain(absl::Duration deadline) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.life.CheckOpen());
  if (deadline < absl::ZeroDuration()) {
    return ConnectionFault(ErrorKind::kInvalidArgument, "the deadline is ",
                           absl::FormatDuration(deadline),
                           "; it must not be negative");
  }
  core.draining.ends_at = core.now + deadline;
  if (core.draining.begun) return absl::OkStatus();
  core.draining.begun = true;
  core.QueueGoAway(ErrorCode::kNoError, {}, kMaxStreamId);
  core.output.AppendControl(EncodePing(Draining::kPing, /*ack=*/false));
  ++core.unanswered_pings;
  return absl::OkStatus();
}

bool Connection::IsDrained() const {
  const Core& core = impl_->core;
  return core.draining.answered && !core.life.terminated() &&
         core.streams.empty();
}

absl::Status Connection::StartGracefulShutdown() {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.life.CheckOpen());
  core.QueueGoAway(ErrorCode::kNoError, {}, kMaxStreamId);
  return absl::OkStatus();
}

absl::Status Connection::UpdateSettings(absl::Span<const Setting> settings) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  SLUICE_RETURN_IF_ERROR(core.settings.CheckLocal(settings, /*first=*/false));
  SLUICE_RETURN_IF_ERROR(core.flow.CheckReceiveWindows(settings));
  SLUICE_RETURN_IF_ERROR(
      core.CheckFrameSize("SETTINGS", settings.size() * kSettingSize));
  SendSettings({settings.begin(), settings.end()}, &core);
  return absl::OkStatus();
}

absl::Status Connection::AdvanceTime(absl::Duration elapsed) {
  Core& core = impl_->core;
  if (elapsed < absl::ZeroDuration() || elapsed == absl::InfiniteDuration()) {
    return ConnectionFault(ErrorKind::kInvalidArgument, "elapsed is ",
                           absl::FormatDuration(elapsed),
                           "; it must be finite and not negative");
  }
  core.budgets.Advance(elapsed);
  core.now += elapsed;
  if (core.life.terminated()) return absl::OkStatus();
  const absl::Duration limit = core.options.settings_timeout;
  if (core.settings.waits_for_ack() &&
      core.now - core.settings.oldest_sent_at() >= limit) {
    return core.Terminate(
        ConnectionFault(ErrorKind::kSettingsTimeout,
                        "the peer has not acknowledged SETTINGS for ",
                        absl::FormatDuration(limit), " (RFC 9113 6.5.3)"));
  }
  if (!core.draining.begun || core.now < core.draining.ends_at || IsDrained()) {
    return absl::OkStatus();
  }
  return core.Terminate(
      MakeError(ErrorKind::kConnectionClosed,
                absl::StrCat("the drain is at its deadline, with ",
                             OpenInboundStreams() + OpenOutboundStreams(),
                             " streams open (RFC 9113 6.8)"),
                kConnectionStreamId, ErrorCode::kNoError));
}

absl::Status Connection::Drain(std::chrono::nanoseconds deadline) {
  return Drain(absl::FromChrono(deadline));
}

absl::Status Connection::AdvanceTime(std::chrono::nanoseconds elapsed) {
  return AdvanceTime(absl::FromChrono(elapsed));
}

// --- Questions -------------------------------------------------------------

absl::StatusOr<StreamId> Connection::GetNextAvailableStreamId() const {
  const StreamId last = impl_->core.streams.last_ours();
  if (last == 0) return impl_->core.is_client() ? 1 : 2;
  if (last + 2 <= kMaxStreamId) return last + 2;
  return ConnectionFault(ErrorKind::kNoAvailableStreamId, "stream ", last,
                         " is the last; ids end at ", kMaxStreamId,
                         " (RFC 9113 5.1.1)");
}

absl::StatusOr<int64_t> Connection::LocalFlowControlWindow(StreamId id) const {
  const Core& core = impl_->core;
  const Stream* stream = core.streams.Find(id);
  if (id != kConnectionStreamId && stream == nullptr) {
    return core.streams.NotLive(id);
  }
  return core.flow.SendWindowOf(stream);
}

absl::StatusOr<int64_t> Connection::RemoteFlowControlWindow(StreamId id) const {
  const Core& core = impl_->core;
  const Stream* stream = core.streams.Find(id);
  if (id != kConnectionStreamId && stream == nullptr) {
    return core.streams.NotLive(id);
  }
  return core.flow.ReceiveWindowOf(stream);
}

size_t Connection::OpenOutboundStreams() const {
  return impl_->core.streams.active_ours();
}
size_t Connection::OpenInboundStreams() const {
  return impl_->core.streams.active_peers();
}
uint32_t Connection::RemoteSetting(SettingId id) const {
  return impl_->core.remote(id);
}
uint32_t Connection::LocalSetting(SettingId id) const {
  return impl_->core.local(id);
}
bool Connection::IsTerminated() const { return impl_->core.life.terminated(); }

// --- Output ----------------------------------------------------------------

size_t Connection::OutputSize() const { return impl_->core.output.size(); }

std::string Connection::DataToSend(size_t max) {
  return impl_->core.output.Take(max);
}

size_t Connection::PeekOutput(OutSpan<iovec> out) const {
  return impl_->core.output.Peek(out);
}

absl::Status Connection::ConsumeOutput(size_t bytes) {
  if (bytes > OutputSize()) {
    return ConnectionFault(ErrorKind::kInvalidArgument, bytes,
                           " bytes consumed, ", OutputSize(), " were waiting");
  }
  impl_->core.output.Consume(bytes);
  return absl::OkStatus();
}

void Connection::ClearOutput() { impl_->core.output.Consume(OutputSize()); }

}  // namespace sluice::h2
