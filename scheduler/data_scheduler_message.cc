#include "scheduler/data_scheduler_message.h"

#include <sluice/h2/header_span.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {
namespace {

constexpr char kLength[] = "content-length";
constexpr char kPriority[] = "priority";

// `text` without the spaces around it: most often all of it.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline absl::string_view Stripped(
    absl::string_view text) {
  const bool bare = text.empty() || (text.front() > ' ' && text.back() > ' ');
  return bare ? text : absl::StripAsciiWhitespace(text);
}

// Whether `name`, Stripped(), is `wanted`: the core sends names in lower case,
// without spaces around them. Nothing is called where the length or the last
// character is another.
template <size_t size>
inline bool IsCalled(absl::string_view name, const char (&wanted)[size]) {
  return name.size() == size - 1 &&
         absl::ascii_tolower(static_cast<unsigned char>(name.back())) ==
             wanted[size - 2] &&
         (std::memcmp(name.data(), wanted, size - 1) == 0 ||
          absl::EqualsIgnoreCase(name, wanted));
}

// Digits only, below 2^63. -1: it is something else.
int64_t Number(absl::string_view digits) {
  constexpr size_t kMostDigits = 19;  // fit into 64 bits
  if (digits.empty() || digits.size() > kMostDigits) return -1;
  uint64_t number = 0;
  for (const char c : digits) {
    const auto digit = static_cast<unsigned>(c - '0');
    if (digit > 9) return -1;
    number = number * 10 + digit;
  }
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  return number <= kMax ? static_cast<int64_t>(number) : -1;
}

void ReadLength(absl::string_view value, MessageFacts* facts) {
  const int64_t number = Number(Stripped(value));
  const auto length = static_cast<uint64_t>(number);
  if (number >= 0 && facts->length.value_or(length) == length) {
    facts->length = length;
  } else {
    facts->bad_length = value;
  }
}

}  // namespace

// A response has no other pseudo-header field than :status, and begins with it
// (RFC 9113 §8.3). The core reads the value without the spaces around it too.
int StatusOf(h2::HeaderSpan headers) {
  if (headers.empty() || !IsCalled(Stripped(headers[0].name), ":status")) {
    return 0;
  }
  const absl::string_view digits = Stripped(headers[0].value);
  return digits.size() == 3
             ? static_cast<int>(std::max(Number(digits), int64_t{0}))
             : 0;
}

MessageFacts FactsOf(h2::HeaderSpan headers) {
  MessageFacts facts;
  if (headers.empty()) return facts;
  if (IsCalled(Stripped(headers[0].name), ":method")) {
    facts.connect = Stripped(headers[0].value) == "CONNECT";
  } else {
    facts.status = StatusOf(headers);
  }
  for (size_t i = 0; i < headers.size(); ++i) {
    const absl::string_view name = Stripped(headers[i].name);
    if (IsCalled(name, kLength)) {
      ReadLength(headers[i].value, &facts);
    } else if (IsCalled(name, kPriority)) {
      facts.has_priority = true;
    }
  }
  return facts;
}

std::optional<signals::Rfc9218Parameters> ResponsePriority(
    h2::HeaderSpan headers) {
  std::optional<std::string> value;
  for (const h2::HeaderView header : headers) {
    if (!IsCalled(Stripped(header.name), kPriority)) continue;
    value = value.has_value() ? absl::StrCat(*value, ", ", header.value)
                              : std::string(header.value);
  }
  if (!value.has_value()) return std::nullopt;
  const std::optional<signals::Rfc9218Parameters> named =
      signals::ParseRfc9218Parameters(*value);
  const bool any = named.has_value() && (named->urgency || named->incremental);
  return any ? named : std::nullopt;
}

absl::Status BadLength(h2::StreamId id, absl::string_view value) {
  constexpr size_t kMostShown = 40;
  return absl::InvalidArgumentError(
      absl::StrCat("the message on stream ", id, " has content-length \"",
                   absl::CHexEscape(value.substr(0, kMostShown)),
                   "\"; one number below 2^63 is allowed, repeated or not"));
}

}  // namespace sluice::scheduler
