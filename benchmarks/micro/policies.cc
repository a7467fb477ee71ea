// One decision (Pick and Charge of 16 KiB) of every policy through its virtual
// interface, beside the bare tree and h2o's scheduler in the same run, and the
// whole of it, one DATA frame through DataScheduler and Connection, beside one
// of nghttp2's session; both with and without a trace. Names:
// Pick/<system>/flat/<streams>, Frame/<system>/flat/<streams>.
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
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "benchmarks/micro/systems.h"

namespace sluice::benchmarks {
namespace {

using scheduler::Grant;
using scheduler::Policy;

constexpr int kSizes[] = {10, 100, 1000, 10000};
constexpr uint32_t kMaxStreams = 20000;

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
  options.max_streams = kMaxStreams;
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

// A body without end, of which no byte is copied and no reference counted.
class EndlessSource : public scheduler::DataSource {
 public:
  Chunk Read(size_t max_bytes) override {
    static const std::string& bytes = *new std::string(kFrame, 'x');
    Chunk chunk;
    chunk.shared.bytes = absl::string_view(bytes).substr(0, max_bytes);
    sent_ += chunk.shared.bytes.size();
    return chunk;
  }

  // Since the last call.
  uint64_t TakeSent() { return std::exchange(sent_, 0); }

 private:
  uint64_t sent_ = 0;
};

enum class Tracing { kOff, kCalls, kFull };

std::unique_ptr<Policy> MakePolicy(const std::string& spec, Tracing tracing,
                                   scheduler::TraceSink* trace) {
  using trace::TraceDetail;
  scheduler::PolicyOptions options;
  options.max_streams = kMaxStreams;
  if (tracing == Tracing::kOff) return *scheduler::CreatePolicy(spec, options);
  return *trace::CreateRecordedPolicy(
      spec, options, trace,
      tracing == Tracing::kFull ? TraceDetail::kFull : TraceDetail::kCalls);
}

// A server with responses without end, whose windows do not bound it.
class FrameServer {
 public:
  FrameServer(int64_t streams, const std::string& spec, Tracing tracing)
      : scheduler_(&server_, MakePolicy(spec, tracing, &trace_),
                   {.max_streams = kMaxStreams,
                    .trace = tracing == Tracing::kOff ? nullptr : &trace_}) {
    server_.InitiateConnection().IgnoreError();
    client_.InitiateConnection().IgnoreError();
    Carry(server_, client_);
    for (const h2::Event& event : Carry(client_, server_)) {
      scheduler_.OnEvent(event);
    }
    OpenWindow(0, h2::kMaxStreamId - 65535);
    for (int64_t i = 0; i < streams; ++i) Request(2 * i + 1);
    server_.ClearOutput();
  }

  // One DATA frame: windows, pick, body, frame header, charge.
  bool SendFrame() {
    const size_t sent = scheduler_.Pull(kFrame);
    server_.ConsumeOutput(server_.OutputSize()).IgnoreError();
    return sent > 0;
  }

  // To be called once in kFramesOfWindows frames.
  static constexpr int64_t kFramesOfWindows = 100000;
  void OpenWindows() {
    uint64_t total = 0;
    for (size_t i = 0; i < bodies_.size(); ++i) {
      const uint64_t sent = bodies_[i]->TakeSent();
      total += sent;
      if (sent > 0) OpenWindow(2 * i + 1, sent);
    }
    if (total > 0) OpenWindow(0, total);
  }

 private:
  static std::vector<h2::Event> Carry(h2::Connection& from,
                                      h2::Connection& to) {
    std::vector<h2::Event> events;
    to.ReceiveData(from.DataToSend(), &events).IgnoreError();
    return events;
  }

  void Request(uint32_t id) {
    client_
        .SendHeaders(id,
                     {{":method", "GET"},
                      {":scheme", "https"},
                      {":authority", "example.org"},
                      {":path", "/"},
                      {"priority", "u=3, i"}},
                     {.end_stream = true})
        .IgnoreError();
    for (const h2::Event& event : Carry(client_, server_)) {
      scheduler_.OnEvent(event);
    }
    auto body = std::make_unique<EndlessSource>();
    bodies_.push_back(body.get());
    scheduler_.Submit(id, {{":status", "200"}}, std::move(body)).IgnoreError();
    server_.ClearOutput();
  }

  void OpenWindow(uint32_t id, uint64_t bytes) {
    std::string frame("\0\0\4\10\0", 5);
    for (const uint64_t number : {uint64_t{id}, bytes}) {
      for (const int shift : {24, 16, 8, 0}) {
        frame += static_cast<char>(number >> shift);
      }
    }
    std::vector<h2::Event> events;
    if (!server_.ReceiveData(frame, &events).ok()) std::abort();
    for (const h2::Event& event : events) scheduler_.OnEvent(event);
  }

  trace::LastEventsTrace trace_{kTraceEvents};
  h2::Connection client_{
      {.side = h2::Side::kClient,
       .settings = {{h2::SettingId::kInitialWindowSize, h2::kMaxStreamId}}}};
  h2::Connection server_{
      {.side = h2::Side::kServer,
       .settings = {{h2::SettingId::kMaxConcurrentStreams, kMaxStreams}},
       // All windows are opened at a time.
       .limits = {.budgets = {.window_update = {0xffffffff, 0, 0}}}}};
  scheduler::DataScheduler scheduler_;
  std::vector<EndlessSource*> bodies_;
};

void Frame(benchmark::State& state, const std::string& spec, Tracing tracing) {
  FrameServer server(state.range(0), spec, tracing);
  int64_t left = FrameServer::kFramesOfWindows;
  for (auto _ : state) {
    if (--left == 0) {
      state.PauseTiming();
      server.OpenWindows();
      left = FrameServer::kFramesOfWindows;
      state.ResumeTiming();
    }
    if (!server.SendFrame()) state.SkipWithError("nothing sent");
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
  const auto add_frame = [](const std::string& name, auto run) {
    auto* made = benchmark::RegisterBenchmark(
        ("Frame/" + name + "/flat").c_str(), std::move(run));
    for (const int size : kSizes) made->Arg(size);
  };
  add_frame("nghttp2", PickSystem<Nghttp2System>);
  for (const scheduler::PolicyEntry& entry : scheduler::RegisteredPolicies()) {
    add(entry.name, [name = entry.name](benchmark::State& state) {
      PickPolicy(state, name);
    });
  }
  add_frame("auto", [](benchmark::State& state) {
    Frame(state, "auto", Tracing::kOff);
  });
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
      add_frame(name + suffix,
                [name, tracing = tracing](benchmark::State& state) {
                  Frame(state, name, tracing);
                });
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
