// A page: the resources that a browser loads, and how it discovers each.
//
// Pages are read from files (capture/page_file.h). A reader checks all that the
// load relies on, so that a page can be loaded to its end: ids are unique,
// every size and time is in range, and a chain of initiators that begins at a
// root discovers every resource.
//
// Two sets of resources carry the lab's metrics. Redirects are in neither.
//  - Render-critical: the document; stylesheets that block rendering
//    (`render_blocking` "render"); scripts that block the parser in the head
//    ("parser"). Nothing is painted before these. The document is the resource
//    marked "document"; if that is a redirect, the first html resource whose
//    initiators are redirects only.
//  - Above the fold (ATF): the render-critical ones, the other stylesheets but
//    those that Chrome gives its lowest level (their media do not match),
//    fonts, and the images in the viewport (`in_viewport`). The first screen is
//    complete with these.
// The candidates for the largest contentful paint are of the second set: those
// that the page file names (`lcp`); else the largest image in the viewport, or
// every one of that size; else, on a page without such an image, the document,
// for its text. A font that a page names stands for the text that waits for it.
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_PAGE_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_PAGE_H_

#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::lab {

enum class ResourceType {
  kHtml,
  kCss,
  kJs,
  kFont,
  kImage,
  kFetch,
  kMedia,
  kManifest,
  kBeacon,
  kOther,
};
inline constexpr size_t kResourceTypes = 10;

// The type's name in page files: "html".
absl::string_view ResourceTypeName(ResourceType type);

// Chrome's five levels of a request, the most urgent first.
enum class ChromeLevel { kVeryHigh, kHigh, kMedium, kLow, kVeryLow };
inline constexpr int kChromeLevels = 5;

enum class RenderBlocking { kNo, kDocument, kStylesheet, kParser, kParserLate };

// The browser requests a resource of a synthetic page when the resources of
// `role` have together received `bytes`, or when `completed` of them are
// complete.
struct Trigger {
  std::string role;
  uint64_t bytes = 0;    // 0: does not count
  size_t completed = 0;  // 0: does not count
};

// The browser raises or lowers a request that is on its way, `delay_ns` after
// it has sent the request and the resources `after` (indices) are complete: the
// render-critical ones that were complete in the capture when Chrome changed
// its mind. Layout puts an image into view and so raises it, and layout waits
// for stylesheets on a slow link as on a fast one; an offset from the request
// alone would come before the browser can know.
struct ChangeOfMind {
  ChromeLevel level = ChromeLevel::kLow;
  int64_t delay_ns = 0;
  std::vector<size_t> after = {};
};

struct Resource {
  int64_t id = 0;
  std::string label;  // "css5": the type, shortened, and the id
  ResourceType type = ResourceType::kOther;
  uint64_t bytes = 0;     // of the body
  bool redirect = false;  // complete when it is requested; sends no bytes

  // Index of the resource that discovers this one; nothing: a root, or, with a
  // `trigger`, a resource that only the trigger discovers.
  std::optional<size_t> initiator;
  // Bytes of the initiator after which it is discovered; nothing: its end.
  std::optional<uint64_t> discovered_at_byte;
  int64_t discovery_delay_ns = 0;  // from the discovery to the request
  std::optional<Trigger> trigger;
  std::string role;  // of synthetic pages; empty: none
  std::string url;   // where a HAR has it; for people

  ChromeLevel level = ChromeLevel::kLow;  // of the request
  std::optional<ChangeOfMind> change_of_mind;
  RenderBlocking render_blocking = RenderBlocking::kNo;
  scheduler::ResourceHints hints;  // for the server

  bool render_critical = false;
  bool above_the_fold = false;
  bool lcp_candidate = false;

  // The level after a change of mind, if there is one.
  ChromeLevel FinalLevel() const {
    return change_of_mind.has_value() ? change_of_mind->level : level;
  }
};

struct Page {
  std::string name;
  std::string sha256;  // of the file's bytes, in hexadecimal
  // One sentence on a page from a HAR: entries left out, facts inferred and
  // values that were unusable.
  std::string note;
  std::vector<Resource> resources;

  // Bytes that go over the wire as bodies: of everything but redirects.
  uint64_t BodyBytes() const;
};

// Whether `name` is the resource's id, its label or its address.
bool IsCalled(const Resource& resource, absl::string_view name);

// The index of the only resource that is called so. Redirects are not found.
std::optional<size_t> FindResource(const Page& page, absl::string_view name);

// The :path of a resource's request.
std::string PathOf(const Resource& resource);

// Reasons to mistrust the metrics of `page`: a set holds the document alone, or
// misses every resource of a type that belongs in it. Each is a clause without
// a full stop. Reads the resources' type, `redirect` and the two sets only.
// O(resources).
std::vector<std::string> PageWarnings(const Page& page);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_PAGE_H_
