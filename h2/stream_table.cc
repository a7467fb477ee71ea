#include <sluice/h2/flow_window.h>
#include <sluice/h2/options.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace sluice::h2 {

StreamTable::StreamTable(Side self, size_t max_remembered)
    : self_is_client_(self == Side::kClient), max_remembered_(max_remembered) {}

Stream* StreamTable::Find(StreamId id) {
  const auto it = live_.find(id);
  return it == live_.end() ? nullptr : it->second.get();
}

const Stream* StreamTable::Find(StreamId id) const {
  const auto it = live_.find(id);
  return it == live_.end() ? nullptr : it->second.get();
}

StreamFate StreamTable::Fate(StreamId id) const {
  const IdSpace& space = SpaceOf(id);
  // 0 is the connection and never becomes a stream.
  if (id > space.last || id == 0) return StreamFate::kIdle;
  if (live_.contains(id)) return StreamFate::kLive;
  const auto reset = reset_.find(id);
  if (reset != reset_.end()) return reset->second;
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
}

void StreamTable::Remember(StreamId id, StreamFate fate) {
  if (max_remembered_ == 0) return Forget(id, fate);
  if (reset_ring_.size() < max_remembered_) {
    reset_ring_.push_back(id);
  } else {
    const auto oldest = reset_.find(std::exchange(reset_ring_[oldest_], id));
    Forget(oldest->first, oldest->second);
    reset_.erase(oldest);
    oldest_ = (oldest_ + 1) % max_remembered_;
  }
  reset_[id] = fate;
}

// RFC 9113 §5.1 closed: after our RST_STREAM the peer may send what it likes
// until it knows.
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
  auto stream = std::make_unique<Stream>();
  stream->id = id;
  stream->state = state;
  stream->send_window = SendWindow(send_window);
  stream->receive_window = ReceiveWindow(receive_window);
  Count(*stream, 1);
  return (live_[id] = std::move(stream)).get();
}

void StreamTable::OpenRefused(StreamId id) {
  UseId(id);
  Remember(id, StreamFate::kResetByUs);
}

void StreamTable::ChangeState(Stream* stream, StreamState next) {
  if (stream->state == next) return;
  Count(*stream, -1);
  stream->state = next;
  Count(*stream, 1);
  if (next == StreamState::kClosed) live_.erase(stream->id);
}

void StreamTable::CloseReset(Stream* stream, StreamFate fate) {
  Remember(stream->id, fate);
  ChangeState(stream, StreamState::kClosed);
}

void StreamTable::MarkAnswered(StreamId id) {
  const auto it = reset_.find(id);
  if (it != reset_.end()) it->second = StreamFate::kResetByPeerAnswered;
}

}  // namespace sluice::h2
