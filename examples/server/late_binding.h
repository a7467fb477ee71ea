// How much to choose for one write: late binding that follows the connection.
//
// A write carries what support/link_state.h allows to wait for the link, and
// kLeast bytes at least; from a frame on it is cut to whole frames.
// docs/late-binding.md has the measurements.
//
//   LateBinding binding(frame, now);
//   // when the socket is writable:
//   size_t chosen = Pull(binding.FirstBytes());
//   if (more is ready) {
//     if (binding.WantsLink(now)) {
//       binding.SetLink(support::AskKernel(fd), now);
//     }
//     Pull(binding.BytesPerWrite() - chosen);
//   }
//   … write …
//   binding.OnWrite(offered, taken, now);
//
// Without sockets and clocks of its own, so that tests can play any link.
#ifndef SLUICE_EXAMPLES_SERVER_LATE_BINDING_H_
#define SLUICE_EXAMPLES_SERVER_LATE_BINDING_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "support/link_state.h"

namespace sluice::examples {

class LateBinding {
 public:
  using Clock = std::chrono::steady_clock;

  // The least and the most for one write, in bytes, but for whole frames. More
  // saves nothing.
  static constexpr size_t kLeast = 4096;
  static constexpr size_t kMost = 256 * 1024;
  // The payload of a record that fits one segment, and the largest (RFC 8446
  // §5.1).
  static constexpr size_t kSmallRecord = 1400;
  static constexpr size_t kLargeRecord = 16384;

  // `frame`: the payload of the largest DATA frame, in bytes.
  LateBinding(size_t frame, Clock::time_point now)
      : frame_(frame), by_link_(frame), last_write_(now) {}

  // Whether the last answer is too old to tell BytesPerWrite(): it holds for a
  // round trip, since the congestion window needs that long to change.
  bool WantsLink(Clock::time_point now) const;
  // Nothing: not known; the link counts as slow.
  void SetLink(const std::optional<support::LinkState>& link,
               Clock::time_point now);

  // EarlyBytesFor() the last answer, from kLeast to kMost, and in whole frames
  // from one frame on. And no more than the last writes could place: when the
  // socket refuses a part, the peer reads slowly, whatever the rate of the link
  // is.
  size_t BytesPerWrite() const;

  // What to choose before the question: most responses are small, and the
  // answer would change nothing. One frame, or less where a write carries less.
  size_t FirstBytes() const { return std::min(frame_, BytesPerWrite()); }

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
