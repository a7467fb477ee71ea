// The parts that both directions of a connection share, and the rules between
// them. Each part owns its state:
//
//   Life              the beginning, the end, GOAWAY
//   SettingsExchange  the settings of both sides
//   StreamTable       the streams, living and gone
//   OutputBuffer      the bytes that wait, and their limits
//   FlowControl       the windows
//   Budgets           how many useless frames the peer may send
//
// Receiver takes the bytes in; the calls of Connection send.
#ifndef SLUICE_H2_CORE_H_
#define SLUICE_H2_CORE_H_

#include <sluice/h2/budgets.h>
#include <sluice/h2/events.h>
#include <sluice/h2/flow_control.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/hpack_encoder.h>
#include <sluice/h2/life.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/options.h>
#include <sluice/h2/output_buffer.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::h2 {

using Events = std::vector<Event>;

// Connection::Drain().
struct Draining {
  static constexpr absl::string_view kPing = "sluice:d";

  bool begun = false;
  bool answered = false;   // the PING, so the last stream is named
  absl::Duration ends_at;  // as Core::now
};

struct Core {
  explicit Core(ConnectionOptions connection_options);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  bool is_client() const { return options.side == Side::kClient; }
  uint32_t remote(SettingId id) const { return settings.remote().Get(id); }
  uint32_t local(SettingId id) const { return settings.local().Get(id); }

  // --- Calls ---------------------------------------------------------------

  // Whether a call may queue a frame now. Errors: Protocol, ConnectionClosed,
  // OutputFull.
  absl::Status CheckMaySend() const {
    if (life.open() && output.AdmitsFrames()) return absl::OkStatus();
    return WhyNoFrame();
  }
  // Whether the peer's MAX_FRAME_SIZE has room for a frame of `type` with
  // `bytes` of payload. Error: FrameTooLarge.
  absl::Status CheckFrameSize(absl::string_view type, size_t bytes,
                              StreamId id = kConnectionStreamId) const {
    if (bytes <= remote(SettingId::kMaxFrameSize)) return absl::OkStatus();
    return FrameSizeFault(type, bytes, id);
  }
  // Whether stream `id`, which is `stream` or, if it does not live, null, takes
  // `input`. Errors: NoSuchStream, StreamClosed, Protocol.
  absl::Status CheckTakes(StreamId id, const Stream* stream,
                          StreamInput input) const {
    if (ABSL_PREDICT_TRUE(Takes(stream, input))) return absl::OkStatus();
    return stream == nullptr ? streams.NotLive(id)
                             : TransitionFault(id, stream->state, input);
  }

  // HEADERS or PUSH_PROMISE with `fields`, a list of `list_size` bytes.
  void QueueBlock(const BlockStart& start, absl::Span<const NamedField> fields,
                  size_t list_size);
  void QueueGoAway(ErrorCode code, absl::string_view additional_data,
                   StreamId last_stream_id);
  // GOAWAY for a connection error, and the end. Returns `error`.
  absl::Status Terminate(absl::Status error);

  // --- Streams -------------------------------------------------------------

  // Whether one more stream may be open beside `active` ones (RFC 9113 §5.1.2).
  // Error: TooManyStreams.
  static absl::Status CheckConcurrency(StreamId id, size_t active,
                                       uint32_t limit);
  // The idle `id` becomes a stream by `input`, with the windows of the settings
  // in force.
  Stream* Open(StreamId id, StreamInput input) {
    return streams.Open(id, FindTransition(StreamState::kIdle, input).next,
                        remote(SettingId::kInitialWindowSize),
                        local(SettingId::kInitialWindowSize));
  }
  // END_STREAM went out / came in.
  void EndSending(Stream* stream) {
    stream->sent = MessagePhase::kComplete;
    End(stream, StreamInput::kSendEndStream);
  }
  void EndReceiving(Stream* stream) {
    stream->received = MessagePhase::kComplete;
    End(stream, StreamInput::kReceiveEndStream);
  }

  // --- The peer's frames ---------------------------------------------------

  // A stream of the peer's above our GOAWAY's last id (RFC 9113 §6.8). One that
  // was open by then lives on, so that it comes to its end.
  bool IsBeyondGoAway(StreamId id) const;
  // The stream, if it takes `input`. Null: the frame is ignored, or was
  // answered by RST_STREAM. Error: the connection's.
  absl::StatusOr<Stream*> Accept(StreamId id, StreamInput input,
                                 Events* events) {
    Stream* const stream = streams.Find(id);
    if (Takes(stream, input)) return stream;
    return Refuse(id, stream, input, events);
  }
  // No stream takes a header block, which was decoded, or DATA that is empty
  // but for the stream's end. Those that may have been on their way are free.
  // Error: DenialOfService.
  absl::Status Drop() {
    if (streams.TakeLateFrame()) return absl::OkStatus();
    return budgets.Spend(Budgets::kDroppedHeaders);
  }
  // RFC 7540 §5.3.1: no stream depends on itself. Error: Protocol.
  static absl::Status CheckDependency(StreamId id,
                                      const signals::Rfc7540Priority& priority);
  // RST_STREAM for `error`, a fault of the peer's on the stream that it names,
  // which lives or is idle. Error: a limit makes it the connection's.
  absl::Status StreamError(absl::Status error, Events* events);
  // One line for log_sink: "stream 1 error INTERNAL_ERROR: text".
  void Log(absl::string_view who, ErrorCode code, absl::string_view text) const;
  // Checks the peer's settings, and takes them. Errors: InvalidSettingsValue,
  // FlowControl.
  absl::Status TakeRemoteSettings(absl::Span<const Setting> changes,
                                  bool in_frame, Events* events);

  ConnectionOptions options;
  Life life;
  SettingsExchange settings;
  StreamTable streams;
  OutputBuffer output;
  FlowControl flow;
  Budgets budgets;
  HpackEncoder encoder;
  Draining draining;
  uint64_t unanswered_pings = 0;  // of ours
  absl::Duration now;             // the sum of AdvanceTime()

 private:
  static bool Takes(const Stream* stream, StreamInput input) {
    return stream != nullptr && FindTransition(stream->state, input).outcome ==
                                    Transition::Outcome::kOk;
  }
  void End(Stream* stream, StreamInput input) {
    const StreamState next = FindTransition(stream->state, input).next;
    if (next == StreamState::kClosed) budgets.Work(1);
    streams.ChangeState(stream, next);
  }
  absl::Status WhyNoFrame() const;
  absl::Status FrameSizeFault(absl::string_view type, size_t bytes,
                              StreamId id) const;
  // A frame that `stream` does not take; null: it does not live.
  absl::StatusOr<Stream*> Refuse(StreamId id, Stream* stream, StreamInput input,
                                 Events* events);
  // A frame on a stream that does not live.
  absl::Status OnGoneStream(StreamId id, StreamInput input);
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_CORE_H_
