#include "benchmarks/lab/results/trace_folder.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/page/sha256.h"
#include "benchmarks/lab/results/lines.h"
#include "nlohmann/json.hpp"
#include "support/whole_file.h"

namespace sluice::lab {
namespace {

// The readable parts are cut to this; the hash keeps names different.
constexpr size_t kLongestPart = 45;
constexpr size_t kHashDigits = 12;

std::string Safe(absl::string_view text) {
  std::string safe(text.substr(0, kLongestPart));
  for (char& c : safe) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '+') c = '_';
  }
  return safe;
}

std::string HashOf(const Run& run) {
  return Sha256(RunParameters(run).dump()).substr(0, kHashDigits);
}

}  // namespace

std::string TraceName(const Run& run) {
  std::string name = absl::StrCat(
      Safe(run.page->name), "__", Safe(run.setting.signals), "__",
      Safe(run.policy), "__", Safe(run.setting.network), "-", HashOf(run));
  if (name[0] == '-') name[0] = '_';  // no tool takes it for a flag
  return name;
}

absl::StatusOr<TraceFolder> TraceFolder::In(std::string folder,
                                            absl::string_view extension) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && !std::filesystem::is_directory(folder, error)) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  if (!error && access(folder.c_str(), W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write into ", folder, ": ", error.message()));
  }
  return TraceFolder(std::move(folder), std::string(extension));
}

absl::Status TraceFolder::Write(const Run& run,
                                absl::string_view contents) const {
  const std::string path =
      absl::StrCat(folder_, "/", TraceName(run), extension_);
  support::WholeFile file(path);
  file.stream().write(contents.data(),
                      static_cast<std::streamsize>(contents.size()));
  if (file.Close()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("writing ", path, " failed"));
}

}  // namespace sluice::lab
