// The calls that send frames of streams. Each checks everything before it
// changes anything, so that a refused call leaves no trace.
#include <sluice/h2/connection.h>
#include <sluice/h2/core.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/options.h>
#include <sluice/h2/outbound_fields.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {
namespace {

// --- Checks ----------------------------------------------------------------

absl::Status CheckSide(const Core& core, Side side, absl::string_view frame,
                       StreamId id) {
  if (core.options.side == side) return absl::OkStatus();
  const bool client = side == Side::kClient;
  return Fault(client ? ErrorKind::kClientsOnly : ErrorKind::kServersOnly, id,
               "this is a ", client ? "server" : "client", "; only ",
               client ? "clients" : "servers", " send ", frame);
}

absl::Status CheckId(StreamId id) {
  if (id >= 1 && id <= kMaxStreamId) return absl::OkStatus();
  return Fault(ErrorKind::kInvalidArgument, id, "the stream is ", id,
               "; it must be 1 to ", kMaxStreamId);
}

// RFC 7540 §5.3.1, §5.3.2.
absl::Status CheckPriority(StreamId id,
                           const signals::Rfc7540Priority& priority) {
  if (priority.weight < signals::kMinWeight ||
      priority.weight > signals::kMaxWeight) {
    return StreamFault(ErrorKind::kInvalidArgument, id, "has weight ",
                       priority.weight, "; it must be 1 to 256");
  }
  SLUICE_RETURN_IF_ERROR(Core::CheckDependency(id, priority));
  if (priority.depends_on <= kMaxStreamId) return absl::OkStatus();
  return StreamFault(ErrorKind::kInvalidArgument, id, "depends on ",
                     priority.depends_on, "; ids end at ", kMaxStreamId);
}

// RFC 9113 §5.1.1, §5.1.2, §6.8: whether the idle `id` may become a stream of
// ours.
absl::Status CheckOpensStream(const Core& core, StreamId id) {
  if (id > kMaxStreamId) {
    return StreamFault(ErrorKind::kNoAvailableStreamId, id,
                       "cannot open; ids end at ", kMaxStreamId);
  }
  if (id == kConnectionStreamId || !core.streams.IsOurs(id)) {
    return StreamFault(ErrorKind::kNoSuchStream, id,
                       "is not one that we can open (RFC 9113 5.1.1)");
  }
  if (id <= core.streams.last_ours()) {
    return StreamFault(ErrorKind::kStreamIdTooLow, id,
                       "cannot open after stream ", core.streams.last_ours(),
                       " (RFC 9113 5.1.1)");
  }
  if (core.draining.begun) {
    return StreamFault(ErrorKind::kConnectionClosed, id,
                       "cannot open after Drain()");
  }
  return core.life.CheckOpensStream(id);
}

absl::Status CheckConcurrency(const Core& core, StreamId id) {
  return Core::CheckConcurrency(id, core.streams.active_ours(),
                                core.remote(SettingId::kMaxConcurrentStreams));
}

// Notes the facts of the section too.
absl::Status CheckFields(const Core& core, StreamId id,
                         const OutboundFields& outbound, SectionKind kind,
                         SectionFacts* facts) {
  SLUICE_RETURN_IF_ERROR(
      outbound.CheckSize(id, core.remote(SettingId::kMaxHeaderListSize)));
  if (!core.options.validate_outbound) {
    *facts = FactsOf(outbound.fields());
    return absl::OkStatus();
  }
  // RFC 8441 §3: :protocol only once the server allowed it.
  const bool extended_connect =
      core.is_client() && core.remote(SettingId::kEnableConnectProtocol) == 1;
  return CheckHeaders(id, outbound.fields(), kind, extended_connect, facts);
}

// Whether stream `id`, which is `stream` or, if it does not live, null, takes a
// section of `kind`: the one that HEADERS would be now.
absl::Status CheckTakesHeaders(const Core& core, StreamId id,
                               const Stream* stream, SectionKind kind) {
  if (stream == nullptr) {
    const StreamFate fate = core.streams.Fate(id);
    const bool unused =
        fate == StreamFate::kIdle || fate == StreamFate::kSkipped;
    if (!core.is_client() || !unused) {
      return fate == StreamFate::kSkipped
                 ? StreamFault(ErrorKind::kNoSuchStream, id,
                               "was skipped: a higher one was opened (RFC 9113 "
                               "5.1.1)")
                 : core.streams.NotLive(id);
    }
    SLUICE_RETURN_IF_ERROR(CheckOpensStream(core, id));
    return CheckConcurrency(core, id);
  }
  SLUICE_RETURN_IF_ERROR(
      core.CheckTakes(id, stream, StreamInput::kSendHeaders));
  // The peer may have answered with a tunnel already.
  const bool tunnel =
      stream->tunnel || (core.is_client() && stream->connect_request &&
                         stream->received == MessagePhase::kBeforeHeaders);
  if (kind != SectionKind::kTrailers || !tunnel) return absl::OkStatus();
  return StreamFault(ErrorKind::kProtocol, id,
                     "is or may become a tunnel, which has no trailers (RFC "
                     "9113 8.5)");
}

SectionKind KindOfHeaders(const Core& core, const Stream* stream) {
  if (stream != nullptr && stream->sent == MessagePhase::kBody) {
    return SectionKind::kTrailers;
  }
  return core.is_client() ? SectionKind::kRequest : SectionKind::kResponse;
}

OutboundRules RulesOf(const ConnectionOptions& options) {
  return {.normalize = options.normalize_outbound,
          .split_cookies = options.split_outbound_cookies};
}

// --- Capacity --------------------------------------------------------------

// Bytes of DATA that may be added to the output.
size_t OutputRoom(const Core& core) {
  return core.output.AdmitsFrames() ? core.output.DataRoom() : 0;
}

// The capacity of a stream that may send DATA, or, for null, of the connection.
SendCapacity CapacityOf(const Core& core, const Stream* stream) {
  return {.frames = core.output.AdmitsFrames(),
          .closed = false,
          .connection_window = core.flow.SendWindowOf(nullptr),
          .window = core.flow.SendWindowOf(stream),
          .output_room = OutputRoom(core),
          .frame_size = core.remote(SettingId::kMaxFrameSize)};
}

size_t SizeOf(const absl::Cord& data) { return data.size(); }
size_t SizeOf(const SharedBytes& data) { return data.bytes.size(); }

// Body is absl::Cord or SharedBytes. Moves `data` away; if it is refused, it
// stays as it is.
template <typename Body>
absl::Status SendBody(Core& core, StreamId id, Body& data,
                      const SendDataOptions& options) {
  const size_t size = SizeOf(data);
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  Stream* const stream = core.streams.Find(id);
  SLUICE_RETURN_IF_ERROR(core.CheckTakes(id, stream, StreamInput::kSendData));
  if (stream->sent != MessagePhase::kBody) {
    return StreamFault(ErrorKind::kProtocol, id,
                       "needs headers before its DATA (RFC 9113 8.1)");
  }
  const size_t padding = options.pad_length.value_or(0);
  const size_t flow_length =
      size + (options.pad_length.has_value() ? 1 + padding : 0);
  // What CapacityFor() promises is taken from the same places.
  const int64_t window = core.flow.SendWindowOf(stream);
  if (flow_length > 0 && static_cast<int64_t>(flow_length) > window) {
    return StreamFault(ErrorKind::kFlowControl, id, "has DATA of ", flow_length,
                       " bytes; the window is ", window, " (RFC 9113 6.9.1)");
  }
  SLUICE_RETURN_IF_ERROR(core.CheckFrameSize("DATA", flow_length, id));
  const size_t room = OutputRoom(core);
  if (size > room) {
    return StreamFault(ErrorKind::kOutputFull, id, "has DATA of ", size,
                       " bytes; the output has room for ", room);
  }

  core.budgets.WorkOnBytes(static_cast<int64_t>(size));
  core.output.AddControl(
      StoreDataHeader(core.output.ControlRoom(kMaxDataHeaderSize), id, size,
                      options.pad_length, options.end_stream));
  core.output.AppendData(std::move(data), padding);
  core.flow.Sent(stream, static_cast<int64_t>(flow_length));
  if (options.end_stream) core.EndSending(stream);
  return absl::OkStatus();
}

}  // namespace

bool Connection::CanSendData(StreamId id) const {
  const Core& core = impl_->core;
  if (core.life.terminated()) return false;
  const Stream* stream = core.streams.Find(id);
  return stream != nullptr && stream->sent == MessagePhase::kBody;
}

bool Connection::AwaitsResponse(StreamId id) const {
  const Core& core = impl_->core;
  if (core.life.terminated()) return false;
  const Stream* stream = core.streams.Find(id);
  return stream != nullptr && stream->sent == MessagePhase::kBeforeHeaders;
}

SendCapacity Connection::CapacityFor(StreamId id) const {
  const Core& core = impl_->core;
  if (!core.life.open()) return {};
  const Stream* stream = nullptr;
  if (id != kConnectionStreamId) {
    stream = core.streams.Find(id);
    if (stream == nullptr || stream->sent != MessagePhase::kBody) return {};
  }
  return CapacityOf(core, stream);
}

void Connection::Prefetch(StreamId id, StreamId later) const {
  impl_->core.streams.Prefetch(id, later);
}

// --- Messages --------------------------------------------------------------

absl::Status Connection::SendHeaders(StreamId id, HeaderSpan headers,
                                     const SendHeadersOptions& options) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  if (options.priority.has_value()) {
    SLUICE_RETURN_IF_ERROR(
        CheckSide(core, Side::kClient, "priority fields", id));
    SLUICE_RETURN_IF_ERROR(CheckPriority(id, *options.priority));
  }
  Stream* stream = core.streams.Find(id);
  const SectionKind kind = KindOfHeaders(core, stream);
  SLUICE_RETURN_IF_ERROR(CheckTakesHeaders(core, id, stream, kind));
  const OutboundFields outbound(headers, RulesOf(core.options));
  SectionFacts facts;
  SLUICE_RETURN_IF_ERROR(CheckFields(core, id, outbound, kind, &facts));
  // RFC 9113 §8.1: trailers end the stream, informational responses do not.
  std::optional<int> code;
  if (kind == SectionKind::kResponse) code = StatusOf(facts);
  const bool informational = code.has_value() && *code < 200;
  if (kind == SectionKind::kTrailers && !options.end_stream) {
    return StreamFault(ErrorKind::kProtocol, id,
                       "needs end_stream with its trailers (RFC 9113 8.1)");
  }
  if (informational && options.end_stream) {
    return StreamFault(
        ErrorKind::kProtocol, id,
        "cannot end with an informational response (RFC 9113 8.1)");
  }
  if (stream != nullptr && stream->state == StreamState::kReservedLocal) {
    SLUICE_RETURN_IF_ERROR(CheckConcurrency(core, id));
  }

  // Nothing fails from here on.
  core.QueueBlock(BlockStart::Headers(id, options.end_stream, options.priority),
                  outbound.fields(), outbound.list_size());
  if (stream == nullptr) {
    stream = core.Open(id, StreamInput::kSendHeaders);
    core.streams.TakeRequest(stream, facts);
  } else {
    core.streams.ChangeState(
        stream, FindTransition(stream->state, StreamInput::kSendHeaders).next);
  }
  if (!informational) stream->sent = MessagePhase::kBody;
  if (IsSuccess(code)) {
    stream->tunnel = stream->connect_request;
  }
  if (options.end_stream) core.EndSending(stream);
  return absl::OkStatus();
}

absl::Status Connection::SendData(StreamId id, absl::Cord data,
                                  const SendDataOptions& options) {
  return SendBody(impl_->core, id, data, options);
}

absl::Status Connection::SendData(StreamId id, SharedBytes&& data,
                                  const SendDataOptions& options) {
  return SendBody(impl_->core, id, data, options);
}

absl::Status Connection::SendData(StreamId id, const SharedBytes& data,
                                  const SendDataOptions& options) {
  return SendData(id, SharedBytes(data), options);
}

absl::Status Connection::EndStream(StreamId id) {
  return SendData(id, SharedBytes(), {.end_stream = true});
}

absl::Status Connection::ResetStream(StreamId id, ErrorCode code) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.life.CheckOpen());
  Stream* const stream = core.streams.Find(id);
  SLUICE_RETURN_IF_ERROR(core.CheckTakes(id, stream, StreamInput::kSendReset));
  core.output.AppendControl(EncodeRstStream(id, code));
  core.streams.CloseReset(stream, StreamFate::kResetByUs);
  return absl::OkStatus();
}

void Connection::LogStreamError(StreamId id, const absl::Status& why) const {
  impl_->core.Log(absl::StrCat("stream ", id), ErrorCode::kInternalError,
                  why.message());
}

absl::Status Connection::PushStream(StreamId parent_id, StreamId promised_id,
                                    HeaderSpan headers) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(
      CheckSide(core, Side::kServer, "PUSH_PROMISE", parent_id));
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  if (core.remote(SettingId::kEnablePush) == 0) {
    return StreamFault(
        ErrorKind::kProtocol, parent_id,
        "cannot promise: the peer disabled push (RFC 9113 6.5.2)");
  }
  SLUICE_RETURN_IF_ERROR(core.CheckTakes(
      parent_id, core.streams.Find(parent_id), StreamInput::kSendPromises));
  if (core.streams.IsOurs(parent_id)) {
    return StreamFault(ErrorKind::kProtocol, parent_id,
                       "is a push and promises nothing (RFC 9113 8.4)");
  }
  SLUICE_RETURN_IF_ERROR(CheckOpensStream(core, promised_id));
  const OutboundFields outbound(headers, RulesOf(core.options));
  SectionFacts facts;
  SLUICE_RETURN_IF_ERROR(CheckFields(core, promised_id, outbound,
                                     SectionKind::kPushPromise, &facts));
  core.QueueBlock(BlockStart::PushPromise(parent_id, promised_id),
                  outbound.fields(), outbound.list_size());
  core.Open(promised_id, StreamInput::kSendPromise)->received =
      MessagePhase::kComplete;
  return absl::OkStatus();
}

// --- Other frames ----------------------------------------------------------

absl::Status Connection::Ping(StringView opaque_data) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  if (opaque_data.size() != 8) {
    return ConnectionFault(ErrorKind::kInvalidArgument, "PING has ",
                           opaque_data.size(),
                           " bytes; it must have 8 (RFC 9113 6.7)");
  }
  core.output.AppendControl(EncodePing(opaque_data, /*ack=*/false));
  ++core.unanswered_pings;
  return absl::OkStatus();
}

absl::Status Connection::Prioritize(StreamId id,
                                    const signals::Rfc7540Priority& priority) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(CheckSide(core, Side::kClient, "PRIORITY", id));
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  SLUICE_RETURN_IF_ERROR(CheckId(id));
  SLUICE_RETURN_IF_ERROR(CheckPriority(id, priority));
  core.output.AppendControl(EncodePriority(id, priority));
  return absl::OkStatus();
}

absl::Status Connection::SendPriorityUpdate(
    StreamId id, const signals::Rfc9218Priority& priority) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(CheckSide(core, Side::kClient, "PRIORITY_UPDATE", id));
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  SLUICE_RETURN_IF_ERROR(CheckId(id));
  const bool idle = core.streams.Fate(id) == StreamFate::kIdle;
  if (idle && !core.streams.IsOurs(id)) {
    return StreamFault(
        ErrorKind::kNoSuchStream, id,
        "is a push that the peer has not promised (RFC 9218 7.1)");
  }
  if (priority.urgency < signals::kMinUrgency ||
      priority.urgency > signals::kMaxUrgency) {
    return StreamFault(ErrorKind::kInvalidArgument, id, "has urgency ",
                       priority.urgency, "; it must be 0 to 7");
  }
  if (idle) {
    SLUICE_RETURN_IF_ERROR(core.streams.CheckIdlePriority(
        id, core.remote(SettingId::kMaxConcurrentStreams),
        ErrorKind::kTooManyStreams));
    core.streams.PrioritizeIdle(id);
  }
  core.output.AppendControl(
      EncodePriorityUpdate(id, signals::FormatRfc9218Priority(priority)));
  return absl::OkStatus();
}

absl::Status Connection::AdvertiseAlternativeService(
    StringView field_value, std::optional<StringView> origin,
    std::optional<StreamId> stream_id) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(
      CheckSide(core, Side::kServer, "ALTSVC", kConnectionStreamId));
  SLUICE_RETURN_IF_ERROR(core.CheckMaySend());
  if (origin.has_value() == stream_id.has_value()) {
    return ConnectionFault(
        ErrorKind::kInvalidArgument,
        "ALTSVC needs an origin or a stream, and not both (RFC 7838 4)");
  }
  if (stream_id.has_value()) {
    const Stream* stream = core.streams.Find(*stream_id);
    if (stream == nullptr) return core.streams.NotLive(*stream_id);
    // After the response began, the client may have forgotten the request.
    if (core.streams.IsOurs(*stream_id) ||
        stream->sent != MessagePhase::kBeforeHeaders) {
      return StreamFault(ErrorKind::kProtocol, *stream_id,
                         "takes ALTSVC only before its response (RFC 7838 4)");
    }
  }
  const absl::string_view origin_value = origin.value_or("");
  if (origin.has_value() && origin_value.empty()) {
    return ConnectionFault(ErrorKind::kInvalidArgument,
                           "the origin of ALTSVC is empty (RFC 7838 4)");
  }
  SLUICE_RETURN_IF_ERROR(core.CheckFrameSize(
      "ALTSVC", 2 + origin_value.size() + field_value.size()));
  if (origin_value.size() > 0xffff) {
    return ConnectionFault(ErrorKind::kInvalidArgument,
                           "the origin of ALTSVC has ", origin_value.size(),
                           " bytes; it may have 65535");
  }
  core.output.AppendControl(EncodeAltSvc(
      stream_id.value_or(kConnectionStreamId), origin_value, field_value));
  return absl::OkStatus();
}

// --- Flow control ----------------------------------------------------------

absl::Status Connection::IncrementFlowControlWindow(StreamId id,
                                                    uint32_t increment) {
  Core& core = impl_->core;
  SLUICE_RETURN_IF_ERROR(core.life.CheckOpen());
  if (increment == 0 || increment > kMaxWindow) {
    return Fault(ErrorKind::kInvalidArgument, id, "the increment is ",
                 increment, "; it must be 1 to ", kMaxWindow,
                 " (RFC 9113 6.9)");
  }
  Stream* stream = nullptr;
  if (id != kConnectionStreamId) {
    stream = core.streams.Find(id);
    SLUICE_RETURN_IF_ERROR(
        core.CheckTakes(id, stream, StreamInput::kSendWindowUpdate));
  }
  return core.flow.OpenReceiveWindow(stream, increment);
}

absl::Status Connection::AcknowledgeReceivedData(StreamId id, size_t bytes) {
  Core& core = impl_->core;
  if (!core.life.open()) return core.life.CheckOpen();
  if (id == kConnectionStreamId || bytes > kMaxWindow) {
    return Fault(ErrorKind::kInvalidArgument, id, bytes, " bytes of stream ",
                 id, "; a stream and up to ", kMaxWindow, " bytes are allowed");
  }
  Stream* const stream = core.streams.Find(id);
  if (stream == nullptr && core.streams.Fate(id) == StreamFate::kIdle) {
    return core.streams.NotLive(id);
  }
  const int64_t allowed = core.streams.Unacknowledged(stream);
  if (static_cast<int64_t>(bytes) > allowed) {
    return StreamFault(ErrorKind::kInvalidArgument, id, "has ", bytes,
                       " bytes acknowledged; ", allowed, " that arrived ",
                       stream == nullptr ? "on closed streams " : "",
                       "are not acknowledged yet");
  }
  core.flow.Acknowledge(stream, bytes);
  return absl::OkStatus();
}

}  // namespace sluice::h2
