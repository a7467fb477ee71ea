// The folder that is served: finds files in it, and nothing outside of it.
#ifndef SLUICE_EXAMPLES_SERVER_SERVED_FOLDER_H_
#define SLUICE_EXAMPLES_SERVER_SERVED_FOLDER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "examples/server/unique_fd.h"

namespace sluice::examples {

// Tells one state of one file from every other: which file it is, its length,
// and when its content (mtime) and its owner or mode (ctime) changed last.
struct FileVersion {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;     // bytes
  int64_t modified = 0;  // nanoseconds since 1970
  int64_t changed = 0;   // likewise

  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

// A file at its place, not opened for reading: opening a device or a pipe may
// have effects.
struct FoundFile {
  UniqueFd place;
  FileVersion version;
};

class ServedFolder {
 public:
  // Errors: NotFound, FailedPrecondition (not a folder), PermissionDenied; the
  // message is a sentence about `root`.
  static absl::StatusOr<ServedFolder> Open(const std::string& root);

  // The regular file `name`, relative to the folder; "" is the folder itself.
  // Symbolic links that stay inside are followed. Errors: FailedPrecondition
  // (it is a folder), NotFound (also outside of the folder, and for what is no
  // regular file), PermissionDenied, ResourceExhausted (no descriptor is left).
  absl::StatusOr<FoundFile> Find(const std::string& name) const;

  // Opens it for reading. Errors: as Find() has.
  static absl::StatusOr<UniqueFd> OpenForReading(const FoundFile& found);

 private:
  ServedFolder(UniqueFd root, std::string canonical_root);

  UniqueFd root_;
  std::string canonical_root_;  // ends in '/'
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_SERVED_FOLDER_H_
