// What a slow link carried, for machines.
#ifndef SLUICE_BENCHMARKS_SERVERS_LINK_REPORT_H_
#define SLUICE_BENCHMARKS_SERVERS_LINK_REPORT_H_

#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/slow_link.h"

namespace sluice::servers {

// Figures of a run: "most_late_ms", "real_time", and "down" and "up" with the
// counters of each direction.
Json ReportJson(const LinkReport& report);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_LINK_REPORT_H_
