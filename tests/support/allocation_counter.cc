#include "tests/support/allocation_counter.h"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

std::atomic<uint64_t> allocations{0};
std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};

void* Allocate(size_t size, size_t alignment) {
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(size)
                     : std::aligned_alloc(alignment, (size + alignment - 1) /
                                                         alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  allocations.fetch_add(1, std::memory_order_relaxed);
  const auto size_now = static_cast<int64_t>(malloc_usable_size(memory));
  const int64_t live =
      live_bytes.fetch_add(size_now, std::memory_order_relaxed) + size_now;
  if (live > peak_bytes.load(std::memory_order_relaxed)) {
    peak_bytes.store(live, std::memory_order_relaxed);
  }
  return memory;
}

void Release(void* memory) {
  if (memory == nullptr) return;
  live_bytes.fetch_sub(static_cast<int64_t>(malloc_usable_size(memory)),
                       std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size, 1); }
void* operator new[](size_t size) { return Allocate(size, 1); }
void* operator new(size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
// The library's own would do, by calling the ones above; a sanitizer's would
// not, and what std::stable_sort() gets from it comes back to Release().
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size, 1);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size, 1);
}
void operator delete(void* memory) noexcept { Release(memory); }
void operator delete[](void* memory) noexcept { Release(memory); }
void operator delete(void* memory, size_t) noexcept { Release(memory); }
void operator delete[](void* memory, size_t) noexcept { Release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  Release(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  Release(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  Release(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  Release(memory);
}

namespace sluice::testing {

uint64_t Allocations() { return allocations.load(std::memory_order_relaxed); }

int64_t LiveBytes() { return live_bytes.load(std::memory_order_relaxed); }

int64_t PeakBytes() { return peak_bytes.load(std::memory_order_relaxed); }

void ForgetPeak() { peak_bytes.store(LiveBytes(), std::memory_order_relaxed); }

}  // namespace sluice::testing
