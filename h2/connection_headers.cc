// Header blocks in: HEADERS, PUSH_PROMISE and CONTINUATION (RFC 9113 §4.3,
// §6.2, §6.6, §6.10), and what the messages in them mean (§8).
//
// A block is always decoded to its end, whatever becomes of its stream: HPACK
// is one context for the whole connection (§4.3).
#include <sluice/h2/byte_order.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/field.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/frame_payload.h>
#include <sluice/h2/header_normalization.h>
#include <sluice/h2/header_validation.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {
namespace {

using Outcome = Transition::Outcome;

// At this multiple of the header list limit the connection ends.
constexpr size_t kOversizedFactor = 4;

constexpr size_t kPromisedIdSize = 4;  // RFC 9113 §6.6

// RFC 9218 §5: the fields of one name are one dictionary, joined by commas.
std::optional<signals::Rfc9218Priority> PriorityFieldOf(
    const FieldViews& fields) {
  std::string joined;
  bool any = false;
  for (const FieldView& field : fields) {
    if (field.name != "priority") continue;
    absl::StrAppend(&joined, any ? ", " : "", field.value);
    any = true;
  }
  if (!any) return std::nullopt;
  return signals::ParseRfc9218Priority(joined);
}

}  // namespace

absl::Status Connection::Impl::OnHeaders(const FrameHeader& header,
                                         absl::string_view payload,
                                         std::vector<Event>* events) {
  HeaderBlock block;
  block.stream_id = header.stream_id;
  block.end_stream = header.Has(kFlagEndStream);
  if (header.Has(kFlagPadded)) {
    absl::Status status = RemovePadding(
        header.stream_id, header.Has(kFlagPriority) ? kPriorityFieldsSize : 0,
        &payload);
    if (!status.ok()) return status;
  }
  if (header.Has(kFlagPriority)) {
    if (payload.size() < kPriorityFieldsSize) {
      return MakeError(ErrorKind::kFrameDataMissing,
                       "HEADERS without its priority fields (RFC 9113 4.2)",
                       header.stream_id);
    }
    block.priority = ParsePriorityFields(payload);
    payload.remove_prefix(kPriorityFieldsSize);
    // RFC 9218 §2.1.
    if (!is_client() && remote_.Get(SettingId::kNoRfc7540Priorities) == 1) {
      block.priority.reset();
    }
  }
  block_ = block;
  return AddFragment(payload, header.Has(kFlagEndHeaders), events);
}

absl::Status Connection::Impl::OnPushPromise(const FrameHeader& header,
                                             absl::string_view payload,
                                             std::vector<Event>* events) {
  // RFC 9113 §8.4: "A client that has set SETTINGS_ENABLE_PUSH to 0 and has
  // received acknowledgment MUST treat the receipt of a PUSH_PROMISE frame as a
  // connection error of type PROTOCOL_ERROR."
  if (local_.Get(SettingId::kEnablePush) == 0) {
    return MakeError(ErrorKind::kProtocol, "push is disabled (RFC 9113 8.4)",
                     header.stream_id);
  }
  HeaderBlock block;
  block.type = FrameType::kPushPromise;
  block.stream_id = header.stream_id;
  if (header.Has(kFlagPadded)) {
    absl::Status status =
        RemovePadding(header.stream_id, kPromisedIdSize, &payload);
    if (!status.ok()) return status;
  }
  if (payload.size() < kPromisedIdSize) {
    return MakeError(ErrorKind::kFrameDataMissing,
                     "PUSH_PROMISE without its stream (RFC 9113 6.6)",
                     header.stream_id);
  }
  block.promised_id = LoadU32(payload) & kMaxStreamId;
  payload.remove_prefix(kPromisedIdSize);
  block_ = block;
  return AddFragment(payload, header.Has(kFlagEndHeaders), events);
}

absl::Status Connection::Impl::OnContinuation(const FrameHeader& header,
                                              absl::string_view payload,
                                              std::vector<Event>* events) {
  if (++block_->continuations > options_.limits.max_continuation_frames) {
    return MakeError(ErrorKind::kDenialOfService,
                     "too many CONTINUATION frames (RFC 9113 10.5)",
                     header.stream_id);
  }
  return AddFragment(payload, header.Has(kFlagEndHeaders), events);
}

absl::Status Connection::Impl::AddFragment(absl::string_view fragment,
                                           bool last,
                                           std::vector<Event>* events) {
  if (!hpack_.Decode(fragment, last)) {
    return MakeError(ErrorKind::kCompression, "HPACK (RFC 9113 4.3)",
                     block_->stream_id);
  }
  if (hpack_.list_size() / kOversizedFactor >
      options_.limits.max_header_list_size) {
    return MakeError(ErrorKind::kDenialOfService,
                     "a header list far beyond the limit (RFC 9113 10.5.1)",
                     block_->stream_id);
  }
  if (!last) return absl::OkStatus();
  const HeaderBlock block = *block_;
  block_.reset();
  Section section;
  const size_t room =
      options_.limits.max_header_bytes_per_read - header_bytes_of_read_;
  section.oversized = hpack_.dropped() || hpack_.list_size() > room;
  if (!section.oversized) header_bytes_of_read_ += hpack_.list_size();
  section.headers = hpack_.TakeFields();
  section.fields = ViewsOf(section.headers);
  return block.type == FrameType::kPushPromise
             ? FinishPushPromise(block, std::move(section), events)
             : FinishHeaders(block, std::move(section), events);
}

// Joined here, since each field is checked as it came.
std::vector<Header> Connection::Impl::TakeHeaders(Section* section) const {
  section->fields.clear();
  if (options_.normalize_inbound) JoinCookies(&section->headers);
  return std::move(section->headers);
}

absl::Status Connection::Impl::FinishHeaders(const HeaderBlock& block,
                                             Section section,
                                             std::vector<Event>* events) {
  const StreamId id = block.stream_id;
  if (IsBeyondGoAway(id)) return absl::OkStatus();
  Stream* stream = streams_.Find(id);
  if (stream == nullptr) {
    const bool opens = !is_client() && !streams_.IsOurs(id) &&
                       streams_.Fate(id) == StreamFate::kIdle;
    if (opens) return FinishRequest(block, std::move(section), events);
    if (streams_.Fate(id) == StreamFate::kIdle) {
      return MakeError(ErrorKind::kProtocol,
                       "HEADERS on a stream that this peer does not open (RFC "
                       "9113 5.1.1)",
                       id);
    }
    return OnMessageFrameOfGoneStream(id, StreamInput::kReceiveHeaders);
  }
  const Transition& transition =
      FindTransition(stream->state, StreamInput::kReceiveHeaders);
  if (transition.outcome != Outcome::kOk) {
    return ApplyOutcome(transition, id, "HEADERS", events);
  }
  if (block.priority.has_value() && block.priority->depends_on == id) {
    return StreamError(
        MakeError(ErrorKind::kProtocol,
                  "a stream depends on itself (RFC 7540 5.3.1)", id),
        events);
  }
  if (section.oversized) return RefuseOversized(block, events);
  if (stream->received == MessagePhase::kBody) {
    return FinishTrailers(stream, block, std::move(section), events);
  }
  return FinishResponse(stream, block, std::move(section), events);
}

absl::Status Connection::Impl::CheckSection(const Section& section,
                                            SectionKind kind,
                                            StreamId id) const {
  if (!options_.validate_inbound) return absl::OkStatus();
  // RFC 8441 §3: :protocol only where we allowed it.
  const bool extended_connect =
      !is_client() && (local_.Get(SettingId::kEnableConnectProtocol) == 1 ||
                       LocalSettingSent(SettingId::kEnableConnectProtocol, 1));
  const std::optional<HeaderFault> fault =
      FindHeaderFault(section.fields, kind, extended_connect);
  if (!fault.has_value()) return absl::OkStatus();
  return MakeError(fault->kind, fault->reason, id);
}

absl::Status Connection::Impl::ExpectBody(const Section& section,
                                          bool no_content, bool end_stream,
                                          Stream* stream) const {
  const ContentLength length = ContentLengthOf(section.fields);
  if (no_content) {
    stream->expected_body = 0;
  } else if (!stream->unchecked_length) {
    stream->expected_body = length.value.value_or(Stream::kAnyLength);
  }
  if (length.legal && !(end_stream && stream->expected_body > 0)) {
    return absl::OkStatus();
  }
  return MakeError(ErrorKind::kInvalidBodyLength,
                   "content-length (RFC 9113 8.1.1)", stream->id);
}

// StreamEnded, then the signals: the order that events.h promises.
void Connection::Impl::AppendSectionEnd(const HeaderBlock& block,
                                        std::vector<Event>* events) {
  if (block.end_stream) events->push_back(StreamEnded{block.stream_id});
  if (block.priority.has_value()) {
    events->push_back(PriorityUpdated{block.stream_id, *block.priority,
                                      SignalSource::kHeader});
  }
}

absl::Status Connection::Impl::FinishRequest(const HeaderBlock& block,
                                             Section section,
                                             std::vector<Event>* events) {
  const StreamId id = block.stream_id;
  // Whatever becomes of the request, its id is not idle any more.
  idle_prioritized_.erase(idle_prioritized_.begin(),
                          idle_prioritized_.upper_bound(id));
  if (streams_.active_peers() >= max_inbound_streams_) {
    return StreamError(MakeError(ErrorKind::kTooManyStreams,
                                 "MAX_CONCURRENT_STREAMS (RFC 9113 5.1.2)", id),
                       events);
  }
  if (block.priority.has_value() && block.priority->depends_on == id) {
    return StreamError(
        MakeError(ErrorKind::kProtocol,
                  "a stream depends on itself (RFC 7540 5.3.1)", id),
        events);
  }
  if (section.oversized) return RefuseOversized(block, events);
  if (absl::Status fault = CheckSection(section, SectionKind::kRequest, id);
      !fault.ok()) {
    return StreamError(std::move(fault), events);
  }
  Stream* stream = streams_.Open(id, StreamState::kOpen,
                                 remote_.Get(SettingId::kInitialWindowSize),
                                 local_.Get(SettingId::kInitialWindowSize));
  const FieldView* method = FindField(section.fields, ":method");
  stream->connect_request = method != nullptr && method->value == "CONNECT";
  stream->unchecked_length = stream->connect_request;
  if (absl::Status fault =
          ExpectBody(section, /*no_content=*/false, block.end_stream, stream);
      !fault.ok()) {
    return StreamError(std::move(fault), events);
  }
  stream->received = MessagePhase::kBody;

  const std::optional<signals::Rfc9218Priority> field =
      PriorityFieldOf(section.fields);
  events->push_back(
      RequestReceived{id, TakeHeaders(&section), block.end_stream});
  AppendSectionEnd(block, events);
  if (field.has_value()) {
    events->push_back(PriorityFieldUpdated{id, *field, SignalSource::kHeader});
  }
  if (block.end_stream) EndReceiving(stream);
  return absl::OkStatus();
}

absl::Status Connection::Impl::FinishResponse(Stream* stream,
                                              const HeaderBlock& block,
                                              Section section,
                                              std::vector<Event>* events) {
  const StreamId id = block.stream_id;
  if (absl::Status fault = CheckSection(section, SectionKind::kResponse, id);
      !fault.ok()) {
    return StreamError(std::move(fault), events);
  }
  if (stream->state == StreamState::kReservedRemote &&
      streams_.active_peers() >= max_inbound_streams_) {
    return StreamError(MakeError(ErrorKind::kTooManyStreams,
                                 "MAX_CONCURRENT_STREAMS (RFC 9113 5.1.2)", id),
                       events);
  }
  const int status = StatusOf(section.fields).value_or(200);
  const bool informational = status < 200;
  // RFC 9113 §8.1: "An endpoint that receives a HEADERS frame with END_STREAM
  // set and an informational status code MUST treat it as malformed."
  if (informational && block.end_stream) {
    return StreamError(
        MakeError(ErrorKind::kProtocol,
                  "an informational response ends the stream (RFC 9113 8.1)",
                  id),
        events);
  }
  if (informational) {
    if (absl::Status status =
            Spend(&budgets_.informational, "informational responses");
        !status.ok()) {
      return status;
    }
  } else {
    stream->tunnel = stream->connect_request && IsSuccess(status);
    // RFC 9110 §8.6: content-length means nothing there.
    stream->unchecked_length |= stream->tunnel;
    const bool no_content =
        stream->head_request || status == 204 || status == 304;
    if (absl::Status fault =
            ExpectBody(section, no_content, block.end_stream, stream);
        !fault.ok()) {
      return StreamError(std::move(fault), events);
    }
  }
  streams_.ChangeState(
      stream, FindTransition(stream->state, StreamInput::kReceiveHeaders).next);
  if (informational) {
    events->push_back(InformationalResponseReceived{id, TakeHeaders(&section)});
    AppendSectionEnd(block, events);
    return absl::OkStatus();
  }
  stream->received = MessagePhase::kBody;
  events->push_back(
      ResponseReceived{id, TakeHeaders(&section), block.end_stream});
  AppendSectionEnd(block, events);
  if (block.end_stream) EndReceiving(stream);
  return absl::OkStatus();
}

absl::Status Connection::Impl::FinishTrailers(Stream* stream,
                                              const HeaderBlock& block,
                                              Section section,
                                              std::vector<Event>* events) {
  const StreamId id = block.stream_id;
  absl::Status fault = CheckSection(section, SectionKind::kTrailers, id);
  if (stream->tunnel) {
    fault = MakeError(ErrorKind::kProtocol,
                      "HEADERS on a tunnel (RFC 9113 8.5)", id);
  } else if (!block.end_stream) {
    fault = MakeError(ErrorKind::kProtocol,
                      "trailers do not end the stream (RFC 9113 8.1)", id);
  } else if (stream->expected_body != Stream::kAnyLength &&
             stream->received_body != stream->expected_body) {
    fault = MakeError(ErrorKind::kInvalidBodyLength,
                      "content-length and body differ (RFC 9113 8.1.1)", id);
  }
  if (!fault.ok()) return StreamError(std::move(fault), events);
  events->push_back(TrailersReceived{id, TakeHeaders(&section)});
  AppendSectionEnd(block, events);
  EndReceiving(stream);
  return absl::OkStatus();
}

absl::Status Connection::Impl::RefuseOversized(const HeaderBlock& block,
                                               std::vector<Event>* events) {
  const StreamId id = block.type == FrameType::kPushPromise ? block.promised_id
                                                            : block.stream_id;
  const bool answer = !is_client() && streams_.Find(id) == nullptr &&
                      options_.oversized_headers == OversizedHeaders::kAnswer;
  std::optional<ErrorCode> code;
  if (answer) {
    const FieldView status[] = {{":status", "431"}};
    absl::Status queued = QueueAnswer(
        EncodeHeaders(id, encoder_.Encode(status), /*end_stream=*/true,
                      std::nullopt, MaxOutboundFrameSize()));
    if (!queued.ok()) return queued;
    // RFC 9113 §8.1: after a complete response, NO_ERROR asks the client to
    // stop sending a request that nobody reads.
    code = ErrorCode::kNoError;
  }
  return StreamError(
      MakeError(ErrorKind::kDenialOfService,
                "the header list is over the limit (RFC 9113 10.5.1)", id,
                code),
      events);
}

absl::Status Connection::Impl::FinishPushPromise(const HeaderBlock& block,
                                                 Section section,
                                                 std::vector<Event>* events) {
  const StreamId id = block.promised_id;
  const Stream* parent = streams_.Find(block.stream_id);
  const bool parent_reset_by_us =
      streams_.Fate(block.stream_id) == StreamFate::kResetByUs;
  // RFC 9113 §6.6: a connection error on a parent that is neither open nor
  // half-closed (local), but for one that we reset.
  if (!streams_.IsOurs(block.stream_id) ||
      (!parent_reset_by_us &&
       (parent == nullptr ||
        FindTransition(parent->state, StreamInput::kReceivePromises).outcome !=
            Outcome::kOk))) {
    return MakeError(ErrorKind::kProtocol,
                     "PUSH_PROMISE on a stream that is not open (RFC 9113 6.6)",
                     block.stream_id);
  }
  // RFC 9113 §6.6, §5.1.1: an id that the peer may open now.
  if (id == kConnectionStreamId || streams_.IsOurs(id) ||
      streams_.Fate(id) != StreamFate::kIdle) {
    return MakeError(ErrorKind::kProtocol,
                     "an illegal promised stream (RFC 9113 6.6)", id);
  }
  if (IsBeyondGoAway(id)) return absl::OkStatus();
  // Push was disabled, but the server may not know yet.
  const bool disabled = LocalSettingSent(SettingId::kEnablePush, 0);
  if (parent_reset_by_us) {
    // Nobody waits for what belongs to that stream: no event.
    std::vector<Event> unheard;
    return StreamError(
        MakeError(ErrorKind::kStreamClosed, "a push on a stream that we reset",
                  id, ErrorCode::kRefusedStream),
        &unheard);
  }
  if (disabled ||
      streams_.reserved_by_peer() >= options_.limits.max_reserved_streams) {
    return StreamError(
        MakeError(ErrorKind::kTooManyStreams,
                  "a push that is not wanted (RFC 9113 8.4)", id),
        events);
  }
  if (section.oversized) return RefuseOversized(block, events);
  if (absl::Status fault = CheckSection(section, SectionKind::kPushPromise, id);
      !fault.ok()) {
    return StreamError(std::move(fault), events);
  }
  Stream* stream = streams_.Open(id, StreamState::kReservedRemote,
                                 remote_.Get(SettingId::kInitialWindowSize),
                                 local_.Get(SettingId::kInitialWindowSize));
  stream->sent = MessagePhase::kComplete;
  const FieldView* method = FindField(section.fields, ":method");
  stream->head_request = method != nullptr && method->value == "HEAD";
  const FieldView* authority = FindField(section.fields, ":authority");
  if (authority != nullptr) stream->authority = std::string(authority->value);
  events->push_back(
      PushedStreamReceived{id, block.stream_id, TakeHeaders(&section)});
  return absl::OkStatus();
}

}  // namespace sluice::h2
