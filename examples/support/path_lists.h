// Long lists of paths on a command line.
#ifndef SLUICE_EXAMPLES_SUPPORT_PATH_LISTS_H_
#define SLUICE_EXAMPLES_SUPPORT_PATH_LISTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace sluice::examples {

// The arguments as paths of the user's (paths.h). One that begins with '@'
// names a file with paths, one a line, and stands for them: a list that is
// longer than a command line may be. Error: NotFound, a sentence with the file
// that cannot be read.
absl::StatusOr<std::vector<std::string>> ExpandPathLists(
    absl::Span<const std::string> arguments);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SUPPORT_PATH_LISTS_H_
