// The parts that the benchmarks of servers share as programs.
#ifndef SLUICE_BENCHMARKS_SERVERS_PROGRAM_H_
#define SLUICE_BENCHMARKS_SERVERS_PROGRAM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"

namespace sluice::servers {

// The exit status after SIGINT or SIGTERM.
inline constexpr int kInterrupted = 130;

// The file or folder `path` of this workspace, among the program's runfiles.
// Exits with 2 where these are not found.
std::string RunfileOrExit(absl::string_view program, absl::string_view path);

// With our configurations.
PeerFolders PeerFoldersOrExit(absl::string_view program);

// Our server under the name "sluice": the build that --server names, or
// //:server, with `flags`. Exits with 2 where that is not found.
Peer OurServerOrExit(absl::string_view program, const std::string& server,
                     const std::vector<std::string>& flags);

// Readable from the first SIGINT or SIGTERM on, which no longer end the
// process: it removes its files and ends its servers first.
Fd CatchInterrupts();

// For main(): 130 for Cancelled, 2 for FailedPrecondition and InvalidArgument,
// else 1.
int ExitStatusOf(const absl::Status& status);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_PROGRAM_H_
