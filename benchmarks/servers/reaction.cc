#include "benchmarks/servers/reaction.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/servers/certificate.h"
#include "benchmarks/servers/client_stream.h"
#include "benchmarks/servers/link_end.h"
#include "benchmarks/servers/probe_run.h"
#include "benchmarks/servers/prober.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/reaction_report.h"
#include "benchmarks/servers/server_process.h"
#include "benchmarks/servers/slow_link.h"
#include "benchmarks/servers/temporary_folder.h"

namespace sluice::servers {
namespace {

// The server is alone in its namespace.
constexpr int kPort = 8080;
constexpr size_t kLowBytes = size_t{200} * 1024;
constexpr size_t kUrgentBytes = size_t{100} * 1024;

// The files of all runs.
class Files {
 public:
  absl::Status Create(bool tls) {
    absl::StatusOr<std::unique_ptr<TemporaryFolder>> folder =
        TemporaryFolder::Create();
    if (!folder.ok()) return folder.status();
    folder_ = *std::move(folder);
    absl::Status status = folder_->AddFile("low", kLowBytes);
    if (status.ok()) status = folder_->AddFile("urgent", kUrgentBytes);
    if (status.ok() && tls) status = WriteCertificate(Cert(), Key());
    return status;
  }

  std::string Cert() const { return folder_->path() + "/cert.pem"; }
  std::string Key() const { return folder_->path() + "/key.pem"; }
  const std::string& root() const { return folder_->path(); }

 private:
  std::unique_ptr<TemporaryFolder> folder_;
};

std::vector<std::string> ServerCommand(const ReactionOptions& options,
                                       const Files& files) {
  std::vector<std::string> words = options.server;
  words.push_back(absl::StrCat("--root=", files.root()));
  words.push_back(absl::StrCat("--bind=", kServerAddress));
  words.push_back(absl::StrCat("--port=", kPort));
  words.push_back("--noaccess_log");
  if (options.tls) {
    words.push_back(absl::StrCat("--tls_cert=", files.Cert()));
    words.push_back(absl::StrCat("--tls_key=", files.Key()));
  }
  return words;
}

absl::StatusOr<Measurement> MeasureOnce(const ReactionOptions& options,
                                        const Cell& cell, const Files& files,
                                        int interrupt) {
  SlowLinkOptions link_options = options.link;
  link_options.queue_bytes = static_cast<size_t>(cell.scenario.queue_kb) * 1024;
  absl::StatusOr<std::unique_ptr<SlowLink>> link =
      SlowLink::Create(link_options);
  if (!link.ok()) return link.status();
  absl::StatusOr<std::unique_ptr<ServerProcess>> server = ServerProcess::Start(
      (*link)->server_end(), ServerCommand(options, files), interrupt);
  if (!server.ok()) return server.status();
  absl::StatusOr<ClientStream> stream =
      ClientStream::Connect((*link)->client_end(), kPort, options.tls);
  if (!stream.ok()) return stream.status();
  Prober prober(
      {.signals = cell.signals,
       .scheme = options.tls ? "https" : "http",
       .authority = kServerAddress,
       .ask_after_bytes = int64_t{cell.scenario.ask_after_kb} * 1024});
  if (absl::Status status = RunProbe(&*stream, interrupt, &prober);
      !status.ok()) {
    return status;
  }
  return Measurement{.reaction = prober.reaction(), .link = (*link)->Stop()};
}

}  // namespace

absl::StatusOr<std::vector<Cell>> MeasureReactions(
    const ReactionOptions& options, int interrupt,
    const std::function<void(const std::string&)>& progress) {
  Files files;
  if (absl::Status status = files.Create(options.tls); !status.ok()) {
    return status;
  }
  std::vector<Cell> cells;
  for (const Scenario& scenario : options.scenarios) {
    for (const Signals signals : options.signals) {
      cells.push_back({.scenario = scenario, .signals = signals, .runs = {}});
    }
  }
  const size_t total = cells.size() * static_cast<size_t>(options.repeat);
  for (size_t run = 0; run < total; ++run) {
    Cell& cell = cells[run % cells.size()];
    absl::StatusOr<Measurement> measured =
        MeasureOnce(options, cell, files, interrupt);
    if (!measured.ok()) return measured.status();
    cell.runs.push_back(*measured);
    progress(absl::StrCat("[", run + 1, "/", total, "] ", cell.scenario.name,
                          " ", SignalsName(cell.signals), ": ",
                          OneRun(measured->reaction, options.link.round_trip)));
  }
  return cells;
}

}  // namespace sluice::servers
