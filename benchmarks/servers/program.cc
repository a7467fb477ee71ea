#include "benchmarks/servers/program.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"
#include "support/command_line.h"
#include "support/paths.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace sluice::servers {

std::string RunfileOrExit(absl::string_view program, absl::string_view path) {
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(
      Runfiles::Create(program_invocation_name, &error));
  if (runfiles == nullptr) {
    support::ExitBadCommandLine(
        program, absl::StrCat("cannot find ", path, " (", error, ")"));
  }
  return runfiles->Rlocation(absl::StrCat("sluice/", path));
}

PeerFolders PeerFoldersOrExit(absl::string_view program) {
  return DefaultPeerFolders(RunfileOrExit(program, "benchmarks/servers/peers"));
}

Peer OurServerOrExit(absl::string_view program, const std::string& server,
                     const std::vector<std::string>& flags) {
  Peer peer = {.name = kOurs,
               .package = "none",
               .program = server.empty() ? RunfileOrExit(program, "server")
                                         : support::ResolveUserPath(server),
               .version = {},
               .words = {"--bind={address}", "--port={port}", "--root={root}",
                         "--threads={threads}", "--noaccess_log",
                         "{tls} --tls_cert={cert}", "{tls} --tls_key={key}"}};
  peer.words.insert(peer.words.end(), flags.begin(), flags.end());
  return peer;
}

Fd CatchInterrupts() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

int ExitStatusOf(const absl::Status& status) {
  if (absl::IsCancelled(status)) return kInterrupted;
  const bool refused =
      absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status);
  return refused ? support::kBadCommandLine : EXIT_FAILURE;
}

}  // namespace sluice::servers
