#include "examples/server/served_folder.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "examples/server/unique_fd.h"

namespace sluice::examples {
namespace {

// The status for `errno` after a failed open(). Names with ELOOP and
// ENAMETOOLONG can name no file.
absl::Status OpenError(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::NotFoundError("no such file");
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError("not readable");
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError("out of file descriptors");
    default:
      return absl::InternalError(std::strerror(error));
  }
}

std::string DescriptorPath(int fd) {
  return absl::StrCat("/proc/self/fd/", fd);
}

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

ServedFolder::ServedFolder(UniqueFd root, std::string canonical_root)
    : root_(std::move(root)), canonical_root_(std::move(canonical_root)) {}

absl::StatusOr<ServedFolder> ServedFolder::Open(const std::string& root) {
  const std::unique_ptr<char, decltype(&std::free)> canonical(
      ::realpath(root.c_str(), nullptr), &std::free);
  if (canonical == nullptr) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot serve '", root, "'"));
  }
  UniqueFd fd(::open(canonical.get(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot serve '", root, "'"));
  }
  std::string prefix = canonical.get();
  if (!absl::EndsWith(prefix, "/")) prefix.push_back('/');
  return ServedFolder(std::move(fd), std::move(prefix));
}

absl::StatusOr<FoundFile> ServedFolder::Find(const std::string& name) const {
  FoundFile found;
  found.place = UniqueFd(::openat(
      root_.get(), name.empty() ? "." : name.c_str(), O_PATH | O_CLOEXEC));
  if (!found.place.valid()) return OpenError(errno);
  struct stat info;
  if (::fstat(found.place.get(), &info) != 0) return OpenError(errno);
  // The kernel knows the place of the opened file, after all symbolic links. No
  // later change of the folder makes that wrong.
  const std::string by_descriptor = DescriptorPath(found.place.get());
  char where[PATH_MAX];
  const ssize_t length =
      ::readlink(by_descriptor.c_str(), where, sizeof(where));
  if (length < 0) return OpenError(errno);
  // A folder's name gets the '/' that the root's prefix ends in.
  const std::string real = absl::StrCat(absl::string_view(where, length),
                                        S_ISDIR(info.st_mode) ? "/" : "");
  if (!absl::StartsWith(real, canonical_root_)) {
    return absl::NotFoundError("outside of the root");
  }
  if (S_ISDIR(info.st_mode)) return absl::FailedPreconditionError("a folder");
  if (!S_ISREG(info.st_mode)) return absl::NotFoundError("not a file");
  found.version = {.device = info.st_dev,
                   .inode = info.st_ino,
                   .size = static_cast<uint64_t>(info.st_size),
                   .modified = Nanoseconds(info.st_mtim),
                   .changed = Nanoseconds(info.st_ctim)};
  return found;
}

absl::StatusOr<UniqueFd> ServedFolder::OpenForReading(const FoundFile& found) {
  UniqueFd file(
      ::open(DescriptorPath(found.place.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return OpenError(errno);
  return file;
}

}  // namespace sluice::examples
