#include <sluice/h2/budgets.h>
#include <sluice/h2/core.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/message_receiver.h>
#include <sluice/h2/named_field.h>
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
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {
namespace {

// At this multiple of the header list limit the connection ends.
constexpr size_t kOversizedFactor = 4;

constexpr size_t kPromisedIdSize = 4;  // RFC 9113 §6.6

// RFC 9218 §5: the fields of one name are one dictionary, joined by commas.
std::optional<signals::Rfc9218Priority> PriorityFieldOf(
    const NamedFields& fields, const SectionFacts& facts) {
  const HeaderView* const first = facts.Find(FieldName::kPriority);
  if (first == nullptr) return std::nullopt;
  if (!facts.HasSeveral(FieldName::kPriority)) {
    return signals::ParseRfc9218Priority(first->value);
  }
  std::string joined;
  for (const NamedField& field : fields) {
    if (field.is != FieldName::kPriority) continue;
    absl::StrAppend(&joined, &field == first ? "" : ", ", field.value);
  }
  return signals::ParseRfc9218Priority(joined);
}

// RFC 9113 §8.1.1: whether content-length fits the body so far; `complete`:
// nothing follows.
inline absl::Status CheckBodyLength(const Stream& stream, bool complete) {
  const int64_t expected = stream.expected_body;
  if (expected == Stream::kAnyLength || stream.received_body == expected ||
      (stream.received_body < expected && !complete)) {
    return absl::OkStatus();
  }
  return StreamFault(ErrorKind::kInvalidBodyLength, stream.id, "has a body of ",
                     stream.received_body,
                     complete ? " bytes" : " bytes or more",
                     "; content-length is ", expected, " (RFC 9113 8.1.1)");
}

// Sets the length that the body must have, or says why it cannot have it.
absl::Status ExpectBody(const ContentLength& length, bool no_content,
                        bool end_stream, Stream* stream) {
  if (no_content) {
    stream->expected_body = 0;
  } else if (!stream->unchecked_length) {
    stream->expected_body = length.value.value_or(Stream::kAnyLength);
  }
  if (length.legal) return CheckBodyLength(*stream, end_stream);
  return StreamFault(
      ErrorKind::kInvalidBodyLength, stream->id,
      "has a content-length that is not one number (RFC 9113 8.1.1)");
}

// An event that is filled where it stays: to move one waits for the stores that
// have just made it.
template <typename T>
T& Add(Events* events) {
  return *std::get_if<T>(&events->emplace_back(std::in_place_type<T>));
}

}  // namespace

MessageReceiver::MessageReceiver(Core* core)
    : core_(*core), hpack_(core_.options.limits.max_header_list_size) {}

// --- Header blocks ---------------------------------------------------------

void MessageReceiver::BeginBlock(const Frame& frame) {
  in_block_ = true;
  block_.type = frame.type;
  block_.stream_id = frame.stream_id;
  block_.end_stream = false;
  block_.priority.reset();
  block_.continuations = 0;
}

absl::Status MessageReceiver::OnHeaders(const Frame& frame, Events* events) {
  BeginBlock(frame);
  block_.end_stream = frame.Has(kFlagEndStream);
  const bool priority = frame.Has(kFlagPriority);
  const size_t fixed = priority ? kPriorityFieldsSize : 0;
  SLUICE_ASSIGN_OR_RETURN(absl::string_view payload, Unpadded(frame, fixed));
  if (payload.size() < fixed) {
    return StreamFault(ErrorKind::kFrameDataMissing, frame.stream_id,
                       "has HEADERS of ", payload.size(),
                       " bytes; its priority fields need ", fixed,
                       " (RFC 9113 4.2)");
  }
  // RFC 9218 §2.1.
  if (priority && (core_.is_client() ||
                   core_.remote(SettingId::kNoRfc7540Priorities) == 0)) {
    block_.priority = ParsePriorityFields(payload);
  }
  payload.remove_prefix(fixed);
  return AddFragment(payload, frame.Has(kFlagEndHeaders), events);
}

absl::Status MessageReceiver::OnPushPromise(const Frame& frame,
                                            Events* events) {
  // RFC 9113 §8.4: "A client that has set SETTINGS_ENABLE_PUSH to 0 and has
  // received acknowledgment MUST treat the receipt of a PUSH_PROMISE frame as a
  // connection error of type PROTOCOL_ERROR."
  if (core_.local(SettingId::kEnablePush) == 0) {
    return StreamFault(ErrorKind::kProtocol, frame.stream_id,
                       "has a PUSH_PROMISE; push is disabled (RFC 9113 8.4)");
  }
  BeginBlock(frame);
  SLUICE_ASSIGN_OR_RETURN(absl::string_view payload,
                          Unpadded(frame, kPromisedIdSize));
  block_.promised_id = LoadU32(payload) & kMaxStreamId;
  payload.remove_prefix(kPromisedIdSize);
  return AddFragment(payload, frame.Has(kFlagEndHeaders), events);
}

absl::Status MessageReceiver::OnContinuation(const Frame& frame,
                                             Events* events) {
  const size_t limit = core_.options.limits.max_continuation_frames;
  if (++block_.continuations > limit) {
    return StreamFault(ErrorKind::kDenialOfService, frame.stream_id,
                       "has a header block of ", block_.continuations,
                       " CONTINUATION frames; ", limit,
                       " are allowed (RFC 9113 10.5)");
  }
  return AddFragment(frame.payload, frame.Has(kFlagEndHeaders), events);
}

absl::Status MessageReceiver::AddFragment(absl::string_view fragment, bool last,
                                          Events* events) {
  const Limits& limits = core_.options.limits;
  if (!last && !open_.has_value()) open_.emplace();
  const HeaderMemory::Place start = memory_.Here();
  if (!hpack_.Decode(fragment, last, open_.has_value() ? &*open_ : &memory_)) {
    return StreamFault(ErrorKind::kCompression, block_.stream_id,
                       "has a header block that HPACK cannot decode (RFC 9113 "
                       "4.3)");
  }
  if (hpack_.list_size() / kOversizedFactor > limits.max_header_list_size) {
    return StreamFault(ErrorKind::kDenialOfService, block_.stream_id,
                       "has a header list of ", hpack_.list_size(), " bytes; ",
                       limits.max_header_list_size,
                       " are allowed (RFC 9113 10.5.1)");
  }
  if (!last) return absl::OkStatus();
  in_block_ = false;
  const size_t room = limits.max_header_bytes_per_read - header_bytes_of_read_;
  block_.oversized = hpack_.dropped() || hpack_.list_size() > room;
  if (!block_.oversized) header_bytes_of_read_ += hpack_.list_size();
  taken_ = false;
  absl::Status status = block_.type == FrameType::kPushPromise
                            ? FinishPushPromise(events)
                            : FinishHeaders(events);
  if (!taken_) memory_.Rewind(start);
  open_.reset();
  hpack_.EndBlock();
  return status;
}

// Cookies are joined here, since each field is checked as it came.
HeaderList MessageReceiver::TakeHeaders(const SectionFacts& facts) {
  NamedFields& fields = hpack_.fields();
  if (open_.has_value()) {
    for (NamedField& field : fields) {
      field.name = memory_.Copy(field.name);
      field.value = memory_.Copy(field.value);
    }
  }
  if (core_.options.normalize_inbound && facts.Has(FieldName::kCookie)) {
    JoinCookies(&fields, &memory_);
  }
  taken_ = true;
  return HeaderList(memory_.Copy(fields));
}

absl::Status MessageReceiver::ReadSection(SectionKind kind, StreamId id,
                                          SectionFacts* facts) {
  if (!core_.options.validate_inbound) {
    *facts = FactsOf(hpack_.fields());
    return absl::OkStatus();
  }
  // RFC 8441 §3: :protocol only where we allowed it.
  constexpr SettingId kConnect = SettingId::kEnableConnectProtocol;
  const bool extended_connect =
      !core_.is_client() &&
      (core_.local(kConnect) == 1 || core_.settings.LastSent(kConnect) == 1);
  return CheckHeaders(id, hpack_.fields(), kind, extended_connect, facts);
}

absl::Status MessageReceiver::CheckConcurrency(StreamId id) const {
  return Core::CheckConcurrency(id, core_.streams.active_peers(),
                                core_.settings.max_inbound_streams());
}

absl::Status MessageReceiver::RefuseOversized(StreamId id, Events* events) {
  std::optional<ErrorCode> code;
  if (!core_.is_client() && core_.streams.Find(id) == nullptr &&
      core_.options.oversized_headers == OversizedHeaders::kAnswer) {
    const NamedField status[] = {{{":status", "431"}, FieldName::kStatus}};
    SLUICE_RETURN_IF_ERROR(core_.output.CheckAnswer());
    core_.QueueBlock(
        BlockStart::Headers(id, /*end_stream=*/true, /*priority=*/{}), status,
        ListSizeOf(status));
    core_.output.CountAnswer();
    // RFC 9113 §8.1: after a complete response, NO_ERROR asks the client to
    // stop sending a request that nobody reads.
    code = ErrorCode::kNoError;
  }
  return core_.StreamError(
      MakeError(
          ErrorKind::kDenialOfService,
          absl::StrCat("stream ", id, " has a header list above the limits of ",
                       core_.options.limits.max_header_list_size,
                       " bytes a list and ",
                       core_.options.limits.max_header_bytes_per_read,
                       " a read (RFC 9113 10.5.1)"),
          id, code),
      events);
}

void MessageReceiver::AppendEnd(Events* events) const {
  if (block_.end_stream) events->emplace_back(StreamEnded{block_.stream_id});
  if (block_.priority.has_value()) {
    events->emplace_back(PriorityUpdated{block_.stream_id, *block_.priority,
                                         SignalSource::kHeader});
  }
}

// --- Messages --------------------------------------------------------------

absl::Status MessageReceiver::FinishHeaders(Events* events) {
  const StreamId id = block_.stream_id;
  if (core_.IsBeyondGoAway(id)) return core_.Drop();
  const bool opens = !core_.is_client() && !core_.streams.IsOurs(id) &&
                     core_.streams.Fate(id) == StreamFate::kIdle;
  Stream* stream = nullptr;
  absl::Status fault;
  if (opens) {
    fault = CheckConcurrency(id);
  } else {
    SLUICE_ASSIGN_OR_RETURN(
        stream, core_.Accept(id, StreamInput::kReceiveHeaders, events));
    if (stream == nullptr) return absl::OkStatus();
  }
  if (fault.ok() && block_.priority.has_value()) {
    fault = Core::CheckDependency(id, *block_.priority);
  }
  if (!fault.ok()) return core_.StreamError(std::move(fault), events);
  if (block_.oversized) return RefuseOversized(id, events);
  if (!opens && stream->received != MessagePhase::kBody) {
    return FinishResponse(stream, events);
  }
  fault = opens ? FinishRequest(events) : FinishTrailers(stream, events);
  return fault.ok() ? fault : core_.StreamError(std::move(fault), events);
}

absl::Status MessageReceiver::FinishRequest(Events* events) {
  const StreamId id = block_.stream_id;
  SectionFacts facts;
  SLUICE_RETURN_IF_ERROR(ReadSection(SectionKind::kRequest, id, &facts));
  Stream* const stream = core_.Open(id, StreamInput::kReceiveHeaders);
  stream->connect_request = facts.ValueOf(FieldName::kMethod) == "CONNECT";
  stream->unchecked_length = stream->connect_request;
  SLUICE_RETURN_IF_ERROR(ExpectBody(ContentLengthOf(hpack_.fields(), facts),
                                    /*no_content=*/false, block_.end_stream,
                                    stream));
  stream->received = MessagePhase::kBody;
  const std::optional<signals::Rfc9218Priority> field =
      PriorityFieldOf(hpack_.fields(), facts);
  auto& request = Add<RequestReceived>(events);
  request.stream_id = id;
  request.headers = TakeHeaders(facts);
  request.stream_ended = block_.end_stream;
  AppendEnd(events);
  if (field.has_value()) {
    events->emplace_back(
        PriorityFieldUpdated{id, *field, SignalSource::kHeader});
  }
  if (block_.end_stream) core_.EndReceiving(stream);
  return absl::OkStatus();
}

absl::Status MessageReceiver::FinishResponse(Stream* stream, Events* events) {
  const StreamId id = block_.stream_id;
  SectionFacts facts;
  absl::Status fault = ReadSection(SectionKind::kResponse, id, &facts);
  if (fault.ok() && stream->state == StreamState::kReservedRemote) {
    fault = CheckConcurrency(id);
  }
  const int status = StatusOf(facts).value_or(200);
  const bool informational = status < 200;
  // RFC 9113 §8.1: "An endpoint that receives a HEADERS frame with END_STREAM
  // set and an informational status code MUST treat it as malformed."
  if (fault.ok() && informational && block_.end_stream) {
    fault = StreamFault(ErrorKind::kProtocol, id,
                        "ends with an informational response (RFC 9113 8.1)");
  }
  if (!fault.ok()) return core_.StreamError(std::move(fault), events);
  if (informational) {
    SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kInformational));
  } else {
    stream->tunnel = stream->connect_request && IsSuccess(status);
    // RFC 9110 §8.6: content-length means nothing there.
    stream->unchecked_length |= stream->tunnel;
    fault = ExpectBody(ContentLengthOf(hpack_.fields(), facts),
                       stream->head_request || status == 204 || status == 304,
                       block_.end_stream, stream);
    if (!fault.ok()) return core_.StreamError(std::move(fault), events);
  }
  core_.streams.ChangeState(
      stream, FindTransition(stream->state, StreamInput::kReceiveHeaders).next);
  if (informational) {
    events->emplace_back(InformationalResponseReceived{id, TakeHeaders(facts)});
  } else {
    stream->received = MessagePhase::kBody;
    auto& response = Add<ResponseReceived>(events);
    response.stream_id = id;
    response.headers = TakeHeaders(facts);
    response.stream_ended = block_.end_stream;
  }
  AppendEnd(events);
  if (block_.end_stream) core_.EndReceiving(stream);
  return absl::OkStatus();
}

absl::Status MessageReceiver::FinishTrailers(Stream* stream, Events* events) {
  const StreamId id = block_.stream_id;
  if (stream->tunnel) {
    return StreamFault(ErrorKind::kProtocol, id,
                       "is a tunnel and takes no HEADERS (RFC 9113 8.5)");
  }
  if (!block_.end_stream) {
    return StreamFault(ErrorKind::kProtocol, id,
                       "has trailers without END_STREAM (RFC 9113 8.1)");
  }
  SLUICE_RETURN_IF_ERROR(CheckBodyLength(*stream, /*complete=*/true));
  SectionFacts facts;
  SLUICE_RETURN_IF_ERROR(ReadSection(SectionKind::kTrailers, id, &facts));
  events->emplace_back(TrailersReceived{id, TakeHeaders(facts)});
  AppendEnd(events);
  core_.EndReceiving(stream);
  return absl::OkStatus();
}

absl::Status MessageReceiver::FinishPushPromise(Events* events) {
  const StreamId id = block_.promised_id;
  const StreamId parent_id = block_.stream_id;
  const Stream* parent = core_.streams.Find(parent_id);
  const bool parent_reset_by_us =
      core_.streams.Fate(parent_id) == StreamFate::kResetByUs;
  // RFC 9113 §6.6: a connection error on a parent that is neither open nor
  // half-closed (local), but for one that we reset.
  const bool parent_takes_it =
      parent != nullptr &&
      FindTransition(parent->state, StreamInput::kReceivePromises).outcome ==
          Transition::Outcome::kOk;
  if (!core_.streams.IsOurs(parent_id) ||
      !(parent_takes_it || parent_reset_by_us)) {
    return StreamFault(
        ErrorKind::kProtocol, parent_id,
        "has a PUSH_PROMISE, and is not open for one (RFC 9113 6.6)");
  }
  // RFC 9113 §6.6, §5.1.1: an id that the peer may open now.
  if (id == kConnectionStreamId || core_.streams.IsOurs(id) ||
      core_.streams.Fate(id) != StreamFate::kIdle) {
    return StreamFault(ErrorKind::kProtocol, id,
                       "was promised, and the peer cannot open it (RFC 9113 "
                       "6.6)");
  }
  if (core_.IsBeyondGoAway(id)) return core_.Drop();
  if (parent_reset_by_us) {
    // Nobody waits for what belongs to that stream: no event.
    std::vector<Event> unheard;
    return core_.StreamError(
        MakeError(ErrorKind::kStreamClosed,
                  absl::StrCat("stream ", id,
                               " was promised on a stream that we reset"),
                  id, ErrorCode::kRefusedStream),
        &unheard);
  }
  // Push may be disabled, and the server not know it yet.
  const bool disabled = core_.settings.LastSent(SettingId::kEnablePush) == 0;
  const size_t reserved = core_.streams.reserved_by_peer();
  const size_t limit = core_.options.limits.max_reserved_streams;
  if (disabled || reserved >= limit) {
    const std::string why =
        disabled ? "was promised after we disabled push"
                 : absl::StrCat("is one promise too many: ", reserved,
                                " are reserved, ", limit, " may be");
    return core_.StreamError(
        StreamFault(ErrorKind::kTooManyStreams, id, why, " (RFC 9113 8.4)"),
        events);
  }
  if (block_.oversized) return RefuseOversized(id, events);
  SectionFacts facts;
  if (absl::Status fault = ReadSection(SectionKind::kPushPromise, id, &facts);
      !fault.ok()) {
    return core_.StreamError(std::move(fault), events);
  }
  Stream* const stream = core_.Open(id, StreamInput::kReceivePromise);
  stream->sent = MessagePhase::kComplete;
  core_.streams.TakeRequest(stream, facts);
  stream->connect_request = false;  // a promise opens no tunnel (§8.4)
  events->emplace_back(PushedStreamReceived{id, parent_id, TakeHeaders(facts)});
  return absl::OkStatus();
}

// --- DATA ------------------------------------------------------------------

inline absl::Status MessageReceiver::CountData(Stream* stream,
                                               const Frame& frame) {
  if (stream->received != MessagePhase::kBody) {
    return StreamFault(ErrorKind::kProtocol, stream->id,
                       "has DATA before its HEADERS (RFC 9113 8.1)");
  }
  SLUICE_RETURN_IF_ERROR(core_.flow.Receive(stream, frame.length));
  stream->received_body += static_cast<int64_t>(data_.data_left);
  return CheckBodyLength(*stream, frame.Has(kFlagEndStream));
}

ABSL_ATTRIBUTE_ALWAYS_INLINE
inline absl::Status MessageReceiver::BeginData(const Frame& piece,
                                               Events* events) {
  size_t padding = 0;  // with Pad Length
  if (piece.Has(kFlagPadded)) {
    SLUICE_ASSIGN_OR_RETURN(padding, PaddingOf(piece, /*fixed=*/0));
    ++padding;
  }
  data_ = {.data_left = piece.length - padding, .uncounted = piece.length};
  if (data_.data_left == 0 && !piece.Has(kFlagEndStream)) {
    SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kEmptyData));
  }
  // RFC 9113 §6.9.1, §5.1: counted whatever becomes of the frame.
  SLUICE_RETURN_IF_ERROR(core_.flow.Receive(nullptr, piece.length));
  const absl::StatusOr<Stream*> stream =
      core_.Accept(piece.stream_id, StreamInput::kReceiveData, events);
  if (!stream.ok()) return stream.status();
  data_.dropped = *stream == nullptr;
  if (data_.dropped) {
    const bool only_ends = data_.data_left == 0 && piece.Has(kFlagEndStream);
    return only_ends ? core_.Drop() : absl::OkStatus();
  }
  absl::Status fault = CountData(*stream, piece);
  if (fault.ok()) return absl::OkStatus();
  data_.dropped = true;
  return core_.StreamError(std::move(fault), events);
}

absl::Status MessageReceiver::OnData(const Frame& piece, Events* events) {
  absl::string_view data = piece.payload;
  if (data.size() + piece.rest == piece.length) {
    SLUICE_RETURN_IF_ERROR(BeginData(piece, events));
    if (piece.Has(kFlagPadded)) data.remove_prefix(1);
  }
  data = data.substr(0, data_.data_left);
  data_.data_left -= data.size();
  const bool last = piece.rest == 0;
  // The application may have reset the stream since the piece before.
  Stream* const stream =
      data_.dropped ? nullptr : core_.streams.Find(piece.stream_id);
  if (stream == nullptr) {
    // The application never sees these bytes, so nobody else credits them.
    return last ? core_.flow.CreditConnection(data_.uncounted)
                : absl::OkStatus();
  }
  if (data.empty() && !last) return absl::OkStatus();  // Pad Length, padding
  core_.budgets.WorkOnBytes(static_cast<int64_t>(data.size()));
  const size_t counted = last ? data_.uncounted : data.size();
  data_.uncounted -= counted;
  stream->unacknowledged += static_cast<int64_t>(counted);
  const bool end_stream = last && piece.Has(kFlagEndStream);
  auto& received = Add<DataReceived>(events);
  received.stream_id = piece.stream_id;
  received.data = data;
  received.flow_controlled_length = counted;
  received.stream_ended = end_stream;
  received.frame_bytes_left = piece.rest;
  if (end_stream) {
    events->emplace_back(StreamEnded{piece.stream_id});
    core_.EndReceiving(stream);
  }
  return absl::OkStatus();
}

}  // namespace sluice::h2
