// Finds the files that come with a program.
#ifndef SLUICE_SUPPORT_BUNDLED_H_
#define SLUICE_SUPPORT_BUNDLED_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sluice::support {

// The folder `path` of the workspace among the program's data. `bazel run` and
// tests start in the runfiles folder; a program that the user starts by its
// path, `argv0`, has that folder beside it.
std::string BundledFolder(absl::string_view argv0, const std::string& path);

}  // namespace sluice::support

#endif  // SLUICE_SUPPORT_BUNDLED_H_
