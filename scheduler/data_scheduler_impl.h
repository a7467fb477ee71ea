// The inside of DataScheduler: its streams, and the state of the whole.
// data_scheduler.cc follows events and calls, data_scheduler_pull.cc sends.
#ifndef SLUICE_SCHEDULER_DATA_SCHEDULER_IMPL_H_
#define SLUICE_SCHEDULER_DATA_SCHEDULER_IMPL_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/linked_list.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_map.h>
#include <sluice/scheduler/trace.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "scheduler/data_scheduler_message.h"
#include "scheduler/small_frames.h"

namespace sluice::scheduler {

class DataScheduler::Impl {
 public:
  Impl(h2::Connection* connection, std::unique_ptr<Policy> policy,
       DataSchedulerOptions options)
      : connection_(connection),
        policy_(std::move(policy)),
        options_(std::move(options)),
        book_(policy_.get(), options_.max_streams) {
    options_.max_frame_size = std::max<size_t>(options_.max_frame_size, 1);
  }

  absl::Status Submit(h2::StreamId id, h2::HeaderSpan headers,
                      std::unique_ptr<DataSource> body,
                      SubmitOptions&& options);
  void Resume(h2::StreamId id);
  size_t Pull(size_t max_bytes);

 private:
  friend class DataScheduler;  // answers simple calls itself

  static constexpr uint64_t kAnyLength = std::numeric_limits<uint64_t>::max();

  // A frame in the middle of a body reads its first cache line and the first of
  // `record` only.
  struct alignas(64) Stream {
    Stream() {}  // writes each member once: the implicit one zeroes all

    std::unique_ptr<DataSource> source;
    bool waiting = true;  // the source has nothing now, or there is none yet
    bool window_blocked = false;
    bool released = false;  // it has waited long enough in deferred_
    bool ended = false;    // END_STREAM or trailers wait for room in the output
    bool head = false;     // of a HEAD request: the response has no content
    bool surplus = false;  // the body has more than its content-length
    // Read but not sent, since the source's own callbacks took the room.
    std::unique_ptr<DataSource::Chunk> unsent;
    Links<Stream> end_links;
    uint64_t sent = 0;           // payload bytes of DATA
    uint64_t left = kAnyLength;  // of the content-length, if there is one
    StreamRecord record;         // the book's
    Links<Stream> deferred_links;
    uint64_t idle_pull = 0;  // the last Pull() in which its source had nothing
    std::vector<h2::Header> trailers;
  };

  // A pick that waits for its charge.
  struct Turn {
    const Grant& grant;
    Stream* stream = nullptr;  // gone when its source's Read() closed it
    h2::SendCapacity capacity;
    size_t ready_streams = 0;  // itself included
    size_t full = 0;           // bytes of a frame that no window bounds
  };

  // --- Events ----------------------------------------------------------------

  template <typename Event>
  void Handle(const Event&) {}
  void Handle(const h2::RequestReceived& event);
  void Handle(const h2::DataReceived& event);
  void Handle(const h2::WindowUpdated& event);
  void Handle(const h2::RemoteSettingsChanged& event);
  void Handle(const h2::StreamReset& event);
  void Handle(const h2::PriorityUpdated& event);
  void Handle(const h2::PriorityFieldUpdated& event);
  void Handle(const h2::PingAckReceived& event);
  void Handle(const h2::ConnectionTerminated& event);

  // --- Streams ---------------------------------------------------------------

  // Submit() succeeded.
  static bool HasResponse(const Stream& stream) {
    return stream.source != nullptr || stream.ended;
  }

  Stream* Find(h2::StreamId id) const { return streams_.Find(id); }
  StreamRecord* RecordOf(h2::StreamId id) const {
    Stream* const stream = Find(id);
    return stream == nullptr ? nullptr : &stream->record;
  }
  // Null when the id can be no stream's here (StreamBook::Open()).
  Stream* Open(h2::StreamId id);
  // Forgets the stream, and tells the application.
  void Close(Stream* stream, StreamOutcome outcome,
             h2::ErrorCode code = h2::ErrorCode::kNoError,
             absl::Status status = absl::OkStatus());
  void Report(const StreamDone& done) {
    if (options_.on_stream_done != nullptr) options_.on_stream_done(done);
  }
  // It was closed by calls around us.
  void CloseWithConnection(Stream* stream);
  // The connection is over. One after the other, since what hears of an end may
  // close another stream.
  void CloseAll(h2::ErrorCode code);
  // A refused Submit() of a stream that nobody answers otherwise.
  void ResetRefused(h2::StreamId id, absl::Status why);
  // Tells the policy when the stream has become ready or blocked.
  void Refresh(Stream* stream);
  void Defer(Stream* stream);
  void UndeferAll();
  // Lets the stream that was deferred first go, when it has waited long enough.
  void ReleaseDeferred();

  // Whether Submit() is refused before the connection is asked.
  absl::Status CheckSubmit(h2::StreamId id, const Stream* stream,
                           const MessageFacts& facts,
                           const SubmitOptions& options);

  // --- Ends ------------------------------------------------------------------

  // The source of `stream` may know its end, and we do not yet.
  void ExpectEnd(Stream* stream) {
    if (stream->ended || stream->end_links.list != nullptr) return;
    const bool waits = stream->window_blocked || deferred_.contains(stream);
    (waits ? ends_ : may_end_).push_back(stream);
  }
  // Its window holds it back: it is asked for its end, which needs none.
  void AskWhileItWaits(Stream* stream);
  // Its window is used up.
  void BlockByWindow(Stream* stream);
  // The connection's window is used up: all that may have an end are asked.
  void ExpectEnds();
  // Sends the ends that wait only for this call, and asks sources for theirs.
  void SendEnds();
  void AskForEnd(Stream* stream);
  // The last byte is out: END_STREAM or trailers go now, or when there is room.
  // Trailers that may not go at all are an error, and reset the stream.
  absl::Status Finish(Stream* stream);
  // Resets the stream and says why.
  void Fail(Stream* stream, absl::Status why);

  // --- Pulling ---------------------------------------------------------------
  //
  // The four functions of a frame are one to the compiler.

  // Whether the connection's window is open, and not too little to be spent.
  bool WindowIsOpen() const {
    return !window_held_ &&
           connection_->CapacityFor(h2::kConnectionStreamId).window > 0;
  }
  // Brings what the next picks need into the cache.
  void PrefetchNext() const;
  // One pick; returns the bytes sent, or nothing: the pull is at its end.
  ABSL_ATTRIBUTE_ALWAYS_INLINE std::optional<size_t> SendOne(size_t max_bytes);
  // Whether the rest of the connection's window is too small to be spent now.
  // Makes sure that it is spent in the end.
  bool HoldConnectionWindow(const h2::SendCapacity& connection);
  // Whether the picked stream waits, since its window is too small to be worth
  // a frame. Makes sure that it goes in the end.
  bool HoldSmallWindow(Stream* stream, const h2::SendCapacity& capacity);
  // Serves a pick and charges it; returns the bytes sent.
  ABSL_ATTRIBUTE_ALWAYS_INLINE size_t Serve(const Turn& turn, size_t room);
  // The chunk ends its body, or reaches the content-length, which ends it. A
  // surplus is cut off. False: there is nothing to send.
  bool EndAtLength(const Turn& turn, size_t limit, DataSource::Chunk& chunk);
  // `bytes`: the size of `chunk`.
  ABSL_ATTRIBUTE_ALWAYS_INLINE size_t Send(const Turn& turn,
                                           DataSource::Chunk& chunk,
                                           size_t bytes);
  // The core took no DATA: calls from Read() used up the capacity.
  void Keep(const Turn& turn, DataSource::Chunk& chunk);
  // The charge of a turn that sent nothing.
  void Skip(const Turn& turn, TraceOutcome outcome);
  void Trace(const Turn& turn, TraceOutcome outcome, size_t bytes = 0,
             bool end_stream = false) {
    if (options_.trace == nullptr) return;
    Trace({turn.grant.stream_id, bytes, end_stream, outcome,
           turn.capacity.window, turn.capacity.connection_window});
  }
  void Trace(const TraceFrame& frame) {
    options_.trace->Next<TraceFrame>() = frame;
  }
  // The result is made in its place, never moved. DoneReading() must follow.
  DataSource::Chunk Read(Stream* stream, size_t limit) {
    resumed_while_read_ = false;
    if (ABSL_PREDICT_FALSE(stream->unsent != nullptr)) {
      return TakeUnsent(stream, limit);
    }
    reading_ = stream;
    return stream->source->Read(limit);
  }
  // Whether the stream that was read is still here. If not, its source is in
  // closed_in_read_, to be destroyed.
  bool DoneReading() {
    reading_ = nullptr;
    return closed_in_read_ == nullptr;
  }
  static DataSource::Chunk TakeUnsent(Stream* stream, size_t limit);
  void ResumeAfterPull(Stream* stream);

  h2::Connection* const connection_;
  const std::unique_ptr<Policy> policy_;
  DataSchedulerOptions options_;
  std::function<void(const Decision&)> observer_;
  DataSchedulerCounters counters_;
  StreamBook book_;

  StreamMap<Stream> streams_;
  size_t active_bodies_ = 0;
  // Their windows are under the minimum useful chunk. By the time they waited.
  LinkedList<Stream, &Stream::deferred_links> deferred_;
  uint64_t last_release_ = 0;  // in bytes sent; or when deferred_ began
  // No ready stream can send a full chunk: the small ones may go.
  bool small_may_go_ = false;

  // An end needs no window, so it never waits for one. The streams that may
  // have one: it is asked for when the connection's window is used up.
  LinkedList<Stream, &Stream::end_links> may_end_;
  // The next Pull() handles these without a pick: ends that wait for room in
  // the output, and sources to ask whose streams' windows are used up.
  LinkedList<Stream, &Stream::end_links> ends_;

  SmallFrames small_frames_;
  size_t last_full_ = 0;      // Turn::full of the last pick
  bool window_held_ = false;  // the last Pull() left some of it for later

  bool stopped_ = false;
  bool pulling_ = false;
  uint64_t pulls_ = 0;
  Stream* reading_ = nullptr;        // its source is in Read(); null: closed
  bool resumed_while_read_ = false;  // by that very call
  std::unique_ptr<DataSource> closed_in_read_;  // kept until Read() returns
  std::vector<h2::StreamId> resume_after_pull_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_DATA_SCHEDULER_IMPL_H_
