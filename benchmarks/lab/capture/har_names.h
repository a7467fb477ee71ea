// Understands the words of HAR files: addresses, types of resources,
// priorities.
#ifndef SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_NAMES_H_
#define SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_NAMES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// Whether `url` begins with "http:" or "https:", in any case.
bool IsHttpUrl(absl::string_view url);

absl::string_view WithoutFragment(absl::string_view url);

// The scheme and the host of an absolute URL: "https://example.com".
absl::string_view OriginOf(absl::string_view url);

// `target` (a Location) as seen from `base`: absolute, of the same scheme, of
// the same host, or of the same folder (RFC 3986 §5.2 without the removal of
// dot segments). Without a fragment.
std::string ResolveUrl(absl::string_view base, absl::string_view target);

// The type by Chrome's name for it, in any case ("other" is
// ResourceType::kOther); nothing for an unknown name. So below.
std::optional<ResourceType> TypeOfChromeName(absl::string_view name);

// By the Sec-Fetch-Dest of the request (Fetch §3.4.7).
std::optional<ResourceType> TypeOfDestination(absl::string_view destination);

// By "text/css; charset=utf-8".
std::optional<ResourceType> TypeOfMime(absl::string_view mime);

// By the last ".xyz" of the path.
std::optional<ResourceType> TypeOfExtension(absl::string_view url);

// The level by its name in Chrome's DevTools ("VeryHigh"), in WebPageTest
// ("Highest") or in Chrome's network stack ("HIGHEST").
std::optional<ChromeLevel> LevelOfName(absl::string_view name);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_NAMES_H_
