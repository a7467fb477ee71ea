#include <sluice/h2/authority.h>

#include <cstddef>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {
namespace {

// RFC 3986 §2.3.
bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool IsDigits(absl::string_view text) {
  return absl::c_all_of(text,
                        [](unsigned char c) { return absl::ascii_isdigit(c); });
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
std::string Normalize(absl::string_view scheme, absl::string_view authority) {
  const size_t at = authority.rfind('@');
  const size_t userinfo = at == absl::string_view::npos ? 0 : at + 1;
  absl::string_view host = authority.substr(userinfo);
  absl::string_view port;
  const size_t colon = host.rfind(':');
  // A colon inside of a host is one of an IPv6 literal, in brackets.
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

}  // namespace

bool SameAuthority(absl::string_view scheme, absl::string_view a,
                   absl::string_view b) {
  return a == b || Normalize(scheme, a) == Normalize(scheme, b);
}

}  // namespace sluice::h2
