// The sans-I/O HTTP/2 connection (RFC 9113), either role: bytes in → events
// out; calls in → bytes out. It opens no socket, reads no clock and starts no
// thread.
//
//   h2::Connection connection({.side = h2::Side::kServer});
//   connection.InitiateConnection();
//   … write the output to the socket …
//   std::vector<h2::Event> events;
//   absl::Status status = connection.ReceiveData(bytes_read, &events);
//   … act on the events: SendHeaders(), SendData(), … write the output …
//
// When to send. Output appears at two times: after ReceiveData() (answers to
// SETTINGS, PING, errors) and after the caller's own calls. So write the output
// after both, a failed ReceiveData() included: it holds the GOAWAY that tells
// the peer why.
//
// Priorities. The connection acts on no priority signal. It reports them
// (PriorityUpdated, PriorityFieldUpdated), and whoever calls SendData() decides
// the order: scheduler::DataScheduler is that caller.
//
// Errors. A stream error of the peer's is an event (StreamReset, not remote)
// and the connection goes on. A connection error ends ReceiveData() with a
// non-OK status after the events that came before it; GOAWAY is then in the
// output, and every later ReceiveData() fails. A call the caller may not make
// now returns a non-OK status and changes nothing. Every such status carries an
// HTTP/2 error code and the name of its kind: see h2/errors.h. Any call that
// sends may fail with Protocol (before InitiateConnection()), ConnectionClosed
// (after the end) and, but for those that end things or open windows,
// OutputFull (Limits::output_control_high_water_mark); the comments below name
// what else a call may say.
//
// Cost. A question about a stream that lives is O(1); a call that sends is at
// most O(bytes of its frame), SendData() without those of the payload.
//
// Not thread-safe, and not re-entrant: it calls nothing but
// ConnectionOptions::log_sink, which may not call the connection.
#ifndef SLUICE_H2_CONNECTION_H_
#define SLUICE_H2_CONNECTION_H_

#include <sluice/h2/events.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::h2 {

struct SendHeadersOptions {
  bool end_stream = false;
  // RFC 7540 §6.2 priority fields; clients only.
  std::optional<signals::Rfc7540Priority> priority = std::nullopt;
};

struct SendDataOptions {
  bool end_stream = false;
  // Adds the Pad Length octet and this many octets of padding, 0…255
  // (RFC 9113 §6.1). All of it counts against the windows.
  std::optional<uint8_t> pad_length = std::nullopt;
};

// What may be sent now, on one stream or on the connection as a whole, and what
// holds back more. In bytes.
struct SendCapacity {
  // What bounds payload().
  enum class Limit : uint8_t {
    kClosed,            // no DATA may be sent: see Connection::CanSendData()
    kOutput,            // write the output first
    kConnectionWindow,  // a WINDOW_UPDATE of stream 0 opens it
    kStreamWindow,      // one of the stream does, or a new INITIAL_WINDOW_SIZE
    kFrameSize,         // nothing but the largest frame: one more may follow
  };

  // Frames without a payload of DATA are admitted: END_STREAM alone, or
  // trailers. They need no window (RFC 9113 §6.9.1).
  bool frames = false;
  bool closed = true;
  int64_t connection_window = 0;  // may be negative, as may the next
  int64_t window = 0;             // min(stream, connection)
  size_t output_room = 0;
  size_t frame_size = 0;  // the peer's MAX_FRAME_SIZE

  // The largest DATA payload that SendData() takes, without padding; 0: none.
  size_t payload() const {
    if (closed || window <= 0) return 0;
    return std::min({static_cast<size_t>(window), output_room, frame_size});
  }
  Limit limit() const;
};

class Connection {
 public:
  static constexpr size_t kAll = std::numeric_limits<size_t>::max();

  explicit Connection(ConnectionOptions options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // --- Beginning -----------------------------------------------------------

  // Queues the preface (client) and our SETTINGS (RFC 9113 §3.4). Errors:
  // Protocol (the second time), InvalidSettingsValue (in the options).
  absl::Status InitiateConnection();

  // Instead of InitiateConnection(), for the upgrade from HTTP/1.1 (RFC 7540
  // §3.2); stream 1 is then the request that asked for it, half-closed by the
  // client. A client passes nothing and gets the value of its HTTP2-Settings
  // field; the output holds what to write after the 101 response. A server
  // passes the client's HTTP2-Settings and gets an empty string; the output is
  // what follows its 101. Errors: InvalidArgument, InvalidSettingsValue.
  absl::StatusOr<std::string> InitiateUpgrade(
      absl::string_view http2_settings = {});

  // --- Bytes in ------------------------------------------------------------

  // Takes the next bytes of the connection, cut anywhere, and appends what they
  // meant to `*events`. O(bytes), and of the header lists that they unfold to
  // (Limits::max_header_bytes_per_read). Error: the connection's end.
  absl::Status ReceiveData(absl::string_view bytes, std::vector<Event>* events);

  // --- Streams -------------------------------------------------------------

  // The id that the next stream of ours will have. Reserves nothing.
  // Error: NoAvailableStreamId past 2^31−1.
  absl::StatusOr<StreamId> GetNextAvailableStreamId() const;

  // A request, response, informational response or trailers, by the stream's
  // state (RFC 9113 §8.1). `headers` is ordered, pseudo-header fields first.
  // Errors: HeadersTooLarge (a name or value beyond 64 KiB, which libnghttp2
  // would not decode, or a list beyond the peer's MAX_HEADER_LIST_SIZE);
  // InvalidHeaders, PseudoHeaderOrder; NoSuchStream, StreamClosed;
  // StreamIdTooLow, NoAvailableStreamId, TooManyStreams (the peer's
  // MAX_CONCURRENT_STREAMS); Protocol (trailers that do not end the stream, or
  // of a CONNECT that is or may become a tunnel; an informational response that
  // ends the stream; a self-dependency); ClientsOnly and InvalidArgument
  // (`options.priority`).
  absl::Status SendHeaders(StreamId id, HeaderSpan headers,
                           const SendHeadersOptions& options = {});

  // One DATA frame (RFC 9113 §6.1). `data` is shared, not copied. Errors:
  // FlowControl (beyond a window), FrameTooLarge (beyond the peer's
  // MAX_FRAME_SIZE), OutputFull (a high-water mark is reached), Protocol
  // (before the headers), StreamClosed, NoSuchStream. An empty `data` is
  // allowed at any window. CapacityFor() says beforehand what is taken.
  absl::Status SendData(StreamId id, absl::Cord data,
                        const SendDataOptions& options = {});

  // An empty DATA frame with END_STREAM. Errors: those of SendData().
  absl::Status EndStream(StreamId id);

  // RST_STREAM (RFC 9113 §6.4). Errors: NoSuchStream, StreamClosed.
  absl::Status ResetStream(StreamId id, ErrorCode code);

  // PUSH_PROMISE (RFC 9113 §8.4); servers only. `promised_id` is
  // GetNextAvailableStreamId() or higher; the response follows by
  // SendHeaders(promised_id, …). Errors: ServersOnly; Protocol where the peer
  // does not take pushes or `parent_id` is a pushed stream itself; else those
  // of SendHeaders().
  absl::Status PushStream(StreamId parent_id, StreamId promised_id,
                          HeaderSpan headers);

  // --- Connection ----------------------------------------------------------

  // PING with exactly 8 bytes (RFC 9113 §6.7), else InvalidArgument.
  absl::Status Ping(absl::string_view opaque_data);

  // GOAWAY (RFC 9113 §6.8); may be called again, also after an error, with the
  // same or a lower id. `last_stream_id` nothing: the highest id of the peer's
  // that was processed. With kNoError the streams up to it live on and what the
  // peer opens above it is discarded; with any other code the connection has
  // ended. Errors: InvalidArgument (an id above the last one named),
  // FrameTooLarge (`additional_data`).
  absl::Status CloseConnection(
      ErrorCode code = ErrorCode::kNoError,
      absl::string_view additional_data = {},
      std::optional<StreamId> last_stream_id = std::nullopt);

  // The first step of a graceful shutdown (RFC 9113 §6.8): a GOAWAY with
  // 2^31−1, which asks the peer to open no more streams and refuses none that
  // are on their way. A round trip later (send a PING with it and wait for the
  // answer) CloseConnection() names the real last stream; the connection is
  // done when OpenInboundStreams() is 0.
  absl::Status StartGracefulShutdown();

  // SETTINGS; each value holds for us when the peer acknowledges this frame
  // (RFC 9113 §6.5.3). Errors: InvalidSettingsValue, FlowControl (a stream's
  // window would exceed 2^31−1, §6.9.2), FrameTooLarge.
  absl::Status UpdateSettings(absl::Span<const Setting> settings);

  // ALTSVC (RFC 7838 §4); servers only. Exactly one of `origin` (the frame goes
  // on stream 0) and `stream_id` (a live stream of the client's whose response
  // has not begun) is given; otherwise InvalidArgument. Other errors:
  // ServersOnly, FrameTooLarge, NoSuchStream, StreamClosed, Protocol (the
  // response has begun).
  absl::Status AdvertiseAlternativeService(
      absl::string_view field_value, std::optional<absl::string_view> origin,
      std::optional<StreamId> stream_id);

  // `elapsed` time went by since the last call: refills Limits::budgets, and
  // ends the connection with SETTINGS_TIMEOUT when our SETTINGS stay without
  // acknowledgement too long. Never calling it is safe: then only useful work
  // refills budgets. Deterministic: this is all the core knows of time.
  // `elapsed` is finite and not negative, else InvalidArgument.
  absl::Status AdvanceTime(absl::Duration elapsed);

  // --- Priorities (clients only) -------------------------------------------

  // A PRIORITY frame (RFC 7540 §6.3), for a stream in any state. Errors:
  // ClientsOnly, InvalidArgument (an id or the weight), Protocol (a stream
  // depends on itself).
  absl::Status Prioritize(StreamId id,
                          const signals::Rfc7540Priority& priority);

  // A PRIORITY_UPDATE frame (RFC 9218 §7.1), for a stream in any state but a
  // push that was not promised (NoSuchStream). Other errors: ClientsOnly,
  // InvalidArgument (the id or the urgency), TooManyStreams (idle streams with
  // a priority and active ones would exceed the peer's MAX_CONCURRENT_STREAMS).
  absl::Status SendPriorityUpdate(StreamId id,
                                  const signals::Rfc9218Priority& priority);

  // --- Flow control --------------------------------------------------------

  // What may be sent on `id` now: min(stream, connection) window, in bytes; may
  // be negative (RFC 9113 §6.9.2). 0: the connection's window alone. O(1).
  // Errors: NoSuchStream, StreamClosed.
  absl::StatusOr<int64_t> LocalFlowControlWindow(StreamId id) const;

  // What the peer may send on `id` now, likewise.
  absl::StatusOr<int64_t> RemoteFlowControlWindow(StreamId id) const;

  // A WINDOW_UPDATE by hand; id 0 is the connection (RFC 9113 §6.9). Errors:
  // InvalidArgument (not 1…2^31−1), FlowControl (the window would exceed that,
  // perhaps by SETTINGS that are not acknowledged), NoSuchStream, StreamClosed.
  absl::Status IncrementFlowControlWindow(StreamId id, uint32_t increment);

  // `bytes` (a sum of DataReceived::flow_controlled_length) of `id` were
  // processed; WINDOW_UPDATE frames are queued when they are worth sending. For
  // a stream that is closed by now only the connection's window is credited.
  // Errors: InvalidArgument (id 0, more than 2^31−1 bytes), NoSuchStream.
  absl::Status AcknowledgeReceivedData(StreamId id, size_t bytes);

  // --- Questions -----------------------------------------------------------

  // Streams that count against MAX_CONCURRENT_STREAMS: open or half-closed.
  size_t OpenOutboundStreams() const;  // that we opened
  size_t OpenInboundStreams() const;   // that the peer opened

  // Whether DATA may still be sent on `id`: its headers went out, we have not
  // ended or reset it, the peer has not reset it.
  bool CanSendData(StreamId id) const;

  // What SendData() and the SendHeaders() of trailers would take on `id` now,
  // and why not more: neither contradicts it until another call changes
  // something. 0: the connection as a whole, which no stream exceeds. An
  // unknown id is closed. O(1).
  SendCapacity CapacityFor(StreamId id) const;

  // The value in force of a setting of the peer's / of ours; one without a
  // default that was never sent is 0, a limit 2^32−1.
  uint32_t RemoteSetting(SettingId id) const;
  uint32_t LocalSetting(SettingId id) const;

  // Largest DATA payload the peer takes (its MAX_FRAME_SIZE), in bytes.
  size_t MaxOutboundFrameSize() const;

  // GOAWAY was sent or received with an error, or a connection error occurred:
  // write the output, then close the socket.
  bool IsTerminated() const;

  // --- Output --------------------------------------------------------------
  //
  // What was taken or consumed cannot be put back.

  // Bytes that wait to be written.
  size_t OutputSize() const;

  // How many more bytes of DATA payload fit under the high-water mark; 0: a
  // scheduler should not pull. One frame of 16,384 bytes, which every peer
  // takes, always fits into an output that holds no DATA; and nothing fits
  // while the control bytes are at their own mark.
  size_t OutputRoom() const;

  // Whether room came back, since the last call, after the output had been full
  // (OutputRoom() was 0, or a call returned OutputFull): the notice to ask the
  // scheduler again. Ask after DataToSend() or ConsumeOutput().
  bool TakeOutputDrained();

  // Copies out and consumes up to `max` bytes. O(bytes).
  std::string DataToSend(size_t max = kAll);

  // Fills `out` with the first pieces of the output without copying and returns
  // how many were filled. Valid until the next non-const call. O(pieces).
  size_t PeekOutput(absl::Span<iovec> out) const;

  // Drops the first `bytes` bytes of the output. Error: InvalidArgument (more
  // than OutputSize(), as the −1 of a failed write is); then all of it stays.
  absl::Status ConsumeOutput(size_t bytes);

  // Drops all of it.
  void ClearOutput();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_CONNECTION_H_
