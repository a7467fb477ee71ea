#include "tests/fuzz/log_check.h"

#include <sluice/scheduler/trace.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/replay.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tests/fuzz/fuzz_check.h"

namespace sluice::fuzz {
namespace {

using ::sluice::trace::RecordedPicks;
using ::sluice::trace::Replay;
using ::sluice::trace::ReplayedPick;
using ::sluice::trace::TraceEventFromJson;
using ::sluice::trace::TraceEventToJson;
using ::sluice::trace::WhatIf;

using namespace ::sluice::scheduler;  // NOLINT: the words of a log

// Returns the bytes that were charged.
uint64_t CheckCalls(absl::Span<const TraceEvent> events, size_t max_grant) {
  std::set<StreamId> open, ready;
  std::optional<TracePick> pick;
  uint64_t charged = 0;
  for (const TraceEvent& event : events) {
    if (const auto* opened = std::get_if<TraceOpen>(&event)) {
      open.insert(opened->id);
    } else if (const auto* closed = std::get_if<TraceClose>(&event)) {
      open.erase(closed->id);
      ready.erase(closed->id);
    } else if (const auto* now = std::get_if<TraceReady>(&event)) {
      ready.insert(now->id);
    } else if (const auto* blocked = std::get_if<TraceBlocked>(&event)) {
      ready.erase(blocked->id);
    } else if (const auto* picked = std::get_if<TracePick>(&event)) {
      Check(!pick.has_value(), "two picks without a charge");
      Check(ready.contains(picked->id), "picked what is blocked or closed");
      Check(picked->max_bytes >= 1 && picked->max_bytes <= max_grant,
            "a grant out of its range");
      Check(picked->ready == ready.size(), "the trace miscounts the ready");
      pick = *picked;
    } else if (const auto* charge = std::get_if<TraceCharge>(&event)) {
      Check(pick.has_value() && pick->id == charge->id &&
                charge->bytes <= pick->max_bytes,
            "a charge that is not the pick's");
      pick.reset();
      charged += charge->bytes;
    }
  }
  return charged;
}

}  // namespace

void CheckLog(absl::Span<const TraceEvent> events, size_t max_grant,
              uint64_t sent) {
  const uint64_t charged = CheckCalls(events, max_grant);
  Check(charged == sent, "charged is not what went");
  // The time is better spent on other inputs than on more lines of one log.
  constexpr size_t kMostLines = 100;
  for (const TraceEvent& event : events.subspan(0, kMostLines)) {
    const std::string line = TraceEventToJson(event);
    const absl::StatusOr<TraceEvent> again = TraceEventFromJson(line);
    Check(again.ok() && *again == event, line);
  }
  const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(events);
  Check(replayed.ok() && *replayed == RecordedPicks(events),
        "the log plays to other decisions");
  const absl::StatusOr<std::vector<ReplayedPick>> other = WhatIf(events, "rr");
  Check(other.ok(), "no what-if");
  uint64_t other_sent = 0;
  for (const ReplayedPick& replay : *other) other_sent += replay.bytes;
  Check(other_sent <= charged, "a what-if that sends more than there was");
}

}  // namespace sluice::fuzz
