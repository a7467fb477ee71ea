#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/outbound_fields.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// Shorter cookies can be guessed one byte at a time by their compressed size.
constexpr size_t kShortCookie = 20;

constexpr bool IsUpper(unsigned char c) { return c >= 'A' && c <= 'Z'; }

// ' ', and '\t' to '\r'.
constexpr bool IsSpace(unsigned char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool HasUpper(absl::string_view name) {
  static constexpr auto kUpper = [] {
    std::array<bool, 256> table = {};
    for (size_t c = 0; c < table.size(); ++c) table[c] = IsUpper(c);
    return table;
  }();
  bool any = false;
  for (const unsigned char c : name) any |= kUpper[c];
  return any;
}

bool HasSpaceAround(absl::string_view text) {
  return !text.empty() && (IsSpace(text.front()) || IsSpace(text.back()));
}

size_t SizeOf(const HeaderView& field) {
  return field.name.size() + field.value.size() + kFieldOverhead;
}

}  // namespace

size_t ListSizeOf(absl::Span<const HeaderView> fields) {
  size_t size = 0;
  for (const HeaderView& field : fields) size += SizeOf(field);
  return size;
}

OutboundFields::OutboundFields(HeaderSpan headers, const OutboundRules& rules) {
  for (size_t i = 0; i < headers.size(); ++i) {
    HeaderView field = headers[i];
    if (rules.normalize && !Normalize(&field)) continue;
    // All names that need a look have one of these lengths.
    switch (field.name.size()) {
      case 6:
        if (field.name != "cookie") break;
        if (rules.split_cookies) {
          AddCookies(field);
          continue;
        }
        field.never_indexed |= field.value.size() < kShortCookie;
        break;
      case 13:
        field.never_indexed |= field.name == "authorization";
        break;
      case 19:
        field.never_indexed |= field.name == "proxy-authorization";
        break;
      default:
        break;
    }
    Add(field);
  }
}

bool OutboundFields::Normalize(HeaderView* field) {
  // Most fields are as they should be.
  if (HasSpaceAround(field->name)) {
    field->name = absl::StripAsciiWhitespace(field->name);
  }
  if (HasSpaceAround(field->value)) {
    field->value = absl::StripAsciiWhitespace(field->value);
  }
  if (HasUpper(field->name)) {
    field->name = names_.emplace_front(absl::AsciiStrToLower(field->name));
  }
  return !IsConnectionSpecific(field->name);
}

void OutboundFields::Add(const HeaderView& field) {
  fields_.push_back(field);
  list_size_ += SizeOf(field);
  has_long_text_ |=
      std::max(field.name.size(), field.value.size()) > kMaxFieldText;
}

void OutboundFields::AddCookies(HeaderView field) {
  absl::string_view rest = field.value;
  const bool never_indexed = field.never_indexed;
  while (true) {
    const size_t end = rest.find("; ");
    field.value = rest.substr(0, end);
    field.never_indexed = never_indexed || field.value.size() < kShortCookie;
    Add(field);
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
