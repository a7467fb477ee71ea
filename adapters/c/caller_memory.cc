#include "adapters/c/caller_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace sluice::adapters {
namespace {

// The alignment of the caller's blocks, as of malloc()'s.
constexpr size_t kAligned = alignof(std::max_align_t);

}  // namespace

// Stands before a block of malloc()'s.
struct CallerMemory::Loan {
  Loan* next;
  void* block;
  size_t bytes;
};

void* CallerMemory::do_allocate(size_t bytes, size_t alignment) {
  if (alignment <= kAligned) {
    void* block = allocator_.allocate(allocator_.user, bytes);
    return block != nullptr ? block : Borrow(bytes, alignment);
  }
  // Room to move up to the next multiple, and under it where the block began.
  void* began = allocator_.allocate(allocator_.user, bytes + alignment);
  if (began == nullptr) return Borrow(bytes, alignment);
  const auto address = reinterpret_cast<uintptr_t>(began);
  const uintptr_t up = alignment - address % alignment;
  std::byte* block = static_cast<std::byte*>(began) + up;
  ::new (block - sizeof(void*)) void*(began);
  return block;
}

void CallerMemory::do_deallocate(void* block, size_t bytes, size_t alignment) {
  if (loans_ != nullptr && PayBack(block)) return;
  if (alignment > kAligned) {
    block = *reinterpret_cast<void**>(static_cast<std::byte*>(block) -
                                      sizeof(void*));
    bytes += alignment;
  }
  allocator_.deallocate(allocator_.user, block, bytes);
}

void* CallerMemory::Borrow(size_t bytes, size_t alignment) {
  alignment = std::max(alignment, kAligned);
  const size_t before = (sizeof(Loan) + alignment - 1) / alignment * alignment;
  const size_t size = (before + bytes + alignment - 1) / alignment * alignment;
  void* began = std::aligned_alloc(alignment, size);
  if (began == nullptr) std::abort();
  std::byte* block = static_cast<std::byte*>(began) + before;
  loans_ = ::new (began) Loan{loans_, block, bytes};
  on_loan_ += bytes;
  return block;
}

bool CallerMemory::PayBack(void* block) {
  for (Loan** at = &loans_; *at != nullptr; at = &(*at)->next) {
    Loan* loan = *at;
    if (loan->block != block) continue;
    *at = loan->next;
    on_loan_ -= loan->bytes;
    std::free(loan);
    return true;
  }
  return false;
}

}  // namespace sluice::adapters
