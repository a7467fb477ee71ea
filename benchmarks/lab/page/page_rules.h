// Derives the rest of a page from its resources, for every reader: that of page
// files (page_fixture.h) and that of HAR files (capture/har_page.h).
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_PAGE_RULES_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_PAGE_RULES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// Limits of a page, in bytes of one body, milliseconds (almost three hours) and
// resources.
inline constexpr int64_t kMaxResourceBytes = int64_t{1} << 30;
inline constexpr double kMaxCaptureMs = 1e7;
inline constexpr size_t kMaxResources = 10'000;

// Of a page's name: letters, digits, '_', '-', '.'.
inline constexpr size_t kMaxPageName = 100;
bool IsPageNameCharacter(char c);

template <typename T>
struct NamedValue {
  absl::string_view name;  // in page files
  T value;
};

// "VeryHigh".
absl::string_view ChromeLevelName(ChromeLevel level);

// By value, all of them; RenderBlocking without kNo, which has no name.
absl::Span<const NamedValue<ChromeLevel>> ChromeLevelRows();
absl::Span<const NamedValue<RenderBlocking>> RenderBlockingRows();

struct TypeRow {
  absl::string_view name;  // in page files
  ResourceType value;
  absl::string_view label;
  scheduler::ResourceClass resource_class;
  ChromeLevel level;  // of a request for which the capture has none
};

// By ResourceType, all of them.
absl::Span<const TypeRow> ResourceTypeRows();

// Sets the type, and by it the label (`id` must be set), the class and the
// level.
void SetType(ResourceType type, Resource& resource);

// Derives three hints: `in_head` of stylesheets and scripts that block
// rendering, `after_first_image` of scripts, by the page's order, and
// `bytes_remaining`. O(resources).
void SetHints(std::vector<Resource>& resources);

// Index of the page's document: what the page calls so, else the first root; if
// that is redirected, the HTML at the end of the redirects. At least one
// resource must be a root. O(resources · redirects).
size_t DocumentOf(absl::Span<const Resource> resources);

// Sets `render_critical` and `above_the_fold` as page.h defines them, and
// `lcp_candidate` unless a resource has it. At least one resource must be a
// root. O(resources · redirects).
void MarkMetricSets(std::vector<Resource>& resources);

// The time of a resource's load in the capture, in milliseconds from the same
// instant for all resources.
struct CaptureTimes {
  std::optional<double> start_ms;
  std::optional<double> end_ms;
  std::optional<double> reprioritised_ms;  // beside a change of mind
};

// Sets `after` and `delay_ns` of each change of mind from the capture. `times`
// has one element for each resource; beside a change of mind,
// `reprioritised_ms` needs a `start_ms` that is not after it. Call
// MarkMetricSets() first. O(resources²).
void PlaceChangesOfMind(absl::Span<const CaptureTimes> times,
                        std::vector<Resource>& resources);

// Milliseconds to nanoseconds and back. Below 2^53 ns each has a double of its
// own, so it comes back as it was.
int64_t ToNanoseconds(double ms);
double InMilliseconds(int64_t ns);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_PAGE_RULES_H_
