// Drives servers with h2load, one after the other, and reads what they cost.
#ifndef SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_H_
#define SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/servers/throughput_report.h"

namespace sluice::servers {

struct ThroughputOptions {
  std::vector<std::string> ours;     // the program and its flags
  std::vector<std::string> servers;  // kOurs, "nghttpd", "h2o"
  std::vector<Load> loads;
  std::vector<int> threads = {1};
  int clients = 10;
  int streams = 10;  // of each client, at once
  int repeat = 5;
  bool system_calls = true;  // a run more for each cell, under strace
};

struct Throughput {
  std::vector<LoadCell> cells;
  std::vector<std::string> notes;  // what was left out, and why
};

// A round has one run of each cell, so that a noisy minute meets all of them.
// The server runs on as many of the first CPUs as it has threads, h2load on the
// others, if there are any. Servers that are not installed are left out, with a
// note. `progress` gets a line for each run.
//
// Errors, each a sentence: FailedPrecondition (h2load is not installed),
// Unavailable (a server or h2load fails). Cancelled if `interrupt` is readable.
absl::StatusOr<Throughput> MeasureThroughput(
    const ThroughputOptions& options, int interrupt,
    const std::function<void(const std::string&)>& progress);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_H_
