// A folder for one run.
#ifndef SLUICE_BENCHMARKS_SERVERS_TEMPORARY_FOLDER_H_
#define SLUICE_BENCHMARKS_SERVERS_TEMPORARY_FOLDER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sluice::servers {

// A new folder below $TMPDIR or /tmp; the destructor removes it.
class TemporaryFolder {
 public:
  // Error: Unavailable, a sentence.
  static absl::StatusOr<std::unique_ptr<TemporaryFolder>> Create();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // A file of `bytes` zero bytes. Error: Unavailable.
  absl::Status AddFile(const std::string& name, size_t bytes);

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_TEMPORARY_FOLDER_H_
