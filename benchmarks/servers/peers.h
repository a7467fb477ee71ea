// Other servers: where they are, how they are started. Their configurations
// are in benchmarks/servers/peers.
//
//   const PeerFolders folders = …;
//   absl::StatusOr<PeerServer> server = PeerServer::Start(
//       *FindPeer("nginx"), {.port = 8080, .root = files}, folders, interrupt);
#ifndef SLUICE_BENCHMARKS_SERVERS_PEERS_H_
#define SLUICE_BENCHMARKS_SERVERS_PEERS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/servers/child_process.h"
#include "benchmarks/servers/temporary_folder.h"

namespace sluice::servers {

// The name of ours, which all others are compared with.
inline constexpr char kOurs[] = "sluice";

// In words and configurations, "{port}" and the like stand for values of a
// PeerSite: address, port, root, cert, key, threads, mark; also {usr} (the
// folder that has the program's bin and lib), {lib}, {program}, {work} (a
// folder of this run) and {config} (benchmarks/servers/peers). A word or line
// that begins with
// "{tls} " or "{cleartext} " is there only with or without TLS, one with
// "{root_user} " only if the user is root.
struct Peer {
  std::string name;
  std::string package;               // Debian's
  std::string program;               // found in bin or sbin
  std::vector<std::string> version;  // a command that prints it
  std::vector<std::string> words;    // behind the program
  std::string configuration = "";    // a file of {config}, filled into {work}
  std::vector<std::string> environment = {};  // "NAME=VALUE"
  bool cleartext = true;                      // it has HTTP/2 without TLS
  // Starts another server first, on the next port; this one asks it.
  std::string backend = "";
};

// In the order of the tables.
absl::Span<const Peer> Peers();
const Peer* FindPeer(absl::string_view name);  // null: there is none

struct PeerFolders {
  std::string configurations;  // benchmarks/servers/peers
  // What //benchmarks/servers:fetch_peers made; looked up before the system.
  std::string fetched;
};

// `fetched` is $SLUICE_PEERS or ~/.cache/sluice/peers.
PeerFolders DefaultPeerFolders(std::string configurations);

// Error: FailedPrecondition, a sentence that names the missing package.
absl::Status IsInstalled(const Peer& peer, const PeerFolders& folders);

// "1.22.1": the first number with a point that it prints. Error: as
// IsInstalled(), or Unavailable.
absl::StatusOr<std::string> PeerVersion(const Peer& peer,
                                        const PeerFolders& folders,
                                        int interrupt);

struct PeerSite {
  std::string address = "127.0.0.1";
  int port = 0;           // and the next one, for a backend
  std::string root = {};  // the folder of its files
  bool tls = false;
  std::string cert = {};  // PEM, with `tls`
  std::string key = {};
  int threads = 1;
  std::vector<int> cpus = {};  // empty: all
  int mark = 0;  // TCP_NOTSENT_LOWAT, for servers that have a flag for it
  std::string preload = {};  // a library for LD_PRELOAD; empty: none
};

// The destructor kills the server and its helpers.
class PeerServer {
 public:
  // Starts it in the calling thread's network namespace and waits until it
  // accepts connections. Errors, each a sentence: FailedPrecondition (it is not
  // installed, or has no HTTP/2 in cleartext), Unavailable (it does not start;
  // its last line). Cancelled if `interrupt` is readable.
  static absl::StatusOr<PeerServer> Start(const Peer& peer,
                                          const PeerSite& site,
                                          const PeerFolders& folders,
                                          int interrupt);

  pid_t pid() const { return process_->pid(); }

 private:
  PeerServer() = default;

  // In this order: processes end before their folder goes.
  std::unique_ptr<TemporaryFolder> work_;
  std::unique_ptr<PeerServer> backend_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_PEERS_H_
