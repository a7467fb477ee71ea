#include <sluice/h2/hpack_encoder.h>
#include <sluice/h2/hpack_memory.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/repeated_fields.h>
#include <sluice/h2/short_text.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "absl/container/fixed_array.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// Few messages have more fields: these stand on the stack.
constexpr size_t kUsualFields = 24;

}  // namespace

HpackEncoder::HpackEncoder() : memory_(std::make_unique<HpackMemory>()) {
  CheckMemory(nghttp2_hd_deflate_new2(&deflater_, kMaxEncoderTableSize,
                                      memory_->functions()));
}

HpackEncoder::~HpackEncoder() { nghttp2_hd_deflate_del(deflater_); }

void HpackEncoder::SetTableSize(uint32_t bytes) {
  CheckMemory(nghttp2_hd_deflate_change_table_size(deflater_, bytes));
  repeated_.Clear();
}

size_t HpackEncoder::Encode(absl::Span<const NamedField> fields, char* out,
                            size_t room) {
  RepeatedFields::Match match;
  if (!fields.empty()) match = repeated_.Begin(fields.front());
  size_t size = 0;      // of the block so far
  size_t deflated = 0;  // fields that are in it
  bool changed = false;
  // Those that were not found are deflated together.
  const auto deflate_to = [&](size_t end) {
    const size_t more = Deflate(fields.subspan(deflated, end - deflated),
                                out + size, room - size);
    changed |= AnyChangesTable({out + size, more});
    size += more;
    deflated = end;
  };
  for (size_t i = 0; i < fields.size(); ++i) {
    const RepeatedFields::Field* const field = match.Next(fields[i]);
    if (field == nullptr) continue;
    if (deflated < i) deflate_to(i);
    if (changed) break;
    CopyText(field->bytes.data(), field->bytes.size(), out + size);
    size += field->bytes.size();
    deflated = i + 1;
  }
  if (deflated < fields.size() || fields.empty()) deflate_to(fields.size());
  if (changed) {
    repeated_.Clear();
  } else {
    repeated_.End(match, {out, size}, fields);
  }
  return size;
}

size_t HpackEncoder::Deflate(absl::Span<const NamedField> fields, char* out,
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
  if (size < 0) throw std::bad_alloc();  // MostBytes() is room enough
  return static_cast<size_t>(size);
}

}  // namespace sluice::h2
