#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/header_memory.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
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

// --- Values of a request's pseudo-header fields ------------------------------

// What a byte may be a part of.
enum ByteUse : uint8_t {
  kInMethod = 1,     // a token: RFC 9110 §9.1, §5.6.2
  kInScheme = 2,     // RFC 3986 §3.1
  kInAuthority = 4,  // RFC 3986 §3.2
  kInPath = 8,       // no space and no control character
};

constexpr std::array<uint8_t, 256> UsesOfBytes() {
  std::array<uint8_t, 256> uses = {};
  const auto add = [&uses](const char* bytes, uint8_t use) {
    for (; *bytes != '\0'; ++bytes) {
      uses[static_cast<unsigned char>(*bytes)] |= use;
    }
  };
  for (size_t c = 0x21; c < 0x100; ++c) uses[c] = c == 0x7f ? 0 : kInPath;
  add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.",
      kInMethod | kInScheme | kInAuthority);
  add("+", kInMethod | kInScheme | kInAuthority);
  add("!#$%&'*^_`|~", kInMethod);
  add("_~!$&'()*,;=:@[]%", kInAuthority);
  return uses;
}
constexpr std::array<uint8_t, 256> kUsesOfBytes = UsesOfBytes();

bool AllAre(ByteUse use, absl::string_view text) {
  uint8_t all = use;
  for (const char c : text) all &= kUsesOfBytes[static_cast<unsigned char>(c)];
  return all != 0;
}

bool IsHttp(absl::string_view scheme) {
  return absl::EqualsIgnoreCase(scheme, "http") ||
         absl::EqualsIgnoreCase(scheme, "https");
}

// --- Fields ----------------------------------------------------------------

// The pseudo-header fields of requests: §8.3.1, and RFC 8441 §4 for the last.
constexpr NameSet kOfRequests =
    SetOf(FieldName::kMethod) | SetOf(FieldName::kScheme) |
    SetOf(FieldName::kAuthority) | SetOf(FieldName::kPath) |
    SetOf(FieldName::kProtocol);
// §8.3.2.
constexpr NameSet kOfResponses = SetOf(FieldName::kStatus);
constexpr NameSet kPseudo = kOfRequests | kOfResponses;
// §8.2.1, §8.2.2.
constexpr NameSet kNever =
    SetOf(FieldName::kIllegal) | SetOf(FieldName::kConnectionSpecific);

// The names that a section may begin with.
constexpr NameSet FirstNames(SectionKind kind, bool extended_connect) {
  const NameSet regular = ~(kPseudo | kNever);
  if (kind == SectionKind::kTrailers) return regular;  // §8.1
  if (kind == SectionKind::kResponse) return regular | kOfResponses;
  return regular |
         (extended_connect ? kOfRequests
                           : kOfRequests & ~SetOf(FieldName::kProtocol));
}

// The names that a field with this one leaves to the fields after it. §8.3: a
// pseudo-header field comes once, and before all regular ones. RFC 9110 §7.2:
// Host comes once.
constexpr NameSet NamesAfter(FieldName name) {
  NameSet after = ~NameSet{0};
  if ((SetOf(name) & kPseudo) == 0) after &= ~kPseudo;
  if ((SetOf(name) & (kPseudo | SetOf(FieldName::kHost))) != 0) {
    after &= ~SetOf(name);
  }
  return after;
}

constexpr std::array<NameSet, kFieldNames> MakeNamesAfter() {
  std::array<NameSet, kFieldNames> after = {};
  for (size_t name = 0; name < kFieldNames; ++name) {
    after[name] = NamesAfter(static_cast<FieldName>(name));
  }
  return after;
}
constexpr std::array<NameSet, kFieldNames> kNamesAfter = MakeNamesAfter();

// Checks one section of one stream, and notes its facts.
class Checker {
 public:
  Checker(StreamId id, SectionKind kind, bool extended_connect,
          SectionFacts* facts)
      : id_(id),
        kind_(kind),
        extended_connect_(extended_connect),
        legal_(FirstNames(kind, extended_connect)),
        facts_(*facts) {}

  // Whether the next field breaks no rule.
  bool Accepts(const NamedField& field) {
    if ((SetOf(field.is) & legal_) == 0 || !field.legal_value) return false;
    if (field.is == FieldName::kTe && !TeIsLegal(field)) return false;
    legal_ &= kNamesAfter[static_cast<size_t>(field.is)];
    facts_.Note(field);
    return true;
  }

  // The first rule that the field breaks.
  ABSL_ATTRIBUTE_COLD absl::Status FaultOf(const NamedField& field) const {
    if (field.name.empty()) {
      return Fault("has a field without a name (RFC 9113 8.2.1)");
    }
    const bool pseudo = field.name[0] == ':';
    const absl::string_view bytes = field.name.substr(pseudo ? 1 : 0);
    if (field.is == FieldName::kIllegal && !bytes.empty() &&
        OtherNameOf(bytes) == FieldName::kIllegal) {
      return FieldFault(field,
                        "an illegal name; names are tokens in lower case",
                        "8.2, 8.2.1");
    }
    if (!field.legal_value) {
      return FieldFault(field,
                        "an illegal character in its value; it may have no "
                        "NUL, CR or LF, and no space around it",
                        "8.2.1");
    }
    return pseudo ? PseudoFault(field) : RegularFault(field);
  }

  // The section as a whole, after its fields.
  absl::Status CheckSection(absl::Span<const NamedField> fields) const {
    if (kind_ == SectionKind::kTrailers) return absl::OkStatus();
    if (kind_ != SectionKind::kResponse) return CheckRequest(fields);
    const std::optional<int> status = StatusOf(facts_);
    if (!status.has_value()) {
      return Fault(
          "has a response without a :status of 100 to 999 (RFC 9113 8.3.2)");
    }
    if (*status == 101)
      return Fault("has status 101; it must be other than 101 (RFC 9113 8.6)");
    return absl::OkStatus();
  }

 private:
  ABSL_ATTRIBUTE_COLD absl::Status Fault(
      absl::string_view predicate,
      ErrorKind kind = ErrorKind::kInvalidHeaders) const {
    return StreamFault(kind, id_, predicate);
  }
  ABSL_ATTRIBUTE_COLD absl::Status FieldFault(const HeaderView& field,
                                              absl::string_view fault,
                                              absl::string_view section) const {
    return Fault(absl::StrCat("has the field ", ShortName(field.name), " with ",
                              fault, " (RFC 9113 ", section, ")"));
  }

  // §8.2.2.
  static bool TeIsLegal(const NamedField& field) {
    return absl::EqualsIgnoreCase(field.value, "trailers");
  }

  // The first rule that is broken counts.
  ABSL_ATTRIBUTE_COLD absl::Status PseudoFault(const NamedField& field) const {
    if (kind_ == SectionKind::kTrailers) {
      return Fault(
          absl::StrCat("has the pseudo-header field ", ShortName(field.name),
                       " in trailers, which have none (RFC 9113 8.1)"));
    }
    if (field.is == FieldName::kIllegal ||
        (field.is == FieldName::kProtocol && !extended_connect_)) {
      return Fault(absl::StrCat("has the unknown pseudo-header field ",
                                ShortName(field.name), " (RFC 9113 8.3)"));
    }
    if ((facts_.seen() & ~kPseudo) != 0) {
      return Fault(absl::StrCat("has ", field.name,
                                " after a regular field; it comes before all "
                                "regular fields (RFC 9113 8.3)"),
                   ErrorKind::kPseudoHeaderOrder);
    }
    if (facts_.Has(field.is)) {
      return Fault(absl::StrCat("has ", field.name,
                                " twice; it may come once (RFC 9113 8.3)"));
    }
    return Fault(absl::StrCat("has ", field.name, " in a ",
                              kind_ == SectionKind::kResponse
                                  ? "response; it is a field of a request"
                                  : "request; it is a field of a response",
                              " (RFC 9113 8.3)"));
  }

  ABSL_ATTRIBUTE_COLD absl::Status RegularFault(const NamedField& field) const {
    if (field.is == FieldName::kConnectionSpecific) {
      return Fault(absl::StrCat("has the connection-specific field ",
                                field.name,
                                "; HTTP/2 has none (RFC 9113 8.2.2)"));
    }
    return field.is == FieldName::kTe
               ? Fault(
                     "has a te field other than \"trailers\" (RFC 9113 "
                     "8.2.2)")
               : Fault("has two Host fields (RFC 9110 7.2)");
  }

  // §8.3.1, §8.4, §8.5 and RFC 8441 §4. The first rule that is broken counts.
  absl::Status CheckRequest(absl::Span<const NamedField> fields) const {
    const absl::string_view method = facts_.ValueOf(FieldName::kMethod);
    if (kind_ == SectionKind::kPushPromise) {
      const ContentLength length = ContentLengthOf(fields, facts_);
      if (!length.legal || length.value.value_or(0) != 0) {
        return Fault("has a promised request with content (RFC 9113 8.4)");
      }
    }
    if (method.empty()) {
      return Fault("has a request without :method (RFC 9113 8.3.1)");
    }
    if (!AllAre(kInMethod, method)) {
      return Fault("has a :method that is no token (RFC 9110 9.1)");
    }
    if (kind_ == SectionKind::kPushPromise && method != "GET" &&
        method != "HEAD") {
      return Fault(
          "has a promised request other than GET and HEAD (RFC 9113 8.4)");
    }
    const bool extended = facts_.Find(FieldName::kProtocol) != nullptr;
    if (method == "CONNECT" && !extended) return CheckConnect();
    if (method != "CONNECT" && extended) {
      return Fault("has :protocol without CONNECT (RFC 8441 4)");
    }
    return CheckTarget();
  }

  // §8.5.
  absl::Status CheckConnect() const {
    if (facts_.Find(FieldName::kScheme) != nullptr ||
        facts_.Find(FieldName::kPath) != nullptr) {
      return Fault("has a CONNECT with :scheme or :path (RFC 9113 8.5)");
    }
    if (facts_.ValueOf(FieldName::kAuthority).empty()) {
      return Fault("has a CONNECT without :authority (RFC 9113 8.5)");
    }
    return CheckAuthority(facts_.ValueOf(FieldName::kAuthority));
  }

  absl::Status CheckAuthority(absl::string_view authority) const {
    if (AllAre(kInAuthority, authority)) return absl::OkStatus();
    return Fault(
        "has an authority with a character that it may not have (RFC "
        "3986 3.2)");
  }

  // §8.3.1: a server that passes the request on puts it into a request line.
  absl::Status CheckPath(absl::string_view scheme,
                         absl::string_view path) const {
    if (!AllAre(kInPath, path)) {
      return Fault(
          "has a :path with a space or a control character (RFC 9113 8.3.1)");
    }
    if (path[0] == '/' || !IsHttp(scheme) ||
        (path == "*" && facts_.ValueOf(FieldName::kMethod) == "OPTIONS")) {
      return absl::OkStatus();
    }
    return Fault(
        "has a :path that does not begin with \"/\", and is not the \"*\" of "
        "OPTIONS (RFC 9113 8.3.1)");
  }

  // §8.3.1.
  absl::Status CheckTarget() const {
    const absl::string_view scheme = facts_.ValueOf(FieldName::kScheme);
    const HeaderView* const authority = facts_.Find(FieldName::kAuthority);
    const HeaderView* const host = facts_.Find(FieldName::kHost);
    if (scheme.empty()) {
      return Fault("has a request without :scheme (RFC 9113 8.3.1)");
    }
    if (!AllAre(kInScheme, scheme) ||
        !absl::ascii_isalpha(static_cast<unsigned char>(scheme[0]))) {
      return Fault("has a :scheme that is none (RFC 3986 3.1)");
    }
    const absl::string_view path = facts_.ValueOf(FieldName::kPath);
    if (path.empty()) {
      return Fault("has a request without :path (RFC 9113 8.3.1)");
    }
    SLUICE_RETURN_IF_ERROR(CheckPath(scheme, path));
    if (authority == nullptr && host == nullptr) {
      return Fault(
          "has a request without :authority and Host (RFC 9113 8.3.1)");
    }
    const absl::string_view given =
        authority != nullptr ? authority->value : host->value;
    SLUICE_RETURN_IF_ERROR(CheckAuthority(given));
    if (authority != nullptr && host != nullptr &&
        !SameAuthority(scheme, given, host->value)) {
      return Fault("has a Host other than its :authority (RFC 9113 8.3.1)");
    }
    if (given.empty() && IsHttp(scheme)) {
      return Fault("has an empty authority (RFC 9110 4.2.1, 4.2.2)");
    }
    if (authority != nullptr && absl::StrContains(given, '@') &&
        IsHttp(scheme)) {
      return Fault("has user information in :authority (RFC 9113 8.3.1)");
    }
    return absl::OkStatus();
  }

  StreamId id_;
  SectionKind kind_;
  bool extended_connect_;
  NameSet legal_;  // the names that the next field may have
  SectionFacts& facts_;
};

// Digits only, below 2^63. -1: it is something else.
int64_t ParseLength(absl::string_view digits) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (digits.empty()) return -1;
  int64_t value = 0;
  for (const char c : digits) {
    const int digit = c - '0';
    if (digit < 0 || digit > 9 || value > (kMax - digit) / 10) return -1;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace

SectionFacts FactsOf(absl::Span<const NamedField> fields) {
  SectionFacts facts;
  for (const NamedField& field : fields) facts.Note(field);
  return facts;
}

absl::Status CheckHeaders(StreamId id, absl::Span<const NamedField> fields,
                          SectionKind kind, bool extended_connect,
                          SectionFacts* facts) {
  Checker checker(id, kind, extended_connect, facts);
  for (const NamedField& field : fields) {
    if (!checker.Accepts(field)) return checker.FaultOf(field);
  }
  return checker.CheckSection(fields);
}

bool SameAuthority(absl::string_view scheme, absl::string_view a,
                   absl::string_view b) {
  return a == b ||
         NormalizeAuthority(scheme, a) == NormalizeAuthority(scheme, b);
}

std::string ShortName(absl::string_view name) {
  constexpr size_t kShort = 64;
  return absl::StrCat(absl::CHexEscape(name.substr(0, kShort)),
                      name.size() > kShort ? "…" : "");
}

ContentLength ContentLengthOf(absl::Span<const NamedField> fields,
                              const SectionFacts& facts) {
  ContentLength length;
  const HeaderView* const first = facts.Find(FieldName::kContentLength);
  if (first == nullptr) return length;
  const int64_t only = ParseLength(first->value);
  length.legal = only >= 0;
  if (length.legal) length.value = only;
  if (!facts.HasSeveral(FieldName::kContentLength)) return length;
  for (const NamedField& field : fields) {
    if (field.is != FieldName::kContentLength) continue;
    const int64_t value = ParseLength(field.value);
    length.legal &= value >= 0 && value == length.value;
    if (value < 0) break;
    length.value = value;
  }
  return length;
}

void JoinCookies(NamedFields* fields, HeaderMemory* memory) {
  const auto is_cookie = [](const NamedField& field) {
    return field.is == FieldName::kCookie;
  };
  constexpr absl::string_view kGlue = "; ";
  size_t size = 0;
  size_t cookies = 0;
  NamedField joined;
  for (const NamedField& field : *fields) {
    if (!is_cookie(field)) continue;
    joined = field;
    size += field.value.size() + kGlue.size();
    ++cookies;
  }
  if (cookies == 0) return;
  if (cookies > 1) {
    char* const text = memory->Text(size);
    char* end = text;
    for (const NamedField& field : *fields) {
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
