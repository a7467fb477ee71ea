// One decision (Pick and Charge of 16 KiB) of every policy through its virtual
// interface, beside the bare tree and h2o's scheduler in the same run, and one
// DATA frame through DataScheduler and Connection; both with and without a
// trace. Names: Pick/<system>/flat/<streams>, Frame/<policy>/flat/<streams>.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/priority/priority_tree.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/record.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "benchmark/benchmark.h"
#include "benchmarks/micro/systems.h"

namespace sluice::benchmarks {
namespace {

using scheduler::Grant;
using scheduler::Policy;

constexpr int kSizes[] = {10, 100, 1000};

// Streams that never end, with the weights of FlatShape() and, for RFC 9218,
// one urgency that all share.
void OpenAll(uint32_t streams, Policy& policy,
             std::deque<scheduler::StreamInfo>* infos) {
  const Shape shape = FlatShape(streams);
  policy.OnClientUsesRfc9218();
  for (uint32_t i = 0; i < streams; ++i) {
    scheduler::StreamInfo& info = infos->emplace_back();
    info.rfc7540 = signals::Rfc7540Priority{0, shape[i].weight, false};
    info.rfc9218 = signals::Rfc9218Priority{3, true};
    info.hints.resource_class = scheduler::ResourceClass::kImage;
    policy.OnOpen(2 * i + 1, info);
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
  std::deque<scheduler::StreamInfo> infos;
  OpenAll(static_cast<uint32_t>(state.range(0)), *policy, &infos);
  DecideForever(*policy, state);
}

// Everything is recorded; the memory keeps the last events only.
constexpr size_t kTraceEvents = 1024;

void PickRecorded(benchmark::State& state, const std::string& spec,
                  trace::TraceDetail detail) {
  trace::LastEventsTrace trace(kTraceEvents);
  const std::unique_ptr<Policy> policy =
      *trace::CreateRecordedPolicy(spec, {}, &trace, detail);
  std::deque<scheduler::StreamInfo> infos;
  OpenAll(static_cast<uint32_t>(state.range(0)), *policy, &infos);
  DecideForever(*policy, state);
}

// A body without end, shared rather than copied.
class EndlessSource : public scheduler::DataSource {
 public:
  Chunk Read(size_t max_bytes) override {
    Chunk chunk;
    chunk.data = max_bytes < data_.size() ? data_.Subcord(0, max_bytes) : data_;
    return chunk;
  }

 private:
  const absl::Cord data_{std::string(kFrame, 'x')};
};

enum class Tracing { kOff, kCalls, kFull };

// A server with `state.range(0)` responses, whose client only opens windows.
void Frame(benchmark::State& state, const std::string& spec, Tracing tracing) {
  using trace::TraceDetail;
  trace::LastEventsTrace trace(kTraceEvents);
  h2::Connection client(
      {.side = h2::Side::kClient,
       .settings = {{h2::SettingId::kInitialWindowSize, h2::kMaxStreamId}}});
  h2::Connection server(
      {.side = h2::Side::kServer,
       .settings = {{h2::SettingId::kMaxConcurrentStreams, 2000}}});
  scheduler::DataSchedulerOptions options;
  if (tracing != Tracing::kOff) options.trace = &trace;
  scheduler::DataScheduler scheduler(
      &server,
      tracing == Tracing::kOff
          ? *scheduler::CreatePolicy(spec)
          : *trace::CreateRecordedPolicy(spec, {}, &trace,
                                         tracing == Tracing::kFull
                                             ? TraceDetail::kFull
                                             : TraceDetail::kCalls),
      options);
  const auto carry = [](h2::Connection& from, h2::Connection& to) {
    std::vector<h2::Event> events;
    to.ReceiveData(from.DataToSend(), &events).IgnoreError();
    return events;
  };
  server.InitiateConnection().IgnoreError();
  client.InitiateConnection().IgnoreError();
  carry(server, client);
  for (const h2::Event& event : carry(client, server)) scheduler.OnEvent(event);
  for (int64_t i = 0; i < state.range(0); ++i) {
    const auto id = static_cast<h2::StreamId>(2 * i + 1);
    client
        .SendHeaders(id,
                     {{":method", "GET"},
                      {":scheme", "https"},
                      {":authority", "example.org"},
                      {":path", "/"},
                      {"priority", "u=3, i"}},
                     {.end_stream = true})
        .IgnoreError();
    for (const h2::Event& event : carry(client, server)) {
      scheduler.OnEvent(event);
    }
    scheduler
        .Submit(id, {{":status", "200"}}, std::make_unique<EndlessSource>())
        .IgnoreError();
  }
  server.ClearOutput();
  const std::string window("\0\0\4\10\0\0\0\0\0\0\0\100\0", 13);
  std::vector<h2::Event> events;
  for (auto _ : state) {
    if (scheduler.Pull(kFrame) == 0) state.SkipWithError("nothing sent");
    server.ClearOutput();
    events.clear();
    server.ReceiveData(window, &events).IgnoreError();
  }
  state.SetItemsProcessed(state.iterations());
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
  add("bare_tree", PickSystem<SluiceSystem<priority::TreeOrder::kSlots>>);
  add("h2o", PickSystem<H2oSystem>);
  for (const scheduler::PolicyEntry& entry : scheduler::RegisteredPolicies()) {
    add(entry.name, [name = entry.name](benchmark::State& state) {
      PickPolicy(state, name);
    });
  }
  using trace::TraceDetail;
  for (const std::string name : {"rfc7540", "rfc9218"}) {
    add(name + "_recorded_calls", [name](benchmark::State& state) {
      PickRecorded(state, name, TraceDetail::kCalls);
    });
    add(name + "_recorded_full", [name](benchmark::State& state) {
      PickRecorded(state, name, TraceDetail::kFull);
    });
    const std::pair<const char*, Tracing> tracings[] = {
        {"", Tracing::kOff},
        {"_recorded_calls", Tracing::kCalls},
        {"_recorded_full", Tracing::kFull}};
    for (const auto& [suffix, tracing] : tracings) {
      benchmark::RegisterBenchmark(
          ("Frame/" + name + suffix + "/flat").c_str(),
          [name, tracing = tracing](benchmark::State& state) {
            Frame(state, name, tracing);
          })
          ->Arg(100);
    }
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
