#include "benchmarks/lab/capture/har_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/page/page_rules.h"

namespace sluice::lab {
namespace {

constexpr NamedValue<ResourceType> kChromeNames[] = {
    {"document", ResourceType::kHtml},
    {"stylesheet", ResourceType::kCss},
    {"script", ResourceType::kJs},
    {"font", ResourceType::kFont},
    {"image", ResourceType::kImage},
    {"xhr", ResourceType::kFetch},
    {"fetch", ResourceType::kFetch},
    {"eventsource", ResourceType::kFetch},
    {"preflight", ResourceType::kFetch},
    {"media", ResourceType::kMedia},
    {"texttrack", ResourceType::kMedia},
    {"manifest", ResourceType::kManifest},
    {"ping", ResourceType::kBeacon},
    {"cspviolationreport", ResourceType::kBeacon},
    {"csp-violation-report", ResourceType::kBeacon},
    {"other", ResourceType::kOther},
};

constexpr NamedValue<ResourceType> kDestinations[] = {
    {"document", ResourceType::kHtml},     {"iframe", ResourceType::kHtml},
    {"frame", ResourceType::kHtml},        {"fencedframe", ResourceType::kHtml},
    {"style", ResourceType::kCss},         {"script", ResourceType::kJs},
    {"worker", ResourceType::kJs},         {"sharedworker", ResourceType::kJs},
    {"serviceworker", ResourceType::kJs},  {"audioworklet", ResourceType::kJs},
    {"paintworklet", ResourceType::kJs},   {"font", ResourceType::kFont},
    {"image", ResourceType::kImage},       {"audio", ResourceType::kMedia},
    {"video", ResourceType::kMedia},       {"track", ResourceType::kMedia},
    {"manifest", ResourceType::kManifest}, {"report", ResourceType::kBeacon},
    {"json", ResourceType::kFetch},        {"empty", ResourceType::kFetch},
};

constexpr NamedValue<ResourceType> kMimeTypes[] = {
    {"text/html", ResourceType::kHtml},
    {"application/xhtml+xml", ResourceType::kHtml},
    {"text/css", ResourceType::kCss},
    {"text/ecmascript", ResourceType::kJs},
    {"application/ecmascript", ResourceType::kJs},
    {"application/font-woff", ResourceType::kFont},
    {"application/font-woff2", ResourceType::kFont},
    {"application/vnd.ms-fontobject", ResourceType::kFont},
    {"application/json", ResourceType::kFetch},
    {"application/wasm", ResourceType::kFetch},
    {"text/xml", ResourceType::kFetch},
    {"application/xml", ResourceType::kFetch},
    {"application/manifest+json", ResourceType::kManifest},
};

constexpr NamedValue<ResourceType> kExtensions[] = {
    {"html", ResourceType::kHtml},  {"htm", ResourceType::kHtml},
    {"css", ResourceType::kCss},    {"js", ResourceType::kJs},
    {"mjs", ResourceType::kJs},     {"woff", ResourceType::kFont},
    {"woff2", ResourceType::kFont}, {"ttf", ResourceType::kFont},
    {"otf", ResourceType::kFont},   {"eot", ResourceType::kFont},
    {"png", ResourceType::kImage},  {"jpg", ResourceType::kImage},
    {"jpeg", ResourceType::kImage}, {"gif", ResourceType::kImage},
    {"svg", ResourceType::kImage},  {"webp", ResourceType::kImage},
    {"avif", ResourceType::kImage}, {"ico", ResourceType::kImage},
    {"json", ResourceType::kFetch}, {"wasm", ResourceType::kFetch},
    {"mp4", ResourceType::kMedia},  {"webm", ResourceType::kMedia},
    {"mp3", ResourceType::kMedia},  {"webmanifest", ResourceType::kManifest},
};

constexpr NamedValue<ChromeLevel> kLevelNames[] = {
    {"VeryHigh", ChromeLevel::kVeryHigh}, {"High", ChromeLevel::kHigh},
    {"Medium", ChromeLevel::kMedium},     {"Low", ChromeLevel::kLow},
    {"VeryLow", ChromeLevel::kVeryLow},   {"Highest", ChromeLevel::kVeryHigh},
    {"Lowest", ChromeLevel::kVeryLow},    {"HIGHEST", ChromeLevel::kVeryHigh},
    {"MEDIUM", ChromeLevel::kHigh},       {"LOW", ChromeLevel::kMedium},
    {"LOWEST", ChromeLevel::kLow},        {"IDLE", ChromeLevel::kVeryLow},
    {"THROTTLED", ChromeLevel::kVeryLow},
};

template <typename T, size_t N>
std::optional<T> Find(const NamedValue<T> (&words)[N], absl::string_view word) {
  for (const NamedValue<T>& row : words) {
    if (row.name == word) return row.value;
  }
  return std::nullopt;
}

}  // namespace

bool IsHttpUrl(absl::string_view url) {
  return absl::StartsWithIgnoreCase(url, "http:") ||
         absl::StartsWithIgnoreCase(url, "https:");
}

absl::string_view WithoutFragment(absl::string_view url) {
  return url.substr(0, url.find('#'));
}

absl::string_view OriginOf(absl::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == absl::string_view::npos) return url;
  return url.substr(0, url.find_first_of("/?", scheme + 3));
}

std::string ResolveUrl(absl::string_view base, absl::string_view target) {
  target = WithoutFragment(target);
  if (IsHttpUrl(target)) return std::string(target);
  const absl::string_view origin = OriginOf(base);
  if (absl::StartsWith(target, "//")) {
    return absl::StrCat(base.substr(0, base.find(':') + 1), target);
  }
  if (absl::StartsWith(target, "/")) return absl::StrCat(origin, target);
  const absl::string_view path = base.substr(0, base.find('?'));
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos || slash < origin.size()) {
    return absl::StrCat(origin, "/", target);
  }
  return absl::StrCat(path.substr(0, slash + 1), target);
}

std::optional<ResourceType> TypeOfChromeName(absl::string_view name) {
  return Find(kChromeNames, absl::AsciiStrToLower(name));
}

std::optional<ResourceType> TypeOfDestination(absl::string_view destination) {
  return Find(kDestinations, absl::AsciiStrToLower(destination));
}

std::optional<ResourceType> TypeOfMime(absl::string_view mime) {
  const std::string type = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(mime.substr(0, mime.find(';'))));
  if (auto found = Find(kMimeTypes, type)) return found;
  if (absl::StrContains(type, "javascript")) return ResourceType::kJs;
  if (absl::StrContains(type, "font")) return ResourceType::kFont;
  if (absl::StartsWith(type, "image/")) return ResourceType::kImage;
  if (absl::EndsWith(type, "+json")) return ResourceType::kFetch;
  if (absl::StartsWith(type, "audio/") || absl::StartsWith(type, "video/")) {
    return ResourceType::kMedia;
  }
  return std::nullopt;
}

std::optional<ResourceType> TypeOfExtension(absl::string_view url) {
  const absl::string_view path = url.substr(0, url.find('?'));
  const size_t dot = path.rfind('.');
  if (dot == absl::string_view::npos) return std::nullopt;
  return Find(kExtensions, absl::AsciiStrToLower(path.substr(dot + 1)));
}

std::optional<ChromeLevel> LevelOfName(absl::string_view name) {
  return Find(kLevelNames, name);
}

}  // namespace sluice::lab
