// Runs of one kind together: a table to read, and JSON for machines.
#ifndef SLUICE_BENCHMARKS_SERVERS_REACTION_REPORT_H_
#define SLUICE_BENCHMARKS_SERVERS_REACTION_REPORT_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/servers/prober.h"
#include "benchmarks/servers/reaction_meter.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/slow_link.h"

namespace sluice::servers {

struct Measurement {
  Reaction reaction;
  LinkReport link;
};

// The runs of one scenario under one kind of signals.
struct Cell {
  Scenario scenario;
  Signals signals = Signals::kRfc7540;
  std::vector<Measurement> runs;
};

// "304+0 KB, 4.5 round trips".
std::string OneRun(const Reaction& reaction, absl::Duration round_trip);

// Medians and, in brackets, least and most. A cell without a run is left out.
std::string ReactionTable(absl::Span<const Cell> cells,
                          absl::Duration round_trip);

// How exact the link was in these runs, in a sentence or two. It ends with a
// line break.
std::string LinkNote(absl::Span<const Cell> cells);

// The options, each cell's medians and each run. It ends with a line break.
std::string ReactionJson(const ReactionOptions& options,
                         absl::Span<const Cell> cells);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_REACTION_REPORT_H_
