#include <sluice/h2/header_normalization.h>
#include <sluice/h2/header_validation.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

// Shorter cookies can be guessed one byte at a time by their compressed size.
constexpr size_t kShortCookie = 20;

bool HasUpper(absl::string_view name) {
  return absl::c_any_of(name,
                        [](unsigned char c) { return absl::ascii_isupper(c); });
}

bool IsSecret(const FieldView& field) {
  return field.name == "authorization" || field.name == "proxy-authorization" ||
         (field.name == "cookie" && field.value.size() < kShortCookie);
}

void Add(FieldView field, OutboundFields* out) {
  field.never_indexed = field.never_indexed || IsSecret(field);
  out->fields.push_back(field);
}

void AddCookies(FieldView field, OutboundFields* out) {
  absl::string_view rest = field.value;
  while (true) {
    const size_t end = rest.find("; ");
    field.value = rest.substr(0, end);
    Add(field, out);
    if (end == absl::string_view::npos) return;
    rest.remove_prefix(end + 2);
  }
}

}  // namespace

OutboundFields PrepareOutbound(absl::Span<const Header> headers,
                               const OutboundRules& rules) {
  OutboundFields out;
  out.fields.reserve(headers.size());
  for (const Header& header : headers) {
    FieldView field{header.name, header.value, header.never_indexed};
    if (rules.normalize) {
      field.name = absl::StripAsciiWhitespace(field.name);
      field.value = absl::StripAsciiWhitespace(field.value);
      if (HasUpper(field.name)) {
        out.names.push_back(absl::AsciiStrToLower(field.name));
        field.name = out.names.back();
      }
      if (IsConnectionSpecific(field.name)) continue;
    }
    if (rules.split_cookies && field.name == "cookie") {
      AddCookies(field, &out);
    } else {
      Add(field, &out);
    }
  }
  return out;
}

void JoinCookies(std::vector<Header>* headers) {
  std::string joined;
  bool any = false;
  std::vector<Header> others;
  const auto is_cookie = [](const Header& h) { return h.name == "cookie"; };
  if (absl::c_none_of(*headers, is_cookie)) return;
  others.reserve(headers->size());
  for (Header& header : *headers) {
    if (!is_cookie(header)) {
      others.push_back(std::move(header));
      continue;
    }
    absl::StrAppend(&joined, any ? "; " : "", header.value);
    any = true;
  }
  others.push_back({"cookie", std::move(joined), true});
  *headers = std::move(others);
}

}  // namespace sluice::h2
