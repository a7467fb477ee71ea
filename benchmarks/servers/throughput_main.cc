// The cost of a request, at our server and at others: docs/servers.md.
//
//   throughput --sizes=1024,1048576 --repeat=5 --json out.json
//
// Words after `--` are more flags of our server. A line for each run goes to
// standard error, the table to standard output. Exit status: 0; 1 when a run
// fails; 2 for a bad command line, or without h2load; 130 after SIGINT or
// SIGTERM.
#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/server_flags.h"
#include "benchmarks/servers/spread.h"
#include "benchmarks/servers/throughput.h"
#include "support/command_line.h"

ABSL_FLAG(std::vector<std::string>, sizes,
          (std::vector<std::string>{"1024", "1048576"}),
          "list of the files' sizes in bytes");
ABSL_FLAG(std::vector<std::string>, threads, (std::vector<std::string>{"1"}),
          "list of numbers of threads of each server");
ABSL_FLAG(int, clients, 10, "connections of h2load");
ABSL_FLAG(int, streams, 10, "requests in flight on each connection");
ABSL_FLAG(int, requests, 40000,
          "requests of a run; fewer for large files, so that a run moves about "
          "500 MB");
ABSL_FLAG(bool, system_calls, true,
          "count system calls, by strace in a run of their own");

namespace sluice::servers {
namespace {

constexpr char kProgram[] = "throughput";
constexpr char kUsage[] =
    "Measures the CPU time that our server and others take for a request.\n\n"
    "  throughput [--servers=sluice,nghttpd,h2o --sizes=1024,1048576 …]\n"
    "             [--json=FILE --html=FILE] [-- MORE FLAGS OF OUR SERVER]\n";
constexpr int kMostBytesOfARun = 500'000'000;

using support::ExitBadCommandLine;

int NumberOrExit(absl::string_view flag, absl::string_view text, int most) {
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < 1 || value > most) {
    ExitBadCommandLine(kProgram, absl::StrCat(flag, " has '", text,
                                              "'; it must be 1 to ", most));
  }
  return value;
}

std::vector<size_t> SizesOrExit() {
  std::vector<size_t> sizes;
  for (const std::string& size : absl::GetFlag(FLAGS_sizes)) {
    sizes.push_back(
        static_cast<size_t>(NumberOrExit("--sizes", size, 1 << 30)));
  }
  return sizes;
}

std::vector<LoadCell> CellsOrExit(const Servers& servers,
                                  const std::vector<bool>& transports,
                                  const std::vector<size_t>& sizes) {
  const int requests = InRangeOrExit(
      kProgram, "--requests", absl::GetFlag(FLAGS_requests), 100'000'000);
  std::vector<int> threads;
  for (const std::string& number : absl::GetFlag(FLAGS_threads)) {
    threads.push_back(NumberOrExit("--threads", number, 256));
  }
  std::vector<LoadCell> cells;
  for (const size_t size : sizes) {
    const int most = kMostBytesOfARun / static_cast<int>(size);
    for (const bool tls : transports) {
      for (const std::string& server : servers.names) {
        const Peer* const peer = FindPeer(PeerName(server));
        if (peer != nullptr && !peer->cleartext && !tls) continue;
        for (const int number : threads) {
          cells.push_back(
              {server, number, size, tls, std::clamp(most, 1, requests)});
        }
      }
    }
  }
  return cells;
}

Json LabelsOf(const LoadCell& cell) {
  return {{"file", SizeName(cell.bytes)},
          {"transport", cell.tls ? "TLS" : "cleartext"},
          {"server", cell.server},
          {"threads", cell.threads}};
}

int Main(std::vector<std::string> more_flags) {
  const std::vector<bool> transports = TransportsOrExit(kProgram);
  const std::vector<size_t> sizes = SizesOrExit();
  const ThroughputOptions options = {
      .clients = InRangeOrExit(kProgram, "--clients",
                               absl::GetFlag(FLAGS_clients), 10'000),
      .streams = InRangeOrExit(kProgram, "--streams",
                               absl::GetFlag(FLAGS_streams), 10'000),
      .system_calls = absl::GetFlag(FLAGS_system_calls)};
  const int repeat = RepeatOrExit(kProgram);
  const Fd interrupt = CatchInterrupts();
  Servers servers = ServersOrExit(
      kProgram, {"sluice", "nghttpd", "h2o", "nginx", "nghttpd+sluice"},
      std::move(more_flags), interrupt.get());
  const std::vector<LoadCell> cells = CellsOrExit(servers, transports, sizes);
  absl::StatusOr<LoadRunner> runner =
      LoadRunner::Create(servers, options, sizes, interrupt.get());
  if (!runner.ok()) {
    std::cerr << kProgram << ": " << runner.status().message() << "\n";
    return ExitStatusOf(runner.status());
  }
  Plan plan;
  plan.repeat = repeat;
  plan.options = {{"clients", options.clients}, {"streams", options.streams}};
  for (const LoadCell& cell : cells) plan.cells.push_back(LabelsOf(cell));
  return RunBenchmark(
      kProgram, servers, plan,
      {{"file", "file"},
       {"transport", "transport"},
       {"server", "server"},
       {"threads", "threads"},
       {"cpu_us", "CPU µs a request", 2},
       {"ours_by_its", "ours ÷ it"},
       {"busiest_cpu_us", "busiest thread, µs", 2},
       {"requests_per_second", "requests a second", 0},
       {"system_calls", "system calls a request", 2}},
      interrupt.get(), [&](size_t i) { return runner->Run(cells[i]); },
      [&](std::vector<Cell>* all) {
        CompareWithOurs(all);
        for (const std::string& note : runner->notes()) {
          servers.notes.push_back(note);
        }
      });
}

}  // namespace
}  // namespace sluice::servers

// JSON of other types than ours would throw.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  return sluice::servers::Main(
      sluice::support::ParseFlagsOrExit(argc, argv, sluice::servers::kUsage));
}
