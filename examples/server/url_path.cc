#include "examples/server/url_path.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::StatusOr<std::string> PercentDecode(absl::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return absl::InvalidArgumentError("a broken percent-escape");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return absl::InvalidArgumentError("a NUL in the path");
    decoded.push_back(c);
  }
  return decoded;
}

}  // namespace

absl::StatusOr<UrlPath> ParseUrlPath(absl::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (target.empty() || target[0] != '/') {
    return absl::InvalidArgumentError("the path does not begin with '/'");
  }
  absl::StatusOr<std::string> decoded = PercentDecode(target);
  if (!decoded.ok()) return decoded.status();

  UrlPath result;
  std::vector<absl::string_view> kept;
  for (absl::string_view segment : absl::StrSplit(*decoded, '/')) {
    // The last segment decides.
    result.folder = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      if (kept.empty()) return absl::NotFoundError("'..' above the root");
      kept.pop_back();
    } else if (!result.folder) {
      kept.push_back(segment);
    }
  }
  result.name = absl::StrJoin(kept, "/");
  return result;
}

std::string EncodeUrlPath(absl::string_view path) {
  constexpr absl::string_view kAllowed = "-._~!$&'()*+,;=:@/";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const unsigned char c : path) {
    if (absl::ascii_isalnum(c) || kAllowed.find(c) != absl::string_view::npos) {
      encoded.push_back(c);
    } else {
      encoded.append({'%', kHex[c >> 4], kHex[c & 15]});
    }
  }
  return encoded;
}

}  // namespace sluice::examples
