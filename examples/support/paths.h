// Where a path that a user typed points to.
#ifndef SLUICE_EXAMPLES_SUPPORT_PATHS_H_
#define SLUICE_EXAMPLES_SUPPORT_PATHS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sluice::examples {

// `bazel run` starts a program in its runfiles folder and leaves the folder it
// was called from in BUILD_WORKING_DIRECTORY. A relative path is resolved
// against that folder when the variable is set, and is returned as it came
// otherwise; absolute and empty paths always are. Nothing is looked up on disk,
// so globs pass through.
std::string ResolveUserPath(absl::string_view path);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SUPPORT_PATHS_H_
