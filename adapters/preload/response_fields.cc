#include "adapters/preload/response_fields.h"

#include <sluice/scheduler/stream_info.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::adapters {
namespace {

using ::sluice::scheduler::ResourceClass;

// By the media type, whose parameters may follow.
ResourceClass ClassOf(absl::string_view content_type) {
  const auto begins = [&](absl::string_view with) {
    return absl::StartsWithIgnoreCase(content_type, with);
  };
  const absl::string_view type = content_type.substr(0, content_type.find(';'));
  if (begins("text/html") || begins("application/xhtml")) {
    return ResourceClass::kHtml;
  }
  if (begins("text/css")) return ResourceClass::kCss;
  if (absl::EndsWithIgnoreCase(type, "javascript")) {
    return ResourceClass::kJs;
  }
  if (begins("font/") || begins("application/font")) {
    return ResourceClass::kFont;
  }
  if (begins("image/")) return ResourceClass::kImage;
  if (begins("video/") || begins("audio/")) return ResourceClass::kMedia;
  if (absl::EndsWithIgnoreCase(type, "json")) return ResourceClass::kFetch;
  return ResourceClass::kOther;
}

absl::string_view Text(const uint8_t* bytes, size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

}  // namespace

ResponseFields ReadResponseFields(const nghttp2_nv* fields, size_t count) {
  ResponseFields read;
  const auto hints = [&]() -> scheduler::ResourceHints& {
    return read.hints.has_value() ? *read.hints : read.hints.emplace();
  };
  for (size_t i = 0; i < count; ++i) {
    const absl::string_view name = Text(fields[i].name, fields[i].namelen);
    const absl::string_view value = Text(fields[i].value, fields[i].valuelen);
    uint64_t length = 0;
    if (absl::EqualsIgnoreCase(name, "content-type")) {
      hints().resource_class = ClassOf(value);
    } else if (absl::EqualsIgnoreCase(name, "content-length")) {
      if (absl::SimpleAtoi(value, &length)) hints().bytes_remaining = length;
    } else if (absl::EqualsIgnoreCase(name, "priority")) {
      absl::StrAppend(&read.priority, read.priority.empty() ? "" : ", ", value);
    }
  }
  return read;
}

}  // namespace sluice::adapters
