// Probes one server: finds bodies, plays every experiment, judges.
#ifndef SLUICE_BENCHMARKS_PROBE_PROBE_H_
#define SLUICE_BENCHMARKS_PROBE_PROBE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "benchmarks/probe/catalogue.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/url.h"

namespace sluice::probe {

struct Plan {
  Url low;
  std::optional<Url> high = std::nullopt;
  std::vector<const Experiment*> experiments = {};
  // Rounds; from two on, experiments whose repeats disagree get one more.
  int repeat = 2;
};

// The most that Probe() takes.
int ConnectionsOf(const Plan& plan);
int64_t BytesOf(const Plan& plan);

// Runs a client on a connection of its own. DeadlineExceeded and
// ResourceExhausted mean that the budget is used up; see drive.h.
using RunClient = std::function<absl::Status(Client*)>;

// `progress` gets a line before each experiment. All but took, bytes, date and
// version is filled in.
ServerResult Probe(const Plan& plan, const RunClient& run,
                   const std::function<void(const std::string&)>& progress);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_PROBE_H_
