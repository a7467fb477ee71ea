// Decides whether a small rest of the connection's window is spent at once or
// waits for more credit.
//
// Many clients give back the bytes of each DATA frame by themselves. A frame of
// 1 byte then opens a window of 1 byte, which makes another such frame, for
// ever. Two such credits become one frame only if the first waits for the
// second.
//
// So a frame that the window would cut short waits when all of this holds:
//
//  - There is more than one such frame for each 32 full ones. Fewer are cheap,
//    and waiting would cost more.
//  - Another short frame is on its way, and its credit can be added. A single
//    rest is spent: keeping it would make the window smaller.
//  - An end of the wait is sure to come. Credit is not: a client may wait until
//    its window is used up. But a peer must answer a PING (RFC 9113 §6.7). So a
//    PING goes with the wait, and its answer ends it. After n answers in a row
//    without credit the next 2^n short frames go at once.
//
// Hence an open window is used within one round trip, whatever the client does.
#ifndef SLUICE_SCHEDULER_SMALL_FRAMES_H_
#define SLUICE_SCHEDULER_SMALL_FRAMES_H_

#include <algorithm>
#include <cstdint>

namespace sluice::scheduler {

class SmallFrames {
 public:
  // Whether `window` bytes, which are open, should wait. `full`: of the frame
  // that would go if the window did not bound it.
  bool ShouldWait(int64_t window, int64_t full) {
    largest_window_ = std::max(largest_window_, window);
    return window < full && ShortShouldWait(window, full);
  }

  // Whether a PING must go with that, since none is on its way.
  bool NeedsPing() const { return !pinged_; }
  void OnPing();

  // A frame of `bytes` went out. `cut`: the connection's window bounded it.
  void OnSent(int64_t bytes, int64_t full, bool cut) {
    sent_ += bytes;
    allowance_ = std::min(allowance_ + bytes / kFullForEachShort, 2 * full);
    if (bytes < full) OnShort(full - bytes, cut);
  }

  // The connection's window was opened.
  void OnCredit() { ++credits_; }

  // The answer to the PING came.
  void OnPingAnswer();

 private:
  static constexpr int64_t kFullForEachShort = 32;

  bool ShortShouldWait(int64_t window, int64_t full) const;
  // The frame lacks `missing` bytes.
  void OnShort(int64_t missing, bool cut);

  int64_t largest_window_ = 0;
  int64_t sent_ = 0;             // bytes
  int64_t last_short_ = -1;      // `sent_` after the last short frame; -1: none
  int64_t allowance_ = 1 << 14;  // bytes that frames may lack
  uint64_t credits_ = 0;
  uint64_t credits_at_ping_ = 0;
  bool pinged_ = false;
  int useless_waits_ = 0;  // in a row
  int go_at_once_ = 0;     // so many that the window cuts
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_SMALL_FRAMES_H_
