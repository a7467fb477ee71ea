#include "support/bundled.h"

#include <unistd.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace sluice::support {

std::string BundledFolder(absl::string_view argv0, const std::string& path) {
  if (access(path.c_str(), R_OK) == 0) return path;
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  std::unique_ptr<Runfiles> runfiles(
      Runfiles::Create(std::string(argv0), &error));
  if (runfiles == nullptr) return path;
  return runfiles->Rlocation(absl::StrCat("sluice/", path));
}

}  // namespace sluice::support
