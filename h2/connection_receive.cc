// Bytes in: the preface, what is legal about a frame before its payload is
// looked at, and the two kinds of errors (RFC 9113 §3.4, §4, §5.4).
#include <sluice/h2/budgets.h>
#include <sluice/h2/connection_state.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_decoder.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {
namespace {

using Outcome = Transition::Outcome;

}  // namespace

absl::Status Connection::Impl::ReceiveData(absl::string_view bytes,
                                           std::vector<Event>* events) {
  if (!fatal_.ok()) return fatal_;
  if (!initiated_) return CheckMaySend(/*needs_room=*/false);
  header_bytes_of_read_ = 0;
  absl::Status status = ReceivePreface(&bytes);
  while (status.ok()) {
    FrameHeader header;
    absl::string_view payload;
    const FrameDecoder::Result result =
        decoder_.Next(&bytes, &header, &payload);
    if (result == FrameDecoder::Result::kNeedMore) return absl::OkStatus();
    if (result == FrameDecoder::Result::kHeader) {
      status = CheckFrameHeader(header);
    } else {
      status = OnFrame(header, payload, events);
      receiving_ = FindReceivingRow(receiving_, ArrivalOf(header)).next;
    }
  }
  return Terminate(std::move(status));
}

// RFC 9113 §3.4: "Clients and servers MUST treat an invalid connection preface
// as a connection error of type PROTOCOL_ERROR."
absl::Status Connection::Impl::ReceivePreface(absl::string_view* bytes) {
  if (is_client()) return absl::OkStatus();
  const absl::string_view rest = kClientPreface.substr(preface_received_);
  const absl::string_view got = bytes->substr(0, rest.size());
  if (!absl::StartsWith(rest, got)) {
    return MakeError(ErrorKind::kProtocol, "wrong preface (RFC 9113 3.4)");
  }
  preface_received_ += got.size();
  bytes->remove_prefix(got.size());
  return absl::OkStatus();
}

// What can be said before the payload arrives.
absl::Status Connection::Impl::CheckFrameHeader(const FrameHeader& header) {
  if (output_.control_size() > options_.limits.max_unread_control_bytes) {
    return MakeError(ErrorKind::kDenialOfService,
                     "the peer sends and does not read (RFC 9113 10.5)");
  }
  const FrameRule* rule = FindFrameRule(header.type);
  const ReceivingRow& row = FindReceivingRow(receiving_, ArrivalOf(header));
  const bool other_stream =
      block_.has_value() && header.stream_id != block_->stream_id;
  const bool oversized = header.length > local_.Get(SettingId::kMaxFrameSize);
  const auto too_large = [&] {
    return MakeError(ErrorKind::kFrameTooLarge,
                     absl::StrCat(header.length, " bytes (RFC 9113 4.2)"),
                     header.stream_id);
  };
  // A frame of any kind is too large before it is out of order; only what comes
  // instead of the first SETTINGS may be no frame at all (an HTTP/1.1 answer).
  if (oversized && receiving_ != Receiving::kFirstSettings) return too_large();
  if (row.code != ErrorCode::kNoError || other_stream) {
    return MakeError(
        ErrorKind::kProtocol,
        absl::StrCat("a frame out of its order (RFC 9113 ", row.section, ")"),
        header.stream_id);
  }
  if (oversized) return too_large();
  if (rule == nullptr) return absl::OkStatus();
  if (!(is_client() ? rule->client_may_receive : rule->server_may_receive)) {
    return MakeError(ErrorKind::kUnsupportedFrame,
                     absl::StrCat(rule->name, " (", rule->section, ")"),
                     header.stream_id);
  }
  const bool on_connection = header.stream_id == kConnectionStreamId;
  if ((rule->stream == FrameRule::Stream::kMustBeZero && !on_connection) ||
      (rule->stream == FrameRule::Stream::kMustNotBeZero && on_connection)) {
    return MakeError(ErrorKind::kProtocol,
                     absl::StrCat(rule->name, " on stream ", header.stream_id,
                                  " (", rule->section, ")"),
                     header.stream_id);
  }
  const bool ack_with_payload = header.type == FrameType::kSettings &&
                                header.Has(kFlagAck) && header.length > 0;
  if (ack_with_payload || (!LengthIsLegal(*rule, header.length) &&
                           rule->length_error_is_connections)) {
    return MakeError(ErrorKind::kFrameDataMissing,
                     absl::StrCat(rule->name, " of ", header.length, " bytes (",
                                  rule->section, ")"),
                     header.stream_id);
  }
  return absl::OkStatus();
}

absl::Status Connection::Impl::OnFrame(const FrameHeader& header,
                                       absl::string_view payload,
                                       std::vector<Event>* events) {
  switch (header.type) {
    case FrameType::kData:
      return OnData(header, payload, events);
    case FrameType::kHeaders:
      return OnHeaders(header, payload, events);
    case FrameType::kPriority:
      return OnPriority(header, payload, events);
    case FrameType::kRstStream:
      return OnRstStream(header, payload, events);
    case FrameType::kSettings:
      return OnSettings(header, payload, events);
    case FrameType::kPushPromise:
      return OnPushPromise(header, payload, events);
    case FrameType::kPing:
      return OnPing(header, payload, events);
    case FrameType::kGoAway:
      return OnGoAway(payload, events);
    case FrameType::kWindowUpdate:
      return OnWindowUpdate(header, payload, events);
    case FrameType::kContinuation:
      return OnContinuation(header, payload, events);
    case FrameType::kAltSvc:
      return OnAltSvc(header, payload, events);
    case FrameType::kPriorityUpdate:
      return OnPriorityUpdate(payload, events);
  }
  return OnUnknown(header, payload, events);
}

// --- Errors and gone streams -----------------------------------------------

bool Connection::Impl::IsBeyondGoAway(StreamId id) const {
  return !streams_.IsOurs(id) && id > goaway_sent_ &&
         streams_.Find(id) == nullptr;
}

absl::Status Connection::Impl::QueueAnswer(absl::string_view frame) {
  if (output_.answers() >= options_.limits.max_queued_answers) {
    return MakeError(ErrorKind::kDenialOfService,
                     "the peer reads no answers (RFC 9113 10.5)");
  }
  output_.AppendAnswer(frame);
  return absl::OkStatus();
}

absl::Status Connection::Impl::Spend(Budget* budget, absl::string_view what) {
  if (budget->Spend()) return absl::OkStatus();
  return MakeError(ErrorKind::kDenialOfService,
                   absl::StrCat("too many ", what, " (RFC 9113 10.5)"));
}

absl::Status Connection::Impl::StreamError(absl::Status error,
                                           std::vector<Event>* events) {
  const StreamId id = ErrorStreamOf(error);
  const ErrorCode code = ErrorCodeOf(error);
  Log(absl::StrCat("stream ", id, " error ", ErrorCodeName(code), ": ",
                   error.message()));
  if (absl::Status status = Spend(&budgets_.provoked_reset, "stream errors");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = QueueAnswer(EncodeRstStream(id, code));
      !status.ok()) {
    return status;
  }
  Stream* stream = streams_.Find(id);
  if (stream != nullptr) {
    streams_.CloseReset(stream, StreamFate::kResetByUs);
  } else {
    streams_.OpenRefused(id);
  }
  events->push_back(StreamReset{id, code, /*remote=*/false, std::move(error)});
  return absl::OkStatus();
}

absl::Status Connection::Impl::ApplyOutcome(const Transition& transition,
                                            StreamId id, absl::string_view what,
                                            std::vector<Event>* events) {
  absl::Status error = MakeError(
      transition.code == ErrorCode::kStreamClosed ? ErrorKind::kStreamClosed
                                                  : ErrorKind::kProtocol,
      absl::StrCat(what, " (", transition.section, ")"), id);
  if (transition.outcome != Outcome::kStreamError) return error;
  return StreamError(std::move(error), events);
}

absl::Status Connection::Impl::OnMessageFrameOfGoneStream(StreamId id,
                                                          StreamInput input) {
  StreamState state = StreamState::kClosed;
  switch (streams_.Fate(id)) {
    case StreamFate::kResetByUs:  // RFC 9113 §5.1 closed: sent before it knew
    case StreamFate::kResetByPeerAnswered:
      return absl::OkStatus();
    case StreamFate::kResetByPeer:
      streams_.MarkAnswered(id);
      if (absl::Status status =
              Spend(&budgets_.provoked_reset, "frames on closed streams");
          !status.ok()) {
        return status;
      }
      return QueueAnswer(EncodeRstStream(id, ErrorCode::kStreamClosed));
    case StreamFate::kSkipped:
      return MakeError(ErrorKind::kStreamIdTooLow,
                       "a stream that was skipped (RFC 9113 5.1.1)", id);
    case StreamFate::kIdle:
      state = StreamState::kIdle;
      break;
    case StreamFate::kEnded:
    case StreamFate::kLive:
      break;
  }
  const Transition& transition = FindTransition(state, input);
  return MakeError(transition.code == ErrorCode::kStreamClosed
                       ? ErrorKind::kStreamClosed
                       : ErrorKind::kProtocol,
                   transition.section, id);
}

absl::Status Connection::Impl::OnControlFrameOfGoneStream(StreamId id,
                                                          StreamInput input) {
  switch (streams_.Fate(id)) {
    case StreamFate::kIdle: {
      const Transition& transition = FindTransition(StreamState::kIdle, input);
      return MakeError(ErrorKind::kProtocol, transition.section, id);
    }
    case StreamFate::kSkipped:
      return MakeError(ErrorKind::kStreamIdTooLow,
                       "a stream that was skipped (RFC 9113 5.1.1)", id);
    default:
      return absl::OkStatus();
  }
}

}  // namespace sluice::h2
