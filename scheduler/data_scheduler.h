// Binds an h2::Connection, a Policy and the bodies: which stream's DATA goes
// into the output buffer next, decided as late as it can be.
//
//   DataScheduler scheduler(&connection, std::move(policy));
//   // after every read from the socket:
//   connection.ReceiveData(bytes, &events);
//   for (const h2::Event& event : events) {
//     scheduler.OnEvent(event);        // keep windows and priorities in step
//     … scheduler.SubmitOrReset(id, headers, std::move(body));
//   }
//   // when the socket can take bytes, and only then:
//   scheduler.Pull(room); … write connection's output …
//
// Give every response with Submit() or SubmitOrReset(), or end its stream with
// Cancel(): the stream is open to the policy from its request until then.
//
// Memory follows use. An idle scheduler keeps less than 4 KiB with any policy
// of the registry. After a burst it keeps the objects of 100 closed streams,
// and tables for as many streams as were open at a time. A call that finds no
// memory throws std::bad_alloc and stops half way: then destroy the scheduler
// and its connection, which needs none.
//
// Not thread-safe: the owner of the connection owns it too.
#ifndef SLUICE_SCHEDULER_DATA_SCHEDULER_H_
#define SLUICE_SCHEDULER_DATA_SCHEDULER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace sluice::scheduler {

// A body that is read when its stream is picked, and not before.
class DataSource {
 public:
  struct Chunk {
    absl::Cord data;   // at most the bytes asked for
    bool end = false;  // nothing follows; there may be no bytes
    // Not OK: the body cannot be finished. The DataScheduler resets the stream
    // with INTERNAL_ERROR and destroys the source. The text goes to
    // h2::ConnectionOptions::log_sink and to on_stream_done.
    absl::Status status;
    // In place of `data`, where nothing shall be allocated.
    h2::SharedBytes shared = {};

    size_t size() const { return data.size() + shared.bytes.size(); }
  };

  // Runs inside whichever call ends the stream, and may call back as Read()
  // may. While the DataScheduler itself is destroyed, Submit() is refused.
  virtual ~DataSource() = default;

  // At most `max_bytes`. Empty and not `end` means "nothing now": the stream is
  // blocked until DataScheduler::Resume(). Say `end` with the last bytes when
  // they are known to be the last: one frame is saved.
  //
  // `max_bytes` 0 asks whether the body is at its end, since no window is open
  // for more of it (an END_STREAM needs none, RFC 9113 §6.9.1): say `end` if
  // nothing follows, else return an empty chunk. This question comes once after
  // each Submit(), Resume() and chunk. So call Resume() when the end becomes
  // known, too.
  //
  // May call back into the DataScheduler that reads it (OnEvent, Submit,
  // Resume, Cancel, SetServerPriority, SetHints), its own stream included; it
  // is not destroyed before Read() returns. Pull() from here does nothing, and
  // the DataScheduler must not be destroyed from here.
  virtual Chunk Read(size_t max_bytes) = 0;
};

struct SubmitOptions {
  ResourceHints hints = {};
  std::optional<ServerPriority> server = std::nullopt;
  std::vector<h2::Header> trailers =
      {};  // sent after the last byte of the body
};

// How a stream ended. It says what the peer got.
enum class StreamOutcome : uint8_t {
  kFinished,         // the whole message is in the connection's output
  kResetByPeer,      // its RST_STREAM, or its GOAWAY left the stream out
  kReset,            // by us: Cancel(), or since the peer broke a rule
  kFailed,           // by us, INTERNAL_ERROR: the response could not be given
  kConnectionEnded,  // GOAWAY with an error, or the DataScheduler's end
};

struct StreamDone {
  h2::StreamId stream_id = 0;
  StreamOutcome outcome = StreamOutcome::kFinished;
  uint64_t bytes = 0;  // of DATA payload that went into the output
  // Of the RST_STREAM or GOAWAY.
  h2::ErrorCode code = h2::ErrorCode::kNoError;
  // Why, where it is the application's or the peer's fault: the Chunk::status
  // of its body, the refusal of its headers, the rule that the peer broke. A
  // stream that finished has OutOfRange if its body had more than the
  // content-length.
  absl::Status status = absl::OkStatus();
};

struct DataSchedulerOptions {
  // The largest DATA payload of one frame, in bytes; the policy's max_grant,
  // the peer's MAX_FRAME_SIZE and the windows bound it too.
  size_t max_frame_size = 16384;

  // The minimum useful chunk, in bytes: a stream whose window is smaller waits
  // while another ready stream can send this much, so that a peer cannot make
  // us frame its data byte by byte (CVE-2019-9511). A stream alone, or among
  // others of small windows, still flows; and for each 64 minimum chunks that
  // were sent, the one that has waited longest may go, so each wait is bounded
  // and small frames stay few. The same minimum holds for the output: a room
  // smaller than this is left until the socket has taken more.
  //
  // A connection's window that is smaller than a frame waits for more credit
  // where that makes fewer frames, for one round trip at most: a PING goes out
  // with the wait, whose answer (a PingAckReceived for OnEvent()) ends it.
  // small_frames.h has the rule. 1: no minimum, and no PING.
  size_t min_chunk = 1024;

  // Open streams, and ids that are not open but have signals, together
  // (StreamBook). A signal for one id more is ignored.
  size_t max_streams = kDefaultMaxStreams;

  // OnEvent(DataReceived) acknowledges the data, padding included, so that the
  // peer may send more (h2::Connection::AcknowledgeReceivedData()). False: you
  // make that call when you have processed the data, so that a peer cannot send
  // faster than you store. Then make it for each event, and of closed streams
  // too: they share the connection's window.
  bool acknowledge_received_data = true;

  // Called exactly once for each stream whose request was given to OnEvent() or
  // that Submit() opened, when we send nothing more on it. Runs inside the call
  // that ends the stream: OnEvent(), Submit(), Pull(), Cancel() or the
  // destructor. The stream is gone by then. May call back as DataSource::Read()
  // may. Reset streams by Cancel(): one that Connection::ResetStream() ended is
  // found when it is picked, or at the end.
  std::function<void(const StreamDone&)> on_stream_done = nullptr;

  // Gets a TraceFrame for the outcome of each pick; null: none. For the
  // decisions behind them give the scheduler a policy by CreateRecordedPolicy()
  // with the same sink. Must outlive the scheduler.
  TraceSink* trace = nullptr;
};

// Since the object was made.
struct DataSchedulerCounters {
  uint64_t bytes = 0;          // of DATA payload
  uint64_t frames = 0;         // DATA frames
  uint64_t picks = 0;          // grants asked of the policy
  uint64_t empty_reads = 0;    // picks whose source had nothing
  uint64_t window_blocks = 0;  // times a stream's window ran out
  uint64_t deferrals = 0;      // times a small window had to wait
  // Streams that were open here: our END_STREAM went out, with or without a
  // body, or they were closed in any other way.
  uint64_t streams_finished = 0;
  uint64_t streams_reset = 0;
};

class DataScheduler {
 public:
  // `connection` must outlive this object.
  DataScheduler(h2::Connection* connection, std::unique_ptr<Policy> policy,
                DataSchedulerOptions options = {});
  ~DataScheduler();
  DataScheduler(const DataScheduler&) = delete;
  DataScheduler& operator=(const DataScheduler&) = delete;

  // Give every event of the connection here, in order, before acting on it. The
  // sender of DATA gets new credit by this call, unless the options say no.
  void OnEvent(const h2::Event& event);

  // Sends `headers` on stream `id` at once and its body as the policy decides.
  // A `priority` field among them, of one line or several (RFC 8941 §4.2), is
  // merged with the client's (RFC 9218 §8): each parameter that it names
  // replaces the client's, and counts as the application's word unless
  // `options.server` has one of that kind. A pushed stream has no signals of
  // its own: RFC 7540 §5.3.5 lets it depend on the stream that it was promised
  // on; set that with `options.server`.
  //
  // `body` null: headers (and trailers), then END_STREAM. A response to HEAD,
  // and one with 204, 304 (RFC 9110 §6.4.1) or 205 (§15.3.6), has no content:
  // it ends with its headers, and the body is destroyed unread. Of a pushed
  // stream, and of stream 1 after an upgrade, the method is not known here.
  //
  // A `content-length` among the headers is kept (RFC 9113 §8.1.1), but of a
  // tunnel. The body's bytes end the message when they reach it: a surplus is
  // not sent, and reported where it is seen. The peer has all that was
  // announced then, so the stream ends by END_STREAM. A body that ends before
  // resets the stream with INTERNAL_ERROR.
  //
  // Errors: AlreadyExists (the stream has a response already), InvalidArgument
  // (`options.server`, an informational status, a `content-length` that is not
  // one number, or that announces bytes without a body), FailedPrecondition
  // (this object is being destroyed), or the connection's own, see
  // Connection::SendHeaders. Nothing is sent then, and the body is destroyed:
  // the peer still waits for a response. Trailers wait for room in the output
  // as DATA does. Those that may not be sent at all reset the stream with
  // INTERNAL_ERROR; without a body that is now where there is room, and their
  // error is returned.
  [[nodiscard]] absl::Status Submit(h2::StreamId id, h2::HeaderSpan headers,
                                    std::unique_ptr<DataSource> body,
                                    SubmitOptions options = {});

  // The same where no other response can follow: a refused Submit() resets the
  // stream with INTERNAL_ERROR, so that the peer does not wait, and its error
  // goes to h2::ConnectionOptions::log_sink and to on_stream_done. A response
  // that the stream has already goes on, and nothing happens to a stream that
  // the peer has reset.
  void SubmitOrReset(h2::StreamId id, h2::HeaderSpan headers,
                     std::unique_ptr<DataSource> body,
                     SubmitOptions options = {});

  // Sends an informational response (RFC 9110 §15.2), such as 103, at once; any
  // number of them may go before Submit(). Errors: InvalidArgument (the status
  // is not 100 to 199), FailedPrecondition (the response has begun), or the
  // connection's own, see Connection::SendHeaders.
  absl::Status SubmitInformational(h2::StreamId id, h2::HeaderSpan headers);

  // The body of `id` has bytes again. Unknown ids are ignored.
  void Resume(h2::StreamId id);

  // Resets the stream and drops its body. Unknown ids are ignored.
  void Cancel(h2::StreamId id, h2::ErrorCode code = h2::ErrorCode::kCancel);

  // The application's own priority over the client's; nothing: takes it back.
  // Errors: NotFound (no such stream here), InvalidArgument.
  absl::Status SetServerPriority(h2::StreamId id,
                                 std::optional<ServerPriority> server);

  // Later knowledge about a response. `bytes_remaining` counts from now on; it
  // is kept in step with what is sent. Error: NotFound.
  absl::Status SetHints(h2::StreamId id, const ResourceHints& hints);

  // Picks streams and moves DATA frames into the connection's output, until
  // the output's high-water mark, `max_bytes` of payload, or nothing being
  // ready. Call it when the socket can take bytes, and only then. Returns the
  // payload bytes moved; an END_STREAM frame without payload counts 0, and goes
  // whatever the windows are, as trailers do.
  //
  // Picks at most once for each frame and twice for each stream, and as often
  // as calls from Read() make a stream ready. With the connection's window used
  // up it is O(1), plus one question to each stream that sent since it was
  // open: is this the end?
  size_t Pull(size_t max_bytes);

  // Whether Pull() would do something now, given room in the output. May return
  // true when nothing can be sent (a source has no bytes, a window is small);
  // never returns false when something can.
  bool HasReady() const;

  // Streams that were submitted with a body and are not finished.
  size_t ActiveBodies() const;

  const DataSchedulerCounters& counters() const;

  // Called once for each DATA frame, after it went into the output: for
  // traces, reports and tests. An END_STREAM that needed no pick has the reason
  // "end of the body". Not re-entrant.
  struct Decision {
    h2::StreamId stream_id = 0;
    size_t bytes = 0;
    bool end_stream = false;
    PickReason reason;
    int64_t window = 0;             // min(stream, connection), before the frame
    int64_t connection_window = 0;  // before the frame
    size_t ready_streams = 0;       // when it was picked, itself included
  };
  void SetObserver(std::function<void(const Decision&)> observer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_DATA_SCHEDULER_H_
