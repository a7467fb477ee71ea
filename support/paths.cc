#include "support/paths.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace sluice::support {
namespace {

struct Inputs {
  std::mutex mutex;
  std::set<std::string> paths;
};

// Never destroyed.
Inputs& TheInputs() {
  static Inputs& inputs = *new Inputs;
  return inputs;
}

}  // namespace

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
    const absl::StatusOr<std::string> list =
        ReadFile(ResolveUserPath(argument.substr(1)));
    if (!list.ok()) return list.status();
    for (const absl::string_view line :
         absl::StrSplit(*list, '\n', absl::SkipEmpty())) {
      paths.push_back(ResolveUserPath(line));
    }
  }
  for (const std::string& path : paths) NoteInput(path);
  return paths;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  NoteInput(path);
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream contents;
  contents << stream.rdbuf();
  const int why = errno;
  if (!stream || std::filesystem::is_directory(path)) {
    return absl::NotFoundError(
        absl::StrCat("cannot read ", path, ": ", std::strerror(why)));
  }
  return std::move(contents).str();
}

void NoteInput(const std::string& path) {
  Inputs& inputs = TheInputs();
  const std::lock_guard lock(inputs.mutex);
  inputs.paths.insert(path);
}

bool IsInput(const std::string& path) {
  Inputs& inputs = TheInputs();
  const std::lock_guard lock(inputs.mutex);
  std::error_code none;  // of the two, one does not exist
  return std::any_of(inputs.paths.begin(), inputs.paths.end(),
                     [&](const std::string& input) {
                       return std::filesystem::equivalent(input, path, none);
                     });
}

}  // namespace sluice::support
