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
//   connection.EndViews();
//
// When to send. Output appears at two times: after ReceiveData() (answers to
// SETTINGS, PING, errors) and after the caller's own calls. So write the output
// after both. A failed ReceiveData() is no exception: the output then holds the
// GOAWAY that tells the peer why.
//
// Priorities. The connection acts on no priority signal. It reports them
// (PriorityUpdated, PriorityFieldUpdated), and the caller of SendData() decides
// the order: scheduler::DataScheduler is such a caller.
//
// Errors. A stream error of the peer's is an event (StreamReset, not remote),
// and the connection goes on. A connection error ends ReceiveData() with a
// non-OK status after the events that came before it; GOAWAY is then in the
// output, and every later ReceiveData() fails. A refused call returns a non-OK
// status and changes nothing. Every such status carries an HTTP/2 error code
// and the name of its kind: see h2/errors.h. Any call that sends may fail with
// Protocol (before InitiateConnection()), with ConnectionClosed (after the end)
// and with OutputFull (Limits::output_control_high_water_mark). ResetStream(),
// CloseConnection(), Drain(), StartGracefulShutdown() and calls that open a
// window never fail with OutputFull. The comments below name the other kinds.
//
// Cost. A question about a living stream is O(1). A call that sends is at most
// O(bytes of its frame); SendData() does not touch its payload.
//
// Memory. A call that finds none throws std::bad_alloc and stops half way: then
// destroy the connection, which needs none.
//
// Not thread-safe, const calls included: they remember the stream found last.
// Not re-entrant: it calls nothing but
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
#include <chrono>
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

// How much DATA may go now, on one stream or on the connection as a whole, and
// what bounds it. In bytes.
struct SendCapacity {
  // A frame without DATA payload may go: END_STREAM alone, or trailers. It
  // needs no window (RFC 9113 §6.9.1).
  bool frames = false;
  // No DATA may go on the stream at all: see Connection::CanSendData().
  bool closed = true;
  // A WINDOW_UPDATE of stream 0 opens it. May be negative, as may `window`.
  int64_t connection_window = 0;
  // min(stream, connection). A WINDOW_UPDATE of the stream or a larger
  // INITIAL_WINDOW_SIZE opens the stream's.
  int64_t window = 0;
  // Under Limits::output_high_water_mark; writing the output makes room. A
  // frame of 16,384 bytes, which every peer takes, always fits into an output
  // without DATA. 0 while the control bytes are at their own mark.
  size_t output_room = 0;
  // The peer's MAX_FRAME_SIZE: one more frame may follow.
  size_t frame_size = 0;

  // The largest DATA payload that SendData() takes, without padding; or 0.
  size_t payload() const {
    if (closed || window <= 0) return 0;
    return std::min({static_cast<size_t>(window), output_room, frame_size});
  }
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
  // what follows its 101. Errors: Protocol (the second time), InvalidArgument,
  // InvalidSettingsValue.
  absl::StatusOr<std::string> InitiateUpgrade(StringView http2_settings = {});

  // --- Bytes in ------------------------------------------------------------

  // Takes the next bytes of the connection, cut anywhere, and appends their
  // events to `*events`. The events view `bytes` and memory of the connection:
  // see events.h for how long they may. O(bytes + the header lists that HPACK
  // unfolds from them); Limits::max_header_bytes_per_read bounds the latter,
  // and DATA costs nothing by the byte. Error: the connection's end.
  absl::Status ReceiveData(StringView bytes, std::vector<Event>* events);

  // Ends the views of the events, and frees their memory but for at most 4 KiB.
  // The next ReceiveData() ends them too, but the peer decides when that is:
  // until then one read of 5 KB may keep Limits::max_header_bytes_per_read. So
  // call it when you are done with the events, at the latest when the
  // connection falls idle.
  void EndViews();

  // --- Streams -------------------------------------------------------------

  // The id for our next stream. Reserves nothing.
  // Error: NoAvailableStreamId past 2^31−1.
  absl::StatusOr<StreamId> GetNextAvailableStreamId() const;

  // A request, response, informational response or trailers: the state of the
  // stream decides (RFC 9113 §8.1). `headers` is ordered, pseudo-header fields
  // first. Errors: HeadersTooLarge (a name or value above 64 KiB, which
  // libnghttp2 would not decode, or a list above the peer's
  // MAX_HEADER_LIST_SIZE);
  // InvalidHeaders, PseudoHeaderOrder; NoSuchStream, StreamClosed;
  // StreamIdTooLow, NoAvailableStreamId, TooManyStreams (the peer's
  // MAX_CONCURRENT_STREAMS); Protocol (trailers without END_STREAM,
  // or on a CONNECT that is or may become a tunnel; an informational response
  // with END_STREAM; a self-dependency); ClientsOnly and InvalidArgument
  // (`options.priority`).
  absl::Status SendHeaders(StreamId id, HeaderSpan headers,
                           const SendHeadersOptions& options = {});

  // One DATA frame (RFC 9113 §6.1). `data` is shared, not copied. Errors:
  // FlowControl (above a window), FrameTooLarge (above the peer's
  // MAX_FRAME_SIZE), OutputFull (a high-water mark is reached), Protocol
  // (before the headers), StreamClosed, NoSuchStream. An empty `data` is
  // allowed at any window. CapacityFor() tells beforehand how much may go.
  absl::Status SendData(StreamId id, absl::Cord data,
                        const SendDataOptions& options = {});
  // The same, and allocates nothing. A refused call leaves `data` as it was,
  // moved or not.
  absl::Status SendData(StreamId id, SharedBytes&& data,
                        const SendDataOptions& options = {});
  absl::Status SendData(StreamId id, const SharedBytes& data,
                        const SendDataOptions& options = {});
  // The same with a copy of `data`.
  absl::Status SendData(StreamId id, StringView data,
                        const SendDataOptions& options = {}) {
    return SendData(id, absl::Cord(data), options);
  }

  // An empty DATA frame with END_STREAM. Errors: those of SendData().
  absl::Status EndStream(StreamId id);

  // RST_STREAM (RFC 9113 §6.4). Errors: NoSuchStream, StreamClosed.
  absl::Status ResetStream(StreamId id, ErrorCode code);

  // A fault of our own on stream `id`, as a line for
  // ConnectionOptions::log_sink, which has those of the peer already.
  void LogStreamError(StreamId id, const absl::Status& why) const;

  // PUSH_PROMISE (RFC 9113 §8.4); servers only. `promised_id` is
  // GetNextAvailableStreamId() or higher; SendHeaders(promised_id, …) then
  // sends the response. Errors: ServersOnly; Protocol where the peer does not
  // take pushes or `parent_id` is a pushed stream itself; those of
  // SendHeaders().
  absl::Status PushStream(StreamId parent_id, StreamId promised_id,
                          HeaderSpan headers);

  // --- Connection ----------------------------------------------------------

  // PING with exactly 8 bytes (RFC 9113 §6.7), else InvalidArgument.
  absl::Status Ping(StringView opaque_data);

  // GOAWAY (RFC 9113 §6.8); may be called again, also after an error, with the
  // same or a lower id. Without `last_stream_id` it names the highest id of the
  // peer's that was processed. With kNoError the streams up to it live on, and
  // frames on higher streams of the peer's are ignored; as many requests as may
  // be on their way cost no BudgetSet::dropped_headers. With any other code the
  // connection has ended. Errors: InvalidArgument (an id above the last one
  // named), FrameTooLarge (`additional_data`).
  absl::Status CloseConnection(
      ErrorCode code = ErrorCode::kNoError, StringView additional_data = {},
      std::optional<StreamId> last_stream_id = std::nullopt);

  // The graceful end (RFC 9113 §6.8). Now: a GOAWAY with 2^31−1, which asks the
  // peer to open no more streams and refuses none that are on their way, and a
  // PING. At the PING's answer: a GOAWAY with the real last stream; what comes
  // on later ones is ignored. Then the streams come to their ends, pushes that
  // were promised too, and we open no others (ConnectionClosed). When
  // `deadline` has passed by AdvanceTime() before that, the connection ends
  // with GOAWAY(NO_ERROR), and AdvanceTime() says so. Called again, it changes
  // the deadline, from now on; it may be infinite. Errors: InvalidArgument (a
  // negative `deadline`).
  absl::Status Drain(absl::Duration deadline);
  absl::Status Drain(std::chrono::nanoseconds deadline);

  // Drain() has come to its end: no stream is open or promised, and none will
  // be. Write the output and shut the socket down for writing; close it when
  // the peer has, or after some seconds. To close it at once would lose bytes
  // on their way when the peer's next frame comes. False once the connection
  // IsTerminated(), which wants the same. O(1).
  bool IsDrained() const;

  // The first GOAWAY of Drain() alone.
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
  absl::Status AdvertiseAlternativeService(StringView field_value,
                                           std::optional<StringView> origin,
                                           std::optional<StreamId> stream_id);

  // `elapsed` time went by since the last call. Refills Limits::budgets, and
  // ends the connection with SETTINGS_TIMEOUT when the peer has not
  // acknowledged our SETTINGS for too long, and with NO_ERROR at the deadline
  // of Drain(). It is safe never to call it: then only useful work refills
  // budgets. The core knows no other clock. Error: InvalidArgument (`elapsed`
  // is infinite or negative), the connection's end.
  absl::Status AdvanceTime(absl::Duration elapsed);
  absl::Status AdvanceTime(std::chrono::nanoseconds elapsed);

  // --- Priorities (clients only) -------------------------------------------

  // A PRIORITY frame (RFC 7540 §6.3), for a stream in any state. Errors:
  // ClientsOnly, InvalidArgument (an id or the weight), Protocol (a stream
  // depends on itself).
  absl::Status Prioritize(StreamId id,
                          const signals::Rfc7540Priority& priority);

  // A PRIORITY_UPDATE frame (RFC 9218 §7.1), for a stream in any state. Errors:
  // ClientsOnly, InvalidArgument (the id or the urgency), NoSuchStream (a push
  // that was not promised), TooManyStreams (idle streams with a priority and
  // active ones would exceed the peer's MAX_CONCURRENT_STREAMS).
  absl::Status SendPriorityUpdate(StreamId id,
                                  const signals::Rfc9218Priority& priority);

  // --- Flow control --------------------------------------------------------

  // The bytes that we may send on `id` now: min(stream, connection) window; may
  // be negative (RFC 9113 §6.9.2). For id 0, the connection's window alone.
  // O(1). Errors: NoSuchStream, StreamClosed.
  absl::StatusOr<int64_t> LocalFlowControlWindow(StreamId id) const;

  // The bytes that the peer may send on `id` now, likewise.
  absl::StatusOr<int64_t> RemoteFlowControlWindow(StreamId id) const;

  // A WINDOW_UPDATE by hand; id 0 is the connection (RFC 9113 §6.9). Errors:
  // InvalidArgument (not 1…2^31−1), FlowControl (the window would exceed
  // 2^31−1, now or by our SETTINGS that wait for acknowledgement),
  // NoSuchStream, StreamClosed.
  absl::Status IncrementFlowControlWindow(StreamId id, uint32_t increment);

  // The caller processed `bytes` (a sum of
  // DataReceived::flow_controlled_length) of `id`, once. Queues WINDOW_UPDATE
  // frames when they are worth sending. For a stream that is closed by now it
  // credits only the connection's window. A DataScheduler makes this call
  // itself, unless its options say no. Errors: InvalidArgument (id 0, more than
  // 2^31−1 bytes, more than arrived and was not acknowledged yet; of closed
  // streams the sum counts), NoSuchStream.
  absl::Status AcknowledgeReceivedData(StreamId id, size_t bytes);

  // --- Questions -----------------------------------------------------------

  // Streams that count against MAX_CONCURRENT_STREAMS: open or half-closed.
  size_t OpenOutboundStreams() const;  // that we opened
  size_t OpenInboundStreams() const;   // that the peer opened

  // Whether DATA may still go on `id`: its headers went out, we have not ended
  // or reset it, the peer has not reset it.
  bool CanSendData(StreamId id) const;

  // Whether the final response on `id`, which lives, or the promised one, has
  // not begun. False for an idle id. O(1).
  bool AwaitsResponse(StreamId id) const;

  // How much SendData() and the SendHeaders() of trailers take on `id` now.
  // Neither contradicts it until another call changes something. For id 0: the
  // connection as a whole, which no stream exceeds. An unknown id is closed.
  // O(1).
  SendCapacity CapacityFor(StreamId id) const;

  // Brings what CapacityFor() and SendData() read about `id` into the cache,
  // and what this call will read about `later`: for callers that know early
  // which of thousands of streams are next. Changes nothing. O(1).
  void Prefetch(StreamId id, StreamId later) const;

  // Largest DATA payload the peer takes (its MAX_FRAME_SIZE), in bytes.
  size_t MaxOutboundFrameSize() const {
    return RemoteSetting(SettingId::kMaxFrameSize);
  }

  // The value in force of a setting of the peer's / of ours. Without a value
  // and a default: 2^32−1 for a limit, else 0.
  uint32_t RemoteSetting(SettingId id) const;
  uint32_t LocalSetting(SettingId id) const;

  // GOAWAY was sent or received with an error, or a connection error occurred:
  // write the output, then end the socket as for IsDrained().
  bool IsTerminated() const;

  // --- Output --------------------------------------------------------------
  //
  // Bytes that were taken or consumed cannot be put back. After them,
  // CapacityFor() may have room again.

  // Bytes that wait to be written.
  size_t OutputSize() const;

  // The bytes of DATA payload that fit under the high-water mark now; 0: pull
  // nothing. See SendCapacity::output_room.
  size_t OutputRoom() const { return CapacityFor(0).output_room; }

  // Copies out and consumes up to `max` bytes. O(bytes).
  std::string DataToSend(size_t max = kAll);

  // Fills `out` with the first pieces of the output, without copying, and
  // returns their number. Valid until the next non-const call. O(pieces).
  size_t PeekOutput(OutSpan<iovec> out) const;

  // Drops the first `bytes` bytes of the output. Error: InvalidArgument (more
  // than OutputSize(), as the −1 of a failed write is); then all of it stays.
  absl::Status ConsumeOutput(size_t bytes);

  // Drops all of it.
  void ClearOutput();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_CONNECTION_H_
