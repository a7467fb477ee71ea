// Sluice's tree beside h2o's scheduler, nghttp2's session and a binary heap, in
// one binary: <Operation>/<system>/<shape>/<n>.
//
//   bazel run -c opt //benchmarks/micro:priority_tree --
//       --benchmark_filter=Pick/.*/flat --benchmark_repetitions=9
//
// `sluice` is the tree as it ships, `sluice_exact` the one whose levels are all
// exact (a splay tree beyond eight children). See docs/priority_tree.md.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "benchmarks/micro/systems.h"

namespace sluice::benchmarks {
namespace {

using Sluice = SluiceSystem<priority::TreeOrder::kSlots>;
using SluiceExact = SluiceSystem<priority::TreeOrder::kExact>;
using MakeShape = Shape (*)(uint32_t n);

// The default shape: everything on the root, weight 16, ready.
Shape EqualShape(uint32_t n) { return Shape(n, StreamSpec{.ready = true}); }

template <class System>
void Pick(benchmark::State& state, MakeShape shape) {
  System system(shape(static_cast<uint32_t>(state.range(0))));
  // Past the first round, so that keys are spread as they stay.
  for (int64_t i = 0; i < 2 * state.range(0); ++i) system.Decide();
  for (auto _ : state) benchmark::DoNotOptimize(system.Decide());
  state.SetItemsProcessed(state.iterations());
}

// The leaf of an otherwise idle chain becomes ready, is served, goes idle.
template <class System>
void Toggle(benchmark::State& state) {
  const auto n = static_cast<uint32_t>(state.range(0));
  Shape shape = ChainShape(n);
  shape.back().ready = false;
  System system(shape);
  for (auto _ : state) system.Toggle(n);
  state.SetItemsProcessed(state.iterations());
}

// One of n busy siblings goes idle and comes back.
template <class System>
void BlockUnblock(benchmark::State& state) {
  const auto n = static_cast<uint32_t>(state.range(0));
  System system(FlatShape(n));
  for (uint32_t i = 0; i < 2 * n; ++i) system.Decide();
  uint32_t stream = 0;
  for (auto _ : state) {
    stream = (stream * 1664525u + 1013904223u);
    system.BlockAndUnblock(1 + stream % n);
  }
  state.SetItemsProcessed(state.iterations());
}

// A random stream of n gets a random weight on the root.
template <class System>
void Reweight(benchmark::State& state) {
  const auto n = static_cast<uint32_t>(state.range(0));
  System system(FlatShape(n));
  std::mt19937 random(1);
  for (auto _ : state) {
    system.Move(1 + random() % n, 0, static_cast<int>(1 + random() % 256),
                false);
  }
  state.SetItemsProcessed(state.iterations());
}

// A random leaf of Firefox's n moves to another group.
template <class System>
void Regroup(benchmark::State& state) {
  const auto n = static_cast<uint32_t>(state.range(0));
  System system(FirefoxShape(n));
  std::mt19937 random(1);
  for (auto _ : state) {
    system.Move(7 + random() % n, random() % 2 == 0 ? 2 : 5,
                static_cast<int>(1 + random() % 256), false);
  }
  state.SetItemsProcessed(state.iterations());
}

// A new stream adopts n streams: each inserted one takes them from the last.
template <class System>
void ExclusiveInsert(benchmark::State& state) {
  constexpr uint32_t kInserts = 200;
  const auto n = static_cast<uint32_t>(state.range(0));
  std::unique_ptr<System> system;
  uint32_t inserted = kInserts;
  for (auto _ : state) {
    if (inserted == kInserts) {
      state.PauseTiming();
      system = std::make_unique<System>(EqualShape(n), kInserts);
      inserted = 0;
      state.ResumeTiming();
    }
    system->Open(n + 1 + inserted, inserted == 0 ? 0 : n + inserted, 16, true);
    ++inserted;
  }
  state.SetItemsProcessed(state.iterations());
}

// Beside n busy siblings a stream opens, is ready, and closes.
template <class System>
void Churn(benchmark::State& state) {
  const auto n = static_cast<uint32_t>(state.range(0));
  System system(FlatShape(n), 1);
  for (auto _ : state) {
    system.Open(n + 1, 0, 16, false);
    system.Close(n + 1);
  }
  state.SetItemsProcessed(state.iterations());
}

// The worst of (max - min of W_i/w_i - W_j/w_j) / (L/w_i + L/w_j) over all
// pairs of n siblings that stay ready, after each of many decisions.
template <class System>
void Fairness(benchmark::State& state, bool random_frames) {
  const auto n = static_cast<uint32_t>(state.range(0));
  double worst = 0;
  for (auto _ : state) {
    const Shape shape = FlatShape(n);
    System system(shape);
    std::mt19937 random(7);
    struct Range {
      double low = 0, high = 0;
    };
    std::vector<Range> ranges(static_cast<size_t>(n) * n);
    std::vector<double> normal(n, 0);  // W/w
    for (int i = 0; i < 20000; ++i) {
      size_t bytes = kFrame;
      if (random_frames) bytes = 1 + random() % kFrame;
      const uint32_t served = system.Decide(bytes) - 1;
      normal[served] += static_cast<double>(bytes) / shape[served].weight;
      for (uint32_t j = 0; j < n; ++j) {
        Range& range = ranges[served * n + j];
        const double difference = normal[served] - normal[j];
        range.low = std::min(range.low, difference);
        range.high = std::max(range.high, difference);
        Range& mirror = ranges[j * n + served];
        mirror.low = std::min(mirror.low, -difference);
        mirror.high = std::max(mirror.high, -difference);
      }
    }
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t j = 0; j < i; ++j) {
        const double bound =
            double{kFrame} / shape[i].weight + double{kFrame} / shape[j].weight;
        const Range& range = ranges[i * n + j];
        worst = std::max(worst, (range.high - range.low) / bound);
      }
    }
  }
  state.counters["worst_ratio"] = worst;
}

// The memory of n streams on the root, everything counted.
template <class System>
void Memory(benchmark::State& state) {
  const auto n = static_cast<uint32_t>(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    const struct mallinfo2 before = mallinfo2();
    const System system(FlatShape(n));
    const struct mallinfo2 after = mallinfo2();
    bytes = static_cast<double>(after.uordblks + after.hblkhd) -
            static_cast<double>(before.uordblks + before.hblkhd);
  }
  state.counters["bytes_a_node"] = bytes / n;
}

template <class System>
void RegisterSystem(const std::string& name, bool fast) {
  const auto add = [&name](const char* operation, const char* shape,
                           std::initializer_list<int64_t> sizes, auto run) {
    const std::string full = std::string(operation) + "/" + name + "/" + shape;
    auto* made = benchmark::RegisterBenchmark(full.c_str(), run);
    for (int64_t n : sizes) made->Arg(n);
    return made;
  };
  add("Pick", "flat", {2, 8, 10, 100, 1000, 10000, 100000},
      [](benchmark::State& s) { Pick<System>(s, FlatShape); });
  add("Fairness", "equal", {8, 32}, [](benchmark::State& s) {
    Fairness<System>(s, false);
  })->Iterations(1);
  add("Fairness", "random", {8, 32}, [](benchmark::State& s) {
    Fairness<System>(s, true);
  })->Iterations(1);
  if constexpr (!std::is_same_v<System, HeapSystem>) {
    add("Pick", "chain", {10, 100, 1000, 10000},
        [](benchmark::State& s) { Pick<System>(s, ChainShape); });
    add("Pick", "firefox", {100},
        [](benchmark::State& s) { Pick<System>(s, FirefoxShape); });
    add("Pick", "chrome", {100},
        [](benchmark::State& s) { Pick<System>(s, ChromeShape); });
    add("Toggle", "chain", {10, 100, 1000, 10000}, Toggle<System>);
    add("Reweight", "flat", {100, 10000}, Reweight<System>);
    add("Regroup", "firefox", {100}, Regroup<System>);
    add("ExclusiveInsert", "flat", {10, 100, 1000, 10000},
        ExclusiveInsert<System>);
    add("Memory", "flat", {100, 1000, 10000}, Memory<System>)->Iterations(1);
    if (fast) {
      add("Churn", "flat", {100, 10000}, Churn<System>);
    }
  }
}

void RegisterAll() {
  RegisterSystem<Sluice>("sluice", true);
  RegisterSystem<H2oSystem>("h2o", true);
  RegisterSystem<SluiceExact>("sluice_exact", true);
  RegisterSystem<Nghttp2System>("nghttp2", false);
  RegisterSystem<HeapSystem>("heap", true);
  for (int64_t n : {10, 100, 10000}) {
    benchmark::RegisterBenchmark("BlockUnblock/sluice/flat",
                                 BlockUnblock<Sluice>)
        ->Arg(n);
    benchmark::RegisterBenchmark("BlockUnblock/sluice_exact/flat",
                                 BlockUnblock<SluiceExact>)
        ->Arg(n);
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
