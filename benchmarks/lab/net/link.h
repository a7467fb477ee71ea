// A link of a fixed rate and a fixed delay: exact, fast and repeatable.
//
// Each direction takes bytes from its send buffer in segments of at most
// kSegmentBytes, needs bytes · 8 / rate for a segment and delivers it half a
// round trip later. A segment leaves the send buffer when it is wholly on the
// wire. A rate of 0 has no limit. There is no handshake and no overhead below
// HTTP/2: the rates are those of TCP's payload, on a connection that is open.
//
// The server's send buffer holds `send_buffer_bytes`, and never less than one
// segment: with 0 the server hands over a segment when the one before is gone,
// the latest decision that this link allows. The client's has no limit, since a
// client sends little.
//
// Options also hold back the way from the server:
//  - a tick: a segment takes that long, whatever its size;
//  - a congestion window, which begins at `initial_window_bytes` and grows by
//    the acknowledged bytes (slow start) up to `window_limit_bytes`. A loss
//    halves it; then it grows by a segment a round trip (RFC 5681). An
//    acknowledgement comes half a round trip after the segment and costs
//    nothing. A limit stands for a sender that does not fill the queue until it
//    overflows: BBR's start keeps 2.89 round trips of the rate in flight;
//  - loss: the link loses a segment with a probability, by a generator of a
//    given seed. The sender knows one round trip after sending it and sends it
//    again before anything else; later segments wait at the receiver, as in
//    TCP;
//  - a queue before the bottleneck. A segment leaves the send buffer as soon as
//    the congestion window lets it, and waits in the queue for the wire; so the
//    sender fills the queue, and what stands in it can no longer be overtaken.
//    A segment that does not fit is lost. The sender knows when the
//    acknowledgement of the segment before it would come;
//  - headers: bytes that the wire carries with each segment.
// This is a sketch of TCP: no timeouts, no pacing.
#ifndef SLUICE_BENCHMARKS_LAB_NET_LINK_H_
#define SLUICE_BENCHMARKS_LAB_NET_LINK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/net/event_queue.h"
#include "benchmarks/lab/net/random.h"
#include "benchmarks/lab/net/transport.h"

namespace sluice::lab {

struct LinkOptions {
  int64_t down_bits_per_second = 1'600'000;  // server to client
  int64_t up_bits_per_second = 768'000;
  int64_t round_trip_ns = 150'000'000;
  size_t send_buffer_bytes = 16384;  // the server's
  int64_t tick_ns = 0;               // 0: none
  size_t initial_window_bytes = 0;   // 0: no congestion control
  size_t window_limit_bytes = 0;     // 0: none
  // 0: none. With a queue there is a window, of 10 segments if not given.
  size_t queue_bytes = 0;
  size_t header_bytes = 0;     // of each segment, both ways
  int losses_per_million = 0;  // of the server's segments
  uint64_t seed = 1;           // of the losses
};

class Link : public Transport {
 public:
  explicit Link(const LinkOptions& options);

  void SetHandlers(End end, Handlers handlers) override;
  int64_t Now() const override { return events_.Now(); }
  void Schedule(int64_t delay_ns, std::function<void()> action) override;
  size_t Room(End end) const override;
  void Write(End end, absl::string_view bytes) override;
  void Cut(End end) override;
  void Run() override { events_.Run(); }

 private:
  struct Segment {
    uint64_t sequence = 0;
    std::string bytes;
  };
  struct Direction {
    int64_t bits_per_second = 0;
    int64_t tick_ns = 0;
    int losses_per_million = 0;
    size_t capacity = 0;
    size_t header_bytes = 0;
    std::string bytes;  // the send buffer is what follows `sent`
    size_t sent = 0;
    bool busy = false;  // a segment is on the wire
    Handlers sender;    // of the end that writes into it

    // Congestion control, in bytes; a window of 0: none.
    size_t window = 0;
    size_t window_limit = std::numeric_limits<size_t>::max();
    size_t threshold = std::numeric_limits<size_t>::max();
    size_t in_flight = 0;
    uint64_t next_sequence = 0;
    uint64_t recovered_from = 0;  // losses below are of the last halving
    std::deque<Segment> lost;     // to be sent again

    // The queue; a capacity of 0: none.
    size_t queue_capacity = 0;
    size_t queued = 0;
    std::deque<Segment> queue;  // the first one is on the wire

    // The receiver's side.
    uint64_t expected = 0;
    std::map<uint64_t, std::string> early;

    // Bytes that were taken from the send buffer, and the places of cuts behind
    // them, counted from the first byte.
    uint64_t taken = 0;
    std::deque<uint64_t> cuts;

    size_t Buffered() const { return bytes.size() - sent; }
    // Of the next new segment; 0: there is none.
    size_t NextSize() const {
      const size_t size = std::min(Buffered(), kSegmentBytes);
      return cuts.empty() ? size : std::min<size_t>(size, cuts.front() - taken);
    }
    bool WindowIsOpen(size_t size) const {
      return window == 0 || in_flight == 0 || in_flight + size <= window;
    }
  };

  Direction& From(End end) { return end == End::kServer ? down_ : up_; }
  // The handlers of the end that `direction` leads to.
  Handlers& Receiver(const Direction& direction);
  // Schedules Transmit() unless the wire is busy.
  void Wake(Direction& direction);
  void Transmit(Direction& direction);
  // The same with a queue.
  void FillQueue(Direction& direction);
  void Enqueue(Direction& direction, Segment segment);
  void ServeQueue(Direction& direction);
  Segment TakeNew(Direction& direction, size_t size);
  void FinishNew(Direction& direction, size_t size);
  void Depart(Direction& direction, Segment segment);
  void Arrive(Direction& direction, Segment segment);
  void OnAcknowledged(Direction& direction, size_t size);
  void OnLost(Direction& direction, Segment segment);
  bool Loses(const Direction& direction);
  int64_t Duration(const Direction& direction, size_t size) const;

  EventQueue events_;
  int64_t one_way_ns_;
  SplitMix64 random_;
  Direction down_;
  Direction up_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NET_LINK_H_
