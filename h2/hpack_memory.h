// Both ends of HPACK: the memory of libnghttp2's functions, and how to call
// them.
#ifndef SLUICE_H2_HPACK_MEMORY_H_
#define SLUICE_H2_HPACK_MEMORY_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <new>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

// The heap, but for one small piece that was given back: it is kept, and given
// out again. The encoder takes one for each block, the decoder one for each
// literal that its table does not keep: so a connection in a steady state
// allocates nothing for them.
class HpackMemory {
 public:
  HpackMemory() = default;
  ~HpackMemory();
  HpackMemory(const HpackMemory&) = delete;
  HpackMemory& operator=(const HpackMemory&) = delete;

  nghttp2_mem* functions() { return &functions_; }

 private:
  // In front of each piece.
  struct alignas(std::max_align_t) Piece {
    size_t size;
  };
  static constexpr size_t kLargestSpare = 512;

  static void* Allocate(size_t bytes, void* user);
  static void Free(void* memory, void* user);
  static void* AllocateZeros(size_t count, size_t bytes, void* user);
  static void* Reallocate(void* memory, size_t bytes, void* user);

  Piece* spare_ = nullptr;
  nghttp2_mem functions_ = {this, Allocate, Free, AllocateZeros, Reallocate};
};

// The result of a function that fails only when memory is out.
inline void CheckMemory(int result) {
  if (result != 0) throw std::bad_alloc();  // as operator new does
}

// libnghttp2 takes texts like this, and leaves them as they are.
inline uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_HPACK_MEMORY_H_
