#include "benchmarks/servers/program.h"

#include <signal.h>
#include <sys/signalfd.h>

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"
#include "support/command_line.h"
#include "support/paths.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace sluice::servers {

using support::ExitBadCommandLine;

namespace {

std::string RunfileOrExit(absl::string_view program, absl::string_view argv0,
                          const std::string& path) {
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(
      Runfiles::Create(std::string(argv0), &error));
  if (runfiles == nullptr) {
    ExitBadCommandLine(program,
                       absl::StrCat("cannot find ", path, " (", error, ")"));
  }
  return runfiles->Rlocation(path);
}

}  // namespace

std::string OurServerOrExit(absl::string_view program, absl::string_view argv0,
                            const std::string& flag) {
  if (!flag.empty()) return support::ResolveUserPath(flag);
  return RunfileOrExit(program, argv0, "sluice/server");
}

PeerFolders PeerFoldersOrExit(absl::string_view program,
                              absl::string_view argv0) {
  return DefaultPeerFolders(
      RunfileOrExit(program, argv0, "sluice/benchmarks/servers/peers"));
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
