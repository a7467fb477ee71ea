#include <sluice/h2/hpack_memory.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace sluice::h2 {

HpackMemory::~HpackMemory() { std::free(spare_); }

void* HpackMemory::Allocate(size_t bytes, void* user) {
  Piece*& spare = static_cast<HpackMemory*>(user)->spare_;
  if (spare != nullptr && spare->size >= bytes) {
    return std::exchange(spare, nullptr) + 1;
  }
  auto* const piece = static_cast<Piece*>(std::malloc(sizeof(Piece) + bytes));
  if (piece == nullptr) return nullptr;
  piece->size = bytes;
  return piece + 1;
}

void HpackMemory::Free(void* memory, void* user) {
  if (memory == nullptr) return;
  Piece*& spare = static_cast<HpackMemory*>(user)->spare_;
  Piece* piece = static_cast<Piece*>(memory) - 1;
  // The larger one serves more often.
  const size_t kept = spare == nullptr ? 0 : spare->size;
  if (piece->size > kept && piece->size <= kLargestSpare) {
    std::swap(piece, spare);
  }
  std::free(piece);
}

void* HpackMemory::AllocateZeros(size_t count, size_t bytes, void* user) {
  void* const memory = Allocate(count * bytes, user);
  if (memory != nullptr) std::memset(memory, 0, count * bytes);
  return memory;
}

void* HpackMemory::Reallocate(void* memory, size_t bytes, void* user) {
  void* const moved = Allocate(bytes, user);
  if (memory == nullptr || moved == nullptr) return moved;
  const size_t size = (static_cast<Piece*>(memory) - 1)->size;
  std::memcpy(moved, memory, std::min(size, bytes));
  Free(memory, user);
  return moved;
}

}  // namespace sluice::h2
