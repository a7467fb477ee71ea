#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/options.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {

namespace {

// The longest authority that streams share, in bytes: it stays with the
// connection.
constexpr size_t kMostShared = 256;

}  // namespace

StreamTable::StreamTable(Side self, size_t max_remembered)
    : self_is_client_(self == Side::kClient), max_remembered_(max_remembered) {}

absl::Status StreamTable::NotLive(StreamId id) const {
  return Fate(id) == StreamFate::kIdle
             ? StreamFault(ErrorKind::kNoSuchStream, id,
                           "was never opened; it must be an open stream")
             : StreamFault(ErrorKind::kStreamClosed, id,
                           "is closed; it must be an open stream (RFC 9113 "
                           "5.1)");
}

StreamFate StreamTable::Fate(StreamId id) const {
  const IdSpace& space = SpaceOf(id);
  // 0 is the connection and never becomes a stream.
  if (id > space.last || id == 0) return StreamFate::kIdle;
  if (Find(id) != nullptr) return StreamFate::kLive;
  const StreamFate reset = reset_.Find(id);
  if (reset != StreamFate::kIdle) return reset;
  const auto range = std::lower_bound(
      space.skipped.begin(), space.skipped.end(), id,
      [](const Range& r, StreamId wanted) { return r.last < wanted; });
  if (range != space.skipped.end() && range->first <= id) {
    return StreamFate::kSkipped;
  }
  return id <= space.last_forgotten_reset ? StreamFate::kResetByUs
                                          : StreamFate::kEnded;
}

void StreamTable::UseId(StreamId id) {
  IdSpace& space = SpaceOf(id);
  const StreamId first = IsOurs(id) == self_is_client_ ? 1 : 2;
  const StreamId expected = space.last == 0 ? first : space.last + 2;
  if (id > expected) {
    space.skipped.push_back({expected, id - 2});
    // Forgets the oldest half at once, so that it is O(1) amortised.
    if (space.skipped.size() > max_remembered_) {
      space.skipped.erase(
          space.skipped.begin(),
          space.skipped.begin() + (space.skipped.size() + 1) / 2);
    }
  }
  space.last = id;
  // Whatever becomes of the stream, its id is not idle any more. Only a
  // client's streams have a priority while they are idle.
  if (id % 2 == 0 || idle_prioritized_.empty()) return;
  idle_prioritized_.erase(idle_prioritized_.begin(),
                          idle_prioritized_.upper_bound(id));
}

absl::Status StreamTable::CheckIdlePriority(StreamId id,
                                            uint32_t max_concurrent_streams,
                                            ErrorKind kind) const {
  const size_t active = active_[self_is_client_ ? 0 : 1];
  if (IsIdlePrioritized(id) ||
      idle_prioritized() + active < max_concurrent_streams) {
    return absl::OkStatus();
  }
  return StreamFault(kind, id, "is idle and would get a priority beside ",
                     idle_prioritized(), " other idle and ", active,
                     " active streams; MAX_CONCURRENT_STREAMS is ",
                     max_concurrent_streams, " (RFC 9218 7.1)");
}

void StreamTable::Remember(StreamId id, StreamFate fate) {
  if (fate == StreamFate::kResetByUs) late_frames_ += 2;
  if (max_remembered_ == 0) return Forget(id, fate);
  if (reset_ring_.size() < max_remembered_) {
    reset_ring_.push_back(id);
  } else {
    const StreamId oldest = std::exchange(reset_ring_[oldest_], id);
    Forget(oldest, reset_.Erase(oldest));
    oldest_ = (oldest_ + 1) % max_remembered_;
  }
  reset_.Insert(id, fate);
}

// RFC 9113 §5.1 closed: until it sees our RST_STREAM, the peer may send any
// frame.
void StreamTable::Forget(StreamId id, StreamFate fate) {
  if (fate != StreamFate::kResetByUs) return;
  StreamId& last = SpaceOf(id).last_forgotten_reset;
  last = std::max(last, id);
}

void StreamTable::Count(const Stream& stream, int by) {
  if (IsActive(stream.state)) active_[IsOurs(stream.id) ? 0 : 1] += by;
  if (stream.state == StreamState::kReservedRemote) reserved_by_peer_ += by;
}

Stream* StreamTable::Open(StreamId id, StreamState state, int64_t send_window,
                          int64_t receive_window) {
  UseId(id);
  Stream& stream = live_.Insert(id, id, state, send_window, receive_window);
  Count(stream, 1);
  return &stream;
}

void StreamTable::TakeRequest(Stream* stream, const SectionFacts& facts) {
  const absl::string_view method = facts.ValueOf(FieldName::kMethod);
  stream->head_request = method == "HEAD";
  stream->connect_request = method == "CONNECT";
  const absl::string_view authority = facts.ValueOf(FieldName::kAuthority);
  if (authority.empty()) return;
  if (authority.size() > kMostShared) {
    stream->authority = std::make_shared<const std::string>(authority);
    return;
  }
  if (last_authority_ == nullptr || *last_authority_ != authority) {
    last_authority_ = std::make_shared<const std::string>(authority);
  }
  stream->authority = last_authority_;
}

void StreamTable::OpenRefused(StreamId id) {
  UseId(id);
  Remember(id, StreamFate::kResetByUs);
}

void StreamTable::SetState(Stream* stream, StreamState next) {
  if (IsActive(stream->state) && IsActive(next)) {
    stream->state = next;
    return;
  }
  Count(*stream, -1);
  stream->state = next;
  Count(*stream, 1);
  if (next != StreamState::kClosed) return;
  unacknowledged_of_gone_ += stream->unacknowledged;
  live_.Erase(stream->id);
}

void StreamTable::CloseReset(Stream* stream, StreamFate fate) {
  Remember(stream->id, fate);
  ChangeState(stream, StreamState::kClosed);
}

void StreamTable::MarkAnswered(StreamId id) {
  if (reset_.Find(id) == StreamFate::kIdle) return;
  reset_.Erase(id);
  reset_.Insert(id, StreamFate::kResetByPeerAnswered);
}

}  // namespace sluice::h2
