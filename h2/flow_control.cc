#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/flow_control.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

StreamId IdOf(const Stream* stream) {
  return stream == nullptr ? kConnectionStreamId : stream->id;
}

// "16385 bytes … on stream 1 (RFC 9113 6.9.1)", or "… on the connection …".
template <typename... Text>
absl::Status WindowFault(ErrorKind kind, const Stream* stream,
                         absl::string_view section, uint64_t bytes,
                         const Text&... rest) {
  return MakeError(
      kind,
      absl::StrCat(bytes, " bytes ", rest...,
                   stream == nullptr ? " on the connection"
                                     : absl::StrCat(" on stream ", stream->id),
                   " (RFC 9113 ", section, ")"),
      IdOf(stream));
}

absl::Status CheckWindows(absl::Span<const Setting> settings,
                          const SettingsTable& in_force, int64_t largest) {
  const int64_t old_size = in_force.Get(SettingId::kInitialWindowSize);
  for (const Setting& setting : settings) {
    if (setting.id == SettingId::kInitialWindowSize &&
        largest - old_size + setting.value > kMaxWindow) {
      return ConnectionFault(ErrorKind::kFlowControl, "INITIAL_WINDOW_SIZE ",
                             setting.value,
                             " makes a window exceed 2^31-1: one has ", largest,
                             " bytes at ", old_size, " (RFC 9113 6.9.2)");
    }
  }
  return absl::OkStatus();
}

}  // namespace

// --- DATA out --------------------------------------------------------------

absl::Status FlowControl::OpenSendWindow(Stream* stream, uint32_t increment) {
  if (increment == 0) {
    return WindowFault(ErrorKind::kProtocol, stream, "6.9", 0,
                       "in a WINDOW_UPDATE; 1 to 2^31-1 are allowed");
  }
  SendWindow& window = stream == nullptr ? send_window_ : stream->send_window;
  if (window.Open(increment)) return absl::OkStatus();
  return WindowFault(ErrorKind::kFlowControl, stream, "6.9.1", increment,
                     "more make a window of ", window.size(),
                     " bytes exceed 2^31-1");
}

// --- DATA in ---------------------------------------------------------------

absl::Status FlowControl::ReceiveFault(Stream* stream, size_t bytes) {
  return WindowFault(ErrorKind::kFlowControl, stream, "6.9.1", bytes,
                     "of DATA arrived, ", ReceiveWindowAt(stream).size(),
                     " were allowed");
}

absl::Status FlowControl::CreditConnection(size_t bytes) {
  const uint32_t increment =
      receive_window_.Process(static_cast<int64_t>(bytes));
  if (increment == 0) return absl::OkStatus();
  return output_->AppendAnswer(
      EncodeWindowUpdate(kConnectionStreamId, increment));
}

absl::Status FlowControl::OpenReceiveWindow(Stream* stream,
                                            uint32_t increment) {
  ReceiveWindow& window = ReceiveWindowAt(stream);
  const int64_t limit =
      stream == nullptr ? kMaxWindow : settings_->ReceiveWindowLimit();
  if (!window.Open(increment, limit)) {
    return WindowFault(ErrorKind::kFlowControl, stream, "6.9.1", increment,
                       "more make a window of ", window.size(),
                       " bytes exceed ", limit);
  }
  QueueUpdate(IdOf(stream), increment);
  return absl::OkStatus();
}

// --- INITIAL_WINDOW_SIZE ---------------------------------------------------

absl::Status FlowControl::CheckSendWindows(
    absl::Span<const Setting> settings) const {
  int64_t largest = 0;
  streams_->ForEach([&](const Stream& stream) {
    largest = std::max(largest, stream.send_window.size());
  });
  return CheckWindows(settings, settings_->remote(), largest);
}

absl::Status FlowControl::CheckReceiveWindows(
    absl::Span<const Setting> settings) const {
  int64_t largest = 0;
  streams_->ForEach([&](const Stream& stream) {
    largest = std::max(largest, stream.receive_window.size());
  });
  return CheckWindows(settings, settings_->local(), largest);
}

void FlowControl::ChangeSendWindows(int64_t delta) {
  streams_->ForEach([&](Stream& stream) { stream.send_window.Open(delta); });
}

// A smaller window makes an update due that was not worth a frame before; no
// later byte may come to ask for it.
void FlowControl::ChangeReceiveWindows(int64_t delta) {
  const int64_t limit = settings_->ReceiveWindowLimit();
  std::map<StreamId, uint32_t> due;  // sorted: hash order differs by run
  streams_->ForEach([&](Stream& stream) {
    stream.receive_window.ChangeInitialSize(delta);
    if (stream.received == MessagePhase::kComplete) return;
    const uint32_t increment = stream.receive_window.Process(0, limit);
    if (increment > 0) due[stream.id] = increment;
  });
  for (const auto& [id, increment] : due) QueueUpdate(id, increment);
}

}  // namespace sluice::h2
