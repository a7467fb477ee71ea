#include "benchmarks/servers/program.h"

#include <signal.h>
#include <sys/signalfd.h>

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "support/command_line.h"
#include "support/paths.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace sluice::servers {

using support::ExitBadCommandLine;

std::string OurServerOrExit(absl::string_view program, absl::string_view argv0,
                            const std::string& flag) {
  if (!flag.empty()) return support::ResolveUserPath(flag);
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(
      Runfiles::Create(std::string(argv0), &error));
  if (runfiles == nullptr) {
    ExitBadCommandLine(program, absl::StrCat("cannot find //:server (", error,
                                             "); name it with --server"));
  }
  return runfiles->Rlocation("sluice/server");
}

std::ofstream JsonFileOrExit(absl::string_view program,
                             const std::string& path) {
  std::ofstream json;
  if (path.empty()) return json;
  json.open(path);
  if (!json) ExitBadCommandLine(program, absl::StrCat("cannot write ", path));
  return json;
}

Fd CatchInterrupts() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

}  // namespace sluice::servers
