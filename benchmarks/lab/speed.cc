// How many page loads the lab makes in a second: all captured pages through
// h2::Connection at both ends, DataScheduler and the policy, over `link`, with
// metrics and tables, as //:compare runs them.
//
//   taskset -c 0 bazel-bin/benchmarks/lab/speed
//
// items_per_second are page loads, bytes_per_second those of their bodies.
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/text_report.h"
#include "support/bundled.h"

namespace sluice::lab {
namespace {

// Times whole comparisons; pages and policies are read once.
void Measure(benchmark::State& state, const Comparison& comparison) {
  for (auto _ : state) {
    TextOutput output(
        {.runs_a_table = comparison.RunsATable()},
        [](absl::string_view text) { benchmark::DoNotOptimize(text.data()); });
    const absl::Status status = Compare(
        comparison, {&output}, [](size_t, size_t, absl::string_view) {});
    if (!status.ok()) {
      state.SkipWithError(std::string(status.message()).c_str());
      return;
    }
  }
  uint64_t bytes = 0;
  for (const Page& page : comparison.pages) bytes += page.BodyBytes();
  const size_t loads = comparison.RunsATable();
  state.SetItemsProcessed(
      state.iterations() *
      static_cast<int64_t>(loads * comparison.pages.size()));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(loads * bytes));
}

absl::Status RegisterAll(absl::string_view argv0) {
  absl::StatusOr<std::vector<Page>> pages = SelectPages(
      "real", support::BundledFolder(argv0, "benchmarks/lab/pages"));
  if (!pages.ok()) return pages.status();
  absl::StatusOr<std::vector<std::string>> policies = SelectPolicies("all");
  if (!policies.ok()) return policies.status();
  absl::StatusOr<std::vector<SignalSet>> signals =
      SelectSignals("chrome9218_2023");
  if (!signals.ok()) return signals.status();

  const auto add = [](const std::string& name, Comparison comparison) {
    benchmark::RegisterBenchmark(name.c_str(), [comparison =
                                                    std::move(comparison)](
                                                   benchmark::State& state) {
      Measure(state, comparison);
    })->Unit(benchmark::kMillisecond);
  };
  Comparison comparison;
  comparison.pages = *std::move(pages);
  comparison.signals = *std::move(signals);
  comparison.policies = *policies;
  for (const Network& network : Networks()) {
    comparison.networks = {NamedLink(std::string(network.name), network.link)};
    add(absl::StrCat("AllPolicies/", network.name), comparison);
  }
  comparison.networks = Comparison().networks;
  for (const std::string& policy : *policies) {
    comparison.policies = {policy};
    add(absl::StrCat("OnePolicy/", policy), comparison);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace sluice::lab

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const absl::Status status = sluice::lab::RegisterAll(argv[0]);
  if (!status.ok()) {
    std::fprintf(stderr, "speed: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
