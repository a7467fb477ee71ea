#include "examples/support/path_lists.h"

#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "examples/support/paths.h"

namespace sluice::examples {

absl::StatusOr<std::vector<std::string>> ExpandPathLists(
    absl::Span<const std::string> arguments) {
  std::vector<std::string> paths;
  for (absl::string_view argument : arguments) {
    if (!absl::StartsWith(argument, "@")) {
      paths.push_back(ResolveUserPath(argument));
      continue;
    }
    std::ifstream list(ResolveUserPath(argument.substr(1)));
    if (!list) {
      return absl::NotFoundError(absl::StrCat("cannot read ", argument));
    }
    for (std::string line; std::getline(list, line);) {
      if (!line.empty()) paths.push_back(ResolveUserPath(line));
    }
  }
  return paths;
}

}  // namespace sluice::examples
