#include <sluice/h2/hpack_encoder.h>
#include <sluice/h2/named_field.h>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/container/fixed_array.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// Few messages have more fields: these stand on the stack.
constexpr size_t kUsualFields = 24;

// libnghttp2's functions that only fail when memory is out.
void CheckMemory(int result) {
  if (result != 0) std::abort();
}

uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

// What libnghttp2 gets its memory from. For each block it takes one small piece
// first and gives it back last: that piece stands here, and costs no
// allocation. The dynamic table has its memory from the heap.
class HpackEncoder::Memory {
 public:
  nghttp2_mem* functions() { return &functions_; }

 private:
  static constexpr size_t kPiece = 64;

  static Memory& Self(void* user) { return *static_cast<Memory*>(user); }

  static void* Allocate(size_t bytes, void* user) {
    Memory& self = Self(user);
    if (self.taken_ || bytes > kPiece) return std::malloc(bytes);
    self.taken_ = true;
    return self.piece_;
  }
  static void Free(void* memory, void* user) {
    Memory& self = Self(user);
    if (memory == self.piece_) {
      self.taken_ = false;
    } else {
      std::free(memory);
    }
  }
  static void* AllocateZeros(size_t count, size_t bytes, void*) {
    return std::calloc(count, bytes);
  }
  static void* Reallocate(void* memory, size_t bytes, void* user) {
    if (memory != Self(user).piece_) return std::realloc(memory, bytes);
    void* const moved = std::malloc(bytes);
    if (moved != nullptr) std::memcpy(moved, memory, std::min(bytes, kPiece));
    if (moved != nullptr) Free(memory, user);
    return moved;
  }

  alignas(std::max_align_t) char piece_[kPiece];
  bool taken_ = false;
  nghttp2_mem functions_ = {this, Allocate, Free, AllocateZeros, Reallocate};
};

HpackEncoder::HpackEncoder() : memory_(std::make_unique<Memory>()) {
  CheckMemory(nghttp2_hd_deflate_new2(&deflater_, kMaxEncoderTableSize,
                                      memory_->functions()));
}

HpackEncoder::~HpackEncoder() { nghttp2_hd_deflate_del(deflater_); }

void HpackEncoder::SetTableSize(uint32_t bytes) {
  CheckMemory(nghttp2_hd_deflate_change_table_size(deflater_, bytes));
}

size_t HpackEncoder::Encode(absl::Span<const NamedField> fields, char* out,
                            size_t room) {
  absl::FixedArray<nghttp2_nv, kUsualFields> nva(fields.size());
  nghttp2_nv* next = nva.data();
  for (const NamedField& field : fields) {
    const uint8_t flags = field.never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX : 0;
    *next++ = {Bytes(field.name), Bytes(field.value), field.name.size(),
               field.value.size(), flags};
  }
  const ssize_t size = nghttp2_hd_deflate_hd(
      deflater_, reinterpret_cast<uint8_t*>(out), room, nva.data(), nva.size());
  if (size < 0) std::abort();  // memory is out: MostBytes() is room enough
  return static_cast<size_t>(size);
}

}  // namespace sluice::h2
