// How our server reacts to an urgent request on a slow link: docs/servers.md.
//
//   reaction --rate=8mbit --rtt=100ms --repeat=5 --policy=auto --json out.json
//
// Words after `--` are more flags of the server. A line for each run goes to
// standard error, the table to standard output. Exit status: 0; 1 when a run
// fails; 2 for a bad command line, or where the kernel refuses namespaces or
// TUN devices; 130 after SIGINT or SIGTERM.
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/reaction.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/reaction_report.h"
#include "support/command_line.h"
#include "support/paths.h"

ABSL_FLAG(std::string, rate, "8mbit",
          "the link's rate in each direction: kbit, mbit or gbit per second");
ABSL_FLAG(absl::Duration, rtt, absl::Milliseconds(100),
          "the round-trip time while the link's queues are empty");
ABSL_FLAG(std::string, congestion, "bbr",
          "TCP's congestion control at both ends");
ABSL_FLAG(std::string, scenarios, "all",
          "list of full (the urgent request after 900 KB, a queue of 200 KB) "
          "and drained (2,500 KB, 100 KB), or all");
ABSL_FLAG(int, queue_kb, 0,
          "KB that the link queues in each direction; 0: the scenario's");
ABSL_FLAG(int, ask_after_kb, 0,
          "KB of low-priority bodies before the urgent request; 0: the "
          "scenario's");
ABSL_FLAG(std::string, signals, "all",
          "list of 7540, 9218, both and update, or all");
ABSL_FLAG(bool, tls, false, "over TLS, with a certificate for this run");
ABSL_FLAG(int, repeat, 5, "runs of each scenario and kind of signals");
ABSL_FLAG(std::string, policy, "auto", "the server's --policy");
ABSL_FLAG(int, notsent_lowat, 16384, "the server's --notsent_lowat");
ABSL_FLAG(std::string, server, "",
          "another build of examples/server; by default //:server");
ABSL_FLAG(std::string, json, "", "also write all runs to this file");

namespace {

constexpr char kProgram[] = "reaction";
constexpr char kUsage[] =
    "Measures how our server reacts to an urgent request on a slow link.\n\n"
    "  reaction [--rate=8mbit --rtt=100ms --repeat=5 --policy=auto …]\n"
    "           [--json=FILE] [-- MORE FLAGS OF THE SERVER]\n";

using sluice::servers::Cell;
using sluice::servers::Fd;
using sluice::servers::ReactionOptions;
using sluice::support::ExitBadCommandLine;
using sluice::support::ResolveUserPath;

template <typename T>
T ValueOrExit(absl::StatusOr<T> value) {
  if (!value.ok()) ExitBadCommandLine(kProgram, value.status().message());
  return *std::move(value);
}

ReactionOptions OptionsOrExit(absl::string_view argv0,
                              const std::vector<std::string>& more_flags) {
  ReactionOptions options;
  options.link.bits_per_second =
      ValueOrExit(sluice::servers::ParseRate(absl::GetFlag(FLAGS_rate)));
  options.link.round_trip = absl::GetFlag(FLAGS_rtt);
  if (options.link.round_trip < absl::Milliseconds(1) ||
      options.link.round_trip > absl::Seconds(10)) {
    ExitBadCommandLine(
        kProgram,
        absl::StrCat("--rtt is ", absl::FormatDuration(options.link.round_trip),
                     "; it must be 1ms to 10s"));
  }
  options.link.congestion = absl::GetFlag(FLAGS_congestion);
  options.scenarios = ValueOrExit(sluice::servers::ParseScenarios(
      absl::GetFlag(FLAGS_scenarios), absl::GetFlag(FLAGS_queue_kb),
      absl::GetFlag(FLAGS_ask_after_kb)));
  options.signals =
      ValueOrExit(sluice::servers::ParseSignals(absl::GetFlag(FLAGS_signals)));
  options.tls = absl::GetFlag(FLAGS_tls);
  options.repeat = absl::GetFlag(FLAGS_repeat);
  if (options.repeat < 1 || options.repeat > 1000) {
    ExitBadCommandLine(kProgram, absl::StrCat("--repeat is ", options.repeat,
                                              "; it must be 1 to 1000"));
  }
  options.server = {
      sluice::servers::OurServerOrExit(kProgram, argv0,
                                       absl::GetFlag(FLAGS_server)),
      absl::StrCat("--policy=", absl::GetFlag(FLAGS_policy)),
      absl::StrCat("--notsent_lowat=", absl::GetFlag(FLAGS_notsent_lowat))};
  options.server.insert(options.server.end(), more_flags.begin(),
                        more_flags.end());
  return options;
}

int ExitStatusOf(const absl::Status& status) {
  if (absl::IsCancelled(status)) return sluice::servers::kInterrupted;
  const bool refused =
      absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status);
  return refused ? sluice::support::kBadCommandLine : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> more_flags =
      sluice::support::ParseFlagsOrExit(argc, argv, kUsage);
  const ReactionOptions options = OptionsOrExit(argv[0], more_flags);
  const std::string json_path = ResolveUserPath(absl::GetFlag(FLAGS_json));
  std::ofstream json = sluice::servers::JsonFileOrExit(kProgram, json_path);
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  ::signal(SIGPIPE, SIG_IGN);
  const Fd interrupt = sluice::servers::CatchInterrupts();
  const absl::StatusOr<std::vector<Cell>> cells =
      sluice::servers::MeasureReactions(
          options, interrupt.get(),
          [](const std::string& line) { std::cerr << line << "\n"; });
  if (!cells.ok()) {
    std::cerr << kProgram << ": " << cells.status().message() << "\n";
    return ExitStatusOf(cells.status());
  }
  std::cout << sluice::servers::ReactionTable(*cells, options.link.round_trip)
            << sluice::servers::LinkNote(*cells);
  if (json.is_open()) {
    json << sluice::servers::ReactionJson(options, *cells) << std::flush;
    if (!json) {
      std::cerr << kProgram << ": cannot write " << json_path << "\n";
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
