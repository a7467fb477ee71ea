// What follows for a page from its resources, wherever they were read from: a
// page file (page.h) or a HAR file (har_page.h).
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_RULES_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_RULES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/page.h"

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

// By value, all of them; RenderBlocking without kNo, which has no name.
absl::Span<const NamedValue<ChromeLevel>> ChromeLevelRows();
absl::Span<const NamedValue<RenderBlocking>> RenderBlockingRows();

struct TypeRow {
  absl::string_view name;  // in page files
  ResourceType value;
  absl::string_view label;
  scheduler::ResourceClass resource_class;
  ChromeLevel level;  // where the capture says nothing
};

// By ResourceType, all of them.
absl::Span<const TypeRow> ResourceTypeRows();

// Sets what follows from the type: the label (`id` must be set), the class and
// the level.
void SetType(ResourceType type, Resource& resource);

// Sets the hints that follow from the rest: `in_head` of stylesheets and
// scripts that block rendering, `after_first_image` of scripts, by the page's
// order, and `bytes_remaining`. O(resources).
void SetHints(std::vector<Resource>& resources);

// Sets `render_critical` and `above_the_fold` as page.h defines them. At least
// one resource must be a root. O(resources · redirects).
void MarkMetricSets(std::vector<Resource>& resources);

// When a resource was on its way in the capture, in milliseconds from one
// instant for all.
struct CaptureTimes {
  std::optional<double> start_ms;
  std::optional<double> end_ms;
  std::optional<double> reprioritised_ms;  // beside a change of mind
};

// Sets what each change of mind waits for, and for how long, from the capture.
// One element of `times` for each resource; where there is a change of mind and
// a `reprioritised_ms`, there must be a start_ms, not after it. After
// MarkMetricSets(). O(resources²).
void PlaceChangesOfMind(absl::Span<const CaptureTimes> times,
                        std::vector<Resource>& resources);

// Milliseconds to nanoseconds.
int64_t ToNanoseconds(double ms);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_RULES_H_
