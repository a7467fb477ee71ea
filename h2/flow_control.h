// Flow-control credit of a connection (RFC 9113 §5.2, §6.9): it owns the
// connection's two windows, and moves those of the streams with them.
#ifndef SLUICE_H2_FLOW_CONTROL_H_
#define SLUICE_H2_FLOW_CONTROL_H_

#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/options.h>
#include <sluice/h2/output_buffer.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::h2 {

// A null stream stands for the connection. All pointers outlive the object.
class FlowControl {
 public:
  FlowControl(const SettingsExchange* settings, StreamTable* streams,
              OutputBuffer* output)
      : settings_(settings), streams_(streams), output_(output) {}

  // --- DATA out ------------------------------------------------------------

  int64_t SendWindowOf(const Stream* stream) const {
    const int64_t connection = send_window_.size();
    return stream == nullptr ? connection
                             : std::min(connection, stream->send_window.size());
  }
  // One frame of `bytes` is sent. They fit, or are 0.
  void Sent(Stream* stream, int64_t bytes) {
    send_window_.Consume(bytes);
    stream->send_window.Consume(bytes);
  }
  // Whether a WINDOW_UPDATE may answer a frame of ours: see SendWindow.
  bool TakeAnswer() { return send_window_.TakeAnswer(); }
  // WINDOW_UPDATE came. Error: FlowControl, Protocol (0 bytes).
  absl::Status OpenSendWindow(Stream* stream, uint32_t increment);

  // --- DATA in -------------------------------------------------------------

  int64_t ReceiveWindowOf(const Stream* stream) const {
    const int64_t connection = receive_window_.size();
    return stream == nullptr
               ? connection
               : std::min(connection, stream->receive_window.size());
  }
  // DATA of `bytes` arrived. Error: FlowControl.
  absl::Status Receive(Stream* stream, size_t bytes) {
    ReceiveWindow& window = ReceiveWindowAt(stream);
    if (window.Consume(static_cast<int64_t>(bytes))) return absl::OkStatus();
    return ReceiveFault(stream, bytes);
  }
  // Credits bytes that the caller never sees, and so cannot acknowledge.
  // Error: DenialOfService (too many answers wait).
  absl::Status CreditConnection(size_t bytes);
  // The caller processed `bytes` of a stream, which may be gone: then null.
  // They are at most StreamTable::Unacknowledged().
  void Acknowledge(Stream* stream, size_t bytes) {
    const auto processed = static_cast<int64_t>(bytes);
    streams_->Unacknowledged(stream) -= processed;
    QueueUpdate(kConnectionStreamId, receive_window_.Process(processed));
    // After END_STREAM nothing more comes in on the stream.
    if (stream == nullptr || stream->received == MessagePhase::kComplete) {
      return;
    }
    QueueUpdate(stream->id, stream->receive_window.Process(
                                processed, settings_->ReceiveWindowLimit()));
  }
  // A WINDOW_UPDATE by hand. Error: FlowControl.
  absl::Status OpenReceiveWindow(Stream* stream, uint32_t increment);

  // --- INITIAL_WINDOW_SIZE (§6.9.2) ----------------------------------------
  //
  // It moves the window of every stream, and not the connection's.

  // Whether the peer's / our `settings` keep all windows within 2^31−1, at each
  // value of the frame. Error: FlowControl. O(streams).
  absl::Status CheckSendWindows(absl::Span<const Setting> settings) const;
  absl::Status CheckReceiveWindows(absl::Span<const Setting> settings) const;
  void ChangeSendWindows(int64_t delta);
  void ChangeReceiveWindows(int64_t delta);

 private:
  ReceiveWindow& ReceiveWindowAt(Stream* stream) {
    return stream == nullptr ? receive_window_ : stream->receive_window;
  }
  absl::Status ReceiveFault(Stream* stream, size_t bytes);
  // 0: none is worth a frame.
  void QueueUpdate(StreamId id, uint32_t increment) {
    if (increment > 0) {
      output_->AppendControl(EncodeWindowUpdate(id, increment));
    }
  }

  const SettingsExchange* settings_;
  StreamTable* streams_;
  OutputBuffer* output_;
  SendWindow send_window_;
  ReceiveWindow receive_window_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_FLOW_CONTROL_H_
