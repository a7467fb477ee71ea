// The calls that send frames. Each checks everything before it changes
// anything, so that a refused call leaves no trace.
#include <sluice/h2/connection_state.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/field.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/header_normalization.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/header_validation.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {
namespace {

using Outcome = Transition::Outcome;

absl::Status CheckMay(const Stream& stream, StreamInput input) {
  const Transition& transition = FindTransition(stream.state, input);
  if (transition.outcome == Outcome::kOk) return absl::OkStatus();
  return MakeError(transition.code == ErrorCode::kStreamClosed
                       ? ErrorKind::kStreamClosed
                       : ErrorKind::kProtocol,
                   transition.section, stream.id);
}

// RFC 7540 §5.3.1, §5.3.2.
absl::Status CheckPriority(StreamId id,
                           const signals::Rfc7540Priority& priority) {
  if (priority.weight < 1 || priority.weight > 256) {
    return MakeError(ErrorKind::kInvalidArgument, "weight is 1 to 256", id);
  }
  if (priority.depends_on == id) {
    return MakeError(ErrorKind::kProtocol, "a stream depends on itself", id);
  }
  if (priority.depends_on > kMaxStreamId) {
    return MakeError(ErrorKind::kInvalidArgument, "no stream id", id);
  }
  return absl::OkStatus();
}

// For an error text, which a name of any length would fill.
std::string ShortName(absl::string_view name) {
  constexpr size_t kShort = 64;
  return absl::StrCat(name.substr(0, kShort), name.size() > kShort ? "…" : "");
}

}  // namespace

absl::StatusOr<Stream*> Connection::Impl::FindLive(StreamId id) {
  Stream* stream = streams_.Find(id);
  if (stream != nullptr) return stream;
  const bool idle = streams_.Fate(id) == StreamFate::kIdle;
  return MakeError(idle ? ErrorKind::kNoSuchStream : ErrorKind::kStreamClosed,
                   idle ? "never opened" : "closed", id);
}

// RFC 9113 §5.1.1, §5.1.2, §6.8: whether the idle `id` may become a stream of
// ours.
absl::Status Connection::Impl::CheckOpensStream(StreamId id) const {
  if (id > kMaxStreamId) {
    return MakeError(ErrorKind::kNoAvailableStreamId, "ids end at 2^31-1", id);
  }
  if (id == kConnectionStreamId || !streams_.IsOurs(id)) {
    return MakeError(ErrorKind::kNoSuchStream, "an id of the peer's", id);
  }
  if (id <= streams_.last_ours()) {
    return MakeError(ErrorKind::kStreamIdTooLow, "below an id used before", id);
  }
  return CheckState(Departure::kNewStream, id);
}

absl::Status Connection::Impl::CheckSize(
    StreamId id, absl::Span<const FieldView> fields) const {
  size_t list_size = 0;
  FieldView largest;
  for (const FieldView& field : fields) {
    if (std::max(field.name.size(), field.value.size()) > kMaxFieldText) {
      return MakeError(ErrorKind::kHeadersTooLarge,
                       absl::StrCat("the field ", ShortName(field.name),
                                    " has a name of ", field.name.size(),
                                    " and a value of ", field.value.size(),
                                    " bytes; each may have ", kMaxFieldText),
                       id);
    }
    list_size += field.name.size() + field.value.size() + kFieldOverhead;
    if (field.name.size() + field.value.size() >
        largest.name.size() + largest.value.size()) {
      largest = field;
    }
  }
  const uint32_t limit = remote_.Get(SettingId::kMaxHeaderListSize);
  if (list_size <= limit) return absl::OkStatus();
  return MakeError(
      ErrorKind::kHeadersTooLarge,
      absl::StrCat("the header list is ", list_size,
                   " bytes; the peer's MAX_HEADER_LIST_SIZE is ", limit,
                   " (RFC 9113 6.5.2); the largest field is ",
                   ShortName(largest.name)),
      id);
}

absl::Status Connection::Impl::CheckFields(StreamId id,
                                           absl::Span<const FieldView> fields,
                                           SectionKind kind) const {
  if (absl::Status status = CheckSize(id, fields); !status.ok()) return status;
  if (!options_.validate_outbound) return absl::OkStatus();
  // RFC 8441 §3: :protocol only once the server allowed it.
  const bool extended_connect =
      is_client() && remote_.Get(SettingId::kEnableConnectProtocol) == 1;
  const std::optional<HeaderFault> fault =
      FindHeaderFault(fields, kind, extended_connect);
  if (!fault.has_value()) return absl::OkStatus();
  return MakeError(fault->kind, fault->reason, id);
}

absl::StatusOr<SectionKind> Connection::Impl::CheckSendsHeaders(
    StreamId id, const Stream* stream) const {
  SectionKind kind =
      is_client() ? SectionKind::kRequest : SectionKind::kResponse;
  if (stream != nullptr) {
    absl::Status status = CheckMay(*stream, StreamInput::kSendHeaders);
    if (!status.ok()) return status;
    if (stream->sent == MessagePhase::kBody) kind = SectionKind::kTrailers;
    // The peer may have answered with a tunnel already.
    const bool may_be_tunnel =
        stream->tunnel || (is_client() && stream->connect_request &&
                           stream->received == MessagePhase::kBeforeHeaders);
    if (kind == SectionKind::kTrailers && may_be_tunnel) {
      return MakeError(ErrorKind::kProtocol,
                       "a tunnel has no trailers (RFC 9113 8.5)", id);
    }
  } else if (const StreamFate fate = streams_.Fate(id);
             fate != StreamFate::kIdle && fate != StreamFate::kSkipped) {
    return MakeError(ErrorKind::kStreamClosed, "closed", id);
  } else if (is_client()) {
    absl::Status status = CheckOpensStream(id);
    if (!status.ok()) return status;
    if (streams_.active_ours() >=
        remote_.Get(SettingId::kMaxConcurrentStreams)) {
      return MakeError(ErrorKind::kTooManyStreams,
                       "the peer's MAX_CONCURRENT_STREAMS (RFC 9113 5.1.2)",
                       id);
    }
  } else {
    return MakeError(ErrorKind::kNoSuchStream, "never opened", id);
  }
  return kind;
}

absl::Status Connection::Impl::SendHeaders(StreamId id, HeaderSpan headers,
                                           const SendHeadersOptions& options) {
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  if (options.priority.has_value()) {
    if (!is_client()) {
      return MakeError(ErrorKind::kClientsOnly, "priority fields", id);
    }
    absl::Status status = CheckPriority(id, *options.priority);
    if (!status.ok()) return status;
  }
  Stream* stream = streams_.Find(id);
  const absl::StatusOr<SectionKind> section = CheckSendsHeaders(id, stream);
  if (!section.ok()) return section.status();
  const SectionKind kind = *section;
  const OutboundFields prepared = PrepareOutbound(
      headers.fields(),
      {options_.normalize_outbound, options_.split_outbound_cookies});
  if (absl::Status status = CheckFields(id, prepared.fields, kind);
      !status.ok()) {
    return status;
  }
  // RFC 9113 §8.1: trailers end the stream, informational responses do not.
  const std::optional<int> code = StatusOf(prepared.fields);
  const bool informational =
      kind == SectionKind::kResponse && code.has_value() && *code < 200;
  if (kind == SectionKind::kTrailers && !options.end_stream) {
    return MakeError(ErrorKind::kProtocol, "trailers end the stream", id);
  }
  if (informational && options.end_stream) {
    return MakeError(ErrorKind::kProtocol,
                     "an informational response does not end the stream", id);
  }
  if (stream != nullptr && stream->state == StreamState::kReservedLocal &&
      streams_.active_ours() >= remote_.Get(SettingId::kMaxConcurrentStreams)) {
    return MakeError(ErrorKind::kTooManyStreams,
                     "the peer's MAX_CONCURRENT_STREAMS (RFC 9113 5.1.2)", id);
  }

  // Nothing fails from here on.
  output_.AppendControl(EncodeHeaders(id, encoder_.Encode(prepared.fields),
                                      options.end_stream, options.priority,
                                      MaxOutboundFrameSize()));
  if (stream == nullptr) {
    stream = streams_.Open(id, StreamState::kOpen,
                           remote_.Get(SettingId::kInitialWindowSize),
                           local_.Get(SettingId::kInitialWindowSize));
    idle_prioritized_.erase(idle_prioritized_.begin(),
                            idle_prioritized_.upper_bound(id));
    const FieldView* method = FindField(prepared.fields, ":method");
    stream->head_request = method != nullptr && method->value == "HEAD";
    stream->connect_request = method != nullptr && method->value == "CONNECT";
    const FieldView* authority = FindField(prepared.fields, ":authority");
    if (authority != nullptr) {
      stream->authority = std::string(authority->value);
    }
  } else {
    streams_.ChangeState(
        stream, FindTransition(stream->state, StreamInput::kSendHeaders).next);
  }
  if (!informational) stream->sent = MessagePhase::kBody;
  if (kind == SectionKind::kResponse && IsSuccess(code)) {
    stream->tunnel = stream->connect_request;
  }
  if (options.end_stream) EndSending(stream);
  return absl::OkStatus();
}

void Connection::Impl::EndSending(Stream* stream) {
  stream->sent = MessagePhase::kComplete;
  const StreamState next =
      FindTransition(stream->state, StreamInput::kSendEndStream).next;
  if (next == StreamState::kClosed) budgets_.Work(1);
  streams_.ChangeState(stream, next);
}

absl::Status Connection::Impl::SendData(StreamId id, absl::Cord data,
                                        const SendDataOptions& options) {
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  const absl::StatusOr<Stream*> found = FindLive(id);
  if (!found.ok()) return found.status();
  Stream* stream = *found;
  if (absl::Status status = CheckMay(*stream, StreamInput::kSendData);
      !status.ok()) {
    return status;
  }
  if (stream->sent != MessagePhase::kBody) {
    return MakeError(ErrorKind::kProtocol, "headers come first (RFC 9113 8.1)",
                     id);
  }
  const size_t padding = options.pad_length.value_or(0);
  const size_t flow_length =
      data.size() + (options.pad_length.has_value() ? 1 + padding : 0);
  const SendCapacity capacity = CapacityOf(stream);
  if (flow_length > 0 && static_cast<int64_t>(flow_length) > capacity.window) {
    return MakeError(ErrorKind::kFlowControl, "beyond the window", id);
  }
  if (flow_length > capacity.frame_size) {
    return MakeError(ErrorKind::kFrameTooLarge,
                     "beyond the peer's MAX_FRAME_SIZE", id);
  }
  if (data.size() > capacity.output_room) {
    refused_output_ = true;
    return MakeError(ErrorKind::kOutputFull, "write the output first", id);
  }

  if (!data.empty()) budgets_.Work(1);
  const std::string frame_header =
      EncodeDataHeader(id, data.size(), options.pad_length, options.end_stream);
  output_.AppendData(frame_header, std::move(data), padding);
  send_window_.Consume(static_cast<int64_t>(flow_length));
  stream->send_window.Consume(static_cast<int64_t>(flow_length));
  if (options.end_stream) EndSending(stream);
  return absl::OkStatus();
}

absl::Status Connection::Impl::ResetStream(StreamId id, ErrorCode code) {
  if (absl::Status status = CheckMaySend(false); !status.ok()) return status;
  const absl::StatusOr<Stream*> stream = FindLive(id);
  if (!stream.ok()) return stream.status();
  output_.AppendControl(EncodeRstStream(id, code));
  streams_.CloseReset(*stream, StreamFate::kResetByUs);
  return absl::OkStatus();
}

absl::Status Connection::Impl::PushStream(StreamId parent_id,
                                          StreamId promised_id,
                                          HeaderSpan headers) {
  if (is_client()) {
    return MakeError(ErrorKind::kServersOnly, "PUSH_PROMISE (RFC 9113 8.4)",
                     parent_id);
  }
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  if (remote_.Get(SettingId::kEnablePush) == 0) {
    return MakeError(ErrorKind::kProtocol,
                     "the peer disabled push (RFC 9113 6.5.2)", parent_id);
  }
  const absl::StatusOr<Stream*> parent = FindLive(parent_id);
  if (!parent.ok()) return parent.status();
  if (streams_.IsOurs(parent_id)) {
    return MakeError(ErrorKind::kProtocol,
                     "a pushed stream promises nothing (RFC 9113 8.4)",
                     parent_id);
  }
  if (absl::Status status = CheckMay(**parent, StreamInput::kSendPromises);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckOpensStream(promised_id); !status.ok()) {
    return status;
  }
  const OutboundFields prepared = PrepareOutbound(
      headers.fields(),
      {options_.normalize_outbound, options_.split_outbound_cookies});
  if (absl::Status status =
          CheckFields(promised_id, prepared.fields, SectionKind::kPushPromise);
      !status.ok()) {
    return status;
  }
  output_.AppendControl(EncodePushPromise(parent_id, promised_id,
                                          encoder_.Encode(prepared.fields),
                                          MaxOutboundFrameSize()));
  Stream* promised = streams_.Open(promised_id, StreamState::kReservedLocal,
                                   remote_.Get(SettingId::kInitialWindowSize),
                                   local_.Get(SettingId::kInitialWindowSize));
  promised->received = MessagePhase::kComplete;
  return absl::OkStatus();
}

absl::Status Connection::Impl::Ping(absl::string_view opaque_data) {
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  if (opaque_data.size() != 8) {
    return MakeError(ErrorKind::kInvalidArgument,
                     "PING carries 8 bytes (RFC 9113 6.7)");
  }
  output_.AppendControl(EncodePing(opaque_data, false));
  ++unanswered_pings_;
  return absl::OkStatus();
}

absl::Status Connection::Impl::Prioritize(
    StreamId id, const signals::Rfc7540Priority& priority) {
  if (!is_client()) {
    return MakeError(ErrorKind::kClientsOnly, "PRIORITY", id);
  }
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  if (id == kConnectionStreamId || id > kMaxStreamId) {
    return MakeError(ErrorKind::kInvalidArgument, "no stream id", id);
  }
  if (absl::Status status = CheckPriority(id, priority); !status.ok()) {
    return status;
  }
  output_.AppendControl(EncodePriority(id, priority));
  return absl::OkStatus();
}

absl::Status Connection::Impl::SendPriorityUpdate(
    StreamId id, const signals::Rfc9218Priority& priority) {
  if (!is_client()) {
    return MakeError(ErrorKind::kClientsOnly, "PRIORITY_UPDATE", id);
  }
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  if (id == kConnectionStreamId || id > kMaxStreamId) {
    return MakeError(ErrorKind::kInvalidArgument, "no stream id", id);
  }
  // RFC 9218 §7.1: a push that was not promised cannot be prioritized.
  if (!streams_.IsOurs(id) && streams_.Fate(id) == StreamFate::kIdle) {
    return MakeError(ErrorKind::kNoSuchStream, "an idle push", id);
  }
  if (priority.urgency < 0 || priority.urgency > 7) {
    return MakeError(ErrorKind::kInvalidArgument, "urgency is 0 to 7", id);
  }
  if (streams_.Fate(id) == StreamFate::kIdle) {
    const uint32_t limit = remote_.Get(SettingId::kMaxConcurrentStreams);
    const size_t prioritized = idle_prioritized_.size();
    if (!idle_prioritized_.contains(id) &&
        prioritized + streams_.active_ours() >= limit) {
      return MakeError(
          ErrorKind::kTooManyStreams,
          absl::StrCat(prioritized, " idle and ", streams_.active_ours(),
                       " active streams; the peer's MAX_CONCURRENT_STREAMS is ",
                       limit, " (RFC 9218 7.1)"),
          id);
    }
    idle_prioritized_.insert(id);
  }
  output_.AppendControl(
      EncodePriorityUpdate(id, signals::FormatRfc9218Priority(priority)));
  return absl::OkStatus();
}

absl::Status Connection::Impl::AdvertiseAlternativeService(
    absl::string_view field_value, std::optional<absl::string_view> origin,
    std::optional<StreamId> stream_id) {
  if (is_client()) {
    return MakeError(ErrorKind::kServersOnly, "ALTSVC (RFC 7838 4)");
  }
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  if (origin.has_value() == stream_id.has_value()) {
    return MakeError(ErrorKind::kInvalidArgument,
                     "exactly one of origin and stream (RFC 7838 4)");
  }
  if (stream_id.has_value()) {
    const absl::StatusOr<Stream*> stream = FindLive(*stream_id);
    if (!stream.ok()) return stream.status();
    if (streams_.IsOurs(*stream_id) ||
        (*stream)->sent != MessagePhase::kBeforeHeaders) {
      // After the response began, the client may have forgotten the request.
      return MakeError(ErrorKind::kProtocol,
                       "ALTSVC goes before the response's headers", *stream_id);
    }
  }
  const absl::string_view origin_value = origin.value_or("");
  if (origin.has_value() && origin_value.empty()) {
    return MakeError(ErrorKind::kInvalidArgument, "empty origin");
  }
  if (2 + origin_value.size() + field_value.size() > MaxOutboundFrameSize()) {
    return MakeError(ErrorKind::kFrameTooLarge, "ALTSVC");
  }
  if (origin_value.size() > 0xffff) {
    return MakeError(ErrorKind::kInvalidArgument, "origin above 65535 bytes");
  }
  output_.AppendControl(EncodeAltSvc(stream_id.value_or(kConnectionStreamId),
                                     origin_value, field_value));
  return absl::OkStatus();
}

absl::Status Connection::Impl::IncrementFlowControlWindow(StreamId id,
                                                          uint32_t increment) {
  if (absl::Status status = CheckMaySend(false); !status.ok()) return status;
  if (increment == 0 || increment > kMaxWindow) {
    return MakeError(ErrorKind::kInvalidArgument,
                     "an increment is 1 to 2^31-1 (RFC 9113 6.9)", id);
  }
  ReceiveWindow* window = &receive_window_;
  int64_t limit = kMaxWindow;
  if (id != kConnectionStreamId) {
    const absl::StatusOr<Stream*> stream = FindLive(id);
    if (!stream.ok()) return stream.status();
    absl::Status status = CheckMay(**stream, StreamInput::kSendWindowUpdate);
    if (!status.ok()) return status;
    window = &(*stream)->receive_window;
    limit = ReceiveWindowLimit();
  }
  if (!window->Open(increment, limit)) {
    return MakeError(ErrorKind::kFlowControl,
                     "a window ends at 2^31-1 (RFC 9113 6.9.1)", id);
  }
  output_.AppendControl(EncodeWindowUpdate(id, increment));
  return absl::OkStatus();
}

absl::Status Connection::Impl::AcknowledgeReceivedData(StreamId id,
                                                       size_t bytes) {
  if (absl::Status status = CheckMaySend(false); !status.ok()) return status;
  if (id == kConnectionStreamId || bytes > kMaxWindow) {
    return MakeError(ErrorKind::kInvalidArgument, "a stream and its bytes", id);
  }
  if (streams_.Fate(id) == StreamFate::kIdle) {
    return MakeError(ErrorKind::kNoSuchStream, "never opened", id);
  }
  const uint32_t increment =
      receive_window_.Process(static_cast<int64_t>(bytes));
  if (increment > 0) {
    output_.AppendControl(EncodeWindowUpdate(kConnectionStreamId, increment));
  }
  Stream* stream = streams_.Find(id);
  // After END_STREAM nothing more comes in on the stream.
  if (stream == nullptr || stream->received == MessagePhase::kComplete) {
    return absl::OkStatus();
  }
  const uint32_t stream_increment = stream->receive_window.Process(
      static_cast<int64_t>(bytes), ReceiveWindowLimit());
  if (stream_increment > 0) {
    output_.AppendControl(EncodeWindowUpdate(id, stream_increment));
  }
  return absl::OkStatus();
}

}  // namespace sluice::h2
