// Fuzzes the replay of logs, which may come from any file.
//
// Input: lines of JSON when the first byte is '{', else bytes that choose the
// policies, the limits and then each event. Invariants: the replay refuses a
// log with the number of the bad call or line, or plays it; a played log has as
// many decisions as were recorded; another policy sends at most the bytes in
// the log; a log survives reading, writing and reading again.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/replay.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::scheduler {
namespace {

using ::sluice::trace::BadCall;
using ::sluice::trace::FindBadCall;
using ::sluice::trace::ReadTrace;
using ::sluice::trace::RecordedPicks;
using ::sluice::trace::Replay;
using ::sluice::trace::ReplayedPick;
using ::sluice::trace::TraceEventFromJson;
using ::sluice::trace::TraceEventToJson;
using ::sluice::trace::WhatIf;

using fuzz::Input;

void Check(bool holds, absl::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "replay_fuzz: %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

std::string PolicyOf(uint8_t byte) {
  const std::vector<PolicyEntry> entries = RegisteredPolicies();
  return entries[byte % entries.size()].name;
}

signals::Rfc7540Priority DependencyOf(Input& input, uint8_t which) {
  return {input.Byte() % 16u, input.Byte() + (which >> 7), (which & 2) != 0};
}

StreamInfo InfoOf(Input& input) {
  StreamInfo info;
  const uint8_t which = input.Byte();
  if (which & 1) {
    info.rfc7540 = DependencyOf(input, which);
    info.rfc7540_before_open = (which & 64) != 0;
  }
  if (which & 4) {
    info.rfc9218 = signals::Rfc9218Priority{input.Byte() % 9, (which & 2) != 0};
    info.moved = (which & 64) != 0;
  }
  if (which & 8) {
    info.server = ServerPriority{.rfc7540 = info.rfc7540};
  }
  if (which & 16) {
    const uint8_t hints = input.Byte();
    info.hints.resource_class = static_cast<ResourceClass>(hints % 9);
    info.hints.in_head = (hints & 16) != 0;
    info.hints.async_or_defer = (hints & 32) != 0;
    info.hints.tunnel = (hints & 64) != 0;
    if (hints & 128) info.hints.bytes_remaining = input.Size();
  }
  if (which & 32) info.hints.bytes_remaining = UINT64_MAX;
  return info;
}

std::vector<TraceEvent> EventsOf(Input& input) {
  TraceMade made;
  made.spec = PolicyOf(input.Byte());
  made.options.max_grant = input.Limit(16384);
  made.options.max_streams = input.Limit(1000);
  made.options.max_closed_streams = input.Limit(100);
  std::vector<TraceEvent> events = {made};
  while (!input.empty()) {
    const uint8_t kind = input.Byte();
    const StreamId id = kind >> 4;
    switch (kind % 16) {
      case 0:
      case 1:
        events.push_back(TraceOpen{id, InfoOf(input)});
        break;
      case 2:
        events.push_back(TracePriority{id, InfoOf(input),
                                       static_cast<Signal>(input.Byte() % 4)});
        break;
      case 3:
        events.push_back(TraceClose{id});
        break;
      case 4:
        events.push_back(TraceBlocked{id});
        break;
      case 5:
        if (id == 0) {
          events.push_back(TraceUsesRfc9218{});
        } else {
          events.push_back(
              TraceIdlePriority{id, DependencyOf(input, 0), !input.Flag()});
        }
        break;
      case 6:
        events.push_back(
            TraceFrame{id, input.Size(), true, TraceOutcome::kSent, 0, 0});
        break;
      case 7:
        if (id == 0) events.push_back(made);
        if (id == 1)
          events.push_back(TraceTime{static_cast<int64_t>(input.Size())});
        break;
      case 8:
      case 9:
        events.push_back(TraceReady{id});
        break;
      case 10:
      case 11:
        events.push_back(TraceCharge{id, input.Size() - 1});
        break;
      default: {
        TracePick pick;
        pick.id = id;
        events.push_back(pick);
        if (kind % 16 >= 14 && id != 0) {
          events.push_back(
              TraceCharge{id, made.options.max_grant == 0
                                  ? 0
                                  : input.Size() % made.options.max_grant});
        }
      }
    }
  }
  return events;
}

uint64_t BytesOf(const std::vector<ReplayedPick>& picks) {
  uint64_t bytes = 0;
  for (const ReplayedPick& pick : picks) bytes += pick.bytes;
  return bytes;
}

void Play(const std::vector<TraceEvent>& events, const std::string& other) {
  const std::optional<BadCall> bad = FindBadCall(events);
  const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(events);
  const absl::StatusOr<std::vector<ReplayedPick>> what_if =
      WhatIf(events, other);
  if (bad.has_value()) {
    Check(bad->index == 0 || bad->index < events.size(), "no such call");
    const std::string call = absl::StrCat("call ", bad->index + 1, ": ");
    Check(absl::StartsWith(replayed.status().message(), call) &&
              absl::StartsWith(what_if.status().message(), call),
          "no sentence");
    return;
  }
  if (!replayed.ok()) return;  // a policy or a limit that does not exist
  Check(what_if.ok(), "another policy cannot play it");
  const std::vector<ReplayedPick> recorded = RecordedPicks(events);
  Check(replayed->size() == recorded.size(), "another number of decisions");
  Check(BytesOf(*what_if) <= BytesOf(recorded), "more bytes than there were");
}

void Run(const uint8_t* data, size_t size) {
  Input input(data, size);
  if (size > 0 && data[0] == '{') {
    std::istringstream lines(input.Bytes(size));
    const absl::StatusOr<std::vector<TraceEvent>> events = ReadTrace(lines);
    if (events.ok()) {
      Play(*events, PolicyOf(data[size - 1]));
    } else {
      Check(absl::StartsWith(events.status().message(), "line "), "no line");
    }
    return;
  }
  const std::string other = PolicyOf(input.Byte());
  const std::vector<TraceEvent> events = EventsOf(input);
  for (const TraceEvent& event : events) {
    const std::string line = TraceEventToJson(event);
    const absl::StatusOr<TraceEvent> read = TraceEventFromJson(line);
    Check(read.ok() && *read == event, line);
  }
  Play(events, other);
}

}  // namespace
}  // namespace sluice::scheduler

SLUICE_FUZZ_TARGET(replay_fuzz)(const uint8_t* data, size_t size) {
  sluice::scheduler::Run(data, size);
}
