// A program that runs beside us and is never left behind.
#ifndef SLUICE_BENCHMARKS_SERVERS_CHILD_PROCESS_H_
#define SLUICE_BENCHMARKS_SERVERS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"

namespace sluice::servers {

// Where `name` is installed: in a folder of PATH, or in /usr/sbin, where
// servers are.
std::optional<std::string> FindProgram(absl::string_view name);

struct ChildOptions {
  std::vector<int> cpus = {};     // that it may run on; empty: all
  bool quiet = false;             // drops its standard error
  bool errors_to_output = false;  // its standard error is what ReadLine() reads
  std::string log = {};  // a file for both instead; ReadLine() reads nothing
  // "NAME=VALUE", beside or instead of our own.
  std::vector<std::string> environment = {};
};

// The destructor kills the process and those that it started, and so does the
// kernel kill the process itself when the thread that started it ends.
class ChildProcess {
 public:
  // Runs `words`, the program's path first. Error: Unavailable or another by
  // `errno`.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(
      std::vector<std::string> words, const ChildOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of its standard output, without its end; nothing at the end
  // of the output. Drops what `beside` (may be null) writes meanwhile: a full
  // pipe would stop it. Error: Cancelled (`interrupt` is readable).
  absl::StatusOr<std::optional<std::string>> ReadLine(
      int interrupt, const ChildProcess* beside = nullptr);

  void Signal(int number);

  // Waits for its end; the status as waitpid() gives it. 0 after the first
  // time.
  int Wait();

  // Whether it runs still.
  bool Runs();

  pid_t pid() const { return pid_; }

 private:
  ChildProcess(pid_t pid, Fd output) : pid_(pid), output_(std::move(output)) {}

  pid_t pid_;  // 0: it was waited for
  Fd output_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_CHILD_PROCESS_H_
