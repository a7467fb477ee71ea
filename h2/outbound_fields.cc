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
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// Shorter cookies can be guessed one byte at a time by their compressed size.
constexpr size_t kShortCookie = 20;

size_t SizeOf(const HeaderView& field) {
  return field.name.size() + field.value.size() + kFieldOverhead;
}

}  // namespace

size_t ListSizeOf(absl::Span<const NamedField> fields) {
  size_t size = 0;
  for (const NamedField& field : fields) size += SizeOf(field);
  return size;
}

inline void OutboundFields::Count(const NamedField& field) {
  list_size_ += SizeOf(field);
  has_long_text_ |=
      std::max(field.name.size(), field.value.size()) > kMaxFieldText;
}

OutboundFields::OutboundFields(HeaderSpan headers, const OutboundRules& rules) {
  fields_.reserve(headers.size());
  for (size_t i = 0; i < headers.size(); ++i) {
    NamedField& field = fields_.emplace_back(NamedField{headers[i]});
    field.is = NameOf(field.name);
    field.legal_value = ValueIsLegal(field.value, HasNoLowBytes(field.value));
    // Whatever normalising changes is illegal.
    if (rules.normalize &&
        (field.is == FieldName::kIllegal || !field.legal_value)) {
      Normalize(&field);
    }
    switch (field.is) {
      case FieldName::kCookie:
        if (rules.split_cookies) {
          SplitCookies();
          continue;
        }
        field.never_indexed |= field.value.size() < kShortCookie;
        break;
      case FieldName::kCredentials:
        field.never_indexed = true;
        break;
      case FieldName::kConnectionSpecific:
        if (rules.normalize) {
          fields_.pop_back();
          continue;
        }
        break;
      default:
        break;
    }
    Count(field);
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

void OutboundFields::SplitCookies() {
  NamedField field = fields_.back();
  fields_.pop_back();
  absl::string_view rest = field.value;
  const bool never_indexed = field.never_indexed;
  while (true) {
    const size_t end = rest.find("; ");
    field.value = rest.substr(0, end);
    field.never_indexed = never_indexed || field.value.size() < kShortCookie;
    field.legal_value = ValueIsLegal(field.value);
    fields_.push_back(field);
    Count(field);
    if (end == absl::string_view::npos) return;
    rest.remove_prefix(end + 2);
  }
}

absl::Status OutboundFields::SizeFault(StreamId id,
                                       size_t max_list_size) const {
  for (const HeaderView& field : fields_) {
    if (std::max(field.name.size(), field.value.size()) <= kMaxFieldText) {
      continue;
    }
    return StreamFault(ErrorKind::kHeadersTooLarge, id, "has the field ",
                       ShortName(field.name), " with a name of ",
                       field.name.size(), " and a value of ",
                       field.value.size(), " bytes; each may have ",
                       kMaxFieldText);
  }
  const HeaderView& largest =
      *std::max_element(fields_.begin(), fields_.end(),
                        [](const HeaderView& a, const HeaderView& b) {
                          return SizeOf(a) < SizeOf(b);
                        });
  return StreamFault(ErrorKind::kHeadersTooLarge, id, "has a header list of ",
                     list_size_, " bytes; the peer's MAX_HEADER_LIST_SIZE is ",
                     max_list_size, " (RFC 9113 6.5.2); the largest field is ",
                     ShortName(largest.name));
}

}  // namespace sluice::h2
