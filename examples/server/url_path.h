// Turns a request's :path into a name below the served folder.
#ifndef SLUICE_EXAMPLES_SERVER_URL_PATH_H_
#define SLUICE_EXAMPLES_SERVER_URL_PATH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {

struct UrlPath {
  // Relative, without ".", ".." and empty segments: "" is the root, "a/b" a
  // file or folder below it. Symbolic links stay as they are.
  std::string name;
  // The path ended in "/" (or in a dot segment): it names a folder.
  bool folder = false;
};

// Cuts the query, decodes percent-escapes, then removes dot segments
// (RFC 3986 §5.2.4, after decoding, so that "%2e%2e%2f" is "../"). Errors:
// InvalidArgument (no leading "/", a broken escape, a NUL), NotFound (".."
// climbs above the root).
absl::StatusOr<UrlPath> ParseUrlPath(absl::string_view target);

// The inverse: escapes every byte that RFC 3986 §3.3 does not allow in a path.
std::string EncodeUrlPath(absl::string_view path);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_URL_PATH_H_
