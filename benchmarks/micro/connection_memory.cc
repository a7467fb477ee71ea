// Prints what an idle connection keeps, for each policy, beside nghttp2's
// session. For resident bytes run one benchmark in a process:
//
//   ./bazelw build --config=opt //benchmarks/micro:connection_memory
//   bazel-bin/benchmarks/micro/connection_memory
//       --benchmark_filter=IdleConnection/auto/requests:0
//
// The counters are the result; the time is that of a handshake and its
// requests.
#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/micro/idle_memory.h"

namespace sluice::benchmarks {
namespace {

constexpr size_t kConnections = 1000;

void IdleConnection(benchmark::State& state, const std::string& system) {
  IdleBytes bytes;
  for (auto _ : state) {
    bytes = IdleConnectionBytes(system, kConnections,
                                static_cast<size_t>(state.range(0)));
  }
  state.counters["heap_bytes"] = static_cast<double>(bytes.heap);
  state.counters["resident_bytes"] = static_cast<double>(bytes.resident);
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(kConnections));
}

void RegisterAll() {
  std::vector<std::string> systems = {"nghttp2", "core"};
  for (const scheduler::PolicyEntry& entry : scheduler::RegisteredPolicies()) {
    systems.push_back(entry.name);
  }
  for (const std::string& system : systems) {
    benchmark::RegisterBenchmark(
        ("IdleConnection/" + system).c_str(),
        [system](benchmark::State& state) { IdleConnection(state, system); })
        ->ArgName("requests")
        ->Arg(0)
        ->Arg(1)
        ->Arg(100)
        ->Iterations(1);
  }
}

}  // namespace
}  // namespace sluice::benchmarks

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  sluice::benchmarks::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
