// The files and the certificate of a throughput run, and the command lines of
// the servers that serve them.
#ifndef SLUICE_BENCHMARKS_SERVERS_SERVED_FILES_H_
#define SLUICE_BENCHMARKS_SERVERS_SERVED_FILES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/temporary_folder.h"

namespace sluice::servers {

class ServedFiles {
 public:
  // Error: Unavailable.
  static absl::StatusOr<ServedFiles> Create(const std::vector<size_t>& sizes);

  // The name of the file of `bytes` bytes.
  static std::string Name(size_t bytes);

  // Words that run `program`, one of the servers "sluice", "nghttpd" and "h2o",
  // on 127.0.0.1. All are asked for the same: no access log, and the system's
  // and their own defaults else. `more` are further flags. Error: Unavailable
  // (a file cannot be written).
  absl::StatusOr<std::vector<std::string>> Command(
      absl::string_view server, const std::string& program,
      const std::vector<std::string>& more, int port, bool tls,
      int threads) const;

 private:
  explicit ServedFiles(std::unique_ptr<TemporaryFolder> folder)
      : folder_(std::move(folder)) {}

  std::string Path(absl::string_view name) const;
  absl::StatusOr<std::string> WriteH2oConfiguration(int port, bool tls,
                                                    int threads) const;

  std::unique_ptr<TemporaryFolder> folder_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_SERVED_FILES_H_
