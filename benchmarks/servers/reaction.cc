#include "benchmarks/servers/reaction.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_end.h"
#include "benchmarks/servers/probe_run.h"
#include "benchmarks/servers/prober.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/reaction_report.h"
#include "benchmarks/servers/server_process.h"
#include "benchmarks/servers/slow_link.h"

namespace sluice::servers {
namespace {

// The server is alone in its namespace.
constexpr int kPort = 8080;
constexpr size_t kLowBytes = 200 * 1024;
constexpr size_t kUrgentBytes = 100 * 1024;

absl::StatusOr<std::unique_ptr<SiteFolder>> MakeSite() {
  absl::StatusOr<std::unique_ptr<SiteFolder>> site = SiteFolder::Create();
  if (!site.ok()) return site.status();
  absl::Status status = (*site)->AddFile("low", kLowBytes);
  if (status.ok()) status = (*site)->AddFile("urgent", kUrgentBytes);
  if (!status.ok()) return status;
  return site;
}

absl::StatusOr<Measurement> MeasureOnce(const ReactionOptions& options,
                                        const Scenario& scenario,
                                        Signals signals,
                                        const std::string& root,
                                        int interrupt) {
  SlowLinkOptions link_options = options.link;
  link_options.queue_bytes = static_cast<size_t>(scenario.queue_kb) * 1024;
  absl::StatusOr<std::unique_ptr<SlowLink>> link =
      SlowLink::Create(link_options);
  if (!link.ok()) return link.status();
  std::vector<std::string> words = options.server;
  words.push_back(absl::StrCat("--root=", root));
  words.push_back(absl::StrCat("--bind=", kServerAddress));
  words.push_back(absl::StrCat("--port=", kPort));
  words.push_back("--noaccess_log");
  absl::StatusOr<std::unique_ptr<ServerProcess>> server =
      ServerProcess::Start((*link)->server_end(), words);
  if (!server.ok()) return server.status();
  absl::StatusOr<Fd> socket = ConnectToServer((*link)->client_end(), kPort);
  if (!socket.ok()) return socket.status();
  Prober prober({.signals = signals,
                 .authority = kServerAddress,
                 .ask_after_bytes = int64_t{scenario.ask_after_kb} * 1024});
  if (absl::Status status = RunProbe(socket->get(), interrupt, &prober);
      !status.ok()) {
    return status;
  }
  return Measurement{.reaction = prober.reaction(), .link = (*link)->Stop()};
}

}  // namespace

absl::StatusOr<std::vector<Cell>> MeasureReactions(
    const ReactionOptions& options, int interrupt,
    const std::function<void(const std::string&)>& progress) {
  absl::StatusOr<std::unique_ptr<SiteFolder>> site = MakeSite();
  if (!site.ok()) return site.status();
  std::vector<Cell> cells;
  for (const Scenario& scenario : options.scenarios) {
    for (const Signals signals : options.signals) {
      cells.push_back({.scenario = scenario, .signals = signals, .runs = {}});
    }
  }
  const size_t total = cells.size() * static_cast<size_t>(options.repeat);
  for (size_t run = 0; run < total; ++run) {
    Cell& cell = cells[run % cells.size()];
    absl::StatusOr<Measurement> measured = MeasureOnce(
        options, cell.scenario, cell.signals, (*site)->path(), interrupt);
    if (!measured.ok()) return measured.status();
    cell.runs.push_back(*measured);
    progress(absl::StrCat("[", run + 1, "/", total, "] ", cell.scenario.name,
                          " ", SignalsName(cell.signals), ": ",
                          OneRun(measured->reaction, options.link.round_trip)));
  }
  return cells;
}

}  // namespace sluice::servers
