// How much to choose for one write: late binding that follows the connection.
//
// Bytes that are chosen, and wait for the link, are bytes that a more urgent
// response cannot overtake. Small writes keep them few, and cost a system call
// each. So a write carries what the link takes within a millisecond, and one
// frame at least. docs/late-binding.md has the measurements.
//
//   LateBinding binding(frame, now);
//   // when the socket is writable:
//   size_t chosen = Pull(frame);
//   if (more is ready) {
//     if (binding.WantsLink(now)) binding.SetLink(AskKernel(fd), now);
//     Pull(binding.BytesPerWrite() - chosen);
//   }
//   … write …
//   binding.OnWrite(offered, taken, now);
//
// Without sockets and clocks of its own, so that tests can play any link.
#ifndef SLUICE_EXAMPLES_SERVER_LATE_BINDING_H_
#define SLUICE_EXAMPLES_SERVER_LATE_BINDING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::examples {

// The state of a TCP connection, as the kernel knows it.
struct LinkState {
  std::chrono::microseconds round_trip{0};  // smoothed
  uint64_t congestion_window = 0;           // bytes
  uint64_t pacing_rate = 0;                 // bytes per second; 0: not known
  uint64_t unsent = 0;                      // bytes in the kernel
};

// By TCP_INFO. Nothing if `fd` is no TCP socket.
std::optional<LinkState> AskKernel(int fd);

class LateBinding {
 public:
  using Clock = std::chrono::steady_clock;

  // The most for one write, in bytes. More saves nothing
  // (docs/late-binding.md).
  static constexpr size_t kMost = 256 * 1024;
  // An urgent response waits so long for bytes that were chosen before it.
  static constexpr std::chrono::microseconds kHorizon{1000};
  // The payload of a record that fits one segment, and the largest (RFC 8446
  // §5.1).
  static constexpr size_t kSmallRecord = 1400;
  static constexpr size_t kLargeRecord = 16384;

  // `frame`: the payload of the largest DATA frame, in bytes.
  LateBinding(size_t frame, Clock::time_point now)
      : frame_(frame), by_link_(frame), last_write_(now) {}

  // The rule: what the link takes within kHorizon, less what is unsent. The
  // rate is a congestion window each round trip, or the pacing rate where that
  // is lower.
  static uint64_t BytesFor(const LinkState& link);

  // Whether the last answer is too old to tell BytesPerWrite(): it holds for a
  // round trip, since the congestion window needs that long to change.
  bool WantsLink(Clock::time_point now) const;
  // Nothing: not known; the link counts as slow.
  void SetLink(const std::optional<LinkState>& link, Clock::time_point now);

  // BytesFor() the last answer, in whole frames, from one frame to kMost. And
  // no more than the last writes could place: when the socket refuses a part,
  // the peer reads slowly, whatever the rate of the link is.
  size_t BytesPerWrite() const;

  // A write of `offered` bytes placed `taken` of them.
  void OnWrite(size_t offered, size_t taken, Clock::time_point now);

  // The largest TLS record. A peer decrypts a record when it has all of it, and
  // while the congestion window is small, a record that spans segments waits
  // for the next round trip. So the first records on a slow link, and those
  // after a pause (when TCP starts slowly again, RFC 5681 §4.1), fit one
  // segment. Larger records save work.
  size_t RecordSize(Clock::time_point now) const;

 private:
  bool AfterPause(Clock::time_point now) const;

  const size_t frame_;
  size_t by_link_;
  size_t by_writes_ = kMost;
  std::optional<Clock::time_point> link_until_;  // the answer holds
  Clock::time_point last_write_;
  uint64_t since_pause_ = 0;  // bytes written
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_LATE_BINDING_H_
