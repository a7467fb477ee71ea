// The runs of a benchmark, in rounds, kept in a file line by line: a benchmark
// that was interrupted goes on where it was.
//
// Labels name a cell, such as {"server": "nginx", "transport": "tls"}; a run of
// it has figures, such as {"round_trips": 4.5}. Both are JSON objects.
#ifndef SLUICE_BENCHMARKS_SERVERS_RUNS_H_
#define SLUICE_BENCHMARKS_SERVERS_RUNS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "nlohmann/json.hpp"

namespace sluice::servers {

using Json = nlohmann::ordered_json;

struct Cell {
  Json labels;
  std::vector<Json> runs = {};
  std::vector<std::string> errors = {};  // of runs that failed
};

struct Plan {
  Json options;             // all that decides the figures
  std::vector<Json> cells;  // the labels of each
  int repeat = 3;           // runs of a cell
  int parallel = 1;         // runs at the same time
};

// A round has one run of each cell, so that a noisy minute meets all of them.
// `run` gets the index of a cell, on several threads if the plan says so; its
// figures get "load", the machine's load average, and "when" in seconds since
// 1970. `progress` gets a line for each run. `path` keeps the runs: those that
// are there already under the same options count; a file of other options is
// written anew.
//
// A run that fails counts with its error and the others go on, but for these,
// which end all: FailedPrecondition, InvalidArgument, Cancelled (also if
// `interrupt` is readable). Unavailable: `path` cannot be written.
absl::StatusOr<std::vector<Cell>> RunAll(
    const Plan& plan, const std::string& path, int interrupt,
    const std::function<absl::StatusOr<Json>(size_t cell)>& run,
    const std::function<void(const std::string&)>& progress);

// A column of figures, or of labels if it has no digits.
struct Column {
  std::string key;
  std::string head;
  int digits = -1;
};

// Medians and, in brackets, least and most. A cell without a run has its error.
std::string ResultTable(absl::Span<const Cell> cells,
                        absl::Span<const Column> columns);

// Everything for machines: `about` (the benchmark's name, options, versions,
// notes), and each cell with labels, the spread of each figure, runs and
// errors.
Json ResultJson(Json about, absl::Span<const Cell> cells);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_RUNS_H_
