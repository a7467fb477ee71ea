// The sending half of DataScheduler: picks, reads, frames and charges.
//
// Pull() ends: each pick sends at least a byte, or ends or blocks its stream. A
// stream whose source has nothing is not read again in the same pull.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/macros.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduler/data_scheduler_impl.h"

namespace sluice::scheduler {
namespace {

// The payload of our PINGs.
constexpr absl::string_view kPing = "sluice:w";

// Whatever is kept about so many streams stays in a cache that is near.
constexpr size_t kCachedStreams = 1000;

// The first `bytes` of a chunk that has more.
DataSource::Chunk FrontOf(const DataSource::Chunk& chunk, size_t bytes) {
  DataSource::Chunk front;
  front.data = chunk.data.Subcord(0, bytes);
  front.shared = {chunk.shared.bytes.substr(0, bytes), chunk.shared.owner};
  return front;
}

// Why a chunk of at most `limit` bytes cannot be sent.
absl::Status FaultOf(const DataSource::Chunk& chunk, size_t limit) {
  if (!chunk.status.ok()) return chunk.status;
  if (chunk.size() > limit) {
    return absl::InternalError(absl::StrCat("Read() of the body gave ",
                                            chunk.size(), " bytes; at most ",
                                            limit, " were asked for"));
  }
  return absl::InternalError(
      "Read() of the body gave bytes in `data` and in `shared`; one is "
      "allowed");
}

absl::Status EndedShort(uint64_t bytes, uint64_t missing) {
  return absl::DataLossError(absl::StrCat("the body ended after ", bytes,
                                          " bytes; its content-length is ",
                                          bytes + missing));
}

}  // namespace

inline bool DataScheduler::Impl::HoldConnectionWindow(
    const h2::SendCapacity& connection) {
  window_held_ = options_.min_chunk > 1 &&
                 small_frames_.ShouldWait(connection.window,
                                          static_cast<int64_t>(last_full_)) &&
                 (!small_frames_.NeedsPing() || connection_->Ping(kPing).ok());
  if (!window_held_) return false;
  if (small_frames_.NeedsPing()) small_frames_.OnPing();
  ++counters_.deferrals;
  return true;
}

void DataScheduler::Impl::Handle(const h2::PingAckReceived& event) {
  if (event.opaque_data != kPing || small_frames_.NeedsPing()) return;
  small_frames_.OnPingAnswer();
  window_held_ = false;
}

inline bool DataScheduler::Impl::HoldSmallWindow(
    Stream* stream, const h2::SendCapacity& capacity) {
  const auto min_chunk = static_cast<int64_t>(options_.min_chunk);
  if (capacity.window >= min_chunk || capacity.connection_window < min_chunk ||
      small_may_go_) {
    return false;
  }
  if (book_.ready_streams() == 1 && deferred_.empty()) return false;
  if (std::exchange(stream->released, false)) return false;
  // Perhaps another one has a full chunk. If the last one has none either, all
  // small ones go, as the policy says.
  Defer(stream);
  return true;
}

// --- A turn ------------------------------------------------------------------

void DataScheduler::Impl::Skip(const Turn& turn, TraceOutcome outcome) {
  book_.Charge(turn.grant.stream_id, nullptr, 0);
  Trace(turn, outcome);
}

inline size_t DataScheduler::Impl::Send(const Turn& turn,
                                        DataSource::Chunk& chunk,
                                        size_t bytes) {
  Stream* const stream = turn.stream;
  const h2::StreamId id = turn.grant.stream_id;
  const bool end_stream = chunk.end && stream->trailers.empty();
  if (bytes > 0 || end_stream) {
    // The bytes are still here if the callbacks of Read() used up the capacity
    // that was there before it.
    const h2::SendDataOptions end = {.end_stream = end_stream};
    if (!(chunk.data.empty()
              ? connection_->SendData(id, std::move(chunk.shared), end)
              : connection_->SendData(id, chunk.data, end))
             .ok()) {
      Keep(turn, chunk);
      return 0;
    }
    counters_.bytes += bytes;
    ++counters_.frames;
    stream->sent += bytes;
    stream->left -= stream->left == kAnyLength ? 0 : bytes;
    small_frames_.OnSent(static_cast<int64_t>(bytes),
                         static_cast<int64_t>(turn.full),
                         !chunk.end && static_cast<int64_t>(bytes) ==
                                           turn.capacity.connection_window);
  }
  book_.Charge(id, &stream->record, bytes);
  Trace(turn, TraceOutcome::kSent, bytes, end_stream);
  if (observer_ != nullptr && (bytes > 0 || end_stream)) {
    observer_({id, bytes, end_stream, turn.grant.reason, turn.capacity.window,
               turn.capacity.connection_window, turn.ready_streams});
  }
  if (end_stream) {
    Close(stream, StreamOutcome::kFinished);
  } else if (chunk.end) {
    Finish(stream).IgnoreError();
  } else {
    ExpectEnd(stream);
    // When the stream's own window is used up, and Read() did not see it
    // opened, do not wait for the pick to tell.
    if (turn.capacity.window < turn.capacity.connection_window &&
        static_cast<int64_t>(bytes) == turn.capacity.window &&
        connection_->CapacityFor(id).window <= 0) {
      BlockByWindow(stream);
    }
  }
  return bytes;
}

inline size_t DataScheduler::Impl::Serve(const Turn& turn, size_t room) {
  Stream* const stream = turn.stream;
  if (turn.capacity.closed) {  // by calls around us
    Skip(turn, TraceOutcome::kClosed);
    CloseWithConnection(stream);
    return 0;
  }
  if (turn.capacity.window <= 0) {
    Skip(turn, TraceOutcome::kNoWindow);
    BlockByWindow(stream);
    return 0;
  }
  if (HoldSmallWindow(stream, turn.capacity)) {
    Skip(turn, TraceOutcome::kSmallWindow);
    Refresh(stream);
    return 0;
  }
  size_t limit = std::min({turn.full, room, turn.capacity.payload()});
  // A byte more than the content-length shows that there is a surplus.
  if (stream->left < limit) limit = stream->left + 1;
  DataSource::Chunk chunk = Read(stream, limit);
  if (!DoneReading()) {
    Skip(turn, TraceOutcome::kClosed);
    closed_in_read_.reset();
    return 0;
  }
  const size_t shared = chunk.shared.bytes.size();
  size_t bytes = chunk.data.size() + shared;
  if (!chunk.status.ok() || bytes > limit || (shared > 0 && bytes > shared)) {
    Skip(turn, TraceOutcome::kFailed);
    Fail(stream, FaultOf(chunk, limit));
    return 0;
  }
  if (bytes >= stream->left || (chunk.end && stream->left != kAnyLength)) {
    if (!EndAtLength(turn, limit, chunk)) return 0;
    bytes = chunk.size();
  }
  if (bytes == 0 && !chunk.end) {
    ++counters_.empty_reads;
    stream->waiting = true;
    stream->idle_pull = pulls_;
    may_end_.remove(stream);
    ends_.remove(stream);
    Skip(turn, TraceOutcome::kNoBytes);
    Refresh(stream);
    if (resumed_while_read_) ResumeAfterPull(stream);
    return 0;
  }
  return Send(turn, chunk, bytes);
}

void DataScheduler::Impl::Keep(const Turn& turn, DataSource::Chunk& chunk) {
  const h2::StreamId id = turn.grant.stream_id;
  const bool closed = connection_->CapacityFor(id).closed;
  Skip(turn, closed ? TraceOutcome::kClosed : TraceOutcome::kNoRoom);
  if (closed) return CloseWithConnection(turn.stream);
  turn.stream->unsent = std::make_unique<DataSource::Chunk>(std::move(chunk));
  ExpectEnd(turn.stream);
  book_.SetReady(&turn.stream->record);  // it is still, after a charge of 0
}

DataSource::Chunk DataScheduler::Impl::TakeUnsent(Stream* stream,
                                                  size_t limit) {
  DataSource::Chunk& unsent = *stream->unsent;
  DataSource::Chunk first;
  if (unsent.size() <= limit) {
    first = std::move(unsent);
    stream->unsent.reset();
    return first;
  }
  first = FrontOf(unsent, limit);
  unsent.data.RemovePrefix(std::min(limit, unsent.data.size()));
  unsent.shared.bytes.remove_prefix(
      std::min(limit, unsent.shared.bytes.size()));
  return first;
}

bool DataScheduler::Impl::EndAtLength(const Turn& turn, size_t limit,
                                      DataSource::Chunk& chunk) {
  Stream* const stream = turn.stream;
  const size_t bytes = chunk.size();
  if (bytes < stream->left) {
    Skip(turn, TraceOutcome::kFailed);
    Fail(stream, EndedShort(stream->sent + bytes, stream->left - bytes));
    return false;
  }
  if (bytes > stream->left) {
    stream->surplus = true;
    chunk = FrontOf(chunk, stream->left);
  } else if (!chunk.end && bytes == limit) {
    // It was not asked for more.
    const DataSource::Chunk more = Read(stream, 1);
    if (!DoneReading()) {
      Skip(turn, TraceOutcome::kClosed);
      closed_in_read_.reset();
      return false;
    }
    stream->surplus = more.size() > 0;
  }
  chunk.end = true;
  return true;
}

// A source that is resumed while it gives nothing, by itself or by another one
// of that kind, is asked again by the next Pull(), not by this one: that could
// go on forever.
void DataScheduler::Impl::ResumeAfterPull(Stream* stream) {
  resume_after_pull_.push_back(stream->record.id);
}

// --- Frames ------------------------------------------------------------------

// Memory takes about two frames to answer. So each thing is asked for two picks
// before it is read: a body before its own pick, a stream before that, and its
// places in the tables before that.
inline void DataScheduler::Impl::PrefetchNext() const {
  std::array<h2::StreamId, 6> next;
  const size_t guesses = book_.LikelyNext(absl::MakeSpan(next));
  if (guesses == 0) return;
  const auto guess = [&](size_t ahead) {
    return next[std::min(ahead, guesses) - 1];
  };
  const Stream* const second = Find(guess(2));
  if (second != nullptr) __builtin_prefetch(second->source.get());
  streams_.Prefetch(guess(4));
  streams_.PrefetchPlace(guess(6));
  connection_->Prefetch(guess(4), guess(6));
}

inline std::optional<size_t> DataScheduler::Impl::SendOne(size_t max_bytes) {
  const bool none_ready = book_.ready_streams() == 0 && deferred_.empty();
  if (none_ready && may_end_.empty()) return std::nullopt;
  const h2::SendCapacity connection =
      connection_->CapacityFor(h2::kConnectionStreamId);
  if (connection.window <= 0) {
    ExpectEnds();
    return std::nullopt;
  }
  if (none_ready) return std::nullopt;
  if (book_.ready_streams() == 0) UndeferAll();
  if (!deferred_.empty()) ReleaseDeferred();
  const size_t room = std::min(connection.payload(), max_bytes);
  // A little room is left alone until the socket has taken more: it would be
  // filled with small frames. An empty output takes any frame.
  if (room == 0 || (connection.output_room < options_.min_chunk &&
                    connection_->OutputSize() > 0)) {
    return std::nullopt;
  }
  if (HoldConnectionWindow(connection)) {
    ExpectEnds();
    return std::nullopt;
  }
  const std::optional<Grant> grant = book_.Pick();
  ABSL_ASSERT(grant.has_value());
  if (!grant.has_value()) return std::nullopt;
  ++counters_.picks;
  Stream* const stream = Find(grant->stream_id);
  ABSL_ASSERT(stream != nullptr && stream->record.ready);
  if (stream == nullptr || !stream->record.ready) return std::nullopt;
  __builtin_prefetch(stream->source.get());
  last_full_ = std::min(grant->max_bytes, std::min(options_.max_frame_size,
                                                   connection.frame_size));
  const size_t sent =
      Serve({*grant, stream, connection_->CapacityFor(grant->stream_id),
             book_.ready_streams(), last_full_},
            room);
  if (streams_.size() > kCachedStreams) PrefetchNext();
  return sent;
}

size_t DataScheduler::Impl::Pull(size_t max_bytes) {
  if (pulling_ || stopped_ || connection_->IsTerminated()) return 0;
  pulling_ = true;
  ++pulls_;
  if (!ends_.empty()) SendEnds();
  size_t moved = 0;
  while (moved < max_bytes) {
    const std::optional<size_t> sent = SendOne(max_bytes - moved);
    if (!sent.has_value()) break;
    moved += *sent;
  }
  if (!ends_.empty()) SendEnds();
  pulling_ = false;
  while (!resume_after_pull_.empty()) {
    const h2::StreamId id = resume_after_pull_.back();
    resume_after_pull_.pop_back();
    Resume(id);
  }
  return moved;
}

// --- Ends --------------------------------------------------------------------

void DataScheduler::Impl::AskWhileItWaits(Stream* stream) {
  if (!may_end_.contains(stream)) return;
  may_end_.remove(stream);
  ends_.push_back(stream);
}

void DataScheduler::Impl::BlockByWindow(Stream* stream) {
  stream->window_blocked = true;
  ++counters_.window_blocks;
  AskWhileItWaits(stream);
  Refresh(stream);
}

void DataScheduler::Impl::ExpectEnds() {
  // Each of them sent, came or was resumed since it was asked last.
  while (Stream* stream = may_end_.front()) {
    may_end_.remove(stream);
    ends_.push_back(stream);
  }
}

void DataScheduler::Impl::SendEnds() {
  for (size_t left = ends_.size(); left > 0 && !ends_.empty(); --left) {
    if (!connection_->CapacityFor(h2::kConnectionStreamId).frames) return;
    Stream* const stream = ends_.front();
    ends_.remove(stream);
    if (stream->ended) {
      Finish(stream).IgnoreError();
    } else {
      AskForEnd(stream);
    }
  }
}

void DataScheduler::Impl::AskForEnd(Stream* stream) {
  stream->idle_pull = pulls_;
  const DataSource::Chunk chunk = Read(stream, 0);
  if (!DoneReading()) {
    closed_in_read_.reset();
  } else if (!chunk.status.ok() || chunk.size() > 0) {
    Fail(stream, FaultOf(chunk, 0));
  } else if (chunk.end && stream->left != kAnyLength && stream->left > 0) {
    Fail(stream, EndedShort(stream->sent, stream->left));
  } else if (chunk.end || stream->left == 0) {
    Finish(stream).IgnoreError();
  } else if (resumed_while_read_) {
    ResumeAfterPull(stream);
  }
}

absl::Status DataScheduler::Impl::Finish(Stream* stream) {
  const h2::StreamId id = stream->record.id;
  const h2::SendCapacity capacity = connection_->CapacityFor(id);
  if (!capacity.closed && !capacity.frames) {
    stream->ended = true;
    may_end_.remove(stream);
    // Held back for its window before, it is there already.
    if (!ends_.contains(stream)) ends_.push_back(stream);
    Refresh(stream);
    return absl::OkStatus();
  }
  const bool alone = stream->trailers.empty();
  absl::Status status = alone ? connection_->EndStream(id)
                              : connection_->SendHeaders(id, stream->trailers,
                                                         {.end_stream = true});
  if (!status.ok()) {
    Fail(stream, status);
    return status;
  }
  if (options_.trace != nullptr) {
    Trace({id, 0, true, TraceOutcome::kSent, capacity.window,
           capacity.connection_window});
  }
  if (alone) ++counters_.frames;
  if (alone && observer_ != nullptr) {
    const PickReason reason = {"end of the body"};
    observer_({id, 0, true, reason, capacity.window, capacity.connection_window,
               book_.ready_streams()});
  }
  Close(stream, StreamOutcome::kFinished);
  return absl::OkStatus();
}

void DataScheduler::Impl::Fail(Stream* stream, absl::Status why) {
  constexpr h2::ErrorCode kCode = h2::ErrorCode::kInternalError;
  const h2::StreamId id = stream->record.id;
  // Fails when the stream is closed already.
  if (!connection_->ResetStream(id, kCode).ok()) {
    return CloseWithConnection(stream);
  }
  connection_->LogStreamError(id, why);
  Close(stream, StreamOutcome::kFailed, kCode, std::move(why));
}

}  // namespace sluice::scheduler
