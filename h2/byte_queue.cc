#include <sluice/h2/byte_queue.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace sluice::h2 {

void ByteQueue::MakeRoom(size_t bytes) {
  constexpr size_t kLeastCapacity = 256;
  const size_t used = size();
  // Moved bytes are never more than dropped ones.
  if (head_ >= used && capacity_ - used >= bytes) {
    std::memmove(memory_.get(), data(), used);
  } else {
    capacity_ = std::max({kLeastCapacity, 2 * capacity_, used + bytes});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    if (used > 0) std::memcpy(larger.get(), data(), used);
    memory_ = std::move(larger);
  }
  head_ = 0;
  tail_ = used;
}

}  // namespace sluice::h2
