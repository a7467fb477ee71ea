#include "benchmarks/lab/net/link.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace sluice::lab {
namespace {

constexpr int64_t kBitNanoseconds = 8'000'000'000;  // a byte at 1 bit/s
constexpr size_t kDefaultInitialWindow = 10 * kSegmentBytes;  // RFC 6928

}  // namespace

Link::Link(const LinkOptions& options)
    : one_way_ns_(options.round_trip_ns / 2), random_(options.seed) {
  down_.bits_per_second = options.down_bits_per_second;
  down_.tick_ns = options.tick_ns;
  down_.losses_per_million = options.losses_per_million;
  down_.window = options.initial_window_bytes;
  if (options.queue_bytes > 0 && down_.window == 0) {
    down_.window = kDefaultInitialWindow;
  }
  if (options.window_limit_bytes > 0) {
    down_.window_limit = options.window_limit_bytes;
    down_.window = std::min(down_.window, down_.window_limit);
  }
  down_.queue_capacity = options.queue_bytes;
  down_.header_bytes = options.header_bytes;
  down_.capacity = std::max(options.send_buffer_bytes, kSegmentBytes);
  up_.bits_per_second = options.up_bits_per_second;
  up_.header_bytes = options.header_bytes;
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
  Wake(direction);
}

void Link::Cut(End end) {
  Direction& direction = From(end);
  const uint64_t place = direction.taken + direction.Buffered();
  const uint64_t last =
      direction.cuts.empty() ? direction.taken : direction.cuts.back();
  if (place > last) direction.cuts.push_back(place);
}

void Link::Wake(Direction& direction) {
  if (direction.busy) return;
  // The segment is cut after all that the writer does at this instant, so that
  // several small writes share it.
  direction.busy = true;
  events_.Schedule(0, [this, &direction] { Transmit(direction); });
}

int64_t Link::Duration(const Direction& direction, size_t size) const {
  if (direction.tick_ns > 0) return direction.tick_ns;
  if (direction.bits_per_second == 0) return 0;
  // Rounded up: never faster than the rate.
  return (static_cast<int64_t>(size + direction.header_bytes) *
              kBitNanoseconds +
          direction.bits_per_second - 1) /
         direction.bits_per_second;
}

void Link::Transmit(Direction& direction) {
  if (direction.queue_capacity > 0) {
    FillQueue(direction);
    return;
  }
  if (!direction.lost.empty()) {
    Segment again = std::move(direction.lost.front());
    direction.lost.pop_front();
    const size_t size = again.bytes.size();
    direction.in_flight += size;
    events_.Schedule(Duration(direction, size),
                     [this, &direction, again = std::move(again)]() mutable {
                       Depart(direction, std::move(again));
                       Transmit(direction);
                     });
    return;
  }
  const size_t size = direction.NextSize();
  if (size == 0 || !direction.WindowIsOpen(size)) {
    direction.busy = false;
    return;
  }
  direction.in_flight += size;
  events_.Schedule(Duration(direction, size),
                   [this, &direction, size] { FinishNew(direction, size); });
}

void Link::FillQueue(Direction& direction) {
  direction.busy = false;
  for (;;) {
    const bool again = !direction.lost.empty();
    const size_t size =
        again ? direction.lost.front().bytes.size() : direction.NextSize();
    if (size == 0 || !direction.WindowIsOpen(size)) return;
    direction.in_flight += size;
    if (again) {
      Segment segment = std::move(direction.lost.front());
      direction.lost.pop_front();
      Enqueue(direction, std::move(segment));
    } else {
      Enqueue(direction, TakeNew(direction, size));
      direction.sender.on_writable();
    }
  }
}

void Link::Enqueue(Direction& direction, Segment segment) {
  const size_t size = segment.bytes.size();
  if (direction.queued + size > direction.queue_capacity &&
      !direction.queue.empty()) {
    // As if all that stands before it were one segment; its headers are small
    // beside a round trip.
    events_.Schedule(
        Duration(direction, direction.queued) + 2 * one_way_ns_,
        [this, &direction, segment = std::move(segment)]() mutable {
          OnLost(direction, std::move(segment));
        });
    return;
  }
  direction.queued += size;
  direction.queue.push_back(std::move(segment));
  if (direction.queue.size() == 1) ServeQueue(direction);
}

void Link::ServeQueue(Direction& direction) {
  if (direction.queue.empty()) return;
  events_.Schedule(Duration(direction, direction.queue.front().bytes.size()),
                   [this, &direction] {
                     Segment segment = std::move(direction.queue.front());
                     direction.queue.pop_front();
                     direction.queued -= segment.bytes.size();
                     Depart(direction, std::move(segment));
                     ServeQueue(direction);
                   });
}

Link::Segment Link::TakeNew(Direction& direction, size_t size) {
  Segment segment = {direction.next_sequence++,
                     direction.bytes.substr(direction.sent, size)};
  direction.sent += size;
  direction.taken += size;
  if (!direction.cuts.empty() && direction.cuts.front() == direction.taken) {
    direction.cuts.pop_front();
  }
  // Dropped when it is half of all, so that a byte moves once on average.
  if (direction.sent * 2 >= direction.bytes.size()) {
    direction.bytes.erase(0, direction.sent);
    direction.sent = 0;
  }
  return segment;
}

void Link::FinishNew(Direction& direction, size_t size) {
  Depart(direction, TakeNew(direction, size));
  direction.sender.on_writable();
  Transmit(direction);
}

// The segment is wholly on the wire.
void Link::Depart(Direction& direction, Segment segment) {
  const size_t size = segment.bytes.size();
  const int64_t round_trip = 2 * one_way_ns_;
  if (Loses(direction)) {
    events_.Schedule(
        round_trip, [this, &direction, segment = std::move(segment)]() mutable {
          OnLost(direction, std::move(segment));
        });
    return;
  }
  events_.Schedule(one_way_ns_,
                   [this, &direction, segment = std::move(segment)]() mutable {
                     Arrive(direction, std::move(segment));
                   });
  if (direction.window == 0) {
    direction.in_flight -= size;
    return;
  }
  events_.Schedule(round_trip, [this, &direction, size] {
    OnAcknowledged(direction, size);
  });
}

void Link::Arrive(Direction& direction, Segment segment) {
  direction.early.emplace(segment.sequence, std::move(segment.bytes));
  while (!direction.early.empty() &&
         direction.early.begin()->first == direction.expected) {
    const std::string bytes = std::move(direction.early.begin()->second);
    direction.early.erase(direction.early.begin());
    ++direction.expected;
    Receiver(direction).on_bytes(bytes);
  }
}

void Link::OnAcknowledged(Direction& direction, size_t size) {
  direction.in_flight -= size;
  const size_t growth = direction.window < direction.threshold
                            ? size
                            : kSegmentBytes * size / direction.window;
  direction.window =
      std::min(direction.window + growth, direction.window_limit);
  Wake(direction);
}

void Link::OnLost(Direction& direction, Segment segment) {
  direction.in_flight -= segment.bytes.size();
  if (direction.window > 0 && segment.sequence >= direction.recovered_from) {
    direction.recovered_from = direction.next_sequence;
    direction.threshold = std::max(direction.window / 2, 2 * kSegmentBytes);
    direction.window = std::min(direction.threshold, direction.window_limit);
  }
  direction.lost.push_back(std::move(segment));
  Wake(direction);
}

bool Link::Loses(const Direction& direction) {
  return direction.losses_per_million > 0 &&
         random_.Below(1'000'000) <
             static_cast<uint64_t>(direction.losses_per_million);
}

}  // namespace sluice::lab
