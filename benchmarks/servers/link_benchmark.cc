#include "benchmarks/servers/link_benchmark.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/certificate.h"
#include "benchmarks/servers/client_stream.h"
#include "benchmarks/servers/link_client.h"
#include "benchmarks/servers/link_end.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/probe_run.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/server_flags.h"
#include "benchmarks/servers/slow_link.h"
#include "benchmarks/servers/spread.h"
#include "benchmarks/servers/temporary_folder.h"
#include "support/command_line.h"

using Words = std::vector<std::string>;

ABSL_FLAG(Words, marks, (Words{"0", "16384"}),
          "list of low-water marks, net.ipv4.tcp_notsent_lowat, in bytes; 0: "
          "the system's setting");
ABSL_FLAG(Words, congestion, Words{"bbr"},
          "list of TCP's congestion controls, at both ends");
ABSL_FLAG(std::string, rate, "8mbit",
          "the link's rate in each direction: kbit, mbit or gbit per second");
ABSL_FLAG(absl::Duration, rtt, absl::Milliseconds(100),
          "the round-trip time while the link's queues are empty");
ABSL_FLAG(int, parallel, 3, "runs at the same time, each on a link of its own");
ABSL_FLAG(bool, full, false,
          "all cells: also with Cubic, and those that the default leaves out");

namespace sluice::servers {
namespace {

using support::ExitBadCommandLine;

constexpr int kPort = 8080;  // a server is alone in its namespace

// Those of --congestion that the kernel lets a namespace have.
Words CongestionsOrExit(absl::string_view program, Words* notes) {
  Words names = absl::GetFlag(FLAGS_congestion);
  if (absl::GetFlag(FLAGS_full)) names = {"bbr", "cubic"};
  Words allowed;
  absl::Status refused;
  for (const std::string& name : names) {
    const absl::Status status = SlowLink::Create({.congestion = name}).status();
    if (status.ok()) {
      allowed.push_back(name);
    } else if (absl::IsInvalidArgument(status)) {
      refused = status;
      notes->emplace_back(status.message());
    } else {
      ExitBadCommandLine(program, status.message());
    }
  }
  if (allowed.empty()) ExitBadCommandLine(program, refused.message());
  return allowed;
}

std::vector<int> MarksOrExit(absl::string_view program) {
  std::vector<int> marks;
  for (const std::string& text : absl::GetFlag(FLAGS_marks)) {
    int mark = 0;
    if (!absl::SimpleAtoi(text, &mark) || mark < 0) {
      ExitBadCommandLine(program,
                         absl::StrCat("--marks has '", text,
                                      "'; it must be a number of bytes"));
    }
    marks.push_back(mark);
  }
  return marks;
}

int64_t RateOrExit(absl::string_view program) {
  const absl::StatusOr<int64_t> rate = ParseRate(absl::GetFlag(FLAGS_rate));
  if (!rate.ok()) ExitBadCommandLine(program, rate.status().message());
  return *rate;
}

absl::Duration RoundTripOrExit(absl::string_view program) {
  const absl::Duration round_trip = absl::GetFlag(FLAGS_rtt);
  if (round_trip < absl::Milliseconds(1) || round_trip > absl::Seconds(10)) {
    ExitBadCommandLine(
        program, absl::StrCat("--rtt is ", absl::FormatDuration(round_trip),
                              "; it must be 1ms to 10s"));
  }
  return round_trip;
}

// Ours and the library set a mark themselves: beside others, the system's
// setting says nothing about them.
bool HasOwnMark(absl::string_view server) {
  return server == kOurs || IsPreloaded(server);
}

std::vector<Setup> Setups(const Servers& servers, const Words& congestions,
                          const std::vector<bool>& transports,
                          const std::vector<int>& marks) {
  std::vector<Setup> setups;
  for (const std::string& congestion : congestions) {
    for (const bool tls : transports) {
      for (const int mark : marks) {
        for (const std::string& server : servers.names) {
          const Peer* const peer = FindPeer(PeerName(server));
          if (peer != nullptr && !peer->cleartext && !tls) continue;
          if (HasOwnMark(server) && mark == 0 && marks.size() > 1) continue;
          setups.push_back({server, tls, mark, congestion});
        }
      }
    }
  }
  return setups;
}

}  // namespace

LinkBenchmark LinkBenchmarkOrExit(absl::string_view program, Words more_flags,
                                  int interrupt) {
  LinkBenchmark benchmark;
  benchmark.bits_per_second = RateOrExit(program);
  benchmark.round_trip = RoundTripOrExit(program);
  benchmark.full = absl::GetFlag(FLAGS_full);
  benchmark.plan.parallel =
      InRangeOrExit(program, "--parallel", absl::GetFlag(FLAGS_parallel), 64);
  benchmark.plan.options = {
      {"bits_per_second", benchmark.bits_per_second},
      {"round_trip_ms", absl::ToDoubleMilliseconds(benchmark.round_trip)},
      {"parallel", benchmark.plan.parallel}};
  const std::vector<bool> transports = TransportsOrExit(program);
  const std::vector<int> marks = MarksOrExit(program);
  RepeatOrExit(program);
  more_flags.insert(more_flags.begin(), "--notsent_lowat={mark}");
  Words notes;
  const Words congestions = CongestionsOrExit(program, &notes);
  benchmark.servers =
      ServersOrExit(program, {"all"}, std::move(more_flags), interrupt);
  benchmark.servers.notes.insert(benchmark.servers.notes.end(), notes.begin(),
                                 notes.end());
  benchmark.setups = Setups(benchmark.servers, congestions, transports, marks);
  return benchmark;
}

Json Labels(const Setup& setup) {
  return {{"server", setup.server},
          {"transport", setup.tls ? "TLS" : "cleartext"},
          {"mark", setup.low_water_mark == 0
                       ? "system's"
                       : SizeName(static_cast<size_t>(setup.low_water_mark))},
          {"congestion", setup.congestion}};
}

absl::StatusOr<LinkRunner> LinkRunner::Create(const LinkBenchmark& benchmark,
                                              const std::vector<File>& files) {
  LinkRunner runner(benchmark);
  for (auto* folder : {&runner.folder_, &runner.secrets_}) {
    absl::StatusOr<std::unique_ptr<TemporaryFolder>> made =
        TemporaryFolder::Create();
    if (!made.ok()) return made.status();
    *folder = *std::move(made);
  }
  for (const File& file : files) {
    absl::Status status = runner.folder_->AddFile(file.name, file.bytes);
    if (!status.ok()) return status;
  }
  const std::string& secrets = runner.secrets_->path();
  absl::Status status =
      WriteCertificate(secrets + "/cert.pem", secrets + "/key.pem");
  if (!status.ok()) return status;
  return runner;
}

absl::StatusOr<LinkReport> LinkRunner::Run(const Setup& setup, int queue_kb,
                                           LinkClient* client,
                                           int interrupt) const {
  absl::StatusOr<std::unique_ptr<SlowLink>> link =
      SlowLink::Create({.bits_per_second = benchmark_->bits_per_second,
                        .round_trip = benchmark_->round_trip,
                        .queue_bytes = static_cast<size_t>(queue_kb) * 1024,
                        .congestion = setup.congestion,
                        .server_low_water_mark = setup.low_water_mark});
  if (!link.ok()) return link.status();
  const std::string& secrets = secrets_->path();
  const PeerSite site = {.address = kServerAddress,
                         .port = kPort,
                         .root = folder_->path(),
                         .tls = setup.tls,
                         .cert = secrets + "/cert.pem",
                         .key = secrets + "/key.pem",
                         .mark = setup.low_water_mark};
  absl::StatusOr<PeerServer> server = absl::UnknownError("not started");
  absl::Status status = (*link)->server_end().Inside([&] {
    server = StartServer(benchmark_->servers, setup.server, site, interrupt);
    return server.status();
  });
  if (!status.ok()) return status;
  absl::StatusOr<ClientStream> stream =
      ClientStream::Connect((*link)->client_end(), kPort, setup.tls);
  if (!stream.ok()) return stream.status();
  status = RunProbe(&*stream, interrupt, client);
  if (!status.ok()) return status;
  return (*link)->Stop();
}

}  // namespace sluice::servers
