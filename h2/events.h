// The peer's actions, as values. h2::Connection::ReceiveData() appends these in
// the order in which the peer's frames took effect.
//
// Order for one HEADERS frame: the message event, then StreamEnded, then
// PriorityUpdated, then PriorityFieldUpdated. Each signal is reported once.
//
// Views. `headers` points into memory of the connection, which EndViews() or
// the next ReceiveData() takes back; no other call does. `data` points into the
// bytes that the caller gave to ReceiveData(), and is valid as long as they
// are. Copy what you keep longer: headers.ToHeaders(), std::string(data). In a
// build with AddressSanitizer a later use of `headers` is an error that it
// reports.
#ifndef SLUICE_H2_EVENTS_H_
#define SLUICE_H2_EVENTS_H_

#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"

namespace sluice::h2 {

using signals::SignalSource;

// A request's header section (server) — RFC 9113 §8.3.1.
struct RequestReceived {
  StreamId stream_id = 0;
  HeaderList headers;
  bool stream_ended = false;
};

// The final response's header section (client) — RFC 9113 §8.3.2.
struct ResponseReceived {
  StreamId stream_id = 0;
  HeaderList headers;
  bool stream_ended = false;
};

// A 1xx response (client) — RFC 9113 §8.1.
struct InformationalResponseReceived {
  StreamId stream_id = 0;
  HeaderList headers;
};

// The trailer section; always ends the stream — RFC 9113 §8.1.
struct TrailersReceived {
  StreamId stream_id = 0;
  HeaderList headers;
};

// A DATA frame, or a piece of one: a frame of which ReceiveData() gets a part
// at a time makes an event for each part that has data or ends the frame. All
// rules for the frame are checked before the first. Give
// `flow_controlled_length` to AcknowledgeReceivedData() when the bytes are
// processed: all of a frame's together are its length, since its last event
// counts its padding. That one alone may say `stream_ended` — RFC 9113 §6.1.
struct DataReceived {
  StreamId stream_id = 0;
  StringView data;
  size_t flow_controlled_length = 0;
  bool stream_ended = false;
  uint32_t frame_bytes_left = 0;  // of the frame's payload, still to come
};

// WINDOW_UPDATE; stream_id 0 is the connection's window — RFC 9113 §6.9.
struct WindowUpdated {
  StreamId stream_id = 0;
  uint32_t delta = 0;
};

struct SettingChange {
  std::optional<uint32_t> old_value;  // absent: never set, and no default
  uint32_t new_value = 0;

  friend bool operator==(const SettingChange&, const SettingChange&) = default;
};

// The peer's SETTINGS, already acknowledged — RFC 9113 §6.5.
struct RemoteSettingsChanged {
  std::map<SettingId, SettingChange> changed;
};

// The peer acknowledged one of our SETTINGS frames; its values hold from now
// on — RFC 9113 §6.5.3.
struct SettingsAcknowledged {
  std::map<SettingId, SettingChange> changed;
};

// PING and its answer (already queued) — RFC 9113 §6.7.
struct PingReceived {
  std::string opaque_data;  // 8 bytes
};
struct PingAckReceived {
  std::string opaque_data;  // 8 bytes
};

// The peer will send nothing more on this stream.
struct StreamEnded {
  StreamId stream_id = 0;
};

// The stream is gone: by the peer's RST_STREAM (`remote`), or by ours for a
// stream error of the peer's — RFC 9113 §5.4.2, §6.4. The peer's GOAWAY ends
// the streams above its last id with REFUSED_STREAM, `remote` (§6.8). Ours may
// be about a stream that no other event named: a refused or malformed request.
struct StreamReset {
  StreamId stream_id = 0;
  ErrorCode error_code = ErrorCode::kNoError;
  bool remote = true;
  // Why, when it is ours: typed, see h2/errors.h. OK when remote.
  absl::Status error = absl::OkStatus();
};

// PUSH_PROMISE (client) — RFC 9113 §8.4.
struct PushedStreamReceived {
  StreamId pushed_stream_id = 0;
  StreamId parent_stream_id = 0;
  HeaderList headers;
};

// An RFC 7540 §5.3 signal, from HEADERS or PRIORITY. The connection does not
// act on it: give it to a scheduler. The stream may be idle or closed.
struct PriorityUpdated {
  StreamId stream_id = 0;
  signals::Rfc7540Priority priority;
  SignalSource source = SignalSource::kFrame;
};

// An RFC 9218 signal: a request's `priority` field, or a PRIORITY_UPDATE frame
// (§7.1), whose stream may not be open yet. The frame overrides the field, in
// whatever order they come (§7).
struct PriorityFieldUpdated {
  using Source = SignalSource;
  StreamId stream_id = 0;
  signals::Rfc9218Priority priority;
  SignalSource source = SignalSource::kHeader;
};

// GOAWAY from the peer — RFC 9113 §6.8.
struct ConnectionTerminated {
  ErrorCode error_code = ErrorCode::kNoError;
  StreamId last_stream_id = 0;
  std::string additional_data;
};

// ALTSVC (client) — RFC 7838 §4.
struct AlternativeServiceAvailable {
  std::string origin;
  std::string field_value;
};

// A frame of a type this connection does not know — RFC 9113 §4.1, §5.5.
struct UnknownFrameReceived {
  uint8_t type = 0;
  uint8_t flags = 0;
  StreamId stream_id = 0;
  std::string payload;
};

using Event = std::variant<
    RequestReceived, ResponseReceived, InformationalResponseReceived,
    TrailersReceived, DataReceived, WindowUpdated, RemoteSettingsChanged,
    SettingsAcknowledged, PingReceived, PingAckReceived, StreamEnded,
    StreamReset, PushedStreamReceived, PriorityUpdated, PriorityFieldUpdated,
    ConnectionTerminated, AlternativeServiceAvailable, UnknownFrameReceived>;

}  // namespace sluice::h2

#endif  // SLUICE_H2_EVENTS_H_
