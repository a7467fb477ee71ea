#include "scheduler/small_frames.h"

#include <algorithm>
#include <cstdint>

namespace sluice::scheduler {

bool SmallFrames::ShortShouldWait(int64_t window, int64_t full) const {
  const int64_t on_its_way = largest_window_ - window;  // without credit yet
  return allowance_ < full - window && last_short_ >= 0 &&
         sent_ - last_short_ < on_its_way && go_at_once_ == 0;
}

void SmallFrames::OnPing() {
  pinged_ = true;
  credits_at_ping_ = credits_;
}

void SmallFrames::OnShort(int64_t missing, bool cut) {
  last_short_ = sent_;
  if (!cut) return;
  allowance_ = std::max<int64_t>(allowance_ - missing, 0);
  if (go_at_once_ > 0) --go_at_once_;
}

void SmallFrames::OnPingAnswer() {
  constexpr int kMostUselessWaits = 10;
  pinged_ = false;
  if (credits_ != credits_at_ping_) {
    useless_waits_ = 0;
    go_at_once_ = std::max(go_at_once_, 1);
    return;
  }
  useless_waits_ = std::min(useless_waits_ + 1, kMostUselessWaits);
  go_at_once_ = 1 << useless_waits_;
}

}  // namespace sluice::scheduler
