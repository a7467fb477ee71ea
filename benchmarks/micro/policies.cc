// One decision (Pick and Charge of 16 KiB) of every policy through its virtual
// interface, beside the bare tree and h2o's scheduler in the same run, and what
// recording it costs. Names: Pick/<system>/flat/<streams>.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/micro/systems.h"
#include "priority/rfc7540_priority.h"
#include "priority/rfc9218_priority.h"
#include "priority/tree_order.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/trace.h"

namespace sluice::benchmarks {
namespace {

using scheduler::Grant;
using scheduler::Policy;

constexpr int kSizes[] = {10, 100, 1000};

// Streams that never end, with the weights of FlatShape() and, for RFC 9218,
// one urgency that all share.
void OpenAll(uint32_t streams, Policy& policy) {
  const Shape shape = FlatShape(streams);
  for (uint32_t i = 0; i < streams; ++i) {
    scheduler::StreamInfo info;
    info.rfc7540 = priority::Rfc7540Priority{0, shape[i].weight, false};
    info.rfc9218 = priority::Rfc9218Priority{3, true};
    info.hints.resource_class = scheduler::ResourceClass::kImage;
    policy.OnOpen(2 * i + 1, info).IgnoreError();
    policy.SetReady(2 * i + 1);
  }
}

void DecideForever(Policy& policy, benchmark::State& state) {
  for (auto _ : state) {
    const Grant grant = *policy.Pick();
    policy.Charge(grant.stream_id, kFrame);
  }
  state.SetItemsProcessed(state.iterations());
}

void PickPolicy(benchmark::State& state, const std::string& spec) {
  scheduler::PolicyOptions options;
  options.max_streams = 2000;
  const std::unique_ptr<Policy> policy =
      *scheduler::CreatePolicy(spec, options);
  OpenAll(static_cast<uint32_t>(state.range(0)), *policy);
  DecideForever(*policy, state);
}

// Everything is recorded; the memory keeps the last events only.
class RingTrace : public scheduler::TraceSink {
 public:
  RingTrace() : events_(1024) {}
  void Write(scheduler::TraceEvent event) override {
    events_[next_++ % events_.size()] = std::move(event);
  }

 private:
  std::vector<scheduler::TraceEvent> events_;
  size_t next_ = 0;
};

void PickRecorded(benchmark::State& state, const std::string& spec,
                  scheduler::TraceDetail detail) {
  RingTrace trace;
  const std::unique_ptr<Policy> policy =
      *scheduler::CreateRecordedPolicy(spec, {}, &trace, detail);
  OpenAll(static_cast<uint32_t>(state.range(0)), *policy);
  DecideForever(*policy, state);
}

template <class System>
void PickSystem(benchmark::State& state) {
  System system(FlatShape(static_cast<uint32_t>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(system.Decide());
  state.SetItemsProcessed(state.iterations());
}

void RegisterAll() {
  const auto add = [](const std::string& name, auto run) {
    auto* made = benchmark::RegisterBenchmark(
        ("Pick/" + name + "/flat").c_str(), std::move(run));
    for (const int size : kSizes) made->Arg(size);
  };
  add("bare_tree", PickSystem<SluiceSystem<priority::ByteFairOrder>>);
  add("h2o", PickSystem<H2oSystem>);
  for (const scheduler::PolicyEntry& entry : scheduler::RegisteredPolicies()) {
    add(entry.name, [name = entry.name](benchmark::State& state) {
      PickPolicy(state, name);
    });
  }
  using scheduler::TraceDetail;
  for (const std::string name : {"rfc7540", "rfc9218"}) {
    add(name + "_recorded_calls", [name](benchmark::State& state) {
      PickRecorded(state, name, TraceDetail::kCalls);
    });
    add(name + "_recorded_full", [name](benchmark::State& state) {
      PickRecorded(state, name, TraceDetail::kFull);
    });
  }
}

}  // namespace
}  // namespace sluice::benchmarks

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  sluice::benchmarks::RegisterAll();
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
