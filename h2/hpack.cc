#include <sluice/h2/header_memory.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/hpack_memory.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/repeated_fields.h>
#include <sluice/h2/short_text.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"

namespace sluice::h2 {
namespace {

// The first allocation makes a list of this many fields.
constexpr size_t kFewFields = 8;
// A list of more is freed with its block: one large list does not make a
// connection large for ever.
constexpr size_t kMostFieldsKept = 32;

absl::string_view TextOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// libnghttp2's own text is valid until the next call. A known name is not
// copied.
inline void CopyField(const nghttp2_nv& field, HeaderMemory* memory,
                      NamedField* copy) {
  const absl::string_view name = TextOf(field.name, field.namelen);
  const KnownName* const known = FindKnownName(name);
  if (known != nullptr) {
    copy->name = known->text;
    copy->is = known->is;
  } else {
    copy->name = memory->Copy(name);
    copy->is = OtherNameOf(name);
  }
  char* const value = memory->Text(field.valuelen);
  const bool no_low_bytes = CopyText(reinterpret_cast<const char*>(field.value),
                                     field.valuelen, value);
  copy->value = {value, field.valuelen};
  copy->never_indexed = (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0;
  copy->legal_value = ValueIsLegal(copy->value, no_low_bytes);
}

}  // namespace

HpackDecoder::HpackDecoder(size_t max_list_size)
    : memory_(std::make_unique<HpackMemory>()), max_list_size_(max_list_size) {
  CheckMemory(nghttp2_hd_inflate_new2(&inflater_, memory_->functions()));
}

HpackDecoder::~HpackDecoder() { nghttp2_hd_inflate_del(inflater_); }

void HpackDecoder::SetTableSize(uint32_t bytes) {
  CheckMemory(nghttp2_hd_inflate_change_table_size(inflater_, bytes));
  repeated_.Clear();
}

bool HpackDecoder::Decode(absl::string_view piece, bool last,
                          HeaderMemory* memory) {
  if (fields_.capacity() == 0) fields_.reserve(kFewFields);
  const bool first = !std::exchange(in_block_, !last);
  return first && last ? DecodeWhole(piece, memory)
                       : DecodePiece(piece, last, memory);
}

bool HpackDecoder::DecodePiece(absl::string_view piece, bool last,
                               HeaderMemory* memory) {
  repeated_.Clear();
  Step step;
  do {
    step = Inflate(&piece, last, memory);
  } while (step == Step::kMore);
  return step == Step::kEnd;
}

bool HpackDecoder::DecodeWhole(absl::string_view block, HeaderMemory* memory) {
  RepeatedFields::Match match = repeated_.Begin(block);
  bool changed = false;
  absl::string_view rest = block;
  while (true) {
    const RepeatedFields::Field* const field = match.Next(rest);
    if (field != nullptr) {
      Add(*field, memory);
      rest.remove_prefix(field->bytes.size());
      continue;
    }
    if (!rest.empty() && ChangesTable(rest.front())) {
      // RFC 7541 §4.2: a change of the size comes before all fields.
      // libnghttp2 does not know of those that were found.
      if ((rest.front() & 0x40) == 0 && list_size_ > 0) return false;
      changed = true;
      match = {};
    }
    const Step step = Inflate(&rest, /*last=*/true, memory);
    if (step == Step::kError) return false;
    if (step == Step::kEnd) break;
  }
  if (changed || dropped()) {
    repeated_.Clear();
  } else {
    repeated_.End(match, block, fields_);
  }
  return true;
}

inline void HpackDecoder::Add(const RepeatedFields::Field& field,
                              HeaderMemory* memory) {
  list_size_ += field.name.size() + field.value.size() + kFieldOverhead;
  if (dropped()) return;
  NamedField& copy = fields_.emplace_back(field);
  if (!field.known_name) copy.name = memory->Copy(field.name);
  copy.value = memory->Copy(field.value);
}

inline HpackDecoder::Step HpackDecoder::Inflate(absl::string_view* rest,
                                                bool last,
                                                HeaderMemory* memory) {
  nghttp2_nv field;
  int flags = 0;
  const ssize_t used = nghttp2_hd_inflate_hd2(
      inflater_, &field, &flags, Bytes(*rest), rest->size(), last ? 1 : 0);
  if (used < 0) {
    if (used == NGHTTP2_ERR_NOMEM) CheckMemory(NGHTTP2_ERR_NOMEM);
    return Step::kError;
  }
  rest->remove_prefix(static_cast<size_t>(used));
  if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
    list_size_ += field.namelen + field.valuelen + kFieldOverhead;
    if (!dropped()) CopyField(field, memory, &fields_.emplace_back());
    return Step::kMore;
  }
  if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
    nghttp2_hd_inflate_end_headers(inflater_);
    return Step::kEnd;
  }
  return rest->empty() ? Step::kEnd : Step::kMore;
}

void HpackDecoder::EndBlock() {
  list_size_ = 0;
  fields_.clear();
  if (fields_.capacity() > kMostFieldsKept) NamedFields().swap(fields_);
}

}  // namespace sluice::h2
