// A link of a fixed rate and a fixed delay: exact, fast and the same every
// time.
//
// Each direction takes bytes from its send buffer in segments of at most
// kSegmentBytes, needs bytes · 8 / rate for a segment and delivers it half a
// round trip later. A segment leaves the send buffer when it is wholly on the
// wire. There is no loss, no slow start, no handshake and no overhead below
// HTTP/2: the rates are those of TCP's payload, on a connection that is open
// and warm.
//
// The server's send buffer holds `send_buffer_bytes`, and never less than one
// segment: with 0 the server hands over a segment when the one before is gone,
// the latest decision this link allows. The client's has no limit: what it
// sends is small.
#ifndef SLUICE_BENCHMARKS_LAB_LINK_H_
#define SLUICE_BENCHMARKS_LAB_LINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/event_queue.h"
#include "benchmarks/lab/transport.h"

namespace sluice::lab {

struct LinkOptions {
  int64_t down_bits_per_second = 1'600'000;  // server to client
  int64_t up_bits_per_second = 768'000;
  int64_t round_trip_ns = 150'000'000;
  size_t send_buffer_bytes = 16384;  // the server's
};

class Link : public Transport {
 public:
  explicit Link(const LinkOptions& options);

  void SetHandlers(End end, Handlers handlers) override;
  int64_t Now() const override { return events_.Now(); }
  void Schedule(int64_t delay_ns, std::function<void()> action) override;
  size_t Room(End end) const override;
  void Write(End end, absl::string_view bytes) override;
  void Run() override { events_.Run(); }

 private:
  struct Direction {
    int64_t bits_per_second = 0;
    size_t capacity = 0;
    std::string bytes;  // the send buffer is what follows `sent`
    size_t sent = 0;
    bool busy = false;  // the buffer's front is on the wire
    Handlers sender;    // of the end that writes into it

    size_t Buffered() const { return bytes.size() - sent; }
  };

  Direction& From(End end) { return end == End::kServer ? down_ : up_; }
  // The handlers of the end that `direction` leads to.
  Handlers& Receiver(const Direction& direction);
  void Transmit(Direction& direction);

  EventQueue events_;
  int64_t one_way_ns_;
  Direction down_;
  Direction up_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_LINK_H_
