#include "benchmarks/probe/url.h"

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace sluice::probe {
namespace {

uint16_t OwnPort(absl::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

bool IsVisibleAscii(absl::string_view text) {
  return absl::c_all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Whether the text may stand in brackets, which no other host may have (RFC
// 3986 §3.2.2).
bool IsIpv6(absl::string_view text) {
  return absl::StrContains(text, ':') && absl::c_all_of(text, [](char c) {
           return absl::ascii_isxdigit(c) || c == ':' || c == '.';
         });
}

// Splits "host:port", "[::1]:port". False: it is none.
bool ParseAuthority(absl::string_view text, Url* url) {
  absl::string_view host = text;
  absl::string_view port;
  bool has_port = false;
  if (absl::ConsumePrefix(&host, "[")) {
    const size_t end = host.find(']');
    if (end == absl::string_view::npos) return false;
    port = host.substr(end + 1);
    host = host.substr(0, end);
    if (!IsIpv6(host)) return false;
    has_port = absl::ConsumePrefix(&port, ":");
    if (!has_port && !port.empty()) return false;
  } else if (const size_t colon = host.find(':');
             colon != absl::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
    has_port = true;
  }
  int number = OwnPort(url->scheme);
  if (host.empty() || host.find_first_of("[]") != host.npos ||
      (has_port && !absl::SimpleAtoi(port, &number)) || number < 1 ||
      number > 65535) {
    return false;
  }
  url->host = absl::AsciiStrToLower(host);
  url->port = static_cast<uint16_t>(number);
  return true;
}

// RFC 3986 §5.2.4.
std::string WithoutDots(absl::string_view path) {
  std::vector<absl::string_view> kept;
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  for (size_t i = 1; i < segments.size(); ++i) {
    const bool last = i + 1 == segments.size();
    if (segments[i] == "." || segments[i] == "..") {
      if (segments[i] == ".." && !kept.empty()) kept.pop_back();
      if (last) kept.push_back("");
    } else {
      kept.push_back(segments[i]);
    }
  }
  return absl::StrCat("/", absl::StrJoin(kept, "/"));
}

// The value of the attribute that begins at `text`, after its '='.
absl::string_view AttributeValue(absl::string_view text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  if (text.empty()) return {};
  const char quote = text.front();
  if (quote == '"' || quote == '\'') {
    text.remove_prefix(1);
    const size_t end = text.find(quote);
    return end == absl::string_view::npos ? absl::string_view()
                                          : text.substr(0, end);
  }
  return text.substr(0, text.find_first_of(" \t\r\n>"));
}

}  // namespace

std::string Url::Authority() const {
  const bool ipv6 = absl::StrContains(host, ':');
  const std::string name = ipv6 ? absl::StrCat("[", host, "]") : host;
  return port == OwnPort(scheme) ? name : absl::StrCat(name, ":", port);
}

std::string Url::ToString() const {
  return absl::StrCat(scheme, "://", Authority(), path);
}

absl::StatusOr<Url> ParseUrl(absl::string_view text) {
  Url url;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits("://", 1));
  url.scheme = absl::AsciiStrToLower(parts.first);
  const absl::string_view rest = parts.second.substr(0, parts.second.find('#'));
  const size_t slash = rest.find_first_of("/?");
  const bool ok = (url.scheme == "http" || url.scheme == "https") &&
                  IsVisibleAscii(rest) &&
                  !absl::StrContains(rest.substr(0, slash), '@') &&
                  ParseAuthority(rest.substr(0, slash), &url);
  if (!ok) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text,
                     "' is no URL to probe; it must be http://HOST[:PORT]/PATH "
                     "or https://HOST[:PORT]/PATH"));
  }
  const absl::string_view path =
      slash == absl::string_view::npos ? "" : rest.substr(slash);
  url.path =
      absl::StartsWith(path, "/") ? std::string(path) : absl::StrCat("/", path);
  return url;
}

absl::StatusOr<Url> Resolve(absl::string_view reference, const Url& base) {
  reference = reference.substr(0, reference.find('#'));
  const size_t colon = reference.find_first_of(":/?");
  if (colon != absl::string_view::npos && reference[colon] == ':') {
    return ParseUrl(reference);
  }
  if (absl::StartsWith(reference, "//")) {
    return ParseUrl(absl::StrCat(base.scheme, ":", reference));
  }
  if (!IsVisibleAscii(reference)) {
    return absl::InvalidArgumentError("a link has a space or a control in it");
  }
  Url url = base;
  const absl::string_view base_path =
      absl::string_view(base.path).substr(0, base.path.find('?'));
  if (reference.empty()) return url;
  if (reference.front() == '?') {
    url.path = absl::StrCat(base_path, reference);
    return url;
  }
  const size_t query = reference.find('?');
  const absl::string_view path = reference.substr(0, query);
  url.path = WithoutDots(
      path.front() == '/'
          ? path
          : absl::StrCat(base_path.substr(0, base_path.rfind('/') + 1), path));
  if (query != absl::string_view::npos) {
    absl::StrAppend(&url.path, reference.substr(query));
  }
  return url;
}

std::vector<Url> LinksOf(absl::string_view html, const Url& base) {
  std::vector<Url> links;
  const std::string lower = absl::AsciiStrToLower(html);
  for (const std::string name : {"src", "href"}) {
    for (size_t at = lower.find(name); at != std::string::npos;
         at = lower.find(name, at + 1)) {
      if (at == 0 || !absl::ascii_isspace(lower[at - 1])) continue;
      absl::string_view rest =
          absl::StripLeadingAsciiWhitespace(html.substr(at + name.size()));
      if (!absl::ConsumePrefix(&rest, "=")) continue;
      const std::string value =
          absl::StrReplaceAll(AttributeValue(rest), {{"&amp;", "&"}});
      if (value.empty() || value.front() == '#') continue;
      const absl::StatusOr<Url> url = Resolve(value, base);
      if (url.ok() && url->SameOrigin(base) &&
          !absl::c_linear_search(links, *url)) {
        links.push_back(*url);
      }
    }
  }
  return links;
}

}  // namespace sluice::probe
