// Paths that a user typed, and the files there.
#ifndef SLUICE_SUPPORT_PATHS_H_
#define SLUICE_SUPPORT_PATHS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::support {

// `bazel run` starts a program in its runfiles folder and leaves the user's
// folder in BUILD_WORKING_DIRECTORY. Resolves a relative path against that
// folder when the variable is set. Absolute and empty paths stay as they are.
// Looks up nothing on disk, so globs pass through.
std::string ResolveUserPath(absl::string_view path);

// Resolves the arguments as paths of the user. An argument that begins with '@'
// names a file with one path a line and stands for those paths: a list may be
// longer than a command line. All are inputs. Error: NotFound, a sentence with
// the file that cannot be read.
absl::StatusOr<std::vector<std::string>> ExpandPathLists(
    absl::Span<const std::string> arguments);

// The contents of a file, which is an input then. Error: NotFound, "cannot read
// PATH: REASON".
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Remembers a file that this program reads. OpenOrExit() (whole_file.h) writes
// over none of them. Thread-safe, as are the two functions above.
void NoteInput(const std::string& path);
// Whether the file is one of those, under this name or another.
bool IsInput(const std::string& path);

}  // namespace sluice::support

#endif  // SLUICE_SUPPORT_PATHS_H_
