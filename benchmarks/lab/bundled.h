// Where a program finds the files that come with it.
#ifndef SLUICE_BENCHMARKS_LAB_BUNDLED_H_
#define SLUICE_BENCHMARKS_LAB_BUNDLED_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sluice::lab {

// The folder `path` of the workspace among the program's data. `bazel run` and
// tests start in the runfiles folder; a program that is started by its path,
// `argv0`, finds that folder beside itself.
std::string BundledFolder(absl::string_view argv0, const std::string& path);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BUNDLED_H_
