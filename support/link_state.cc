#include "support/link_state.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

namespace sluice::support {

std::optional<LinkState> AskKernel(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return std::nullopt;
  }
  // ~0: the connection is not paced.
  const bool paced =
      info.tcpi_pacing_rate != std::numeric_limits<uint64_t>::max();
  return LinkState{
      .round_trip = std::chrono::microseconds(info.tcpi_rtt),
      .congestion_window = uint64_t{info.tcpi_snd_cwnd} * info.tcpi_snd_mss,
      .pacing_rate = paced ? info.tcpi_pacing_rate : 0,
      .unsent = info.tcpi_notsent_bytes};
}

uint64_t EarlyBytesFor(const LinkState& link) {
  constexpr uint64_t kMicrosPerSecond = 1'000'000;
  constexpr uint64_t kMicros = kHorizon.count();
  const auto round_trip = static_cast<uint64_t>(link.round_trip.count());
  if (round_trip == 0) return 0;  // not measured yet: it counts as slow
  uint64_t bytes = link.congestion_window * kMicros / round_trip;
  if (link.pacing_rate > 0) {
    bytes = std::min(bytes, link.pacing_rate / kMicrosPerSecond * kMicros);
  }
  return bytes - std::min(bytes, link.unsent);
}

}  // namespace sluice::support
