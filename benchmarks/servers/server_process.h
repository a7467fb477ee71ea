// Runs a server as a process in a network namespace.
#ifndef SLUICE_BENCHMARKS_SERVERS_SERVER_PROCESS_H_
#define SLUICE_BENCHMARKS_SERVERS_SERVER_PROCESS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/servers/child_process.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {

class ServerProcess {
 public:
  // Runs `words`, program first, and waits for the first line of its standard
  // output, by which it says that it listens. Errors, each a sentence, if it
  // ends before: InvalidArgument (with status 2, by which a program says that
  // its command line is wrong), Unavailable. Cancelled if `interrupt` is
  // readable before.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(
      const LinkEnd& end, std::vector<std::string> words, int interrupt);

 private:
  explicit ServerProcess(std::unique_ptr<ChildProcess> child)
      : child_(std::move(child)) {}

  const std::unique_ptr<ChildProcess> child_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_SERVER_PROCESS_H_
