#include "benchmarks/servers/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"

namespace sluice::servers {
namespace {

// In the new process. Calls only what POSIX allows between fork() and exec():
// the parent has other threads.
[[noreturn]] void RunProgram(char* const* argv, char* const* environment,
                             pid_t parent, int output, int error,
                             const cpu_set_t* cpus) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(EXIT_FAILURE);  // it died just before
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (cpus != nullptr) ::sched_setaffinity(0, sizeof(*cpus), cpus);
  ::dup2(output, STDOUT_FILENO);
  if (error >= 0) ::dup2(error, STDERR_FILENO);
  ::execve(argv[0], argv, environment);
  ::_exit(EXIT_FAILURE);
}

// Ends with a null pointer. Views of `words`.
std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// `more` first: getenv() takes the first of a name.
std::vector<std::string> Environment(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** own = environ; *own != nullptr; ++own) all.emplace_back(*own);
  return all;
}

}  // namespace

std::optional<std::string> FindProgram(absl::string_view name) {
  const char* path = std::getenv("PATH");
  const std::string folders =
      absl::StrCat(path == nullptr ? "/usr/bin" : path, ":/usr/sbin");
  for (const absl::string_view folder : absl::StrSplit(folders, ':')) {
    std::string program = absl::StrCat(folder, "/", name);
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    std::vector<std::string> words, const ChildOptions& options) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "pipe");
  }
  Fd read_end(pipe_ends[0]);
  const Fd write_end(pipe_ends[1]);
  const std::string file = options.quiet ? "/dev/null" : options.log;
  const Fd log(file.empty()
                   ? -1
                   : ::open(file.c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const int output = options.log.empty() ? write_end.get() : log.get();
  const std::vector<char*> argv = Pointers(words);
  std::vector<std::string> variables = Environment(options.environment);
  const std::vector<char*> environment = Pointers(variables);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : options.cpus) CPU_SET(cpu, &cpus);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    RunProgram(argv.data(), environment.data(), parent, output,
               options.errors_to_output ? output : log.get(),
               options.cpus.empty() ? nullptr : &cpus);
  }
  if (pid < 0) return absl::ErrnoToStatus(errno, "fork");
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(pid, std::move(read_end)));
}

ChildProcess::~ChildProcess() {
  // Its group, and itself if it has not made the group yet.
  if (pid_ != 0) ::kill(-pid_, SIGKILL);
  Signal(SIGKILL);
  Wait();
}

absl::StatusOr<std::optional<std::string>> ChildProcess::ReadLine(
    int interrupt, const ChildProcess* beside) {
  std::string line;
  pollfd waits[] = {
      {output_.get(), POLLIN, 0},
      {interrupt, POLLIN, 0},
      {beside == nullptr ? -1 : beside->output_.get(), POLLIN, 0}};
  while (true) {
    if (::poll(waits, 3, -1) < 0) continue;  // EINTR
    if (waits[1].revents != 0) return absl::CancelledError("interrupted");
    if (waits[2].revents != 0) {
      char dropped[4096];
      if (::read(waits[2].fd, dropped, sizeof(dropped)) <= 0) waits[2].fd = -1;
    }
    if (waits[0].revents == 0) continue;
    char c = 0;
    if (::read(output_.get(), &c, 1) != 1) return std::nullopt;
    if (c == '\n') return line;
    line.push_back(c);
  }
}

void ChildProcess::Signal(int number) {
  if (pid_ != 0) ::kill(pid_, number);
}

int ChildProcess::Wait() {
  int status = 0;
  if (pid_ != 0) ::waitpid(std::exchange(pid_, 0), &status, 0);
  return status;
}

bool ChildProcess::Runs() {
  if (pid_ == 0) return false;
  siginfo_t info = {};
  ::waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

}  // namespace sluice::servers
