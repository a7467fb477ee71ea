#include "benchmarks/servers/link_report.h"

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "benchmarks/servers/link_direction.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/slow_link.h"

namespace sluice::servers {
namespace {

Json DirectionJson(const LinkCounters& counters) {
  const int64_t packets = std::max<int64_t>(counters.packets, 1);
  return {{"packets", counters.packets},
          {"bytes", counters.bytes},
          {"dropped_packets", counters.dropped_packets},
          {"most_queued_bytes", counters.most_queued_bytes},
          {"mean_queued_bytes", counters.found_bytes / packets},
          {"most_late_ms", absl::ToDoubleMilliseconds(counters.most_late)}};
}

}  // namespace

Json ReportJson(const LinkReport& report) {
  return {{"most_late_ms", absl::ToDoubleMilliseconds(std::max(
                               report.down.most_late, report.up.most_late))},
          {"real_time", report.real_time},
          {"down", DirectionJson(report.down)},
          {"up", DirectionJson(report.up)}};
}

}  // namespace sluice::servers
