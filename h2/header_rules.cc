#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/header_memory.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

bool IsDigits(absl::string_view text) {
  return absl::c_all_of(text,
                        [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// --- Authorities (RFC 3986) ------------------------------------------------

// RFC 3986 §2.3.
bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// "%" and two hexadecimal digits.
bool IsPercentEncoded(absl::string_view text) {
  return text.size() >= 3 && text[0] == '%' &&
         absl::ascii_isxdigit(static_cast<unsigned char>(text[1])) &&
         absl::ascii_isxdigit(static_cast<unsigned char>(text[2]));
}

// §6.2.2.2: unreserved characters stand for themselves. §6.2.2.1: the digits of
// other escapes are upper-case.
std::string DecodeUnreserved(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (!IsPercentEncoded(text)) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string byte = absl::HexStringToBytes(text.substr(1, 2));
    out +=
        IsUnreserved(byte[0]) ? byte : absl::AsciiStrToUpper(text.substr(0, 3));
    text.remove_prefix(3);
  }
  return out;
}

bool IsDefaultPort(absl::string_view scheme, absl::string_view port) {
  return port == "80"
             ? absl::EqualsIgnoreCase(scheme, "http")
             : port == "443" && absl::EqualsIgnoreCase(scheme, "https");
}

// [ userinfo "@" ] host [ ":" port ] (§3.2).
std::string NormalizeAuthority(absl::string_view scheme,
                               absl::string_view authority) {
  const size_t at = authority.rfind('@');
  const size_t userinfo = at == absl::string_view::npos ? 0 : at + 1;
  absl::string_view host = authority.substr(userinfo);
  absl::string_view port;
  const size_t colon = host.rfind(':');
  // A colon inside of a host belongs to an IPv6 literal, in brackets.
  if (colon != absl::string_view::npos && IsDigits(host.substr(colon + 1)) &&
      (host.find(':') == colon || host[colon - 1] == ']')) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (IsDefaultPort(scheme, port)) port = {};
  return absl::StrCat(DecodeUnreserved(authority.substr(0, userinfo)),
                      absl::AsciiStrToLower(DecodeUnreserved(host)),
                      port.empty() ? "" : ":", port);
}

// --- Fields ----------------------------------------------------------------

// The fields of §8.3's rules, first occurrence each.
struct Seen {
  const HeaderView* method = nullptr;
  const HeaderView* scheme = nullptr;
  const HeaderView* authority = nullptr;
  const HeaderView* path = nullptr;
  const HeaderView* protocol = nullptr;
  const HeaderView* status = nullptr;
  const HeaderView* host = nullptr;
};

struct PseudoRow {
  absl::string_view name;
  const HeaderView* Seen::*slot;
};

constexpr PseudoRow kPseudo[] = {
    {":method", &Seen::method},       {":scheme", &Seen::scheme},
    {":authority", &Seen::authority}, {":path", &Seen::path},
    {":protocol", &Seen::protocol},   {":status", &Seen::status},
};

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
  return absl::c_none_of(
      value, [](char c) { return c == '\0' || c == '\n' || c == '\r'; });
}

// Checks one section of one stream.
class Checker {
 public:
  Checker(StreamId id, SectionKind kind, bool extended_connect)
      : id_(id), kind_(kind), extended_connect_(extended_connect) {}

  absl::Status CheckField(const HeaderView& field) {
    if (field.name.empty()) {
      return Fault("has a field without a name (RFC 9113 8.2.1)");
    }
    if (!NameIsLegal(field.name)) {
      return FieldFault(field, "an illegal name", "8.2, 8.2.1");
    }
    if (!ValueIsLegal(field.value)) {
      return FieldFault(field, "an illegal character in its value", "8.2.1");
    }
    if (field.name[0] == ':') return CheckPseudo(field);
    regular_ = true;
    return CheckRegular(field);
  }

  // The section as a whole, after its fields.
  absl::Status CheckSection(absl::Span<const HeaderView> fields) const {
    if (kind_ == SectionKind::kTrailers) return absl::OkStatus();
    if (kind_ != SectionKind::kResponse) return CheckRequest(fields);
    const std::optional<int> status = StatusOf(fields);
    if (!status.has_value()) {
      return Fault(
          "has a response without a :status of 100 to 999 (RFC 9113 8.3.2)");
    }
    if (*status == 101) return Fault("has status 101 (RFC 9113 8.6)");
    return absl::OkStatus();
  }

 private:
  absl::Status Fault(absl::string_view predicate,
                     ErrorKind kind = ErrorKind::kInvalidHeaders) const {
    return StreamFault(kind, id_, predicate);
  }
  absl::Status FieldFault(const HeaderView& field, absl::string_view fault,
                          absl::string_view section) const {
    return Fault(absl::StrCat("has the field ", ShortName(field.name), " with ",
                              fault, " (RFC 9113 ", section, ")"));
  }

  absl::Status CheckPseudo(const HeaderView& field) {
    if (kind_ == SectionKind::kTrailers) {
      return Fault("has a pseudo-header field in trailers (RFC 9113 8.1)");
    }
    const auto* row = absl::c_find_if(
        kPseudo, [&](const PseudoRow& r) { return r.name == field.name; });
    if (row == std::end(kPseudo) ||
        (row->slot == &Seen::protocol && !extended_connect_)) {
      return Fault(absl::StrCat("has the unknown pseudo-header field ",
                                ShortName(field.name), " (RFC 9113 8.3)"));
    }
    if (regular_) {
      return Fault(absl::StrCat("has ", row->name,
                                " after a regular field (RFC 9113 8.3)"),
                   ErrorKind::kPseudoHeaderOrder);
    }
    if (seen_.*row->slot != nullptr) {
      return Fault(absl::StrCat("has ", row->name, " twice (RFC 9113 8.3)"));
    }
    const bool response = kind_ == SectionKind::kResponse;
    if ((row->slot == &Seen::status) != response) {
      return Fault(absl::StrCat("has ", row->name, " in a ",
                                response ? "response" : "request",
                                " (RFC 9113 8.3)"));
    }
    seen_.*row->slot = &field;
    return absl::OkStatus();
  }

  absl::Status CheckRegular(const HeaderView& field) {
    if (IsConnectionSpecific(field.name)) {
      return Fault(absl::StrCat("has the connection-specific field ",
                                field.name, " (RFC 9113 8.2.2)"));
    }
    if (field.name == "te" &&
        !absl::EqualsIgnoreCase(field.value, "trailers")) {
      return Fault("has a te field other than \"trailers\" (RFC 9113 8.2.2)");
    }
    if (field.name == "host") {
      if (seen_.host != nullptr) {
        return Fault("has two Host fields (RFC 9110 7.2)");
      }
      seen_.host = &field;
    }
    return absl::OkStatus();
  }

  // §8.3.1, §8.4, §8.5 and RFC 8441 §4. The first rule that is broken counts.
  absl::Status CheckRequest(absl::Span<const HeaderView> fields) const {
    const auto value = [](const HeaderView* field) {
      return field == nullptr ? absl::string_view() : field->value;
    };
    const absl::string_view method = value(seen_.method);
    const absl::string_view scheme = value(seen_.scheme);
    const absl::string_view authority = value(seen_.authority);
    const bool promised = kind_ == SectionKind::kPushPromise;
    const bool connect = method == "CONNECT";
    const bool tunnel = connect && seen_.protocol == nullptr;
    const bool http = absl::EqualsIgnoreCase(scheme, "http") ||
                      absl::EqualsIgnoreCase(scheme, "https");
    struct {
      bool broken;
      absl::string_view predicate;
    } const rules[] = {
        {promised && ContentLengthOf(fields).value.value_or(0) != 0,
         "has a promised request with content (RFC 9113 8.4)"},
        {method.empty(), "has a request without :method (RFC 9113 8.3.1)"},
        {promised && method != "GET" && method != "HEAD",
         "has a promised request other than GET and HEAD (RFC 9113 8.4)"},
        {seen_.protocol != nullptr && !connect,
         "has :protocol without CONNECT (RFC 8441 4)"},
        {tunnel && (seen_.scheme != nullptr || seen_.path != nullptr),
         "has a CONNECT with :scheme or :path (RFC 9113 8.5)"},
        {tunnel && authority.empty(),
         "has a CONNECT without :authority (RFC 9113 8.5)"},
        {!tunnel && scheme.empty(),
         "has a request without :scheme (RFC 9113 8.3.1)"},
        {!tunnel && value(seen_.path).empty(),
         "has a request without :path (RFC 9113 8.3.1)"},
        {!tunnel && seen_.authority == nullptr && seen_.host == nullptr,
         "has a request without :authority and Host (RFC 9113 8.3.1)"},
        {!tunnel && seen_.authority != nullptr && seen_.host != nullptr &&
             !SameAuthority(scheme, authority, seen_.host->value),
         "has a Host other than its :authority (RFC 9113 8.3.1)"},
        {!tunnel && http && absl::StrContains(authority, '@'),
         "has user information in :authority (RFC 9113 8.3.1)"},
    };
    for (const auto& rule : rules) {
      if (rule.broken) return Fault(rule.predicate);
    }
    return absl::OkStatus();
  }

  StreamId id_;
  SectionKind kind_;
  bool extended_connect_;
  bool regular_ = false;  // a regular field came
  Seen seen_;
};

}  // namespace

absl::Status CheckHeaders(StreamId id, absl::Span<const HeaderView> fields,
                          SectionKind kind, bool extended_connect) {
  Checker checker(id, kind, extended_connect);
  for (const HeaderView& field : fields) {
    SLUICE_RETURN_IF_ERROR(checker.CheckField(field));
  }
  return checker.CheckSection(fields);
}

bool SameAuthority(absl::string_view scheme, absl::string_view a,
                   absl::string_view b) {
  return a == b ||
         NormalizeAuthority(scheme, a) == NormalizeAuthority(scheme, b);
}

bool IsConnectionSpecific(absl::string_view name) {
  return name == "connection" || name == "proxy-connection" ||
         name == "keep-alive" || name == "transfer-encoding" ||
         name == "upgrade";
}

std::string ShortName(absl::string_view name) {
  constexpr size_t kShort = 64;
  return absl::StrCat(absl::CHexEscape(name.substr(0, kShort)),
                      name.size() > kShort ? "…" : "");
}

std::optional<int> StatusOf(absl::Span<const HeaderView> fields) {
  const HeaderView* status = FindField(fields, ":status");
  if (status == nullptr) return std::nullopt;
  const absl::string_view digits = status->value;
  if (digits.size() != 3 || !IsDigits(digits) || digits[0] == '0') {
    return std::nullopt;
  }
  return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

ContentLength ContentLengthOf(absl::Span<const HeaderView> fields) {
  ContentLength length;
  for (const HeaderView& field : fields) {
    if (field.name != "content-length") continue;
    int64_t value = 0;
    if (!IsDigits(field.value) || !absl::SimpleAtoi(field.value, &value)) {
      return {.legal = false, .value = length.value};
    }
    if (length.value.has_value() && *length.value != value) {
      length.legal = false;
    }
    length.value = value;
  }
  return length;
}

void JoinCookies(HeaderViews* fields, HeaderMemory* memory) {
  const auto is_cookie = [](const HeaderView& f) { return f.name == "cookie"; };
  constexpr absl::string_view kGlue = "; ";
  size_t size = 0;
  size_t cookies = 0;
  HeaderView joined;
  for (const HeaderView& field : *fields) {
    if (!is_cookie(field)) continue;
    joined = field;
    size += field.value.size() + kGlue.size();
    ++cookies;
  }
  if (cookies == 0) return;
  if (cookies > 1) {
    char* const text = memory->Text(size);
    char* end = text;
    for (const HeaderView& field : *fields) {
      if (!is_cookie(field)) continue;
      end += field.value.copy(end, field.value.size());
      end += kGlue.copy(end, kGlue.size());
    }
    joined.value = {text, size - kGlue.size()};
  }
  joined.never_indexed = true;
  fields->erase(std::remove_if(fields->begin(), fields->end(), is_cookie),
                fields->end());
  fields->push_back(joined);
}

}  // namespace sluice::h2
