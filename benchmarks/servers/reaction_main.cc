// How servers react to an urgent request on a slow link: docs/servers.md.
//
//   reaction --servers=sluice,nghttpd --repeat=5 --json out.json
//
// Words after `--` are more flags of our server. A line for each run goes to
// standard error, the table to standard output. Exit status: 0; 1 when a run
// of our server fails; 2 for a bad command line, or where the kernel refuses
// namespaces or TUN devices; 130 after SIGINT or SIGTERM.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_benchmark.h"
#include "benchmarks/servers/link_end.h"
#include "benchmarks/servers/link_report.h"
#include "benchmarks/servers/prober.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/server_flags.h"
#include "benchmarks/servers/slow_link.h"
#include "support/command_line.h"

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

namespace sluice::servers {
namespace {

constexpr char kProgram[] = "reaction";
constexpr char kUsage[] =
    "Measures how servers react to an urgent request on a slow link.\n\n"
    "  reaction [--servers=all --rate=8mbit --rtt=100ms --repeat=3 …]\n"
    "           [--json=FILE --html=FILE] [-- MORE FLAGS OF OUR SERVER]\n";
constexpr size_t kLowBytes = size_t{200} * 1024;
constexpr size_t kUrgentBytes = size_t{100} * 1024;
constexpr double kKb = 1024;

using support::ExitBadCommandLine;

struct ReactionCell {
  Setup setup;
  Scenario scenario;
  Signals signals = Signals::kRfc7540;
};

template <typename T>
T ValueOrExit(absl::StatusOr<T> value) {
  if (!value.ok()) ExitBadCommandLine(kProgram, value.status().message());
  return *std::move(value);
}

// Without --full a drained queue is measured only where something can be seen:
// with a mark, under one kind of signals each.
bool IsWanted(const LinkBenchmark& benchmark, const ReactionCell& cell,
              bool chosen) {
  if (benchmark.full || chosen || cell.scenario.name == kFull) return true;
  return cell.setup.low_water_mark > 0 && (cell.signals == Signals::kRfc7540 ||
                                           cell.signals == Signals::kRfc9218);
}

std::vector<ReactionCell> CellsOrExit(const LinkBenchmark& benchmark) {
  const std::string names = absl::GetFlag(FLAGS_scenarios);
  const std::string signal_names = absl::GetFlag(FLAGS_signals);
  const bool chosen = names != "all" || signal_names != "all";
  const std::vector<Scenario> scenarios = ValueOrExit(ParseScenarios(
      names, absl::GetFlag(FLAGS_queue_kb), absl::GetFlag(FLAGS_ask_after_kb)));
  const std::vector<Signals> all_signals =
      ValueOrExit(ParseSignals(signal_names));
  std::vector<ReactionCell> cells;
  for (const Scenario& scenario : scenarios) {
    for (const Signals signals : all_signals) {
      for (const Setup& setup : benchmark.setups) {
        const ReactionCell cell = {setup, scenario, signals};
        if (IsWanted(benchmark, cell, chosen)) cells.push_back(cell);
      }
    }
  }
  return cells;
}

Json LabelsOf(const ReactionCell& cell) {
  Json labels = Labels(cell.setup);
  labels["queue"] = cell.scenario.name;
  labels["signals"] = SignalsName(cell.signals);
  return labels;
}

absl::StatusOr<Json> Measure(const LinkBenchmark& benchmark,
                             const LinkRunner& runner, const ReactionCell& cell,
                             int interrupt) {
  Prober prober(
      {.signals = cell.signals,
       .scheme = cell.setup.tls ? "https" : "http",
       .authority = kServerAddress,
       .ask_after_bytes = int64_t{cell.scenario.ask_after_kb} * 1024});
  const absl::StatusOr<LinkReport> link =
      runner.Run(cell.setup, cell.scenario.queue_kb, &prober, interrupt);
  if (!link.ok()) return link.status();
  const Reaction& reaction = prober.reaction();
  const double before = static_cast<double>(reaction.low_before) / kKb;
  const double between = static_cast<double>(reaction.low_between) / kKb;
  const double first =
      absl::FDivDuration(reaction.to_first, benchmark.round_trip);
  const double last =
      absl::FDivDuration(reaction.to_last, benchmark.round_trip);
  Json figures = {{"low_kb_before", before},
                  {"low_kb_between", between},
                  {"round_trips_to_first_frame", first},
                  {"round_trips", last}};
  figures.update(ReportJson(*link));
  figures["says"] =
      absl::StrFormat("%.0f+%.0f KB, %.1f round trips", before, between, last);
  return figures;
}

int Main(const std::vector<std::string>& more_flags) {
  const Fd interrupt = CatchInterrupts();
  LinkBenchmark benchmark =
      LinkBenchmarkOrExit(kProgram, more_flags, interrupt.get());
  const std::vector<ReactionCell> cells = CellsOrExit(benchmark);
  const absl::StatusOr<LinkRunner> runner = LinkRunner::Create(
      benchmark, {{"low", kLowBytes}, {"urgent", kUrgentBytes}});
  if (!runner.ok()) ExitBadCommandLine(kProgram, runner.status().message());
  Plan& plan = benchmark.plan;
  for (const ReactionCell& cell : cells) plan.cells.push_back(LabelsOf(cell));
  for (const ReactionCell& cell : cells) {
    plan.options["queues"][cell.scenario.name] = {
        {"queue_kb", cell.scenario.queue_kb},
        {"ask_after_kb", cell.scenario.ask_after_kb}};
  }
  return RunBenchmark(kProgram, benchmark.servers, plan,
                      {{"queue", "queue"},
                       {"signals", "signals"},
                       {"congestion", "congestion"},
                       {"transport", "transport"},
                       {"mark", "mark"},
                       {"server", "server"},
                       {"low_kb_before", "low KB before", 0},
                       {"low_kb_between", "low KB between", 0},
                       {"round_trips", "round trips to the last byte", 1}},
                      interrupt.get(), [&](size_t i) {
                        return Measure(benchmark, *runner, cells[i],
                                       interrupt.get());
                      });
}

}  // namespace
}  // namespace sluice::servers

int main(int argc, char** argv) {
  return sluice::servers::Main(
      sluice::support::ParseFlagsOrExit(argc, argv, sluice::servers::kUsage));
}
