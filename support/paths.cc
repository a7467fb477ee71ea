#include "support/paths.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::support {

std::string ResolveUserPath(absl::string_view path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (folder == nullptr || *folder == '\0' || path.empty() ||
      absl::StartsWith(path, "/")) {
    return std::string(path);
  }
  return absl::StrCat(folder, "/", path);
}

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

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream contents;
  contents << stream.rdbuf();
  if (!stream || std::filesystem::is_directory(path)) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  return std::move(contents).str();
}

}  // namespace sluice::support
