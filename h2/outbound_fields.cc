#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/outbound_fields.h>
#include <sluice/h2/short_text.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// Shorter cookies can be guessed one byte at a time by their compressed size.
constexpr size_t kShortCookie = 20;

// Fields that are more than a name and a value.
constexpr NameSet kSpecial = SetOf(FieldName::kCookie) |
                             SetOf(FieldName::kCredentials) |
                             SetOf(FieldName::kConnectionSpecific);

bool IsSecret(const NamedField& field) {
  return field.is == FieldName::kCredentials ||
         (field.is == FieldName::kCookie && field.value.size() < kShortCookie);
}

size_t SizeOf(const HeaderView& field) {
  return field.name.size() + field.value.size() + kFieldOverhead;
}

}  // namespace

size_t ListSizeOf(absl::Span<const NamedField> fields) {
  size_t size = 0;
  for (const NamedField& field : fields) size += SizeOf(field);
  return size;
}

size_t OutboundFields::MostSplit(HeaderSpan headers) {
  size_t most = headers.size();
  for (const HeaderView header : headers) {
    most += static_cast<size_t>(absl::c_count(header.value, ';'));
  }
  return most;
}

OutboundFields::OutboundFields(HeaderSpan headers, const OutboundRules& rules)
    : fields_(rules.split_cookies ? MostSplit(headers) : headers.size()),
      end_(fields_.data()) {
  const size_t size = headers.size();
  for (size_t i = 0; i < size; ++i) {
    NamedField& field = *end_;
    static_cast<HeaderView&>(field) = headers[i];
    field.is = NameOf(field.name);
    field.legal_value = ValueIsLegal(field.value, HasNoLowBytes(field.value));
    // Whatever normalising changes is illegal.
    if (rules.normalize &&
        (field.is == FieldName::kIllegal || !field.legal_value)) {
      Normalize(&field);
    }
    if ((SetOf(field.is) & kSpecial) != 0) {
      if (field.is == FieldName::kCookie && rules.split_cookies) {
        SplitCookie(NamedField(field));
        continue;
      }
      if (field.is == FieldName::kConnectionSpecific && rules.normalize) {
        continue;
      }
      field.never_indexed |= IsSecret(field);
    }
    list_size_ += SizeOf(field);
    ++end_;
  }
}

void OutboundFields::Normalize(NamedField* field) {
  field->name = absl::StripAsciiWhitespace(field->name);
  field->value = absl::StripAsciiWhitespace(field->value);
  if (absl::c_any_of(field->name, absl::ascii_isupper)) {
    field->name = names_.emplace_front(absl::AsciiStrToLower(field->name));
  }
  field->is = NameOf(field->name);
  field->legal_value = ValueIsLegal(field->value);
}

void OutboundFields::SplitCookie(const NamedField& cookie) {
  for (const absl::string_view pair : absl::StrSplit(cookie.value, "; ")) {
    NamedField& field = *end_++;
    field = cookie;
    field.value = pair;
    field.never_indexed |= IsSecret(field);
    field.legal_value = ValueIsLegal(pair);
    list_size_ += SizeOf(field);
  }
}

absl::Status OutboundFields::CheckEachSize(StreamId id,
                                           size_t max_list_size) const {
  for (const HeaderView& field : fields()) {
    if (std::max(field.name.size(), field.value.size()) <= kMaxFieldText) {
      continue;
    }
    return StreamFault(ErrorKind::kHeadersTooLarge, id, "has the field ",
                       ShortName(field.name), " with a name of ",
                       field.name.size(), " and a value of ",
                       field.value.size(), " bytes; each may have ",
                       kMaxFieldText);
  }
  if (list_size_ <= max_list_size) return absl::OkStatus();
  const HeaderView& largest =
      *std::max_element(fields().begin(), fields().end(),
                        [](const HeaderView& a, const HeaderView& b) {
                          return SizeOf(a) < SizeOf(b);
                        });
  return StreamFault(ErrorKind::kHeadersTooLarge, id, "has a header list of ",
                     list_size_, " bytes; the peer's MAX_HEADER_LIST_SIZE is ",
                     max_list_size, " (RFC 9113 6.5.2); the largest field is ",
                     ShortName(largest.name));
}

}  // namespace sluice::h2
