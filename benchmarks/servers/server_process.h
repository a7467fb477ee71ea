// Runs a server as a process in a network namespace.
#ifndef SLUICE_BENCHMARKS_SERVERS_SERVER_PROCESS_H_
#define SLUICE_BENCHMARKS_SERVERS_SERVER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {

// The destructor kills the process, and so does the kernel when the thread that
// started it ends.
class ServerProcess {
 public:
  // Runs `words`, program first, and waits for the first line of its standard
  // output, by which it says that it listens. Errors, each a sentence, if it
  // ends before: InvalidArgument (with status 2, by which a program says that
  // its command line is wrong), Unavailable. Cancelled if `interrupt` is
  // readable before.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(
      const LinkEnd& end, std::vector<std::string> words, int interrupt);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

 private:
  explicit ServerProcess(pid_t pid) : pid_(pid) {}

  // Waits for its end; the status as waitpid() gives it.
  int Wait();

  pid_t pid_;  // 0 after Wait()
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_SERVER_PROCESS_H_
