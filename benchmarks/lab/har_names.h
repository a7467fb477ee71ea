// What the words in HAR files mean: addresses, kinds of resources, priorities.
#ifndef SLUICE_BENCHMARKS_LAB_HAR_NAMES_H_
#define SLUICE_BENCHMARKS_LAB_HAR_NAMES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/page.h"

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

// By Chrome's names of types, in any case; nothing: unknown, or no kind of its
// own ("other" is ResourceType::kOther).
std::optional<ResourceType> TypeOfChromeName(absl::string_view name);

// By the Sec-Fetch-Dest of the request (Fetch §3.4.7).
std::optional<ResourceType> TypeOfDestination(absl::string_view destination);

// By "text/css; charset=utf-8".
std::optional<ResourceType> TypeOfMime(absl::string_view mime);

// By the last ".xyz" of the path.
std::optional<ResourceType> TypeOfExtension(absl::string_view url);

// By the names of Chrome's DevTools ("VeryHigh"), of WebPageTest ("Highest") or
// of Chrome's network stack ("HIGHEST"), which has other words for the same
// five.
std::optional<ChromeLevel> LevelOfName(absl::string_view name);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HAR_NAMES_H_
