// What each type of frame does, HEADERS, PUSH_PROMISE and SETTINGS apart (RFC
// 9113 §6; RFC 7838 §4; RFC 9218 §7.1).
#include <sluice/h2/byte_order.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/frame_payload.h>
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
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {
namespace {

using Outcome = Transition::Outcome;

// Payload bytes in that make one unit of useful work.
constexpr int64_t kWorkBytes = 1024;

}  // namespace

// --- DATA ------------------------------------------------------------------

absl::Status Connection::Impl::OnData(const FrameHeader& header,
                                      absl::string_view payload,
                                      std::vector<Event>* events) {
  const StreamId id = header.stream_id;
  const size_t flow_length = payload.size();
  if (header.Has(kFlagPadded)) {
    absl::Status status = RemovePadding(id, /*fixed=*/0, &payload);
    if (!status.ok()) return status;
  }
  const bool end_stream = header.Has(kFlagEndStream);
  if (payload.empty() && !end_stream) {
    absl::Status status = Spend(&budgets_.empty_data, "empty DATA frames");
    if (!status.ok()) return status;
  }
  // RFC 9113 §6.9.1, §5.1: counted whatever becomes of the frame.
  if (!receive_window_.Consume(static_cast<int64_t>(flow_length))) {
    return MakeError(ErrorKind::kFlowControl,
                     "DATA beyond the connection's window (RFC 9113 6.9.1)");
  }
  if (IsBeyondGoAway(id)) return CreditConnection(flow_length);
  Stream* stream = streams_.Find(id);
  if (stream == nullptr) {
    absl::Status status =
        OnMessageFrameOfGoneStream(id, StreamInput::kReceiveData);
    return status.ok() ? CreditConnection(flow_length) : status;
  }
  const Transition& transition =
      FindTransition(stream->state, StreamInput::kReceiveData);
  absl::Status fault;
  if (transition.outcome == Outcome::kConnectionError) {
    return ApplyOutcome(transition, id, "DATA", events);
  } else if (transition.outcome != Outcome::kOk) {
    fault = ApplyOutcome(transition, id, "DATA", events);
    return fault.ok() ? CreditConnection(flow_length) : fault;
  }
  fault = CountData(stream, payload.size(), flow_length, end_stream);
  if (!fault.ok()) {
    absl::Status status = StreamError(std::move(fault), events);
    // The application never sees these bytes, so nobody else credits them.
    return status.ok() ? CreditConnection(flow_length) : status;
  }
  work_bytes_ += static_cast<int64_t>(payload.size());
  budgets_.Work(work_bytes_ / kWorkBytes);
  work_bytes_ %= kWorkBytes;
  events->push_back(
      DataReceived{id, std::string(payload), flow_length, end_stream});
  if (end_stream) {
    events->push_back(StreamEnded{id});
    EndReceiving(stream);
  }
  return absl::OkStatus();
}

// Counts DATA on a live stream, or says which stream error it is.
absl::Status Connection::Impl::CountData(Stream* stream, size_t data_size,
                                         size_t flow_length,
                                         bool end_stream) const {
  if (stream->received != MessagePhase::kBody) {
    return MakeError(ErrorKind::kProtocol, "DATA before HEADERS (RFC 9113 8.1)",
                     stream->id);
  }
  if (!stream->receive_window.Consume(static_cast<int64_t>(flow_length))) {
    return MakeError(ErrorKind::kFlowControl,
                     "DATA beyond the stream's window (RFC 9113 6.9.1)",
                     stream->id);
  }
  stream->received_body += static_cast<int64_t>(data_size);
  const int64_t expected = stream->expected_body;
  if (expected != Stream::kAnyLength &&
      (stream->received_body > expected ||
       (end_stream && stream->received_body != expected))) {
    return MakeError(ErrorKind::kInvalidBodyLength,
                     "content-length and body differ (RFC 9113 8.1.1)",
                     stream->id);
  }
  return absl::OkStatus();
}

absl::Status Connection::Impl::CreditConnection(size_t bytes) {
  const uint32_t increment =
      receive_window_.Process(static_cast<int64_t>(bytes));
  if (increment == 0) return absl::OkStatus();
  return QueueAnswer(EncodeWindowUpdate(kConnectionStreamId, increment));
}

void Connection::Impl::EndReceiving(Stream* stream) {
  stream->received = MessagePhase::kComplete;
  const StreamState next =
      FindTransition(stream->state, StreamInput::kReceiveEndStream).next;
  if (next == StreamState::kClosed) budgets_.Work(1);
  streams_.ChangeState(stream, next);
}

// --- The smaller frames ----------------------------------------------------

absl::Status Connection::Impl::OnPriority(const FrameHeader& header,
                                          absl::string_view payload,
                                          std::vector<Event>* events) {
  const StreamId id = header.stream_id;
  if (absl::Status status = Spend(&budgets_.priority, "PRIORITY frames");
      !status.ok()) {
    return status;
  }
  // RFC 9218 §2.1: a server that received the setting ignores the signals.
  const bool ignored =
      !is_client() && remote_.Get(SettingId::kNoRfc7540Priorities) == 1;
  absl::Status fault;
  signals::Rfc7540Priority priority;
  if (payload.size() != kPriorityFieldsSize) {
    fault = MakeError(ErrorKind::kFrameDataMissing,
                      "PRIORITY of a wrong length (RFC 9113 6.3)", id);
  } else {
    priority = ParsePriorityFields(payload);
    if (priority.depends_on == id && !ignored) {
      fault = MakeError(ErrorKind::kProtocol,
                        "a stream depends on itself (RFC 7540 5.3.1)", id);
    }
  }
  if (fault.ok()) {
    if (!ignored)
      events->push_back(PriorityUpdated{id, priority, SignalSource::kFrame});
    return absl::OkStatus();
  }
  switch (streams_.Fate(id)) {
    case StreamFate::kLive:
      return StreamError(std::move(fault), events);
    case StreamFate::kIdle:
      // RST_STREAM is forbidden on an idle stream (§6.4), so the connection
      // pays with the same code.
      return fault;
    default:
      return absl::OkStatus();  // the stream is gone already
  }
}

absl::Status Connection::Impl::OnRstStream(const FrameHeader& header,
                                           absl::string_view payload,
                                           std::vector<Event>* events) {
  const StreamId id = header.stream_id;
  Stream* stream = streams_.Find(id);
  // The end of a stream that we opened is an answer, and comes once.
  if (stream == nullptr || !streams_.IsOurs(id)) {
    absl::Status status = Spend(&budgets_.peer_reset, "RST_STREAM frames");
    if (!status.ok()) return status;
  }
  if (IsBeyondGoAway(id)) return absl::OkStatus();
  if (stream == nullptr) {
    return OnControlFrameOfGoneStream(id, StreamInput::kReceiveReset);
  }
  events->push_back(StreamReset{id, static_cast<ErrorCode>(LoadU32(payload)),
                                /*remote=*/true});
  streams_.CloseReset(stream, StreamFate::kResetByPeer);
  return absl::OkStatus();
}

absl::Status Connection::Impl::OnPing(const FrameHeader& header,
                                      absl::string_view payload,
                                      std::vector<Event>* events) {
  if (header.Has(kFlagAck)) {
    if (unanswered_pings_ > 0) {
      --unanswered_pings_;
    } else if (absl::Status status =
                   Spend(&budgets_.ping_ack, "answers to no PING");
               !status.ok()) {
      return status;
    }
    events->push_back(PingAckReceived{std::string(payload)});
    return absl::OkStatus();
  }
  events->push_back(PingReceived{std::string(payload)});
  return QueueAnswer(EncodePing(payload, /*ack=*/true));
}

absl::Status Connection::Impl::OnGoAway(absl::string_view payload,
                                        std::vector<Event>* events) {
  if (absl::Status status = Spend(&budgets_.goaway, "GOAWAY frames");
      !status.ok()) {
    return status;
  }
  const StreamId last = LoadU32(payload) & kMaxStreamId;
  const auto code = static_cast<ErrorCode>(LoadU32(payload.substr(4)));
  goaway_received_ = std::min(last, goaway_received_.value_or(kMaxStreamId));
  if (code != ErrorCode::kNoError) terminated_ = true;
  events->push_back(
      ConnectionTerminated{code, last, std::string(payload.substr(8))});
  // RFC 9113 §6.8: streams of ours above it were not and will not be processed.
  std::vector<StreamId> refused;
  streams_.ForEach([&](const Stream& stream) {
    if (streams_.IsOurs(stream.id) && stream.id > *goaway_received_) {
      refused.push_back(stream.id);
    }
  });
  absl::c_sort(refused);
  for (const StreamId id : refused) {
    events->push_back(
        StreamReset{id, ErrorCode::kRefusedStream, /*remote=*/true});
    streams_.CloseReset(streams_.Find(id), StreamFate::kResetByPeerAnswered);
  }
  return absl::OkStatus();
}

absl::Status Connection::Impl::OnWindowUpdate(const FrameHeader& header,
                                              absl::string_view payload,
                                              std::vector<Event>* events) {
  const StreamId id = header.stream_id;
  if (!send_window_.TakeAnswer()) {
    absl::Status status =
        Spend(&budgets_.window_update, "WINDOW_UPDATE frames");
    if (!status.ok()) return status;
  }
  const uint32_t increment = LoadU32(payload) & kMaxStreamId;
  if (id == kConnectionStreamId) {
    if (increment == 0) {
      return MakeError(ErrorKind::kProtocol,
                       "WINDOW_UPDATE of 0 (RFC 9113 6.9)");
    }
    if (!send_window_.Open(increment)) {
      return MakeError(ErrorKind::kFlowControl,
                       "the window exceeds 2^31-1 (RFC 9113 6.9.1)");
    }
    events->push_back(WindowUpdated{id, increment});
    return absl::OkStatus();
  }
  if (IsBeyondGoAway(id)) return absl::OkStatus();
  Stream* stream = streams_.Find(id);
  if (stream == nullptr) {
    return OnControlFrameOfGoneStream(id, StreamInput::kReceiveWindowUpdate);
  }
  const Transition& transition =
      FindTransition(stream->state, StreamInput::kReceiveWindowUpdate);
  if (transition.outcome != Outcome::kOk) {
    return ApplyOutcome(transition, id, "WINDOW_UPDATE", events);
  }
  if (increment == 0) {
    return StreamError(MakeError(ErrorKind::kProtocol,
                                 "WINDOW_UPDATE of 0 (RFC 9113 6.9)", id),
                       events);
  }
  if (!stream->send_window.Open(increment)) {
    return StreamError(
        MakeError(ErrorKind::kFlowControl,
                  "the window exceeds 2^31-1 (RFC 9113 6.9.1)", id),
        events);
  }
  events->push_back(WindowUpdated{id, increment});
  return absl::OkStatus();
}

// RFC 7838 §4 says of each case that does not fit: ignored.
absl::Status Connection::Impl::OnAltSvc(const FrameHeader& header,
                                        absl::string_view payload,
                                        std::vector<Event>* events) {
  if (absl::Status status = Spend(&budgets_.unknown_frame, "ALTSVC frames");
      !status.ok()) {
    return status;
  }
  if (!is_client()) return absl::OkStatus();
  const size_t origin_size = payload.size() < 2 ? 0 : LoadU16(payload);
  if (payload.size() < 2 + origin_size) {
    return MakeError(ErrorKind::kFrameDataMissing,
                     "ALTSVC without its origin (RFC 9113 4.2)",
                     header.stream_id);
  }
  payload.remove_prefix(2);
  std::string origin(payload.substr(0, origin_size));
  payload.remove_prefix(origin_size);
  if (header.stream_id == kConnectionStreamId) {
    if (origin.empty()) return absl::OkStatus();
  } else {
    const Stream* stream = streams_.Find(header.stream_id);
    if (!origin.empty() || stream == nullptr || stream->authority.empty()) {
      return absl::OkStatus();
    }
    origin = stream->authority;
  }
  events->push_back(
      AlternativeServiceAvailable{std::move(origin), std::string(payload)});
  return absl::OkStatus();
}

// RFC 9218 §7.1.
absl::Status Connection::Impl::OnPriorityUpdate(absl::string_view payload,
                                                std::vector<Event>* events) {
  if (absl::Status status =
          Spend(&budgets_.priority_update, "PRIORITY_UPDATE frames");
      !status.ok()) {
    return status;
  }
  const StreamId id = LoadU32(payload) & kMaxStreamId;
  const StreamFate fate = streams_.Fate(id);
  const bool pushed = id % 2 == 0;
  if (id == kConnectionStreamId || (pushed && fate == StreamFate::kIdle)) {
    return MakeError(ErrorKind::kProtocol,
                     "PRIORITY_UPDATE for no stream or an idle push (RFC 9218 "
                     "7.1)");
  }
  if (IsBeyondGoAway(id)) return absl::OkStatus();
  if (fate != StreamFate::kIdle && fate != StreamFate::kLive) {
    return absl::OkStatus();
  }
  const std::optional<signals::Rfc9218Priority> priority =
      signals::ParseRfc9218Priority(payload.substr(4));
  if (!priority.has_value()) return absl::OkStatus();
  if (fate == StreamFate::kIdle && !idle_prioritized_.contains(id)) {
    const size_t prioritized = idle_prioritized_.size();
    // A limit of ours alone, which the peer does not know. From then on it
    // counts idle streams that we do not.
    if (prioritized >= options_.limits.max_idle_priority_updates) {
      ignored_idle_update_ = true;
      return absl::OkStatus();
    }
    // The value that the peer acknowledged: it cannot keep one that it does not
    // know yet.
    const uint32_t limit = local_.Get(SettingId::kMaxConcurrentStreams);
    if (!ignored_idle_update_ &&
        prioritized + streams_.active_peers() >= limit) {
      return MakeError(
          ErrorKind::kProtocol,
          absl::StrCat("PRIORITY_UPDATE for idle stream ", id, " beside ",
                       prioritized, " other idle and ", streams_.active_peers(),
                       " active streams; MAX_CONCURRENT_STREAMS is ", limit,
                       " (RFC 9218 7.1)"));
    }
  }
  if (fate == StreamFate::kIdle) idle_prioritized_.insert(id);
  events->push_back(PriorityFieldUpdated{id, *priority, SignalSource::kFrame});
  return absl::OkStatus();
}

absl::Status Connection::Impl::OnUnknown(const FrameHeader& header,
                                         absl::string_view payload,
                                         std::vector<Event>* events) {
  if (absl::Status status =
          Spend(&budgets_.unknown_frame, "frames of unknown types");
      !status.ok()) {
    return status;
  }
  events->push_back(UnknownFrameReceived{static_cast<uint8_t>(header.type),
                                         header.flags, header.stream_id,
                                         std::string(payload)});
  return absl::OkStatus();
}

}  // namespace sluice::h2
