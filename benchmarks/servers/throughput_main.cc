// The cost of a request, at our server and at others: docs/servers.md.
//
//   throughput --sizes=1024,1048576 --repeat=5 --json out.json
//
// Words after `--` are more flags of our server. A line for each run goes to
// standard error, the table to standard output. Exit status: 0; 1 when a run
// fails; 2 for a bad command line, or without h2load; 130 after SIGINT or
// SIGTERM.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/throughput.h"
#include "benchmarks/servers/throughput_report.h"
#include "support/command_line.h"
#include "support/paths.h"

ABSL_FLAG(std::vector<std::string>, servers,
          (std::vector<std::string>{"sluice", "nghttpd", "h2o"}),
          "list of sluice, nghttpd and h2o; those that are not installed are "
          "left out");
ABSL_FLAG(std::vector<std::string>, sizes,
          (std::vector<std::string>{"1024", "1048576"}),
          "list of the files' sizes in bytes");
ABSL_FLAG(std::vector<std::string>, transports,
          (std::vector<std::string>{"cleartext", "tls"}),
          "list of cleartext and tls");
ABSL_FLAG(std::vector<std::string>, threads, (std::vector<std::string>{"1"}),
          "list of numbers of threads of each server");
ABSL_FLAG(int, clients, 10, "connections of h2load");
ABSL_FLAG(int, streams, 10, "requests in flight on each connection");
ABSL_FLAG(int, requests, 40000,
          "requests of a run; fewer for large files, so that a run moves about "
          "500 MB");
ABSL_FLAG(int, repeat, 5, "runs of each server and load");
ABSL_FLAG(bool, system_calls, true,
          "count system calls, by strace in a run of their own");
ABSL_FLAG(std::string, policy, "auto", "our server's --policy");
ABSL_FLAG(std::string, server, "",
          "another build of examples/server; by default //:server");
ABSL_FLAG(std::string, json, "", "also write all runs to this file");

namespace {

constexpr char kProgram[] = "throughput";
constexpr char kUsage[] =
    "Measures the CPU time that our server and others take for a request.\n\n"
    "  throughput [--servers=sluice,nghttpd,h2o --sizes=1024,1048576 …]\n"
    "             [--json=FILE] [-- MORE FLAGS OF OUR SERVER]\n";
constexpr int kMostBytesOfARun = 500'000'000;

using sluice::servers::Fd;
using sluice::servers::Load;
using sluice::servers::Throughput;
using sluice::servers::ThroughputOptions;
using sluice::support::ExitBadCommandLine;
using sluice::support::ResolveUserPath;

int NumberOrExit(absl::string_view flag, absl::string_view text, int most) {
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < 1 || value > most) {
    ExitBadCommandLine(kProgram, absl::StrCat(flag, " has '", text,
                                              "'; it must be 1 to ", most));
  }
  return value;
}

std::vector<Load> LoadsOrExit() {
  const int requests = NumberOrExit(
      "--requests", absl::StrCat(absl::GetFlag(FLAGS_requests)), 100'000'000);
  std::vector<Load> loads;
  for (const std::string& size : absl::GetFlag(FLAGS_sizes)) {
    const int bytes = NumberOrExit("--sizes", size, 1 << 30);
    for (const std::string& transport : absl::GetFlag(FLAGS_transports)) {
      if (transport != "cleartext" && transport != "tls") {
        ExitBadCommandLine(kProgram,
                           absl::StrCat("--transports names '", transport,
                                        "'; it must be cleartext or tls"));
      }
      loads.push_back(
          {.bytes = static_cast<size_t>(bytes),
           .tls = transport == "tls",
           .requests = std::clamp(kMostBytesOfARun / bytes, 1, requests)});
    }
  }
  return loads;
}

ThroughputOptions OptionsOrExit(absl::string_view argv0,
                                const std::vector<std::string>& more_flags) {
  ThroughputOptions options;
  options.ours = {sluice::servers::OurServerOrExit(kProgram, argv0,
                                                   absl::GetFlag(FLAGS_server)),
                  absl::StrCat("--policy=", absl::GetFlag(FLAGS_policy))};
  options.ours.insert(options.ours.end(), more_flags.begin(), more_flags.end());
  options.servers = absl::GetFlag(FLAGS_servers);
  for (const std::string& server : options.servers) {
    if (server != sluice::servers::kOurs && server != "nghttpd" &&
        server != "h2o") {
      ExitBadCommandLine(kProgram,
                         absl::StrCat("--servers names '", server,
                                      "'; it must be sluice, nghttpd or h2o"));
    }
  }
  options.loads = LoadsOrExit();
  options.threads.clear();
  for (const std::string& threads : absl::GetFlag(FLAGS_threads)) {
    options.threads.push_back(NumberOrExit("--threads", threads, 256));
  }
  options.clients = NumberOrExit(
      "--clients", absl::StrCat(absl::GetFlag(FLAGS_clients)), 10'000);
  options.streams = NumberOrExit(
      "--streams", absl::StrCat(absl::GetFlag(FLAGS_streams)), 10'000);
  options.repeat =
      NumberOrExit("--repeat", absl::StrCat(absl::GetFlag(FLAGS_repeat)), 1000);
  options.system_calls = absl::GetFlag(FLAGS_system_calls);
  return options;
}

int ExitStatusOf(const absl::Status& status) {
  if (absl::IsCancelled(status)) return sluice::servers::kInterrupted;
  return absl::IsFailedPrecondition(status) ? sluice::support::kBadCommandLine
                                            : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> more_flags =
      sluice::support::ParseFlagsOrExit(argc, argv, kUsage);
  const ThroughputOptions options = OptionsOrExit(argv[0], more_flags);
  const std::string json_path = ResolveUserPath(absl::GetFlag(FLAGS_json));
  std::ofstream json = sluice::servers::JsonFileOrExit(kProgram, json_path);
  const Fd interrupt = sluice::servers::CatchInterrupts();
  const absl::StatusOr<Throughput> measured =
      sluice::servers::MeasureThroughput(
          options, interrupt.get(),
          [](const std::string& line) { std::cerr << line << "\n"; });
  if (!measured.ok()) {
    std::cerr << kProgram << ": " << measured.status().message() << "\n";
    return ExitStatusOf(measured.status());
  }
  std::cout << sluice::servers::ThroughputTable(measured->cells);
  for (const std::string& note : measured->notes) std::cout << note << ".\n";
  if (json.is_open()) {
    json << sluice::servers::ThroughputJson(options.clients, options.streams,
                                            measured->cells, measured->notes)
         << std::flush;
    if (!json) {
      std::cerr << kProgram << ": cannot write " << json_path << "\n";
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
