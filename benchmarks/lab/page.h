// A page: what a browser loads, and what makes it discover each resource.
//
// A page comes from a file in the lab's own format, `h2-page-fixture/1`
// (benchmarks/lab/pages/README.md): one JSON object with `page` and
// `resources`; or from a HAR file of any origin (har_page.h). Which of them a
// file is, its content says: a HAR has a `log`, a page file a `format`. Reading
// checks everything that the engine relies on, so that a page can be loaded to
// its end: ids are unique, every size and time is in range, and every resource
// is discovered by some chain of initiators that begins at a root.
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
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_H_

#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
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

// "html", as page files write it.
absl::string_view ResourceTypeName(ResourceType type);

// Chrome's five levels of a request, the most urgent first.
enum class ChromeLevel { kVeryHigh, kHigh, kMedium, kLow, kVeryLow };
inline constexpr int kChromeLevels = 5;

enum class RenderBlocking { kNo, kDocument, kStylesheet, kParser, kParserLate };

// A resource of a synthetic page that is requested when the resources of `role`
// have together received `bytes`, or when `completed` of them are complete.
struct Trigger {
  std::string role;
  uint64_t bytes = 0;    // 0: does not count
  size_t completed = 0;  // 0: does not count
};

// The browser raises or lowers a request that is on its way. It does so
// `delay_ns` after the request was sent and the resources `after` (indices) are
// complete: those render-critical ones that were complete in the capture when
// Chrome changed its mind. An image is raised when layout puts it into view,
// and layout waits for the stylesheets on a slow link as on a fast one; an
// offset from the request alone would raise it before it can be known.
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
  scheduler::ResourceHints hints;  // what the server side may know

  bool render_critical = false;
  bool above_the_fold = false;

  // The level after a change of mind, if there is one.
  ChromeLevel FinalLevel() const {
    return change_of_mind.has_value() ? change_of_mind->level : level;
  }
};

struct Page {
  std::string name;
  std::string sha256;  // of the file's bytes, in hexadecimal
  // Of a HAR: what was left out, what had to be inferred and which values were
  // unusable; one sentence.
  std::string note;
  std::vector<Resource> resources;

  // Bytes that go over the wire as bodies: of everything but redirects.
  uint64_t BodyBytes() const;
};

// Why the metrics of `page` may mean less than they seem to: sets that hold the
// document alone, and kinds of resources that have none in the set where they
// should be. Each without a full stop. Needs no more of the resources than
// their type, `redirect` and the two sets. O(resources).
std::vector<std::string> PageWarnings(const Page& page);

// Reads a page from `text`. `file` names it in errors; the name of a page from
// a HAR is the last part of it, without extension. Error: InvalidArgument, one
// sentence with the file, the resource or the entry, and the field.
// O(bytes + resources²).
absl::StatusOr<Page> ParsePage(absl::string_view text, absl::string_view file);

// The same from a file of at most 64 MiB. Errors: NotFound (cannot be read),
// InvalidArgument.
absl::StatusOr<Page> LoadPageFile(const std::string& path);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_H_
