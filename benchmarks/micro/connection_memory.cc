// Prints what an idle connection keeps, beside nghttp2's session:
//
//   ./bazelw run --config=opt //benchmarks/micro:connection_memory
//
// The counter is the result; the time is that of a handshake and its requests.
#include <cstddef>
#include <cstdint>

#include "benchmark/benchmark.h"
#include "benchmarks/micro/idle_memory.h"

namespace sluice::benchmarks {
namespace {

constexpr size_t kConnections = 200;

void IdleConnection(benchmark::State& state, Implementation implementation) {
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = IdleConnectionBytes(implementation, kConnections,
                                static_cast<size_t>(state.range(0)));
  }
  state.counters["bytes_per_connection"] = static_cast<double>(bytes);
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(kConnections));
}

BENCHMARK_CAPTURE(IdleConnection, sluice, Implementation::kSluice)
    ->ArgName("requests")
    ->Arg(0)
    ->Arg(1)
    ->Arg(100);
BENCHMARK_CAPTURE(IdleConnection, nghttp2, Implementation::kNghttp2)
    ->ArgName("requests")
    ->Arg(0)
    ->Arg(1)
    ->Arg(100);

}  // namespace
}  // namespace sluice::benchmarks
