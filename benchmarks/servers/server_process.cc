#include "benchmarks/servers/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {
namespace {

constexpr int kBadCommandLine = 2;

// In the new process. Calls only what POSIX allows between fork() and exec():
// the parent has other threads.
[[noreturn]] void RunProgram(char* const* argv, pid_t parent, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(EXIT_FAILURE);  // it died just before
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::execv(argv[0], argv);
  ::_exit(EXIT_FAILURE);
}

// Whether a line came before the end. Error: Cancelled (`interrupt` is
// readable).
absl::StatusOr<bool> ReadLine(int output, int interrupt) {
  for (char c = 0; c != '\n';) {
    pollfd waits[] = {{output, POLLIN, 0}, {interrupt, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) continue;  // EINTR
    if (waits[1].revents != 0) return absl::CancelledError("interrupted");
    if (::read(output, &c, 1) != 1) return false;
  }
  return true;
}

absl::Status EndedEarly(const std::string& program, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kBadCommandLine) {
    return absl::InvalidArgumentError(
        absl::StrCat("the server ", program, " refuses its command line"));
  }
  return absl::UnavailableError(
      absl::StrCat("the server ", program, " ended before it listened"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const LinkEnd& end, std::vector<std::string> words, int interrupt) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "pipe");
  }
  const Fd read_end(pipe_ends[0]);
  Fd write_end(pipe_ends[1]);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const pid_t parent = ::getpid();
  const absl::Status forked = end.Inside([&] {
    pid = ::fork();
    if (pid == 0) RunProgram(argv.data(), parent, write_end.get());
    return pid > 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "fork");
  });
  if (!forked.ok()) return forked;
  std::unique_ptr<ServerProcess> process(new ServerProcess(pid));
  write_end = Fd();
  absl::StatusOr<bool> listens = ReadLine(read_end.get(), interrupt);
  if (!listens.ok()) return listens.status();
  if (!*listens) return EndedEarly(words[0], process->Wait());
  return process;
}

ServerProcess::~ServerProcess() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  Wait();
}

int ServerProcess::Wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, 0), &status, 0);
  return status;
}

}  // namespace sluice::servers
