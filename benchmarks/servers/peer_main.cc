// Runs one of the servers that Sluice is measured beside, with the files of a
// folder, until SIGINT or SIGTERM:
//
//   peer nginx --port=8080 --root=DIR [--tls_cert=PEM --tls_key=PEM]
//   peer            names all of them, with versions
//
// When the server accepts connections, a line "NAME VERSION listens on
// ADDRESS:PORT, process PID" goes to standard output. Exit status: 0; 1 when
// the server does not start; 2 for a bad command line; 3 when it is not
// installed, with the name of the package, or has no HTTP/2 in cleartext.
#include <poll.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/program.h"
#include "support/command_line.h"
#include "support/paths.h"

ABSL_FLAG(std::string, address, "127.0.0.1", "where it listens");
ABSL_FLAG(int, port, 8080, "where it listens");
ABSL_FLAG(std::string, root, ".", "the folder of its files");
ABSL_FLAG(std::string, tls_cert, "", "a PEM file; empty: cleartext");
ABSL_FLAG(std::string, tls_key, "", "a PEM file");
ABSL_FLAG(int, threads, 1, "of the server");
ABSL_FLAG(std::string, preload, "", "a library for its LD_PRELOAD");

namespace {

constexpr char kProgram[] = "peer";
constexpr char kUsage[] =
    "Runs one of the servers that Sluice is measured beside.\n\n"
    "  peer NAME --port=PORT --root=DIR [--tls_cert=PEM --tls_key=PEM]\n"
    "  peer            names all of them, with versions\n";
constexpr int kNotInstalled = 3;
constexpr int kMostPort = 65534;  // a proxy's backend takes the next one

using sluice::servers::Fd;
using sluice::servers::Peer;
using sluice::servers::PeerFolders;
using sluice::support::ExitBadCommandLine;
using sluice::support::ResolveUserPath;

int ListPeers(const PeerFolders& folders, const Fd& interrupt) {
  for (const Peer& peer : sluice::servers::Peers()) {
    const absl::StatusOr<std::string> version =
        PeerVersion(peer, folders, interrupt.get());
    std::cout << peer.name << ": "
              << (version.ok() ? *version
                               : std::string(version.status().message()))
              << "\n";
  }
  return EXIT_SUCCESS;
}

int ExitStatusOf(const absl::Status& status) {
  if (absl::IsCancelled(status)) return sluice::servers::kInterrupted;
  return absl::IsFailedPrecondition(status) ? kNotInstalled : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> names =
      sluice::support::ParseFlagsOrExit(argc, argv, kUsage);
  const PeerFolders folders = sluice::servers::PeerFoldersOrExit(kProgram);
  const Fd interrupt = sluice::servers::CatchInterrupts();
  if (names.empty()) return ListPeers(folders, interrupt);
  const Peer* const peer = sluice::servers::FindPeer(names[0]);
  if (peer == nullptr || names.size() > 1) {
    std::string all;
    for (const Peer& one : sluice::servers::Peers()) {
      absl::StrAppend(&all, " ", one.name);
    }
    ExitBadCommandLine(
        kProgram,
        absl::StrCat("'", names[0], "' is no server; name one of:", all));
  }
  const int port = absl::GetFlag(FLAGS_port);
  if (port < 1 || port > kMostPort) {
    ExitBadCommandLine(kProgram, absl::StrCat("--port is ", port,
                                              "; it must be 1 to ", kMostPort));
  }
  const std::string cert = ResolveUserPath(absl::GetFlag(FLAGS_tls_cert));
  const sluice::servers::PeerSite site = {
      .address = absl::GetFlag(FLAGS_address),
      .port = port,
      .root = ResolveUserPath(absl::GetFlag(FLAGS_root)),
      .tls = !cert.empty(),
      .cert = cert,
      .key = ResolveUserPath(absl::GetFlag(FLAGS_tls_key)),
      .threads = absl::GetFlag(FLAGS_threads),
      .preload = ResolveUserPath(absl::GetFlag(FLAGS_preload))};
  const absl::StatusOr<std::string> version =
      PeerVersion(*peer, folders, interrupt.get());
  const auto server =
      sluice::servers::PeerServer::Start(*peer, site, folders, interrupt.get());
  if (!server.ok()) {
    std::cerr << kProgram << ": " << server.status().message() << "\n";
    return ExitStatusOf(server.status());
  }
  std::cout << peer->name << " " << version.value_or("of unknown version")
            << " listens on " << site.address << ":" << site.port
            << ", process " << server->pid() << std::endl;
  pollfd wait = {interrupt.get(), POLLIN, 0};
  ::poll(&wait, 1, -1);
  return EXIT_SUCCESS;
}
