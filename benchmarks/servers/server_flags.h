// Which servers a benchmark measures: the flags that all of them have.
#ifndef SLUICE_BENCHMARKS_SERVERS_SERVER_FLAGS_H_
#define SLUICE_BENCHMARKS_SERVERS_SERVER_FLAGS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/runs.h"

namespace sluice::servers {

struct Servers {
  // "sluice", names of peers, and names with "+sluice": preloaded.
  std::vector<std::string> names;
  std::vector<std::string> notes;  // what was left out, and why
  Json versions;                   // of peers, by name
  Peer ours;
  std::string preload;  // the library
  PeerFolders folders;
};

// A peer's name without "+sluice".
absl::string_view PeerName(absl::string_view server);
inline bool IsPreloaded(absl::string_view server) {
  return PeerName(server) != server;
}

// Reads --servers, --policy, --server and --preload. "all" are ours, the peers
// and those that can be preloaded; "usual" are `usual`. Servers that are not
// installed, and libraries that are missing, are left out with a note. Exits
// with 2 for a bad name.
Servers ServersOrExit(absl::string_view program,
                      const std::vector<std::string>& usual,
                      std::vector<std::string> flags_of_ours, int interrupt);

// --transports: whether each is TLS. Exits with 2 for a bad name.
std::vector<bool> TransportsOrExit(absl::string_view program);

// --repeat. Exits with 2 for a bad number.
int RepeatOrExit(absl::string_view program);

// `value` of `flag`, from 1 to `most`; exits with 2 otherwise.
int InRangeOrExit(absl::string_view program, absl::string_view flag, int value,
                  int most);

// Runs `server` of `servers` at `site`, which says nothing of a library yet.
// Errors: as PeerServer::Start().
absl::StatusOr<PeerServer> StartServer(const Servers& servers,
                                       const std::string& server, PeerSite site,
                                       int interrupt);

// Makes the runs of `plan` and writes them where the flags say; see RunAll()
// and Output. Interrupted, it leaves --results, from which the next call goes
// on. `finish` may add labels before. Returns the exit status: 0; 1 if a run of
// our server failed; 2 if the kernel refuses something; 130 after SIGINT or
// SIGTERM.
int RunBenchmark(absl::string_view program, const Servers& servers, Plan plan,
                 const std::vector<Column>& columns, int interrupt,
                 const std::function<absl::StatusOr<Json>(size_t cell)>& run,
                 const std::function<void(std::vector<Cell>*)>& finish = {});

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_SERVER_FLAGS_H_
