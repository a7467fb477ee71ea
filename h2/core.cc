#include <sluice/h2/budgets.h>
#include <sluice/h2/core.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/hpack_encoder.h>
#include <sluice/h2/options.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

using Outcome = Transition::Outcome;

}  // namespace

Core::Core(ConnectionOptions connection_options)
    : options(std::move(connection_options)),
      settings(options.side),
      streams(options.side, options.limits.max_closed_streams),
      output(options.limits),
      flow(&settings, &streams, &output),
      budgets(&options.limits.budgets) {}

// --- Calls -----------------------------------------------------------------

absl::Status Core::WhyNoFrame() const {
  SLUICE_RETURN_IF_ERROR(life.CheckOpen());
  return ConnectionFault(
      ErrorKind::kOutputFull, output.control_size(),
      " bytes of frames other than DATA wait to be written; ",
      options.limits.output_control_high_water_mark, " are allowed");
}

absl::Status Core::FrameSizeFault(absl::string_view type, size_t bytes,
                                  StreamId id) const {
  return Fault(ErrorKind::kFrameTooLarge, id, type, " has ", bytes,
               " bytes of payload; the peer's MAX_FRAME_SIZE is ",
               remote(SettingId::kMaxFrameSize), " (RFC 9113 4.2)");
}

void Core::QueueBlock(const BlockStart& start,
                      absl::Span<const NamedField> fields, size_t list_size) {
  const size_t max_frame_size = remote(SettingId::kMaxFrameSize);
  const size_t most = HpackEncoder::MostBytes(list_size);
  char* const out = output.ControlRoom(start.MostFrames(most, max_frame_size));
  const size_t block = encoder.Encode(fields, out + start.size(), most);
  output.AddControl(start.Frame(out, block, max_frame_size));
}

void Core::QueueGoAway(ErrorCode code, absl::string_view additional_data,
                       StreamId last_stream_id) {
  // RFC 9113 §6.8: requests may be on their way, as many as may be open at a
  // time, each with its trailers.
  if (last_stream_id < kMaxStreamId && life.last_of_peer() == kMaxStreamId) {
    // A peer that acknowledges nothing has no limit; here it has that of the
    // streams that are remembered.
    const uint64_t most = std::max(local(SettingId::kMaxConcurrentStreams),
                                   settings.max_inbound_streams());
    streams.ExpectLateFrames(
        2 * std::min<uint64_t>(most, options.limits.max_closed_streams));
  }
  output.AppendControl(
      EncodeGoAway(life.GoAway(last_stream_id), code, additional_data));
}

absl::Status Core::Terminate(absl::Status error) {
  Log("connection", ErrorCodeOf(error), error.message());
  QueueGoAway(ErrorCodeOf(error), {}, streams.last_peers());
  life.End(error);
  return error;
}

void Core::Log(absl::string_view who, ErrorCode code,
               absl::string_view text) const {
  if (!options.log_sink) return;
  std::string line = absl::StrCat(who, " error ", ErrorCodeName(code), ": ");
  // Text of the peer's or of the application's makes no second line.
  for (const char c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      absl::StrAppend(
          &line, "\\x",
          absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    } else {
      line += c;
    }
  }
  options.log_sink(line);
}

// --- Streams ---------------------------------------------------------------

absl::Status Core::CheckConcurrency(StreamId id, size_t active,
                                    uint32_t limit) {
  if (active < limit) return absl::OkStatus();
  return StreamFault(ErrorKind::kTooManyStreams, id,
                     "is one too many: ", active, " are open, ", limit,
                     " are allowed (MAX_CONCURRENT_STREAMS, RFC 9113 5.1.2)");
}

// --- The peer's frames -----------------------------------------------------

bool Core::IsBeyondGoAway(StreamId id) const {
  return !streams.IsOurs(id) && id > life.last_of_peer() &&
         streams.Find(id) == nullptr;
}

absl::StatusOr<Stream*> Core::Refuse(StreamId id, Stream* stream,
                                     StreamInput input, Events* events) {
  Stream* const none = nullptr;
  if (stream == nullptr) {
    if (IsBeyondGoAway(id)) return none;
    SLUICE_RETURN_IF_ERROR(OnGoneStream(id, input));
    return none;
  }
  absl::Status fault = TransitionFault(id, stream->state, input);
  if (FindTransition(stream->state, input).outcome ==
      Outcome::kConnectionError) {
    return fault;
  }
  SLUICE_RETURN_IF_ERROR(StreamError(std::move(fault), events));
  return none;
}

absl::Status Core::OnGoneStream(StreamId id, StreamInput input) {
  const StreamFate fate = streams.Fate(id);
  if (fate == StreamFate::kIdle) {
    if (input == StreamInput::kReceiveHeaders) {
      return StreamFault(
          ErrorKind::kProtocol, id,
          "is idle, and the peer cannot open it (RFC 9113 5.1.1)");
    }
    return TransitionFault(id, StreamState::kIdle, input);
  }
  if (fate == StreamFate::kSkipped) {
    return StreamFault(
        ErrorKind::kStreamIdTooLow, id,
        "was skipped: the peer opened a higher one (RFC 9113 5.1.1)");
  }
  if (FindTransition(StreamState::kClosed, input).outcome == Outcome::kIgnore) {
    return absl::OkStatus();
  }
  if (fate == StreamFate::kEnded) {
    return TransitionFault(id, StreamState::kClosed, input);
  }
  // RFC 9113 §5.1 closed: after our RST_STREAM, frames may have been on their
  // way. After the peer's own, the first frame gets STREAM_CLOSED.
  if (fate != StreamFate::kResetByPeer) {
    return input == StreamInput::kReceiveHeaders ? Drop() : absl::OkStatus();
  }
  streams.MarkAnswered(id);
  SLUICE_RETURN_IF_ERROR(budgets.Spend(Budgets::kProvokedReset));
  return output.AppendAnswer(EncodeRstStream(id, ErrorCode::kStreamClosed));
}

absl::Status Core::CheckDependency(StreamId id,
                                   const signals::Rfc7540Priority& priority) {
  if (priority.depends_on != id) return absl::OkStatus();
  return StreamFault(
      ErrorKind::kProtocol, id,
      "depends on itself; it may depend on 0 or another stream (RFC "
      "7540 5.3.1)");
}

absl::Status Core::StreamError(absl::Status error, Events* events) {
  const StreamId id = ErrorStreamOf(error);
  const ErrorCode code = ErrorCodeOf(error);
  Log(absl::StrCat("stream ", id), code, error.message());
  SLUICE_RETURN_IF_ERROR(budgets.Spend(Budgets::kProvokedReset));
  SLUICE_RETURN_IF_ERROR(output.AppendAnswer(EncodeRstStream(id, code)));
  if (Stream* const stream = streams.Find(id); stream != nullptr) {
    streams.CloseReset(stream, StreamFate::kResetByUs);
  } else {
    streams.OpenRefused(id);
  }
  events->push_back(StreamReset{id, code, /*remote=*/false, std::move(error)});
  return absl::OkStatus();
}

absl::Status Core::TakeRemoteSettings(absl::Span<const Setting> changes,
                                      bool in_frame, Events* events) {
  SLUICE_RETURN_IF_ERROR(settings.CheckRemote(changes));
  SLUICE_RETURN_IF_ERROR(flow.CheckSendWindows(changes));
  const int64_t old_window = remote(SettingId::kInitialWindowSize);
  events->push_back(
      RemoteSettingsChanged{settings.ApplyRemote(changes, in_frame)});
  flow.ChangeSendWindows(remote(SettingId::kInitialWindowSize) - old_window);
  // RFC 7541 §4.2: the smallest of several sizes counts too; the peer's decoder
  // dropped its entries at that one.
  for (const Setting& setting : changes) {
    if (setting.id == SettingId::kHeaderTableSize) {
      encoder.SetTableSize(setting.value);
    }
  }
  return absl::OkStatus();
}

}  // namespace sluice::h2
