#include "examples/server/media_type.h"

#include <sluice/scheduler/policy.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {
namespace {

using Class = ::sluice::scheduler::ResourceClass;

struct Row {
  absl::string_view ending;
  MediaType type;
};

// Sorted by ending.
constexpr Row kTable[] = {
    {"aac", {"audio/aac", Class::kMedia}},
    {"avif", {"image/avif", Class::kImage}},
    {"bmp", {"image/bmp", Class::kImage}},
    {"css", {"text/css; charset=utf-8", Class::kCss}},
    {"csv", {"text/csv; charset=utf-8", Class::kFetch}},
    {"flac", {"audio/flac", Class::kMedia}},
    {"gif", {"image/gif", Class::kImage}},
    {"gz", {"application/gzip", Class::kOther}},
    {"htm", {"text/html; charset=utf-8", Class::kHtml}},
    {"html", {"text/html; charset=utf-8", Class::kHtml}},
    {"ico", {"image/vnd.microsoft.icon", Class::kImage}},
    {"jpeg", {"image/jpeg", Class::kImage}},
    {"jpg", {"image/jpeg", Class::kImage}},
    {"js", {"text/javascript; charset=utf-8", Class::kJs}},
    {"json", {"application/json", Class::kFetch}},
    {"m4a", {"audio/mp4", Class::kMedia}},
    {"map", {"application/json", Class::kOther}},
    {"md", {"text/markdown; charset=utf-8", Class::kOther}},
    {"mjs", {"text/javascript; charset=utf-8", Class::kJs}},
    {"mp3", {"audio/mpeg", Class::kMedia}},
    {"mp4", {"video/mp4", Class::kMedia}},
    {"oga", {"audio/ogg", Class::kMedia}},
    {"ogg", {"audio/ogg", Class::kMedia}},
    {"ogv", {"video/ogg", Class::kMedia}},
    {"otf", {"font/otf", Class::kFont}},
    {"pdf", {"application/pdf", Class::kOther}},
    {"png", {"image/png", Class::kImage}},
    {"svg", {"image/svg+xml", Class::kImage}},
    {"tar", {"application/x-tar", Class::kOther}},
    {"ttf", {"font/ttf", Class::kFont}},
    {"txt", {"text/plain; charset=utf-8", Class::kOther}},
    {"wasm", {"application/wasm", Class::kOther}},
    {"wav", {"audio/wav", Class::kMedia}},
    {"webm", {"video/webm", Class::kMedia}},
    {"webmanifest", {"application/manifest+json", Class::kOther}},
    {"webp", {"image/webp", Class::kImage}},
    {"woff", {"font/woff", Class::kFont}},
    {"woff2", {"font/woff2", Class::kFont}},
    {"xml", {"application/xml", Class::kFetch}},
    {"zip", {"application/zip", Class::kOther}},
};

constexpr bool RowBefore(const Row& a, const Row& b) {
  return a.ending < b.ending;
}
static_assert(std::is_sorted(std::begin(kTable), std::end(kTable), RowBefore));

}  // namespace

MediaType MediaTypeOf(absl::string_view path) {
  constexpr MediaType kUnknown = {"application/octet-stream", Class::kOther};
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  // A name that only begins with a dot (".html") has no ending.
  if (dot == absl::string_view::npos || dot == 0) return kUnknown;
  const std::string ending = absl::AsciiStrToLower(name.substr(dot + 1));
  const Row* row = std::lower_bound(std::begin(kTable), std::end(kTable),
                                    Row{ending, {}}, RowBefore);
  return row != std::end(kTable) && row->ending == ending ? row->type
                                                          : kUnknown;
}

}  // namespace sluice::examples
