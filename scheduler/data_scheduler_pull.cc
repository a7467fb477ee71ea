// The sending half of DataScheduler: picks, reads, frames and charges.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/base/macros.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "h2/connection.h"
#include "scheduler/data_scheduler.h"
#include "scheduler/data_scheduler_impl.h"
#include "scheduler/policy.h"
#include "scheduler/trace.h"

namespace sluice::scheduler {

// A little room is left alone until the socket has taken more: it would be
// filled with small frames. An empty output takes any frame.
size_t DataScheduler::Impl::OutputRoom() const {
  const size_t room = connection_->OutputRoom();
  if (room < options_.min_chunk && connection_->OutputSize() > 0) return 0;
  return room;
}

size_t DataScheduler::Impl::Pull(size_t max_bytes) {
  if (pulling_ || stopped_ || connection_->IsTerminated()) return 0;
  pulling_ = true;
  size_t moved = 0;
  while (moved < max_bytes) {
    if (ready_streams_ == 0) {
      if (first_deferred_ == nullptr) break;
      UndeferAll();
    }
    ReleaseDeferred();
    const size_t room = std::min(OutputRoom(), max_bytes - moved);
    const int64_t connection_window = ConnectionWindow();
    if (room == 0 || connection_window <= 0) break;
    const std::optional<Grant> grant = policy_->Pick();
    ABSL_ASSERT(grant.has_value());
    if (!grant.has_value()) break;
    ++counters_.picks;
    const std::optional<size_t> sent = Serve(*grant, room, connection_window);
    if (!sent.has_value()) break;
    moved += *sent;
  }
  // A source that resumes itself while it gives nothing is asked again by the
  // next Pull(), not by this one: that could go on forever.
  while (!resume_after_pull_.empty()) {
    const h2::StreamId id = resume_after_pull_.back();
    resume_after_pull_.pop_back();
    Resume(id);
  }
  pulling_ = false;
  return moved;
}

bool DataScheduler::Impl::HoldSmallWindow(Stream* stream, int64_t window,
                                          int64_t connection_window) {
  const auto min_chunk = static_cast<int64_t>(options_.min_chunk);
  if (window >= min_chunk || connection_window < min_chunk || small_may_go_) {
    return false;
  }
  if (ready_streams_ == 1 && first_deferred_ == nullptr) return false;
  if (std::exchange(stream->released, false)) return false;
  // Perhaps another one has a full chunk. If the last one has none either, all
  // small ones go, as the policy says.
  Defer(stream);
  return true;
}

std::optional<size_t> DataScheduler::Impl::Serve(const Grant& grant,
                                                 size_t room,
                                                 int64_t connection_window) {
  const h2::StreamId id = grant.stream_id;
  Stream* stream = Find(id);
  ABSL_ASSERT(stream != nullptr && stream->ready);
  if (stream == nullptr || !stream->ready) return std::nullopt;
  const size_t ready_streams = ready_streams_;
  const absl::StatusOr<int64_t> window =
      connection_->LocalFlowControlWindow(id);
  const auto trace = [&](TraceOutcome outcome, size_t bytes = 0,
                         bool end_stream = false) {
    if (options_.trace == nullptr) return;
    options_.trace->Next<TraceFrame>() = {
        id, bytes, end_stream, outcome, window.value_or(0), connection_window};
  };
  if (!window.ok()) {  // closed by calls around us
    policy_->Charge(id, 0);
    trace(TraceOutcome::kClosed);
    Close(stream, /*finished=*/false);
    return 0;
  }
  if (*window <= 0 || HoldSmallWindow(stream, *window, connection_window)) {
    if (*window <= 0) {
      stream->window_blocked = true;
      ++counters_.window_blocks;
      ++stream->counters.window_blocks;
    }
    policy_->Charge(id, 0);
    trace(*window <= 0 ? TraceOutcome::kNoWindow : TraceOutcome::kSmallWindow);
    Refresh(stream);
    return 0;
  }
  const size_t limit =
      std::min({grant.max_bytes, room, static_cast<size_t>(*window),
                connection_->MaxOutboundFrameSize(), options_.max_frame_size});

  std::optional<DataSource::Chunk> chunk = Read(stream, limit);
  if (!chunk.has_value()) {
    policy_->Charge(id, 0);
    trace(TraceOutcome::kClosed);
    closed_in_read_.reset();
    return 0;
  }
  const size_t bytes = chunk->data.size();
  if (!chunk->status.ok() || bytes > limit) {
    policy_->Charge(id, 0);
    trace(TraceOutcome::kFailed);
    Fail(stream);
    return 0;
  }
  if (bytes == 0 && !chunk->end) {
    ++counters_.empty_reads;
    ++stream->counters.empty_reads;
    stream->waiting = true;
    policy_->Charge(id, 0);
    trace(TraceOutcome::kNoBytes);
    Refresh(stream);
    if (resumed_while_read_) resume_after_pull_.push_back(id);
    return 0;
  }

  const bool end_stream = chunk->end && stream->trailers.empty();
  if (bytes > 0 || end_stream) {
    // Shares the bytes, so that they are still here if the callbacks of Read()
    // used up the room that was there before it.
    const absl::Status status =
        connection_->SendData(id, chunk->data, {.end_stream = end_stream});
    if (!status.ok()) {
      policy_->Charge(id, 0);
      const bool can_send = connection_->CanSendData(id);
      trace(can_send ? TraceOutcome::kNoRoom : TraceOutcome::kClosed);
      if (can_send) {
        stream->unsent = *std::move(chunk);
        policy_->SetReady(id);  // it is still, after a charge of 0
      } else {
        Close(stream, /*finished=*/false);
      }
      return 0;
    }
    counters_.bytes += bytes;
    ++counters_.frames;
    stream->counters.bytes += bytes;
    ++stream->counters.frames;
  }
  policy_->Charge(id, bytes);
  if (std::optional<uint64_t>& remaining = stream->info.hints.bytes_remaining) {
    *remaining -= std::min<uint64_t>(*remaining, bytes);
  }
  trace(TraceOutcome::kSent, bytes, end_stream);
  if (chunk->end) {
    Finish(stream);
  } else if (*window < connection_window &&
             static_cast<int64_t>(bytes) == *window &&
             connection_->LocalFlowControlWindow(id).value_or(0) <= 0) {
    // The stream's own window is used up, and Read() did not see it opened; do
    // not wait for the pick to tell.
    stream->window_blocked = true;
    ++counters_.window_blocks;
    ++stream->counters.window_blocks;
    Refresh(stream);
  }
  if (observer_ != nullptr && (bytes > 0 || end_stream)) {
    observer_({id, bytes, end_stream, grant.reason, *window, connection_window,
               ready_streams});
  }
  return bytes;
}

std::optional<DataSource::Chunk> DataScheduler::Impl::Read(Stream* stream,
                                                           size_t limit) {
  resumed_while_read_ = false;
  DataSource::Chunk& unsent = stream->unsent;
  if (!unsent.data.empty() || unsent.end) {
    if (unsent.data.size() <= limit) return std::exchange(unsent, {});
    DataSource::Chunk first;
    first.data = unsent.data.Subcord(0, limit);
    unsent.data.RemovePrefix(limit);
    return first;
  }
  reading_ = stream;
  DataSource::Chunk chunk = stream->source->Read(limit);
  reading_ = nullptr;
  if (closed_in_read_ != nullptr) return std::nullopt;
  return chunk;
}

void DataScheduler::Impl::Finish(Stream* stream) {
  if (!stream->trailers.empty() &&
      !connection_
           ->SendHeaders(stream->id, stream->trailers, {.end_stream = true})
           .ok()) {
    Fail(stream);
    return;
  }
  Close(stream, /*finished=*/true);
}

void DataScheduler::Impl::Fail(Stream* stream) {
  connection_->ResetStream(stream->id, h2::ErrorCode::kInternalError)
      .IgnoreError();
  Close(stream, /*finished=*/false);
}

}  // namespace sluice::scheduler
