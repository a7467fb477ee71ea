#include "adapters/preload/response_fields.h"

#include <sluice/scheduler/stream_info.h>

#include <nghttp2/nghttp2.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::adapters {
namespace {

using ::sluice::scheduler::ResourceClass;

constexpr absl::string_view kPriority = "priority";
constexpr absl::string_view kType = "content-type";
constexpr absl::string_view kLength = "content-length";

// Whether `text` begins with `lower`, which is of letters in lower case and
// '/'; capitals differ from these in one bit. Most types differ in an early
// letter.
template <size_t kSize>
bool Begins(absl::string_view text, const char (&lower)[kSize]) {
  if (text.size() < kSize - 1) return false;
  for (size_t i = 0; i < kSize - 1; ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

template <size_t kSize>
bool Ends(absl::string_view text, const char (&lower)[kSize]) {
  return text.size() >= kSize - 1 &&
         Begins(text.substr(text.size() - (kSize - 1)), lower);
}

// By the media type, whose parameters may follow.
ResourceClass ClassOf(absl::string_view content_type) {
  const absl::string_view type = content_type.substr(0, content_type.find(';'));
  if (Begins(type, "application/")) {
    const absl::string_view kind = type.substr(sizeof("application/") - 1);
    if (Begins(kind, "xhtml")) return ResourceClass::kHtml;
    if (Begins(kind, "font")) return ResourceClass::kFont;
  } else {
    if (Begins(type, "text/html")) return ResourceClass::kHtml;
    if (Begins(type, "text/css")) return ResourceClass::kCss;
    if (Begins(type, "font/")) return ResourceClass::kFont;
    if (Begins(type, "image/")) return ResourceClass::kImage;
    if (Begins(type, "video/") || Begins(type, "audio/")) {
      return ResourceClass::kMedia;
    }
  }
  if (Ends(type, "javascript")) return ResourceClass::kJs;
  if (Ends(type, "json")) return ResourceClass::kFetch;
  return ResourceClass::kOther;
}

std::optional<uint64_t> Number(absl::string_view digits) {
  uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, fault] = std::from_chars(digits.data(), end, number);
  if (fault != std::errc() || stopped != end) return std::nullopt;
  return number;
}

absl::string_view Text(const uint8_t* bytes, size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

// Of names as long as each other. Nearly all are in lower case, and the
// compiler compares these in a few words; nghttp2 would lower the others.
template <const absl::string_view& kName>
bool Is(absl::string_view name) {
  return std::memcmp(name.data(), kName.data(), kName.size()) == 0 ||
         absl::EqualsIgnoreCase(name, kName);
}

void Take(const nghttp2_nv& field, ResponseFields* read) {
  const absl::string_view name = Text(field.name, field.namelen);
  const absl::string_view value = Text(field.value, field.valuelen);
  const auto hints = [read]() -> scheduler::ResourceHints& {
    return read->hints.has_value() ? *read->hints : read->hints.emplace();
  };
  switch (name.size()) {
    case kPriority.size():
      if (!Is<kPriority>(name)) break;
      absl::StrAppend(&read->priority, read->priority.empty() ? "" : ", ",
                      value);
      break;
    case kType.size():
      if (Is<kType>(name)) hints().resource_class = ClassOf(value);
      break;
    case kLength.size():
      if (!Is<kLength>(name)) break;
      if (const auto length = Number(value)) hints().bytes_remaining = length;
      break;
    default:
      break;
  }
}

}  // namespace

bool MayBeRead(const nghttp2_nv* fields, size_t count, bool reads_hints) {
  // The names differ in their lengths, and so do most others from them.
  constexpr uint32_t kHints = 1 << kType.size() | 1 << kLength.size();
  const uint32_t lengths = 1 << kPriority.size() | (reads_hints ? kHints : 0);
  for (const nghttp2_nv* field = fields; field < fields + count; ++field) {
    const size_t length = field->namelen;
    if (length < 32 && (lengths >> length & 1) != 0) return true;
  }
  return false;
}

ResponseFields ReadResponseFields(const nghttp2_nv* fields, size_t count) {
  ResponseFields read;
  for (size_t i = 0; i < count; ++i) Take(fields[i], &read);
  return read;
}

}  // namespace sluice::adapters
