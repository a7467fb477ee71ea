// What TCP knows of a connection's link, and how much may wait for that link.
//
// Bytes that are chosen, and wait for the link, are bytes that a more urgent
// response cannot overtake; but small writes cost a system call each. So as
// many may wait as the link takes within a millisecond. docs/late-binding.md
// has the measurements.
#ifndef SLUICE_SUPPORT_LINK_STATE_H_
#define SLUICE_SUPPORT_LINK_STATE_H_

#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice::support {

// The state of a TCP connection, as the kernel knows it.
struct LinkState {
  std::chrono::microseconds round_trip{0};  // smoothed
  uint64_t congestion_window = 0;           // bytes
  uint64_t pacing_rate = 0;                 // bytes per second; 0: not known
  uint64_t unsent = 0;                      // bytes in the kernel
};

// By TCP_INFO. Nothing if `fd` is no TCP socket.
std::optional<LinkState> AskKernel(int fd);

// An urgent response waits so long for bytes that were chosen before it.
inline constexpr std::chrono::microseconds kHorizon{1000};

// The rule: what the link takes within kHorizon, less what is unsent. The rate
// is a congestion window each round trip, or the pacing rate where that is
// lower.
uint64_t EarlyBytesFor(const LinkState& link);

}  // namespace sluice::support

#endif  // SLUICE_SUPPORT_LINK_STATE_H_
