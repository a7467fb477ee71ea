#include "benchmarks/servers/temporary_folder.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace sluice::servers {

absl::StatusOr<std::unique_ptr<TemporaryFolder>> TemporaryFolder::Create() {
  const char* temporary = std::getenv("TMPDIR");
  std::string path =
      absl::StrCat(temporary != nullptr ? temporary : "/tmp", "/sluiceXXXXXX");
  if (::mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot make the folder ", path,
                                               ": ", std::strerror(errno)));
  }
  // Some servers give up root's rights.
  ::chmod(path.c_str(), 0755);
  return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path)));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::Status TemporaryFolder::AddFile(const std::string& name, size_t bytes) {
  const std::string path = absl::StrCat(path_, "/", name);
  std::ofstream(path).close();
  std::error_code error;
  std::filesystem::resize_file(path, bytes, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path, ": ", error.message()));
}

}  // namespace sluice::servers
