#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/outbound_fields.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

// The bytes of a word that have bit 6 and not bit 5, by their bit 6.
template <typename Word>
Word FindCapitals(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word & ~(word << 1) & static_cast<Word>(0x4040404040404040);
}

// Whether a byte is one of 0x40 to 0x5f, which have bit 6 and not bit 5:
// capital letters, and @ [ \ ] ^ _. Looks at 8 bytes at once.
bool MayHaveCapital(absl::string_view name) {
  const char* at = name.data();
  const char* const end = at + name.size();
  if (name.size() < 4) {
    return absl::c_any_of(name, [](char c) { return (c & 0x60) == 0x40; });
  }
  // The last word may overlap the one before.
  if (name.size() < 8) {
    return (FindCapitals<uint32_t>(at) | FindCapitals<uint32_t>(end - 4)) != 0;
  }
  uint64_t any = FindCapitals<uint64_t>(end - 8);
  for (; end - at > 8; at += 8) any |= FindCapitals<uint64_t>(at);
  return any != 0;
}

bool MayHaveSpaceAround(absl::string_view text) {
  return !text.empty() && (static_cast<uint8_t>(text.front()) <= ' ' ||
                           static_cast<uint8_t>(text.back()) <= ' ');
}

// Never false for a field that Normalize() changes. May be true for another.
bool MayNeedNormalizing(const HeaderView& field) {
  return MayHaveCapital(field.name) || MayHaveSpaceAround(field.name) ||
         MayHaveSpaceAround(field.value);
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

inline void OutboundFields::Add(const HeaderView& field) {
  fields_.push_back(field);
  list_size_ += SizeOf(field);
  has_long_text_ |=
      std::max(field.name.size(), field.value.size()) > kMaxFieldText;
}

OutboundFields::OutboundFields(HeaderSpan headers, const OutboundRules& rules) {
  fields_.reserve(headers.size());
  for (size_t i = 0; i < headers.size(); ++i) {
    HeaderView field = headers[i];
    if (rules.normalize && MayNeedNormalizing(field)) Normalize(&field);
    // Each name that matters here has one of these lengths.
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
      case 7:
      case 10:
      case 16:
      case 17:
        if (rules.normalize && IsConnectionSpecific(field.name)) continue;
        break;
      default:
        break;
    }
    Add(field);
  }
}

void OutboundFields::Normalize(HeaderView* field) {
  field->name = absl::StripAsciiWhitespace(field->name);
  field->value = absl::StripAsciiWhitespace(field->value);
  if (absl::c_any_of(field->name, absl::ascii_isupper)) {
    field->name = names_.emplace_front(absl::AsciiStrToLower(field->name));
  }
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
