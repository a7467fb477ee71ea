// How servers share a slow link by RFC 7540's weights: docs/servers.md.
//
//   share --servers=sluice,nghttpd --repeat=5 --json out.json
//
// Flags, output and exit status are those of `reaction`.
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_benchmark.h"
#include "benchmarks/servers/link_end.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/server_flags.h"
#include "benchmarks/servers/share_prober.h"
#include "support/command_line.h"

namespace sluice::servers {
namespace {

constexpr char kProgram[] = "share";
constexpr char kUsage[] =
    "Measures how servers share a slow link by the weights 224 and 32.\n\n"
    "  share [--servers=all --rate=8mbit --rtt=100ms --repeat=3 …]\n"
    "        [--json=FILE --html=FILE] [-- MORE FLAGS OF OUR SERVER]\n";
constexpr int kQueueKb = 200;
constexpr size_t kBodyBytes = size_t{4000} * 1024;

struct ShareCell {
  Setup setup;
  bool groups = false;
};

absl::StatusOr<Json> Measure(const LinkRunner& runner, const ShareCell& cell,
                             int interrupt) {
  ShareProber prober({.groups = cell.groups,
                      .scheme = cell.setup.tls ? "https" : "http",
                      .authority = kServerAddress});
  const absl::Status status =
      runner.Run(cell.setup, kQueueKb, &prober, interrupt).status();
  if (!status.ok()) return status;
  return Json{{"ratio", prober.ratio()},
              {"says", absl::StrFormat("%.2f", prober.ratio())}};
}

int Main(const std::vector<std::string>& more_flags) {
  const Fd interrupt = CatchInterrupts();
  LinkBenchmark benchmark =
      LinkBenchmarkOrExit(kProgram, more_flags, interrupt.get());
  const absl::StatusOr<LinkRunner> runner =
      LinkRunner::Create(benchmark, {{"large", kBodyBytes}});
  if (!runner.ok()) {
    support::ExitBadCommandLine(kProgram, runner.status().message());
  }
  std::vector<ShareCell> cells;
  Plan& plan = benchmark.plan;
  for (const bool groups : {true, false}) {
    for (const Setup& setup : benchmark.setups) {
      // Each server under one mark, unless all is wanted.
      if (!benchmark.full && setup.low_water_mark == 0) continue;
      cells.push_back({setup, groups});
      plan.cells.push_back(Labels(setup));
      plan.cells.back()["weights"] = groups ? "of groups" : "of streams";
    }
  }
  plan.options["queue_kb"] = kQueueKb;
  return RunBenchmark(kProgram, benchmark.servers, plan,
                      {{"weights", "weights"},
                       {"congestion", "congestion"},
                       {"transport", "transport"},
                       {"mark", "mark"},
                       {"server", "server"},
                       {"ratio", "bytes 224 ÷ bytes 32", 2}},
                      interrupt.get(), [&](size_t i) {
                        return Measure(*runner, cells[i], interrupt.get());
                      });
}

}  // namespace
}  // namespace sluice::servers

int main(int argc, char** argv) {
  return sluice::servers::Main(
      sluice::support::ParseFlagsOrExit(argc, argv, sluice::servers::kUsage));
}
