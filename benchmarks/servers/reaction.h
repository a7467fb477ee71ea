// Measures a server's reaction on a slow link, cell by cell.
#ifndef SLUICE_BENCHMARKS_SERVERS_REACTION_H_
#define SLUICE_BENCHMARKS_SERVERS_REACTION_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/reaction_report.h"

namespace sluice::servers {

// One cell for each scenario and kind of signals, `options.repeat` runs each.
// The runs of a round are one of each cell, so that a noisy minute meets all of
// them. Each run has a new link, a new server and a new connection.
//
// Calls `progress` after each run. Ends early with Cancelled when `interrupt`
// is readable; other errors are those of SlowLink::Create(),
// ServerProcess::Start(), ClientStream::Connect() and RunProbe().
absl::StatusOr<std::vector<Cell>> MeasureReactions(
    const ReactionOptions& options, int interrupt,
    const std::function<void(const std::string&)>& progress);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_REACTION_H_
