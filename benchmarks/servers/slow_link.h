// A slow link between two network namespaces on this machine:
//
//   server end            this process               client end
//   TUN device ──▶ LinkDirection (queue, rate, delay) ──▶ TUN device
//              ◀── LinkDirection                      ◀──
//
// TCP stays end to end: the two kernels' ends see the round-trip time, the
// queue and the losses of the link, and a server's socket fills as it would on
// a real one. (A relay of TCP connections would end the server's connection on
// this machine, and its socket buffers would hide late binding.)
#ifndef SLUICE_BENCHMARKS_SERVERS_SLOW_LINK_H_
#define SLUICE_BENCHMARKS_SERVERS_SLOW_LINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_direction.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {

struct SlowLinkOptions {
  int64_t bits_per_second = 8'000'000;  // of IP packets, in each direction
  int64_t up_bits_per_second = 0;       // to the server; 0: the same
  absl::Duration round_trip = absl::Milliseconds(100);  // with empty queues
  size_t queue_bytes = 200 * 1024;                      // in each direction
  std::string congestion = "bbr";
  int server_low_water_mark = 0;  // see LinkEndOptions
  bool client_loopback = false;   // likewise; the server's end has one
};

struct LinkReport {
  LinkCounters down;  // to the client
  LinkCounters up;
  bool real_time = false;  // the kernel gave us real-time priority
};

class SlowLink {
 public:
  // Makes both ends and begins to carry packets, on a thread of its own. That
  // thread asks for real-time priority (SCHED_FIFO) and does without if it may
  // not. Errors: those of LinkEnd::Create(); Internal.
  static absl::StatusOr<std::unique_ptr<SlowLink>> Create(
      const SlowLinkOptions& options);

  ~SlowLink();
  SlowLink(const SlowLink&) = delete;
  SlowLink& operator=(const SlowLink&) = delete;

  const LinkEnd& server_end() const { return server_end_; }
  const LinkEnd& client_end() const { return client_end_; }

  // Stops carrying packets; what is on the way is lost.
  LinkReport Stop();

 private:
  SlowLink(const SlowLinkOptions& options, LinkEnd server_end,
           LinkEnd client_end, Fd stop);

  void CarryPackets();

  LinkEnd server_end_;
  LinkEnd client_end_;
  Fd stop_;  // an eventfd
  LinkDirection down_;
  LinkDirection up_;
  bool real_time_ = false;
  std::thread thread_;  // owns the two directions until Stop()
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_SLOW_LINK_H_
