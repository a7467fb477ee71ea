// The cost of the protocol core, beside libnghttp2: requests and responses
// between two ends in memory, and each end alone.
//
//   <Operation>/<system>/<n in flight>/<bytes of the body>
//
// Exchange, Api, Grpc, Upload and Paths are both ends joined, by the kind of
// message (exchange.h). The messages of Paths are all different; those of every
// other operation are the same each time. Idle1000 is Exchange beside 1,000
// streams that stay open, Churn a connection for each request. Server and
// Client are one end, fed with bytes of libnghttp2's other end; OneByteReads is
// Server, fed byte by byte; Priority is a server under a storm of PRIORITY
// frames.
//
// Of Exchange there is also libnghttp2 with the adapter in charge of its server
// (nghttp2_adapter_copy, and nghttp2_adapter_auto_copy by the policy `auto`).
// Two parts of it are measured alone (parts.h): Hpack, and by OwnStack the
// decisions that a server gets from the C ABI.
//
// items_per_second counts requests (of Priority: frames). The counters are for
// one of them: bytes that memcpy() and memmove() copied, and allocations.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "benchmarks/micro/exchange.h"
#include "benchmarks/micro/parts.h"
#include "benchmarks/micro/work_counter.h"

ABSL_FLAG(uint32_t, iterations, 0,
          "iterations of each benchmark, for counting instructions; 0: as many "
          "as its time takes");

namespace sluice::benchmarks {
namespace {

struct System {
  std::string name;
  std::function<std::unique_ptr<ClientEnd>(const Exchange&)> client;
  std::function<std::unique_ptr<End>(const Exchange&)> server;
};

// With a policy, the adapter is in charge of the server.
System Nghttp2(const std::string& name, bool no_copy,
               const char* policy = nullptr) {
  return {"nghttp2_" + name + (no_copy ? "no_copy" : "copy"),
          [no_copy](const Exchange& exchange) {
            return MakeNghttp2Client(exchange, no_copy);
          },
          [no_copy, policy](const Exchange& exchange) {
            return MakeNghttp2Server(exchange, no_copy, policy);
          }};
}

std::vector<System> Libraries() {
  return {{"sluice", MakeSluiceClient, MakeSluiceServer},
          Nghttp2("", false),
          Nghttp2("", true)};
}

std::vector<System> Adapters() {
  return {Nghttp2("adapter_", false, "rfc7540"),
          Nghttp2("adapter_", true, "rfc7540"),
          Nghttp2("adapter_auto_", false, "auto"),
          Nghttp2("adapter_auto_", true, "auto")};
}

void Report(benchmark::State& state, uint64_t requests, const Work& before) {
  const Work after = WorkSoFar();
  const auto each = static_cast<double>(requests);
  state.SetItemsProcessed(static_cast<int64_t>(requests));
  state.counters["copied_bytes"] =
      static_cast<double>(after.copied_bytes - before.copied_bytes) / each;
  state.counters["allocations"] =
      static_cast<double>(after.allocations - before.allocations) / each;
}

// Rounds after which dynamic tables, windows and pools are as they stay.
constexpr int kWarmUp = 10;

// Both ends joined: an iteration is one round of `in_flight` requests.
void Measure(benchmark::State& state, ClientEnd& client, End& server,
             uint64_t in_flight) {
  const auto round = [&] {
    const uint64_t done = client.done();
    for (uint64_t i = 0; i < in_flight; ++i) client.Request();
    Carry(client, server, done + in_flight);
  };
  for (int i = 0; i < kWarmUp; ++i) round();
  const Work before = WorkSoFar();
  for (auto _ : state) round();
  Report(state, state.iterations() * in_flight, before);
}

void Joined(benchmark::State& state, const System& system,
            const Exchange& exchange, uint64_t in_flight) {
  const std::unique_ptr<ClientEnd> client = system.client(exchange);
  const std::unique_ptr<End> server = system.server(exchange);
  Measure(state, *client, *server, in_flight);
}

// The bytes of each end, round by round.
struct Recording {
  std::vector<std::string> client;
  std::vector<std::string> server;
};

Recording Record(const Exchange& exchange, uint64_t in_flight, int rounds) {
  const std::unique_ptr<ClientEnd> client = MakeNghttp2Client(exchange, false);
  const std::unique_ptr<End> server = MakeNghttp2Server(exchange, false);
  Recording recording;
  for (int i = 0; i < rounds; ++i) {
    std::string& from_client = recording.client.emplace_back();
    std::string& from_server = recording.server.emplace_back();
    const uint64_t done = client->done();
    for (uint64_t j = 0; j < in_flight; ++j) client->Request();
    Carry(*client, *server, done + in_flight, &from_client, &from_server);
  }
  return recording;
}

// As Joined(), beside streams that stay open without an answer.
void BesideIdleStreams(benchmark::State& state, const System& system,
                       const Exchange& exchange, uint64_t in_flight) {
  const std::unique_ptr<ClientEnd> client = system.client(exchange);
  const std::unique_ptr<End> server = system.server(exchange);
  for (uint64_t i = 0; i < exchange.unanswered; ++i) client->Request();
  Measure(state, *client, *server, in_flight);
}

// A connection for each request.
void Churn(benchmark::State& state, const System& system,
           const Exchange& exchange, uint64_t) {
  const Work before = WorkSoFar();
  for (auto _ : state) {
    const std::unique_ptr<ClientEnd> client = system.client(exchange);
    const std::unique_ptr<End> server = system.server(exchange);
    client->Request();
    Carry(*client, *server, 1);
  }
  Report(state, state.iterations(), before);
}

constexpr int kRounds = 100;  // on one connection, which is one iteration

// Feeds ends of `make`, each with `feed`; only the feeding is measured.
template <class Make, class Feed>
void Alone(benchmark::State& state, uint64_t requests, Make make, Feed feed) {
  Work fed;
  for (auto _ : state) {
    state.PauseTiming();
    auto end = make();
    const Work before = WorkSoFar();
    state.ResumeTiming();
    feed(*end);
    state.PauseTiming();
    const Work after = WorkSoFar();
    fed.copied_bytes += after.copied_bytes - before.copied_bytes;
    fed.allocations += after.allocations - before.allocations;
    end.reset();
    state.ResumeTiming();
  }
  const Work now = WorkSoFar();
  Report(
      state, state.iterations() * requests,
      {now.copied_bytes - fed.copied_bytes, now.allocations - fed.allocations});
}

void Discard(std::string_view bytes) { benchmark::DoNotOptimize(bytes.data()); }

// `piece`: the bytes of one read.
void FeedServer(benchmark::State& state, const System& system,
                const Exchange& exchange, uint64_t in_flight, size_t piece) {
  const Recording recording = Record(exchange, in_flight, kRounds);
  Alone(
      state, kRounds * in_flight, [&] { return system.server(exchange); },
      [&](End& server) {
        for (const std::string_view bytes : recording.client) {
          for (size_t at = 0; at < bytes.size(); at += piece) {
            server.Receive(bytes.substr(at, piece));
          }
          server.Write(Discard);
        }
      });
}

constexpr size_t kWhole = size_t{1} << 40;

void ServerAlone(benchmark::State& state, const System& system,
                 const Exchange& exchange, uint64_t in_flight) {
  FeedServer(state, system, exchange, in_flight, kWhole);
}

void OneByteReads(benchmark::State& state, const System& system,
                  const Exchange& exchange, uint64_t in_flight) {
  FeedServer(state, system, exchange, in_flight, 1);
}

void ClientAlone(benchmark::State& state, const System& system,
                 const Exchange& exchange, uint64_t in_flight) {
  const Recording recording = Record(exchange, in_flight, kRounds);
  Alone(
      state, kRounds * in_flight, [&] { return system.client(exchange); },
      [&](ClientEnd& client) {
        for (const std::string& bytes : recording.server) {
          for (uint64_t i = 0; i < in_flight; ++i) client.Request();
          client.Write(Discard);
          client.Receive(bytes);
        }
        if (client.done() != kRounds * in_flight) {
          state.SkipWithError("responses are missing");
        }
      });
}

// PRIORITY frames that move `in_flight` open streams about; each counts as a
// request.
void PriorityStorm(benchmark::State& state, const System& system,
                   const Exchange& exchange, uint64_t in_flight) {
  std::string opening;
  const std::unique_ptr<ClientEnd> client = MakeNghttp2Client(exchange, false);
  for (uint64_t i = 0; i < in_flight; ++i) client->Request();
  client->Write([&](std::string_view bytes) { opening += bytes; });
  constexpr uint64_t kFrames = 10000;
  std::string storm;
  uint64_t random = 1;
  for (uint64_t i = 0; i < kFrames; ++i) {
    random = random * 6364136223846793005 + 1442695040888963407;
    const uint64_t stream = 2 * ((random >> 33) % in_flight) + 1;
    uint64_t parent = 2 * ((random >> 45) % in_flight) + 1;
    if (parent == stream) parent = 0;
    storm += {0, 0, 5, 2, 0};
    for (const uint64_t id : {stream, parent}) {
      for (const int shift : {24, 16, 8, 0}) {
        storm += static_cast<char>(id >> shift);
      }
    }
    storm += static_cast<char>(random >> 56);
  }
  Alone(
      state, kFrames,
      [&] {
        std::unique_ptr<End> server = system.server(exchange);
        server->Receive(opening);
        server->Write(Discard);
        return server;
      },
      [&](End& server) { server.Receive(storm); });
}

// An iteration is a round of `in_flight` requests.
void PartAlone(benchmark::State& state, Part& part, uint64_t in_flight) {
  for (int i = 0; i < kWarmUp; ++i) part.Round(in_flight);
  const Work before = WorkSoFar();
  for (auto _ : state) part.Round(in_flight);
  Report(state, state.iterations() * in_flight, before);
}

void Register(const std::string& operation, const std::string& system,
              uint64_t in_flight, size_t bytes,
              std::function<void(benchmark::State&)> run) {
  benchmark::internal::Benchmark* registered = benchmark::RegisterBenchmark(
      (operation + "/" + system + "/" + std::to_string(in_flight) + "/" +
       std::to_string(bytes))
          .c_str(),
      std::move(run));
  const uint32_t iterations = absl::GetFlag(FLAGS_iterations);
  if (iterations > 0) registered->Iterations(iterations);
}

using Run = void (*)(benchmark::State&, const System&, const Exchange&,
                     uint64_t in_flight);

void Register(const std::string& operation, Run run, uint64_t in_flight,
              size_t bytes, const Exchange& exchange,
              const std::vector<System>& systems = Libraries()) {
  for (const System& system : systems) {
    Register(operation, system.name, in_flight, bytes,
             [run, system, exchange, in_flight](benchmark::State& state) {
               run(state, system, exchange, in_flight);
             });
  }
}

void RegisterParts(uint64_t in_flight, size_t bytes) {
  for (const std::string policy : {"rfc7540", "auto"}) {
    Register("OwnStack", "sluice_c_" + policy, in_flight, bytes,
             [=](benchmark::State& state) {
               PartAlone(state, *MakeCAbiPart(policy, BrowserExchange(bytes)),
                         in_flight);
             });
  }
  if (bytes > 0) return;
  Register("Hpack", "nghttp2", in_flight, bytes, [=](benchmark::State& state) {
    PartAlone(state, *MakeHpackPart(BrowserExchange(bytes)), in_flight);
  });
}

void RegisterAll() {
  for (const uint64_t in_flight : {1, 10, 100}) {
    for (const size_t bytes : {0, 1 << 10, 1 << 16, 1 << 20}) {
      Register("Exchange", Joined, in_flight, bytes, BrowserExchange(bytes));
      Register("Exchange", Joined, in_flight, bytes, BrowserExchange(bytes),
               Adapters());
      RegisterParts(in_flight, bytes);
      Register("Server", ServerAlone, in_flight, bytes, BrowserExchange(bytes));
      Register("Client", ClientAlone, in_flight, bytes, BrowserExchange(bytes));
      Register("Upload", Joined, in_flight, bytes, UploadExchange(bytes));
    }
    Exchange idle = BrowserExchange(1 << 10);
    idle.unanswered = 1000;
    Register("Idle1000", BesideIdleStreams, in_flight, 1 << 10, idle);
    Exchange stuck = BrowserExchange(0);
    stuck.unanswered = in_flight;
    Register("Priority", PriorityStorm, in_flight, 0, stuck);
    Register("OneByteReads", OneByteReads, in_flight, 0, BrowserExchange(0));
    for (const size_t bytes : {0, 1 << 10}) {
      Register("Paths", Joined, in_flight, bytes, PathsExchange(bytes));
      Register("Api", Joined, in_flight, bytes, ApiExchange(bytes));
      Register("Grpc", Joined, in_flight, bytes, GrpcExchange(bytes));
    }
  }
  Register("Churn", Churn, 1, 1 << 10, BrowserExchange(1 << 10));
}

}  // namespace
}  // namespace sluice::benchmarks

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (absl::ParseCommandLine(argc, argv).size() > 1) {
    std::cerr << "core takes flags only, not '" << argv[1] << "'\n";
    return 2;
  }
  sluice::benchmarks::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
