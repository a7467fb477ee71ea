// The parts that the benchmarks of servers share as programs.
#ifndef SLUICE_BENCHMARKS_SERVERS_PROGRAM_H_
#define SLUICE_BENCHMARKS_SERVERS_PROGRAM_H_

#include <fstream>
#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"

namespace sluice::servers {

// The exit status after SIGINT or SIGTERM.
inline constexpr int kInterrupted = 130;

// `flag`, the value of --server, as the user's path; or //:server if it is
// empty. Exits with 2 where that is not found.
std::string OurServerOrExit(absl::string_view program, absl::string_view argv0,
                            const std::string& flag);

// With the configurations among our runfiles. Exits with 2 where they are not
// found.
PeerFolders PeerFoldersOrExit(absl::string_view program,
                              absl::string_view argv0);

// Opens the file for --json; without a path it stays closed. Exits with 2 where
// it cannot be written.
std::ofstream JsonFileOrExit(absl::string_view program,
                             const std::string& path);

// Readable from the first SIGINT or SIGTERM on, which no longer end the
// process: it removes its files and ends its servers first.
Fd CatchInterrupts();

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_PROGRAM_H_
