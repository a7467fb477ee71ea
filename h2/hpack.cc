#include <sluice/h2/header_memory.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/types.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// One allocation makes a list of this many fields; most requests have fewer.
constexpr size_t kUsualFields = 16;

// libnghttp2's functions that only fail when memory is out.
void CheckMemory(int result) {
  if (result != 0) std::abort();
}

uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

absl::string_view View(const uint8_t* bytes, size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

}  // namespace

HpackDecoder::HpackDecoder(size_t max_list_size)
    : inflater_(nullptr, nghttp2_hd_inflate_del),
      max_list_size_(max_list_size) {
  nghttp2_hd_inflater* inflater = nullptr;
  CheckMemory(nghttp2_hd_inflate_new(&inflater));
  inflater_.reset(inflater);
}

void HpackDecoder::SetTableSize(uint32_t bytes) {
  CheckMemory(nghttp2_hd_inflate_change_table_size(inflater_.get(), bytes));
}

bool HpackDecoder::Decode(absl::string_view piece, bool last,
                          HeaderMemory* memory) {
  while (true) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t used =
        nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, Bytes(piece),
                               piece.size(), last ? 1 : 0);
    if (used < 0) return false;
    piece.remove_prefix(static_cast<size_t>(used));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      Keep({View(field.name, field.namelen), View(field.value, field.valuelen),
            (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0},
           memory);
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_.get());
      return true;
    }
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && piece.empty()) return true;
  }
}

// libnghttp2's own text is valid until the next call.
void HpackDecoder::Keep(HeaderView field, HeaderMemory* memory) {
  const size_t size = field.name.size() + field.value.size();
  list_size_ += size + kFieldOverhead;
  if (dropped()) return;
  if (fields_.empty()) fields_.reserve(kUsualFields);
  char* const name = memory->Text(size);
  char* const value = name + field.name.size();
  field.name.copy(name, field.name.size());
  field.value.copy(value, field.value.size());
  fields_.push_back({{name, field.name.size()},
                     {value, field.value.size()},
                     field.never_indexed});
}

void HpackDecoder::EndBlock() {
  list_size_ = 0;
  fields_.clear();
  // One large list does not make a connection large for ever.
  if (fields_.capacity() > 2 * kUsualFields) HeaderViews().swap(fields_);
}

}  // namespace sluice::h2
