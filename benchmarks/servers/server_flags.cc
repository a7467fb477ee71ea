#include "benchmarks/servers/server_flags.h"

#include <signal.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "benchmarks/servers/output.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/runs.h"
#include "support/command_line.h"
#include "support/paths.h"

using Words = std::vector<std::string>;

ABSL_FLAG(Words, servers, Words{"usual"},
          "list of sluice, names of peers (`peer` prints them), and names with "
          "+sluice, which have our library preloaded; or all, or usual");
ABSL_FLAG(Words, transports, (Words{"cleartext", "tls"}),
          "list of cleartext and tls");
ABSL_FLAG(int, repeat, 3, "runs of each cell");
ABSL_FLAG(std::string, policy, "auto", "our server's --policy");
ABSL_FLAG(std::string, server, "",
          "another build of examples/server; by default //:server");
ABSL_FLAG(std::string, preload, "",
          "another build of libsluice-nghttp2.so, for servers with +sluice");

namespace sluice::servers {
namespace {

using support::ExitBadCommandLine;

constexpr absl::string_view kPreloaded = "+sluice";
constexpr char kLibrary[] = "adapters/preload/libsluice-nghttp2.so";
constexpr const char* kPreloadable[] = {"nghttpd", "nghttpx", "apache",
                                        "libsoup"};

Words Names(const Words& usual) {
  Words names = absl::GetFlag(FLAGS_servers);
  if (names == Words{"usual"}) names = usual;
  if (names != Words{"all"}) return names;
  names = {kOurs};
  for (const Peer& peer : Peers()) names.push_back(peer.name);
  for (const char* name : kPreloadable) {
    names.push_back(absl::StrCat(name, kPreloaded));
  }
  return names;
}

const Peer* FindServer(const Servers& servers, absl::string_view name) {
  return name == kOurs ? &servers.ours : FindPeer(PeerName(name));
}

}  // namespace

absl::string_view PeerName(absl::string_view server) {
  return absl::StripSuffix(server, kPreloaded);
}

int InRangeOrExit(absl::string_view program, absl::string_view flag, int value,
                  int most) {
  if (value >= 1 && value <= most) return value;
  ExitBadCommandLine(
      program, absl::StrCat(flag, " is ", value, "; it must be 1 to ", most));
}

int RepeatOrExit(absl::string_view program) {
  return InRangeOrExit(program, "--repeat", absl::GetFlag(FLAGS_repeat), 1000);
}

std::vector<bool> TransportsOrExit(absl::string_view program) {
  std::vector<bool> transports;
  for (const std::string& name : absl::GetFlag(FLAGS_transports)) {
    if (name != "cleartext" && name != "tls") {
      ExitBadCommandLine(program, absl::StrCat("--transports names '", name,
                                               "'; it must be cleartext or "
                                               "tls"));
    }
    transports.push_back(name == "tls");
  }
  return transports;
}

Servers ServersOrExit(absl::string_view program, const Words& usual,
                      Words flags_of_ours, int interrupt) {
  Servers servers;
  flags_of_ours.insert(flags_of_ours.begin(),
                       absl::StrCat("--policy=", absl::GetFlag(FLAGS_policy)));
  servers.ours =
      OurServerOrExit(program, absl::GetFlag(FLAGS_server), flags_of_ours);
  servers.folders = PeerFoldersOrExit(program);
  servers.preload = support::ResolveUserPath(absl::GetFlag(FLAGS_preload));
  if (servers.preload.empty()) {
    servers.preload = RunfileOrExit(program, kLibrary);
  }
  servers.versions = Json::object();
  for (const std::string& name : Names(usual)) {
    const Peer* const peer = FindServer(servers, name);
    if (peer == nullptr) {
      ExitBadCommandLine(program,
                         absl::StrCat("--servers names '", name,
                                      "'; //benchmarks/servers:peer prints all "
                                      "names"));
    }
    if (absl::Status status = IsInstalled(*peer, servers.folders);
        !status.ok()) {
      servers.notes.emplace_back(status.message());
      continue;
    }
    if (IsPreloaded(name) && !std::filesystem::exists(servers.preload)) {
      servers.notes.push_back(
          absl::StrCat(name, " is left out: there is no ", servers.preload));
      continue;
    }
    servers.names.push_back(name);
    if (name == kOurs || IsPreloaded(name)) continue;
    const auto version = PeerVersion(*peer, servers.folders, interrupt);
    servers.versions[name] = version.value_or("unknown");
  }
  return servers;
}

absl::StatusOr<PeerServer> StartServer(const Servers& servers,
                                       const std::string& server, PeerSite site,
                                       int interrupt) {
  if (IsPreloaded(server)) site.preload = servers.preload;
  return PeerServer::Start(*FindServer(servers, server), site, servers.folders,
                           interrupt);
}

int RunBenchmark(absl::string_view program, const Servers& servers, Plan plan,
                 const std::vector<Column>& columns, int interrupt,
                 const std::function<absl::StatusOr<Json>(size_t cell)>& run,
                 const std::function<void(std::vector<Cell>*)>& finish) {
  Output output(program);
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  ::signal(SIGPIPE, SIG_IGN);
  plan.repeat = RepeatOrExit(program);
  plan.options["repeat"] = plan.repeat;
  plan.options["our_flags"] = servers.ours.words;
  for (const std::string& note : servers.notes) std::cerr << note << "\n";
  absl::StatusOr<std::vector<Cell>> cells =
      RunAll(plan, output.log(), interrupt, run,
             [](const std::string& line) { std::cerr << line << "\n"; });
  if (!cells.ok()) {
    std::cerr << program << ": " << cells.status().message() << "\n";
    if (absl::IsCancelled(cells.status())) {
      std::cerr << "The same command goes on from " << output.log() << "\n";
    }
    return ExitStatusOf(cells.status());
  }
  if (finish) finish(&*cells);
  const Json about = {{"options", plan.options},
                      {"versions", servers.versions}};
  const int status = output.Finish(about, servers.notes, *cells, columns);
  const bool ours_failed = absl::c_any_of(*cells, [](const Cell& cell) {
    return cell.labels["server"] == kOurs && !cell.errors.empty();
  });
  return ours_failed ? EXIT_FAILURE : status;
}

}  // namespace sluice::servers
