#include <sluice/h2/connection.h>
#include <sluice/h2/connection_state.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {

// --- Impl ------------------------------------------------------------------

Connection::Impl::Impl(ConnectionOptions options)
    : options_(std::move(options)),
      local_(options_.side),
      remote_(peer_side()),
      streams_(options_.side, options_.limits.max_closed_streams),
      hpack_(options_.limits.max_header_list_size),
      budgets_(options_.limits.budgets),
      max_inbound_streams_(local_.Get(SettingId::kMaxConcurrentStreams)) {}

void Connection::Impl::Log(absl::string_view line) const {
  if (options_.log_sink) options_.log_sink(line);
}

absl::Status Connection::Impl::CheckState(Departure departure,
                                          StreamId id) const {
  Sending state = Sending::kOpen;
  if (!initiated_) {
    state = Sending::kNotInitiated;
  } else if (terminated_) {
    state = Sending::kEnded;
  } else if (goaway_received_.has_value()) {
    state = Sending::kPeerGoesAway;
  }
  const SendingRow& row = FindSendingRow(state, departure);
  if (row.legal) return absl::OkStatus();
  return MakeError(row.kind,
                   absl::StrCat(state == Sending::kNotInitiated
                                    ? "InitiateConnection() comes first"
                                    : "after GOAWAY",
                                " (RFC 9113 ", row.section, ")"),
                   id);
}

absl::Status Connection::Impl::CheckMaySend(bool needs_room) {
  if (absl::Status status = CheckState(Departure::kOther); !status.ok()) {
    return status;
  }
  if (needs_room && !AdmitsFrames()) {
    refused_output_ = true;
    return MakeError(ErrorKind::kOutputFull, "write the output first");
  }
  return absl::OkStatus();
}

void Connection::Impl::QueueGoAway(ErrorCode code,
                                   absl::string_view additional_data,
                                   StreamId last_stream_id) {
  goaway_sent_ = std::min(goaway_sent_, last_stream_id);
  output_.AppendControl(EncodeGoAway(goaway_sent_, code, additional_data));
}

absl::Status Connection::Impl::Terminate(absl::Status error) {
  Log(absl::StrCat("connection error ", ErrorCodeName(ErrorCodeOf(error)), ": ",
                   error.message()));
  QueueGoAway(ErrorCodeOf(error), {}, streams_.last_peers());
  terminated_ = true;
  fatal_ = error;
  block_.reset();
  return error;
}

absl::Status Connection::Impl::CloseConnection(
    ErrorCode code, absl::string_view additional_data,
    std::optional<StreamId> last_stream_id) {
  if (absl::Status status = CheckState(Departure::kGoAway); !status.ok()) {
    return status;
  }
  // RFC 9113 §6.8: "Endpoints MUST NOT increase the value they send in the
  // last stream identifier".
  if (last_stream_id.has_value() && *last_stream_id > goaway_sent_) {
    return MakeError(ErrorKind::kInvalidArgument,
                     "the last stream id of GOAWAY may not grow");
  }
  if (8 + additional_data.size() > MaxOutboundFrameSize()) {
    return MakeError(ErrorKind::kFrameTooLarge, "GOAWAY's additional data");
  }
  QueueGoAway(code, additional_data,
              last_stream_id.value_or(streams_.last_peers()));
  if (code != ErrorCode::kNoError && !terminated_) {
    terminated_ = true;
    fatal_ =
        MakeError(ErrorKind::kConnectionClosed, "closed by CloseConnection()",
                  kConnectionStreamId, code);
  }
  return absl::OkStatus();
}

absl::Status Connection::Impl::StartGracefulShutdown() {
  if (absl::Status status = CheckMaySend(false); !status.ok()) return status;
  QueueGoAway(ErrorCode::kNoError, {}, kMaxStreamId);
  return absl::OkStatus();
}

absl::Status Connection::Impl::AdvanceTime(absl::Duration elapsed) {
  if (elapsed < absl::ZeroDuration() || elapsed == absl::InfiniteDuration()) {
    return MakeError(ErrorKind::kInvalidArgument,
                     "time goes on, and not for ever");
  }
  budgets_.Advance(elapsed);
  now_ += elapsed;
  if (terminated_ || pending_settings_.empty()) return absl::OkStatus();
  if (now_ - pending_settings_.front().sent_at < options_.settings_timeout) {
    return absl::OkStatus();
  }
  return Terminate(MakeError(ErrorKind::kSettingsTimeout,
                             "SETTINGS not acknowledged (RFC 9113 6.5.3)"));
}

absl::StatusOr<StreamId> Connection::Impl::GetNextAvailableStreamId() const {
  const StreamId last = streams_.last_ours();
  if (last == 0) return is_client() ? 1 : 2;
  if (last + 2 > kMaxStreamId) {
    return MakeError(ErrorKind::kNoAvailableStreamId,
                     "all stream ids are used (RFC 9113 5.1.1)");
  }
  return last + 2;
}

absl::StatusOr<int64_t> Connection::Impl::LocalFlowControlWindow(
    StreamId id) const {
  if (id == kConnectionStreamId) return send_window_.size();
  const Stream* stream = streams_.Find(id);
  if (stream != nullptr) {
    return std::min(send_window_.size(), stream->send_window.size());
  }
  return MakeError(streams_.Fate(id) == StreamFate::kIdle
                       ? ErrorKind::kNoSuchStream
                       : ErrorKind::kStreamClosed,
                   "no window", id);
}

absl::StatusOr<int64_t> Connection::Impl::RemoteFlowControlWindow(
    StreamId id) const {
  if (id == kConnectionStreamId) return receive_window_.size();
  const Stream* stream = streams_.Find(id);
  if (stream != nullptr) {
    return std::min(receive_window_.size(), stream->receive_window.size());
  }
  return MakeError(streams_.Fate(id) == StreamFate::kIdle
                       ? ErrorKind::kNoSuchStream
                       : ErrorKind::kStreamClosed,
                   "no window", id);
}

bool Connection::Impl::CanSendData(StreamId id) const {
  if (terminated_) return false;
  const Stream* stream = streams_.Find(id);
  return stream != nullptr && stream->sent == MessagePhase::kBody;
}

bool Connection::Impl::AdmitsFrames() const {
  const size_t waiting = output_.control_size();
  return waiting == 0 ||
         waiting < options_.limits.output_control_high_water_mark;
}

size_t Connection::Impl::OutputRoom() const {
  return terminated_ || !AdmitsFrames() ? 0 : DataRoom();
}

size_t Connection::Impl::DataRoom() const {
  const size_t waiting = output_.data_size();
  // One frame is always admitted to an output without DATA. It is of a size
  // that every peer takes: the peer's own maximum is not its to choose here.
  const size_t mark =
      waiting == 0 ? std::max<size_t>(options_.limits.output_high_water_mark,
                                      kMinMaxFrameSize)
                   : options_.limits.output_high_water_mark;
  return mark > waiting ? mark - waiting : 0;
}

SendCapacity Connection::Impl::CapacityOf(const Stream* stream) const {
  const int64_t connection_window = send_window_.size();
  const bool frames = AdmitsFrames();
  return {.frames = frames,
          .closed = false,
          .connection_window = connection_window,
          .window = stream == nullptr ? connection_window
                                      : std::min(connection_window,
                                                 stream->send_window.size()),
          .output_room = frames ? DataRoom() : 0,
          .frame_size = MaxOutboundFrameSize()};
}

SendCapacity Connection::Impl::CapacityFor(StreamId id) const {
  if (terminated_ || !initiated_) return {};
  if (id == kConnectionStreamId) return CapacityOf(nullptr);
  const Stream* stream = streams_.Find(id);
  if (stream == nullptr || stream->sent != MessagePhase::kBody) return {};
  return CapacityOf(stream);
}

void Connection::Impl::NoteRoom(bool was_full) {
  if (!(was_full || refused_output_) || OutputRoom() == 0) return;
  refused_output_ = false;
  output_drained_ = true;
}

std::string Connection::Impl::TakeOutput(size_t max) {
  const bool was_full = OutputRoom() == 0;
  std::string taken = output_.Take(max);
  NoteRoom(was_full);
  return taken;
}

absl::Status Connection::Impl::ConsumeOutput(size_t bytes) {
  if (bytes > output_.size()) {
    return MakeError(
        ErrorKind::kInvalidArgument,
        absl::StrCat(bytes, " bytes consumed; ", output_.size(), " wait"));
  }
  const bool was_full = OutputRoom() == 0;
  output_.Consume(bytes);
  NoteRoom(was_full);
  return absl::OkStatus();
}

bool Connection::Impl::TakeOutputDrained() {
  return std::exchange(output_drained_, false);
}

// --- SendCapacity ----------------------------------------------------------

SendCapacity::Limit SendCapacity::limit() const {
  if (closed) return Limit::kClosed;
  const size_t bytes = payload();
  if (bytes == output_room) return Limit::kOutput;
  if (bytes == frame_size) return Limit::kFrameSize;
  return window == connection_window ? Limit::kConnectionWindow
                                     : Limit::kStreamWindow;
}

// --- Connection ------------------------------------------------------------

Connection::Connection(ConnectionOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
Connection::~Connection() = default;

absl::Status Connection::InitiateConnection() {
  return impl_->InitiateConnection();
}
absl::StatusOr<std::string> Connection::InitiateUpgrade(
    absl::string_view http2_settings) {
  return impl_->InitiateUpgrade(http2_settings);
}
absl::Status Connection::ReceiveData(absl::string_view bytes,
                                     std::vector<Event>* events) {
  return impl_->ReceiveData(bytes, events);
}
absl::StatusOr<StreamId> Connection::GetNextAvailableStreamId() const {
  return impl_->GetNextAvailableStreamId();
}
absl::Status Connection::SendHeaders(StreamId id, HeaderSpan headers,
                                     const SendHeadersOptions& options) {
  return impl_->SendHeaders(id, headers, options);
}
absl::Status Connection::SendData(StreamId id, absl::Cord data,
                                  const SendDataOptions& options) {
  return impl_->SendData(id, std::move(data), options);
}
absl::Status Connection::EndStream(StreamId id) {
  SendDataOptions options;
  options.end_stream = true;
  return impl_->SendData(id, absl::Cord(), options);
}
absl::Status Connection::ResetStream(StreamId id, ErrorCode code) {
  return impl_->ResetStream(id, code);
}
absl::Status Connection::PushStream(StreamId parent_id, StreamId promised_id,
                                    HeaderSpan headers) {
  return impl_->PushStream(parent_id, promised_id, headers);
}
absl::Status Connection::Ping(absl::string_view opaque_data) {
  return impl_->Ping(opaque_data);
}
absl::Status Connection::CloseConnection(
    ErrorCode code, absl::string_view additional_data,
    std::optional<StreamId> last_stream_id) {
  return impl_->CloseConnection(code, additional_data, last_stream_id);
}
absl::Status Connection::StartGracefulShutdown() {
  return impl_->StartGracefulShutdown();
}
absl::Status Connection::UpdateSettings(absl::Span<const Setting> settings) {
  return impl_->UpdateSettings(settings);
}
absl::Status Connection::AdvertiseAlternativeService(
    absl::string_view field_value, std::optional<absl::string_view> origin,
    std::optional<StreamId> stream_id) {
  return impl_->AdvertiseAlternativeService(field_value, origin, stream_id);
}
absl::Status Connection::AdvanceTime(absl::Duration elapsed) {
  return impl_->AdvanceTime(elapsed);
}
absl::Status Connection::Prioritize(StreamId id,
                                    const signals::Rfc7540Priority& priority) {
  return impl_->Prioritize(id, priority);
}
absl::Status Connection::SendPriorityUpdate(
    StreamId id, const signals::Rfc9218Priority& priority) {
  return impl_->SendPriorityUpdate(id, priority);
}
absl::StatusOr<int64_t> Connection::LocalFlowControlWindow(StreamId id) const {
  return impl_->LocalFlowControlWindow(id);
}
absl::StatusOr<int64_t> Connection::RemoteFlowControlWindow(StreamId id) const {
  return impl_->RemoteFlowControlWindow(id);
}
absl::Status Connection::IncrementFlowControlWindow(StreamId id,
                                                    uint32_t increment) {
  return impl_->IncrementFlowControlWindow(id, increment);
}
absl::Status Connection::AcknowledgeReceivedData(StreamId id, size_t bytes) {
  return impl_->AcknowledgeReceivedData(id, bytes);
}
size_t Connection::OpenOutboundStreams() const {
  return impl_->streams().active_ours();
}
size_t Connection::OpenInboundStreams() const {
  return impl_->streams().active_peers();
}
bool Connection::CanSendData(StreamId id) const {
  return impl_->CanSendData(id);
}
SendCapacity Connection::CapacityFor(StreamId id) const {
  return impl_->CapacityFor(id);
}
uint32_t Connection::RemoteSetting(SettingId id) const {
  return impl_->remote_settings().Get(id);
}
uint32_t Connection::LocalSetting(SettingId id) const {
  return impl_->local_settings().Get(id);
}
size_t Connection::MaxOutboundFrameSize() const {
  return impl_->MaxOutboundFrameSize();
}
bool Connection::IsTerminated() const { return impl_->terminated(); }
size_t Connection::OutputSize() const { return impl_->output().size(); }
size_t Connection::OutputRoom() const { return impl_->OutputRoom(); }
bool Connection::TakeOutputDrained() { return impl_->TakeOutputDrained(); }
std::string Connection::DataToSend(size_t max) {
  return impl_->TakeOutput(max);
}
size_t Connection::PeekOutput(absl::Span<iovec> out) const {
  return impl_->output().Peek(out);
}
absl::Status Connection::ConsumeOutput(size_t bytes) {
  return impl_->ConsumeOutput(bytes);
}
void Connection::ClearOutput() {
  impl_->ConsumeOutput(OutputSize()).IgnoreError();  // never too many
}

}  // namespace sluice::h2
