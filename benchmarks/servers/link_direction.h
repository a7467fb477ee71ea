// One direction of a slow link: a drop-tail queue, then a rate, then a fixed
// delay. It reads no clock; the caller passes the time, so a test can compute
// each arrival by hand:
//
//   LinkDirection down({.bits_per_second = 8'000'000,
//                       .delay = absl::Milliseconds(50),
//                       .queue_bytes = 200 * 1024});
//   down.Offer(now, packet);           // 1,000 bytes leave 1 ms later …
//   down.TakeArrived(down.NextArrival());  // … and arrive 51 ms later
#ifndef SLUICE_BENCHMARKS_SERVERS_LINK_DIRECTION_H_
#define SLUICE_BENCHMARKS_SERVERS_LINK_DIRECTION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace sluice::servers {

struct LinkDirectionOptions {
  int64_t bits_per_second = 8'000'000;  // above 0
  absl::Duration delay = absl::Milliseconds(50);
  size_t queue_bytes = 200 * 1024;
};

struct LinkCounters {
  int64_t packets = 0;  // that arrived, and their bytes
  int64_t bytes = 0;
  int64_t dropped_packets = 0;  // by the full queue
  size_t most_queued_bytes = 0;
  int64_t found_bytes = 0;  // what packets found in the queue, summed
  // By how much TakeArrived() was called too late, at most: the error that the
  // caller's own scheduling put on the link.
  absl::Duration most_late = absl::ZeroDuration();
};

// Times are durations since one fixed moment, and do not decrease from call to
// call. Each call is O(1) amortised.
class LinkDirection {
 public:
  explicit LinkDirection(const LinkDirectionOptions& options)
      : options_(options) {}

  // A packet comes to the queue. It counts there, whole, until its last bit is
  // on the link. Returns false and drops the packet if the queue cannot hold
  // it.
  bool Offer(absl::Duration now, std::string packet);

  // When the next packet arrives; InfiniteDuration() without one.
  absl::Duration NextArrival() const;

  // The oldest packet that has arrived by `now`, in the order of Offer().
  std::optional<std::string> TakeArrived(absl::Duration now);

  const LinkCounters& counters() const { return counters_; }

 private:
  struct Packet {
    absl::Duration departure;  // of its last bit
    std::string bytes;
  };

  // Takes packets that have left by `now` out of the queue's count.
  void CountDepartures(absl::Duration now);

  const LinkDirectionOptions options_;
  std::deque<Packet> packets_;  // in the queue, then on the way
  size_t departed_ = 0;         // how many at the front are on the way
  size_t queued_bytes_ = 0;
  absl::Duration free_ = -absl::InfiniteDuration();  // last departure
  LinkCounters counters_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_LINK_DIRECTION_H_
