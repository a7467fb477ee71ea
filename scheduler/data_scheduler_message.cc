#include "scheduler/data_scheduler_message.h"

#include <sluice/h2/header_span.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {
namespace {

// Whether a field is called `name`: the core sends names in lower case, without
// spaces around them.
bool IsCalled(const h2::HeaderView& header, absl::string_view name) {
  absl::string_view given = header.name;
  if (given.size() < name.size()) return false;
  if (given.size() > name.size()) given = absl::StripAsciiWhitespace(given);
  return given == name || absl::EqualsIgnoreCase(given, name);
}

// Up to 19 digits, which fit into 64 bits.
std::optional<uint64_t> Number(absl::string_view digits) {
  constexpr size_t kMostDigits = 19;
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

void ReadLength(absl::string_view value, MessageFacts* facts) {
  const std::optional<uint64_t> length =
      Number(absl::StripAsciiWhitespace(value));
  const bool legal = length.has_value() &&
                     *length <= std::numeric_limits<int64_t>::max() &&
                     facts->length.value_or(*length) == *length;
  if (legal) {
    facts->length = length;
  } else {
    facts->bad_length = value;
  }
}

}  // namespace

// A response has no other pseudo-header field than :status, and begins with it
// (RFC 9113 §8.3). The core reads the value without the spaces around it too.
int StatusOf(const h2::HeaderSpan& headers) {
  if (headers.empty() || !IsCalled(headers[0], ":status")) return 0;
  absl::string_view digits = headers[0].value;
  if (digits.size() > 3) digits = absl::StripAsciiWhitespace(digits);
  return digits.size() == 3 ? static_cast<int>(Number(digits).value_or(0)) : 0;
}

MessageFacts FactsOf(const h2::HeaderSpan& headers) {
  MessageFacts facts;
  facts.status = StatusOf(headers);
  facts.connect = !headers.empty() && IsCalled(headers[0], ":method") &&
                  absl::StripAsciiWhitespace(headers[0].value) == "CONNECT";
  for (const h2::HeaderView header : headers) {
    if (IsCalled(header, "content-length")) {
      ReadLength(header.value, &facts);
    } else if (IsCalled(header, "priority")) {
      facts.priority = facts.priority.has_value()
                           ? absl::StrCat(*facts.priority, ", ", header.value)
                           : std::string(header.value);
    }
  }
  return facts;
}

std::optional<signals::Rfc9218Parameters> ResponsePriority(
    const MessageFacts& facts) {
  if (!facts.priority.has_value()) return std::nullopt;
  const std::optional<signals::Rfc9218Parameters> named =
      signals::ParseRfc9218Parameters(*facts.priority);
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
