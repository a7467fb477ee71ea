// Drives a server with h2load, and reads what it costs.
#ifndef SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_H_
#define SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_H_

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/server_flags.h"
#include "benchmarks/servers/temporary_folder.h"

namespace sluice::servers {

// One server under one load: all requests for one file.
struct LoadCell {
  std::string server;
  int threads = 1;
  size_t bytes = 0;  // of the file
  bool tls = false;
  int requests = 0;
};

struct ThroughputOptions {
  int clients = 10;
  int streams = 10;          // of each client, at once
  bool system_calls = true;  // a run more of each cell, under strace
};

class LoadRunner {
 public:
  // With files of these sizes. Errors: FailedPrecondition (h2load is not
  // installed), Unavailable.
  static absl::StatusOr<LoadRunner> Create(const Servers& servers,
                                           const ThroughputOptions& options,
                                           const std::vector<size_t>& sizes,
                                           int interrupt);

  // The server runs on as many of the first CPUs as it has threads, h2load on
  // the others, if there are any. The figures of a request: "cpu_us" of all
  // threads of the server and "busiest_cpu_us" of the busiest one;
  // "requests_per_second"; "system_calls" in the cell's first run.
  //
  // Errors, each a sentence: as PeerServer::Start(); Unavailable (h2load
  // fails). Cancelled if `interrupt` is readable.
  absl::StatusOr<Json> Run(const LoadCell& cell);

  // Why a figure is missing.
  const std::set<std::string>& notes() const { return notes_; }

 private:
  LoadRunner(const Servers& servers, const ThroughputOptions& options,
             int interrupt);

  struct Running {
    std::unique_ptr<PeerServer> server;
    int port = 0;
  };

  absl::StatusOr<Running> Start(const LoadCell& cell) const;
  // Error: Unavailable (a request failed).
  absl::Status RunLoad(const LoadCell& cell, int port, int requests) const;
  absl::StatusOr<Json> MeasureTime(const LoadCell& cell) const;
  // Error: Unavailable (strace is not installed or not allowed).
  absl::StatusOr<double> CountSystemCalls(const LoadCell& cell) const;
  std::vector<int> ServerCpus(int threads) const;
  std::vector<int> LoadCpus(int threads) const;

  const Servers* servers_;
  ThroughputOptions options_;
  int interrupt_;
  std::string h2load_;
  std::vector<int> cpus_;
  std::unique_ptr<TemporaryFolder> folder_;
  std::unique_ptr<TemporaryFolder> secrets_;
  std::set<std::string> counted_;  // cells whose system calls are counted
  std::set<std::string> notes_;
};

// Labels each cell of another server with our CPU time by its, under the same
// load: "ours_by_its".
void CompareWithOurs(std::vector<Cell>* cells);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_H_
