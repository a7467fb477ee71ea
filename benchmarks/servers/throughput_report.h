// The cost of a request at each server: a table to read, and JSON for machines.
#ifndef SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_REPORT_H_
#define SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_REPORT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace sluice::servers {

// The name of the server that all others are compared with.
inline constexpr char kOurs[] = "sluice";

// The requests of one run: all for one file.
struct Load {
  size_t bytes = 0;  // of the file
  bool tls = false;
  int requests = 0;
};

struct LoadRun {
  double cpu_us = 0;          // of all threads of the server, for each request
  double busiest_cpu_us = 0;  // of the busiest thread alone
  double requests_per_second = 0;
};

// The runs of one server under one load.
struct LoadCell {
  std::string server;
  int threads = 1;
  Load load;
  std::vector<LoadRun> runs;
  std::optional<double> system_calls;  // for each request
};

// "1 KB", "1 MB", "100 bytes".
std::string SizeName(size_t bytes);

// Medians and, in brackets, least and most. "ours ÷ it" compares the medians of
// the CPU time under the same load. A cell without a run is left out.
std::string ThroughputTable(absl::Span<const LoadCell> cells);

// Ends with a line break.
std::string ThroughputJson(int clients, int streams,
                           absl::Span<const LoadCell> cells,
                           absl::Span<const std::string> notes);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_THROUGHPUT_REPORT_H_
