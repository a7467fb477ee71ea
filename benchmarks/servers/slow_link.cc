#include "benchmarks/servers/slow_link.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_direction.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {
namespace {

constexpr size_t kMaxPacket = 65536;

absl::Duration Now() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

// Real-time priority, so that other processes of a busy machine delay no
// packet, and timers to the microsecond. A thread that may not have it is only
// less exact.
bool BecomeRealTime() {
  ::prctl(PR_SET_TIMERSLACK, 1000);  // nanoseconds; no effect on real time
  sched_param parameter = {};
  parameter.sched_priority = 1;
  return ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK,
                              &parameter) == 0;
}

bool IsIpv4(const std::string& packet) {
  return !packet.empty() && (packet[0] & 0xf0) == 0x40;
}

// Takes all packets that left at `tun`. IPv6 is not configured here: its
// packets are the kernel's own search for routers, and would use the link.
void TakePackets(int tun, LinkDirection* direction) {
  std::string packet;
  for (;;) {
    packet.resize(kMaxPacket);
    const ssize_t got = ::read(tun, packet.data(), packet.size());
    if (got <= 0) return;
    packet.resize(static_cast<size_t>(got));
    if (IsIpv4(packet)) direction->Offer(Now(), packet);
  }
}

void DeliverPackets(LinkDirection* direction, int tun) {
  while (std::optional<std::string> packet = direction->TakeArrived(Now())) {
    // An end that does not take a packet has lost it, as on any link.
    (void)!::write(tun, packet->data(), packet->size());
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<SlowLink>> SlowLink::Create(
    const SlowLinkOptions& options) {
  absl::StatusOr<LinkEnd> server_end = LinkEnd::Create(
      kServerAddress, {.congestion = options.congestion,
                       .low_water_mark = options.server_low_water_mark,
                       .loopback = true});
  if (!server_end.ok()) return server_end.status();
  absl::StatusOr<LinkEnd> client_end = LinkEnd::Create(
      kClientAddress,
      {.congestion = options.congestion, .loopback = options.client_loopback});
  if (!client_end.ok()) return client_end.status();
  Fd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return absl::ErrnoToStatus(errno, "eventfd");
  return std::unique_ptr<SlowLink>(new SlowLink(options, *std::move(server_end),
                                                *std::move(client_end),
                                                std::move(stop)));
}

SlowLink::SlowLink(const SlowLinkOptions& options, LinkEnd server_end,
                   LinkEnd client_end, Fd stop)
    : server_end_(std::move(server_end)),
      client_end_(std::move(client_end)),
      stop_(std::move(stop)),
      down_({.bits_per_second = options.bits_per_second,
             .delay = options.round_trip / 2,
             .queue_bytes = options.queue_bytes}),
      up_({.bits_per_second = options.up_bits_per_second > 0
                                  ? options.up_bits_per_second
                                  : options.bits_per_second,
           .delay = options.round_trip / 2,
           .queue_bytes = options.queue_bytes}),
      thread_([this] { CarryPackets(); }) {}

SlowLink::~SlowLink() { Stop(); }

LinkReport SlowLink::Stop() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof(one));
    thread_.join();
  }
  return {
      .down = down_.counters(), .up = up_.counters(), .real_time = real_time_};
}

void SlowLink::CarryPackets() {
  real_time_ = BecomeRealTime();
  pollfd waits[] = {{server_end_.tun(), POLLIN, 0},
                    {client_end_.tun(), POLLIN, 0},
                    {stop_.get(), POLLIN, 0}};
  while ((waits[2].revents & POLLIN) == 0) {
    DeliverPackets(&down_, client_end_.tun());
    DeliverPackets(&up_, server_end_.tun());
    const absl::Duration next =
        std::min(down_.NextArrival(), up_.NextArrival());
    timespec timeout;
    if (next < absl::InfiniteDuration()) {
      timeout = absl::ToTimespec(std::max(next - Now(), absl::ZeroDuration()));
    }
    ::ppoll(waits, std::size(waits),
            next < absl::InfiniteDuration() ? &timeout : nullptr, nullptr);
    TakePackets(server_end_.tun(), &down_);
    TakePackets(client_end_.tun(), &up_);
  }
}

}  // namespace sluice::servers
