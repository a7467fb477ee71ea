#include <sluice/h2/flow_window.h>

#include <algorithm>
#include <cstdint>

namespace sluice::h2 {

bool ReceiveWindow::Open(int64_t delta, int64_t limit) {
  if (size_ + delta > limit) return false;
  size_ += delta;
  largest_ = std::max(largest_, size_);
  return true;
}

void ReceiveWindow::ChangeInitialSize(int64_t delta) {
  size_ = std::min(size_ + delta, kMaxWindow);
  largest_ = std::clamp<int64_t>(largest_ + delta, 0, kMaxWindow);
}

uint32_t ReceiveWindow::Process(int64_t bytes, int64_t limit) {
  processed_ += bytes;
  if (processed_ == 0) return 0;
  const int64_t when_empty = std::min<int64_t>(1024, largest_ / 4);
  const bool worth_it =
      processed_ >= largest_ / 2 || (size_ <= 0 && processed_ >= when_empty);
  if (!worth_it) return 0;
  // What was opened by hand meanwhile is not given a second time.
  const int64_t increment = std::max<int64_t>(
      0, std::min(processed_, std::min(largest_, limit) - size_));
  processed_ = 0;
  size_ += increment;
  return static_cast<uint32_t>(increment);
}

}  // namespace sluice::h2
