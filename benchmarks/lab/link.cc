#include "benchmarks/lab/link.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace sluice::lab {
namespace {

constexpr int64_t kBitNanoseconds = 8'000'000'000;  // a byte at 1 bit/s

}  // namespace

Link::Link(const LinkOptions& options)
    : one_way_ns_(options.round_trip_ns / 2) {
  down_.bits_per_second = options.down_bits_per_second;
  down_.capacity = std::max(options.send_buffer_bytes, kSegmentBytes);
  up_.bits_per_second = options.up_bits_per_second;
  up_.capacity = std::numeric_limits<size_t>::max();
}

void Link::SetHandlers(End end, Handlers handlers) {
  From(end).sender = std::move(handlers);
}

void Link::Schedule(int64_t delay_ns, std::function<void()> action) {
  events_.Schedule(delay_ns, std::move(action));
}

size_t Link::Room(End end) const {
  const Direction& direction = end == End::kServer ? down_ : up_;
  return direction.capacity - direction.Buffered();
}

Transport::Handlers& Link::Receiver(const Direction& direction) {
  return &direction == &down_ ? up_.sender : down_.sender;
}

void Link::Write(End end, absl::string_view bytes) {
  assert(bytes.size() <= Room(end));
  Direction& direction = From(end);
  if (bytes.empty()) return;
  direction.bytes.append(bytes.data(), bytes.size());
  if (direction.busy) return;
  // The segment is cut after all that the writer does at this instant, so that
  // several small writes share it.
  direction.busy = true;
  events_.Schedule(0, [this, &direction] { Transmit(direction); });
}

void Link::Transmit(Direction& direction) {
  const size_t size = std::min(direction.Buffered(), kSegmentBytes);
  // Rounded up: never faster than the rate.
  const int64_t duration = (static_cast<int64_t>(size) * kBitNanoseconds +
                            direction.bits_per_second - 1) /
                           direction.bits_per_second;
  events_.Schedule(duration, [this, &direction, size] {
    std::string segment = direction.bytes.substr(direction.sent, size);
    direction.sent += size;
    // Dropped when it is half of all, so that a byte moves once on average.
    if (direction.sent * 2 >= direction.bytes.size()) {
      direction.bytes.erase(0, direction.sent);
      direction.sent = 0;
    }
    events_.Schedule(one_way_ns_,
                     [this, &direction, segment = std::move(segment)] {
                       Receiver(direction).on_bytes(segment);
                     });
    direction.sender.on_writable();
    if (direction.Buffered() == 0) {
      direction.busy = false;
    } else {
      Transmit(direction);
    }
  });
}

}  // namespace sluice::lab
