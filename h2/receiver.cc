#include <sluice/h2/budgets.h>
#include <sluice/h2/core.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/receiver.h>
#include <sluice/h2/settings.h>
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
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {
namespace {

// "SETTINGS of 7 bytes on stream 0: … (RFC 9113 6.5)".
template <typename... Text>
absl::Status FrameFault(ErrorKind kind, const Frame& frame,
                        absl::string_view section, const Text&... why) {
  const FrameRule* rule = FindFrameRule(frame.type);
  return MakeError(
      kind,
      absl::StrCat(rule == nullptr ? "a frame" : rule->name, " of ",
                   frame.length, " bytes on stream ", frame.stream_id, ": ",
                   why...,
                   absl::StartsWith(section, "RFC") ? " (" : " (RFC 9113 ",
                   section, ")"),
      frame.stream_id);
}

}  // namespace

Receiver::Receiver(Core* core)
    : core_(*core),
      messages_(core),
      preface_left_(core_.is_client() ? "" : kClientPreface) {}

absl::Status Receiver::TakePreface(absl::string_view* bytes) {
  const absl::string_view got = bytes->substr(0, preface_left_.size());
  // RFC 9113 §3.4: "Clients and servers MUST treat an invalid connection
  // preface as a connection error of type PROTOCOL_ERROR."
  if (!absl::StartsWith(preface_left_, got)) {
    return ConnectionFault(ErrorKind::kProtocol,
                           "the client's preface is wrong (RFC 9113 3.4)");
  }
  preface_left_.remove_prefix(got.size());
  bytes->remove_prefix(got.size());
  return absl::OkStatus();
}

// --- Headers of frames -----------------------------------------------------

absl::Status Receiver::CheckOrder(const Frame& frame) const {
  const bool continuation = frame.type == FrameType::kContinuation;
  const std::optional<StreamId> block = messages_.open_block();
  if (!core_.settings.remote_received()) {
    if (frame.type == FrameType::kSettings && !frame.Has(kFlagAck)) {
      return absl::OkStatus();
    }
    return FrameFault(ErrorKind::kProtocol, frame, "3.4",
                      "the first frame must be SETTINGS");
  }
  if (block.has_value()) {
    if (continuation && frame.stream_id == *block) return absl::OkStatus();
    return FrameFault(ErrorKind::kProtocol, frame, "4.3, 6.10",
                      "only CONTINUATION may follow in the header "
                      "block of stream ",
                      *block);
  }
  if (!continuation) return absl::OkStatus();
  return FrameFault(ErrorKind::kProtocol, frame, "6.10",
                    "it continues no block");
}

absl::Status Receiver::CheckFully(const Frame& frame) const {
  const size_t unread = core_.output.control_size();
  const size_t most_unread = core_.options.limits.max_unread_control_bytes;
  if (unread > most_unread) {
    return ConnectionFault(
        ErrorKind::kDenialOfService, "the peer sends, and leaves ", unread,
        " bytes unread; ", most_unread, " are allowed (RFC 9113 10.5)");
  }
  const uint32_t max_length = core_.local(SettingId::kMaxFrameSize);
  const bool too_large = frame.length > max_length;
  // A frame of any kind is too large before it is out of order. Only bytes in
  // place of the first SETTINGS may be no frame at all (an HTTP/1.1 answer).
  if (!too_large || !core_.settings.remote_received()) {
    SLUICE_RETURN_IF_ERROR(CheckOrder(frame));
  }
  if (too_large) {
    return FrameFault(ErrorKind::kFrameTooLarge, frame, "4.2", "at most ",
                      max_length, " bytes are allowed");
  }
  const FrameRule* rule = FindFrameRule(frame.type);
  if (rule == nullptr) return absl::OkStatus();
  if (!(core_.is_client() ? rule->client_may_receive
                          : rule->server_may_receive)) {
    return FrameFault(ErrorKind::kUnsupportedFrame, frame, rule->section,
                      core_.is_client() ? "servers may not send it"
                                        : "clients may not send it");
  }
  const bool on_connection = frame.stream_id == kConnectionStreamId;
  if ((rule->stream == FrameRule::Stream::kMustBeZero && !on_connection) ||
      (rule->stream == FrameRule::Stream::kMustNotBeZero && on_connection)) {
    return FrameFault(
        ErrorKind::kProtocol, frame, rule->section,
        on_connection ? "it belongs to a stream" : "it belongs to stream 0");
  }
  if (frame.type == FrameType::kSettings && frame.Has(kFlagAck) &&
      frame.length > 0) {
    return FrameFault(ErrorKind::kFrameDataMissing, frame, rule->section,
                      "an acknowledgement must have 0 bytes");
  }
  if (!rule->LengthIsLegal(frame.length)) {
    const bool multiple = rule->length_unit > 1;
    const bool exact = rule->least_length == rule->most_length;
    return FrameFault(
        ErrorKind::kFrameDataMissing, frame, rule->section, "it must have ",
        multiple ? "a multiple of "
        : exact  ? ""
                 : "at least ",
        multiple ? rule->length_unit : rule->least_length, " bytes");
  }
  return absl::OkStatus();
}

absl::Status Receiver::OnFrame(const Frame& frame, Events* events) {
  switch (frame.type) {
    case FrameType::kData:
      return messages_.OnData(frame, events);
    case FrameType::kHeaders:
      return messages_.OnHeaders(frame, events);
    case FrameType::kPushPromise:
      return messages_.OnPushPromise(frame, events);
    case FrameType::kContinuation:
      return messages_.OnContinuation(frame, events);
    case FrameType::kPriority:
      return OnPriority(frame, events);
    case FrameType::kRstStream:
      return OnRstStream(frame, events);
    case FrameType::kSettings:
      return OnSettings(frame, events);
    case FrameType::kPing:
      return OnPing(frame, events);
    case FrameType::kGoAway:
      return OnGoAway(frame, events);
    case FrameType::kWindowUpdate:
      return OnWindowUpdate(frame, events);
    case FrameType::kAltSvc:
      return OnAltSvc(frame, events);
    case FrameType::kPriorityUpdate:
      return OnPriorityUpdate(frame, events);
  }
  return OnUnknown(frame, events);
}

// --- Frames ----------------------------------------------------------------

absl::Status Receiver::OnPriority(const Frame& frame, Events* events) {
  const StreamId id = frame.stream_id;
  SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kPriority));
  // RFC 9218 §2.1: a server that received the setting ignores the signals.
  const bool ignored =
      !core_.is_client() && core_.remote(SettingId::kNoRfc7540Priorities) == 1;
  absl::Status fault;
  if (frame.payload.size() != kPriorityFieldsSize) {
    fault = FrameFault(ErrorKind::kFrameDataMissing, frame, "6.3",
                       "it must have 5 bytes");
  } else if (!ignored) {
    const signals::Rfc7540Priority priority =
        ParsePriorityFields(frame.payload);
    fault = Core::CheckDependency(id, priority);
    if (fault.ok()) {
      events->emplace_back(PriorityUpdated{id, priority, SignalSource::kFrame});
    }
  }
  if (fault.ok()) return fault;
  switch (core_.streams.Fate(id)) {
    case StreamFate::kLive:
      return core_.StreamError(std::move(fault), events);
    case StreamFate::kIdle:
      // RST_STREAM is forbidden on an idle stream (§6.4), so the connection
      // ends with the same code.
      return fault;
    default:
      return absl::OkStatus();  // the stream is gone already
  }
}

absl::Status Receiver::OnRstStream(const Frame& frame, Events* events) {
  const StreamId id = frame.stream_id;
  // The end of a stream that we opened is an answer, and comes once.
  if (core_.streams.Find(id) == nullptr || !core_.streams.IsOurs(id)) {
    SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kPeerReset));
  }
  const absl::StatusOr<Stream*> stream =
      core_.Accept(id, StreamInput::kReceiveReset, events);
  if (!stream.ok() || *stream == nullptr) return stream.status();
  events->emplace_back(
      StreamReset{id, static_cast<ErrorCode>(LoadU32(frame.payload)),
                  /*remote=*/true});
  core_.streams.CloseReset(*stream, StreamFate::kResetByPeer);
  return absl::OkStatus();
}

absl::Status Receiver::OnSettings(const Frame& frame, Events* events) {
  if (frame.Has(kFlagAck) && core_.settings.waits_for_ack()) {
    OnSettingsAck(events);
    return absl::OkStatus();
  }
  SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kSettings));
  if (frame.Has(kFlagAck)) return absl::OkStatus();  // it answers nothing
  SLUICE_RETURN_IF_ERROR(core_.TakeRemoteSettings(ParseSettings(frame.payload),
                                                  /*in_frame=*/true, events));
  return core_.output.AppendAnswer(EncodeSettingsAck());
}

void Receiver::OnSettingsAck(Events* events) {
  const int64_t old_window = core_.local(SettingId::kInitialWindowSize);
  SettingsAcknowledged acknowledged{core_.settings.Acknowledge()};
  const int64_t new_window = core_.local(SettingId::kInitialWindowSize);
  if (new_window != old_window) {
    core_.flow.ChangeReceiveWindows(new_window - old_window);
  }
  const auto table = acknowledged.changed.find(SettingId::kHeaderTableSize);
  if (table != acknowledged.changed.end()) {
    messages_.SetTableSize(table->second.new_value);
  }
  events->emplace_back(std::move(acknowledged));
}

absl::Status Receiver::OnPing(const Frame& frame, Events* events) {
  if (!frame.Has(kFlagAck)) {
    events->emplace_back(PingReceived{std::string(frame.payload)});
    return core_.output.AppendAnswer(EncodePing(frame.payload, /*ack=*/true));
  }
  if (core_.unanswered_pings > 0) {
    --core_.unanswered_pings;
  } else {
    SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kPingAck));
  }
  events->emplace_back(PingAckReceived{std::string(frame.payload)});
  Draining& draining = core_.draining;
  if (draining.begun && !draining.answered &&
      frame.payload == Draining::kPing) {
    draining.answered = true;
    core_.QueueGoAway(ErrorCode::kNoError, {}, core_.streams.last_peers());
  }
  return absl::OkStatus();
}

absl::Status Receiver::OnGoAway(const Frame& frame, Events* events) {
  SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kGoAway));
  const StreamId last = LoadU32(frame.payload) & kMaxStreamId;
  const auto code = static_cast<ErrorCode>(LoadU32(frame.payload.substr(4)));
  core_.life.ReceiveGoAway(last, code);
  events->emplace_back(
      ConnectionTerminated{code, last, std::string(frame.payload.substr(8))});
  // RFC 9113 §6.8: the peer has not processed our streams above it, and will
  // not.
  std::vector<StreamId> refused;
  core_.streams.ForEach([&](const Stream& stream) {
    if (core_.streams.IsOurs(stream.id) &&
        stream.id > core_.life.last_of_ours()) {
      refused.push_back(stream.id);
    }
  });
  absl::c_sort(refused);
  for (const StreamId id : refused) {
    events->emplace_back(
        StreamReset{id, ErrorCode::kRefusedStream, /*remote=*/true});
    core_.streams.CloseReset(core_.streams.Find(id),
                             StreamFate::kResetByPeerAnswered);
  }
  return absl::OkStatus();
}

absl::Status Receiver::OnWindowUpdate(const Frame& frame, Events* events) {
  const StreamId id = frame.stream_id;
  if (!core_.flow.TakeAnswer()) {
    SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kWindowUpdate));
  }
  const uint32_t increment = LoadU32(frame.payload) & kMaxStreamId;
  Stream* stream = nullptr;
  if (id != kConnectionStreamId) {
    const absl::StatusOr<Stream*> accepted =
        core_.Accept(id, StreamInput::kReceiveWindowUpdate, events);
    if (!accepted.ok() || *accepted == nullptr) return accepted.status();
    stream = *accepted;
  }
  absl::Status fault = core_.flow.OpenSendWindow(stream, increment);
  if (!fault.ok()) {
    return stream == nullptr ? fault
                             : core_.StreamError(std::move(fault), events);
  }
  events->emplace_back(WindowUpdated{id, increment});
  return absl::OkStatus();
}

// RFC 7838 §4 says of each case that does not fit: ignored.
absl::Status Receiver::OnAltSvc(const Frame& frame, Events* events) {
  SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kUnknownFrame));
  if (!core_.is_client()) return absl::OkStatus();
  const absl::string_view payload = frame.payload;
  const size_t origin_end = 2 + (payload.size() < 2 ? 0 : LoadU16(payload));
  if (payload.size() < origin_end) {
    return FrameFault(ErrorKind::kFrameDataMissing, frame, "4.2",
                      "its origin ends at byte ", origin_end);
  }
  std::string origin(payload.substr(2, origin_end - 2));
  if (frame.stream_id != kConnectionStreamId) {
    const Stream* stream = core_.streams.Find(frame.stream_id);
    if (!origin.empty() || stream == nullptr) return absl::OkStatus();
    if (stream->authority != nullptr) origin = *stream->authority;
  }
  if (origin.empty()) return absl::OkStatus();
  events->emplace_back(AlternativeServiceAvailable{
      std::move(origin), std::string(payload.substr(origin_end))});
  return absl::OkStatus();
}

// RFC 9218 §7.1.
absl::Status Receiver::OnPriorityUpdate(const Frame& frame, Events* events) {
  SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kPriorityUpdate));
  StreamTable& streams = core_.streams;
  const StreamId id = LoadU32(frame.payload) & kMaxStreamId;
  const bool idle = streams.Fate(id) == StreamFate::kIdle;
  if (id == kConnectionStreamId || (id % 2 == 0 && idle)) {
    return ConnectionFault(ErrorKind::kProtocol, "PRIORITY_UPDATE for stream ",
                           id,
                           ": it may not be 0 or a push that was not "
                           "promised (RFC 9218 7.1)");
  }
  if (core_.IsBeyondGoAway(id) ||
      !(idle || streams.Fate(id) == StreamFate::kLive)) {
    return absl::OkStatus();
  }
  const std::optional<signals::Rfc9218Priority> priority =
      signals::ParseRfc9218Priority(frame.payload.substr(4));
  if (!priority.has_value()) return absl::OkStatus();
  if (idle) {
    if (!streams.IsIdlePrioritized(id) &&
        streams.idle_prioritized() >=
            core_.options.limits.max_idle_priority_updates) {
      ignored_idle_update_ = true;
      return absl::OkStatus();
    }
    // The value that the peer acknowledged: it cannot keep one that it does not
    // know yet.
    if (!ignored_idle_update_) {
      SLUICE_RETURN_IF_ERROR(streams.CheckIdlePriority(
          id, core_.local(SettingId::kMaxConcurrentStreams),
          ErrorKind::kProtocol));
    }
    streams.PrioritizeIdle(id);
  }
  events->emplace_back(
      PriorityFieldUpdated{id, *priority, SignalSource::kFrame});
  return absl::OkStatus();
}

absl::Status Receiver::OnUnknown(const Frame& frame, Events* events) {
  SLUICE_RETURN_IF_ERROR(core_.budgets.Spend(Budgets::kUnknownFrame));
  events->emplace_back(UnknownFrameReceived{static_cast<uint8_t>(frame.type),
                                            frame.flags, frame.stream_id,
                                            std::string(frame.payload)});
  return absl::OkStatus();
}

}  // namespace sluice::h2
