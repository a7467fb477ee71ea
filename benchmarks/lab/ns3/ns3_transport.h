// A network of ns-3's (https://www.nsnam.org): its TCP, its queues, its losses.
//
// Three nodes: the server, a router and the client. Between server and router
// 10 Gbit/s without delay; between router and client the link that the options
// describe, with a queue at the router for the way to the client. Rates are
// of the wire: a segment of 1,400 bytes takes 1,454, with 2 bytes of PPP, 20 of
// IP and 32 of TCP with timestamps.
//
// TCP is set up as on a Linux server, as far as ns-3 has it: an initial window
// of 10 segments (RFC 6928), SACK, timestamps, proportional rate reduction, no
// Nagle algorithm, a timeout of at least the round trip and 200 ms, delayed
// acknowledgements after at most 40 ms. Receive windows (1 GiB) never bind:
// HTTP/2's do. ns-3 3.37 has neither RACK nor tail loss probes (RFC 8985): the
// loss of a retransmission, or at the end of a burst, costs a timeout.
//
// Time 0 is when both ends know that the connection is open. The handshake
// comes before it, as Link has none, but TCP has measured its round trip. No
// packet is lost before time 0.
//
// The server's send buffer is a limit on what TCP has not yet sent for the
// first time, as TCP_NOTSENT_LOWAT sets it on Linux: Room(kServer) is
// max(send_buffer_bytes, kSegmentBytes) less those bytes, to the byte. Bytes
// that were sent and not acknowledged are not in it; only TCP limits them. So
// with 0 the server chooses a segment when the congestion window (or BBR's
// pacing) lets the one before it go, and beyond the socket no byte can overtake
// those in the router's queue. The client's send buffer has no limit that a
// browser meets (1 GiB).
//
// This header is C++17, as ns-3's own are.
#ifndef SLUICE_BENCHMARKS_LAB_NS3_NS3_TRANSPORT_H_
#define SLUICE_BENCHMARKS_LAB_NS3_NS3_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/net/transport.h"

namespace sluice::lab {

// BBR is version 1, with the delivery rates put right (ns3_bbr.h).
enum class CongestionControl { kCubic, kBbr, kNewReno };

enum class QueueDiscipline { kFifo, kCodel, kFqCodel };

struct Ns3Options {
  int64_t down_bits_per_second = 1'600'000;  // server to client
  int64_t up_bits_per_second = 768'000;
  int64_t round_trip_ns = 150'000'000;
  // Of the packets that reach the other end of the link, acknowledgements too.
  int down_losses_per_million = 0;
  int up_losses_per_million = 0;
  // The router's queue for the client. The way up never overflows.
  int64_t queue_bytes = 45'000;
  QueueDiscipline queue = QueueDiscipline::kFifo;
  CongestionControl congestion = CongestionControl::kCubic;  // at both ends
};

// ns-3's clock is one for the process: at most one of these may be alive, and
// the process aborts at a second. One after the other they are independent:
// equal options, equal behaviour.
class Ns3Transport : public Transport {
 public:
  Ns3Transport(const Ns3Options& network, const TransportOptions& run);
  ~Ns3Transport() override;
  Ns3Transport(const Ns3Transport&) = delete;
  Ns3Transport& operator=(const Ns3Transport&) = delete;

  void SetHandlers(End end, Handlers handlers) override;
  int64_t Now() const override;
  void Schedule(int64_t delay_ns, std::function<void()> action) override;
  size_t Room(End end) const override;
  void Write(End end, absl::string_view bytes) override;
  void Run() override;

 private:
  class World;
  std::unique_ptr<World> world_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NS3_NS3_TRANSPORT_H_
