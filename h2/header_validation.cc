#include <sluice/h2/authority.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/field.h>
#include <sluice/h2/header_validation.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// The fields that the rules of §8.3 are about, first occurrence each.
struct Seen {
  const FieldView* method = nullptr;
  const FieldView* scheme = nullptr;
  const FieldView* authority = nullptr;
  const FieldView* path = nullptr;
  const FieldView* protocol = nullptr;
  const FieldView* status = nullptr;
  const FieldView* host = nullptr;
};

const FieldView** SlotOf(absl::string_view pseudo, Seen* seen) {
  if (pseudo == ":method") return &seen->method;
  if (pseudo == ":scheme") return &seen->scheme;
  if (pseudo == ":authority") return &seen->authority;
  if (pseudo == ":path") return &seen->path;
  if (pseudo == ":protocol") return &seen->protocol;
  if (pseudo == ":status") return &seen->status;
  return nullptr;
}

// §8.2.1: "0x00-0x20, 0x41-0x5a, or 0x7f-0xff (all ranges inclusive)", and ':'
// but in front of a pseudo-header field's name.
bool NameIsLegal(absl::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c <= 0x20 || (c >= 'A' && c <= 'Z') || c >= 0x7f) return false;
    if (c == ':' && i > 0) return false;
  }
  return true;
}

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// §8.2.1: no NUL, LF, CR anywhere, no SP or HTAB at either end.
bool ValueIsLegal(absl::string_view value) {
  if (value.empty()) return true;
  if (IsSpace(value.front()) || IsSpace(value.back())) return false;
  for (const char c : value) {
    if (c == '\0' || c == '\n' || c == '\r') return false;
  }
  return true;
}

std::optional<HeaderFault> Fault(absl::string_view reason) {
  return HeaderFault{ErrorKind::kInvalidHeaders, reason};
}

std::optional<HeaderFault> CheckPseudo(const FieldView& field, SectionKind kind,
                                       bool extended_connect,
                                       bool after_regular, Seen* seen) {
  if (kind == SectionKind::kTrailers) {
    return Fault("pseudo-header field in trailers (RFC 9113 8.1)");
  }
  const FieldView** slot = SlotOf(field.name, seen);
  if (slot == nullptr || (slot == &seen->protocol && !extended_connect)) {
    return Fault("unknown pseudo-header field (RFC 9113 8.3)");
  }
  if (after_regular) {
    return HeaderFault{ErrorKind::kPseudoHeaderOrder,
                       "pseudo-header field after a regular one (RFC 9113 "
                       "8.3)"};
  }
  if (*slot != nullptr) {
    return Fault("pseudo-header field given twice (RFC 9113 8.3)");
  }
  if ((slot == &seen->status) != (kind == SectionKind::kResponse)) {
    return Fault(
        "pseudo-header field of the other kind of message (RFC 9113 8.3)");
  }
  *slot = &field;
  return std::nullopt;
}

std::optional<HeaderFault> CheckRegular(const FieldView& field, Seen* seen) {
  if (IsConnectionSpecific(field.name)) {
    return Fault("connection-specific field (RFC 9113 8.2.2)");
  }
  if (field.name == "te" && !absl::EqualsIgnoreCase(field.value, "trailers")) {
    return Fault("te other than trailers (RFC 9113 8.2.2)");
  }
  if (field.name == "host") {
    if (seen->host != nullptr) return Fault("second Host (RFC 9110 7.2)");
    seen->host = &field;
  }
  return std::nullopt;
}

// §8.3.1, §8.5 and RFC 8441 §4.
std::optional<HeaderFault> CheckRequest(const Seen& seen, bool promised) {
  if (seen.method == nullptr || seen.method->value.empty()) {
    return Fault("request without :method (RFC 9113 8.3.1)");
  }
  // §8.4: a promised request is cacheable and safe.
  if (promised && seen.method->value != "GET" && seen.method->value != "HEAD") {
    return Fault(
        "promised request that is neither GET nor HEAD (RFC 9113 8.4)");
  }
  const bool connect = seen.method->value == "CONNECT";
  if (seen.protocol != nullptr && !connect) {
    return Fault(":protocol without CONNECT (RFC 8441 4)");
  }
  if (connect && seen.protocol == nullptr) {
    if (seen.scheme != nullptr || seen.path != nullptr) {
      return Fault("CONNECT with :scheme or :path (RFC 9113 8.5)");
    }
    if (seen.authority == nullptr || seen.authority->value.empty()) {
      return Fault("CONNECT without :authority (RFC 9113 8.5)");
    }
    return std::nullopt;
  }
  if (seen.scheme == nullptr || seen.scheme->value.empty()) {
    return Fault("request without :scheme (RFC 9113 8.3.1)");
  }
  if (seen.path == nullptr || seen.path->value.empty()) {
    return Fault("request without :path (RFC 9113 8.3.1)");
  }
  if (seen.authority == nullptr && seen.host == nullptr) {
    return Fault("request without :authority or Host (RFC 9113 8.3.1)");
  }
  if (seen.authority != nullptr && seen.host != nullptr &&
      !SameAuthority(seen.scheme->value, seen.authority->value,
                     seen.host->value)) {
    return Fault("Host and :authority differ (RFC 9113 8.3.1)");
  }
  const bool http = absl::EqualsIgnoreCase(seen.scheme->value, "http") ||
                    absl::EqualsIgnoreCase(seen.scheme->value, "https");
  if (http && seen.authority != nullptr &&
      absl::StrContains(seen.authority->value, '@')) {
    return Fault("user information in :authority (RFC 9113 8.3.1)");
  }
  return std::nullopt;
}

}  // namespace

bool IsConnectionSpecific(absl::string_view name) {
  return name == "connection" || name == "proxy-connection" ||
         name == "keep-alive" || name == "transfer-encoding" ||
         name == "upgrade";
}

std::optional<HeaderFault> FindHeaderFault(absl::Span<const FieldView> fields,
                                           SectionKind kind,
                                           bool extended_connect) {
  Seen seen;
  bool after_regular = false;
  for (const FieldView& field : fields) {
    if (field.name.empty()) return Fault("empty name (RFC 9113 8.2.1)");
    if (!NameIsLegal(field.name)) {
      return Fault("illegal character in a name (RFC 9113 8.2, 8.2.1)");
    }
    if (!ValueIsLegal(field.value)) {
      return Fault("illegal character in a value (RFC 9113 8.2.1)");
    }
    std::optional<HeaderFault> fault;
    if (field.name[0] == ':') {
      fault = CheckPseudo(field, kind, extended_connect, after_regular, &seen);
    } else {
      after_regular = true;
      fault = CheckRegular(field, &seen);
    }
    if (fault.has_value()) return fault;
  }
  switch (kind) {
    case SectionKind::kTrailers:
      return std::nullopt;
    case SectionKind::kResponse: {
      const std::optional<int> status = StatusOf(fields);
      if (!status.has_value()) {
        return Fault("response without a legal :status (RFC 9113 8.3.2)");
      }
      if (*status == 101) return Fault("status 101 (RFC 9113 8.6)");
      return std::nullopt;
    }
    case SectionKind::kRequest:
      return CheckRequest(seen, /*promised=*/false);
    case SectionKind::kPushPromise:
      if (ContentLengthOf(fields).value.value_or(0) != 0) {
        return Fault("promised request with content (RFC 9113 8.4)");
      }
      return CheckRequest(seen, /*promised=*/true);
  }
  return std::nullopt;
}

std::optional<int> StatusOf(absl::Span<const FieldView> fields) {
  const FieldView* status = FindField(fields, ":status");
  if (status == nullptr || status->value.size() != 3) return std::nullopt;
  int value = 0;
  for (const char c : status->value) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  if (value < 100) return std::nullopt;
  return value;
}

ContentLength ContentLengthOf(absl::Span<const FieldView> fields) {
  ContentLength length;
  for (const FieldView& field : fields) {
    if (field.name != "content-length") continue;
    int64_t value = 0;
    if (field.value.empty()) length.legal = false;
    for (const char c : field.value) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
          value > (std::numeric_limits<int64_t>::max() - 9) / 10) {
        length.legal = false;
        return length;
      }
      value = value * 10 + (c - '0');
    }
    if (length.value.has_value() && *length.value != value) {
      length.legal = false;
    }
    length.value = value;
  }
  return length;
}

}  // namespace sluice::h2
