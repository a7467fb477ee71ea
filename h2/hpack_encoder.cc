#include <sluice/h2/hpack_encoder.h>
#include <sluice/h2/types.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/container/inlined_vector.h"
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

HpackEncoder::HpackEncoder() : deflater_(nullptr, nghttp2_hd_deflate_del) {
  nghttp2_hd_deflater* deflater = nullptr;
  CheckMemory(nghttp2_hd_deflate_new(&deflater, kMaxEncoderTableSize));
  deflater_.reset(deflater);
}

void HpackEncoder::SetTableSize(uint32_t bytes) {
  CheckMemory(nghttp2_hd_deflate_change_table_size(deflater_.get(), bytes));
}

size_t HpackEncoder::Encode(absl::Span<const HeaderView> fields, char* out,
                            size_t room) {
  absl::InlinedVector<nghttp2_nv, kUsualFields> nva(fields.size());
  nghttp2_nv* next = nva.data();
  for (const HeaderView& field : fields) {
    const uint8_t flags = field.never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX : 0;
    *next++ = {Bytes(field.name), Bytes(field.value), field.name.size(),
               field.value.size(), flags};
  }
  const ssize_t size =
      nghttp2_hd_deflate_hd(deflater_.get(), reinterpret_cast<uint8_t*>(out),
                            room, nva.data(), nva.size());
  if (size < 0) std::abort();  // memory is out: MostBytes() is room enough
  return static_cast<size_t>(size);
}

}  // namespace sluice::h2
