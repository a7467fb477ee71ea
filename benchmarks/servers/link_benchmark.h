// Flags, cells and runs that the benchmarks on a slow link have in common.
#ifndef SLUICE_BENCHMARKS_SERVERS_LINK_BENCHMARK_H_
#define SLUICE_BENCHMARKS_SERVERS_LINK_BENCHMARK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/link_client.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/server_flags.h"
#include "benchmarks/servers/slow_link.h"
#include "benchmarks/servers/temporary_folder.h"

namespace sluice::servers {

// A server and all around it.
struct Setup {
  std::string server;  // "sluice", a peer's name, or with "+sluice": preloaded
  bool tls = false;
  int low_water_mark = 0;  // bytes; 0: the system's setting
  std::string congestion;
};

struct LinkBenchmark {
  Servers servers;
  std::vector<Setup> setups;
  int64_t bits_per_second = 0;
  absl::Duration round_trip;
  bool full = false;
  Plan plan;  // without cells
};

// Reads --marks, --congestion, --rate, --rtt, --parallel and --full, and the
// flags of ServersOrExit(). `more_flags` are further flags of our server.
// Congestion controls that the kernel refuses are left out, with a note. Exits
// with 2 for a bad flag, or where the kernel refuses the link.
LinkBenchmark LinkBenchmarkOrExit(absl::string_view program,
                                  std::vector<std::string> more_flags,
                                  int interrupt);

// "server", "transport", "mark", "congestion".
Json Labels(const Setup& setup);

// Files, and one run after another.
class LinkRunner {
 public:
  struct File {
    std::string name;
    size_t bytes = 0;
  };

  // Error: Unavailable.
  static absl::StatusOr<LinkRunner> Create(const LinkBenchmark& benchmark,
                                           const std::vector<File>& files);

  // Each run has a new link, server and connection. `client` asks for
  // kServerAddress. Any thread may call it. Errors: those of SlowLink::Create()
  // and PeerServer::Start(); the client's; Unavailable.
  absl::StatusOr<LinkReport> Run(const Setup& setup, int queue_kb,
                                 LinkClient* client, int interrupt) const;

 private:
  explicit LinkRunner(const LinkBenchmark& benchmark)
      : benchmark_(&benchmark) {}

  const LinkBenchmark* benchmark_;
  std::unique_ptr<TemporaryFolder> folder_;
  std::unique_ptr<TemporaryFolder> secrets_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_LINK_BENCHMARK_H_
