// Logs that a file may hold and no session wrote: each gets an answer or a
// typed error, whatever policy made it and whatever policy plays it.
#include "scheduler/replay.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "priority/rfc7540_priority.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/trace.h"
#include "scheduler/trace_json.h"

namespace sluice::scheduler {
namespace {

constexpr size_t kMaxGrant = 100;

TracePick PickOf(StreamId id) {
  TracePick pick;
  pick.id = id;
  return pick;
}

std::string TextOf(absl::Span<const TraceEvent> log) {
  std::string text;
  for (const TraceEvent& event : log) {
    absl::StrAppend(&text, TraceEventToJson(event), "\n");
  }
  return text;
}

uint64_t BytesOf(const std::vector<ReplayedPick>& picks) {
  uint64_t bytes = 0;
  for (const ReplayedPick& pick : picks) bytes += pick.bytes;
  return bytes;
}

// Plays `log` to its own policy and to `other`. Returns whether it could be
// played.
bool ExpectAnswer(absl::Span<const TraceEvent> log, const std::string& other) {
  const std::optional<BadCall> bad = FindBadCall(log);
  const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(log);
  const absl::StatusOr<std::vector<ReplayedPick>> what_if = WhatIf(log, other);
  if (bad.has_value()) {
    const std::string call = absl::StrCat("call ", bad->index + 1, ": ");
    for (const absl::Status& status : {replayed.status(), what_if.status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
          << TextOf(log);
      EXPECT_TRUE(absl::StartsWith(status.message(), call)) << status;
    }
    return false;
  }
  EXPECT_TRUE(replayed.ok() && what_if.ok()) << TextOf(log);
  if (!replayed.ok() || !what_if.ok()) return false;
  const std::vector<ReplayedPick> recorded = RecordedPicks(log);
  EXPECT_EQ(replayed->size(), recorded.size()) << TextOf(log);
  EXPECT_LE(BytesOf(*what_if), BytesOf(recorded)) << TextOf(log);
  return true;
}

class AnyLogTest : public ::testing::TestWithParam<std::string> {
 protected:
  static TraceMade Made() { return {GetParam(), kMaxGrant, 4, 1, {}}; }
};

std::vector<std::string> Policies() {
  std::vector<std::string> names;
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    names.push_back(entry.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Policies, AnyLogTest, ::testing::ValuesIn(Policies()));

TEST_P(AnyLogTest, APickThatNowFindsAStreamNeedsNoChargeBeforeTheNext) {
  const std::vector<TraceEvent> log = {Made(), TraceOpen{1, {}, true},
                                       TraceReady{1}, PickOf(0), PickOf(0)};
  const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(log);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  ASSERT_EQ(replayed->size(), 2u);
  EXPECT_EQ(replayed->front().id, 1u);
  EXPECT_NE(*replayed, RecordedPicks(log));
}

// Every order of the calls about two streams, as long as it stays small.
TEST_P(AnyLogTest, EveryOrderOfCallsGetsAnAnswer) {
  const std::vector<TraceEvent> calls = {
      TraceOpen{1, {}, true}, TraceReady{1}, TraceBlocked{1},
      TraceClose{1},          PickOf(0),     PickOf(1),
      TraceCharge{1, 9},
  };
  constexpr size_t kLength = 4;
  const std::vector<TraceEvent> begin = {Made(), TraceOpen{1, {}, true},
                                         TraceOpen{3, {}, true}, TraceReady{1}};
  std::vector<size_t> order(kLength, 0);
  size_t played = 0;
  for (bool more = true; more;) {
    std::vector<TraceEvent> log = begin;
    for (const size_t i : order) log.push_back(calls[i]);
    if (ExpectAnswer(log, "rfc7540")) ++played;
    if (HasFailure()) return;
    more = false;
    for (size_t& digit : order) {
      if (++digit < calls.size()) {
        more = true;
        break;
      }
      digit = 0;
    }
  }
  EXPECT_GT(played, 500u);
}

StreamInfo RandomInfo(std::mt19937& random) {
  StreamInfo info;
  if (random() % 2 == 0) {
    info.rfc7540 = priority::Rfc7540Priority{
        .depends_on = static_cast<StreamId>(random() % 12),
        .weight = static_cast<int>(random() % 258),
        .exclusive = random() % 4 == 0};
  }
  if (random() % 2 == 0) {
    info.rfc9218 = priority::Rfc9218Priority{static_cast<int>(random() % 9),
                                             random() % 2 == 0};
  }
  if (random() % 8 == 0) {
    info.server = ServerPriority{.rfc7540 = info.rfc7540};
  }
  info.hints.resource_class = static_cast<ResourceClass>(random() % 9);
  info.hints.in_head = random() % 4 == 0;
  info.hints.tunnel = random() % 16 == 0;
  if (random() % 4 == 0) info.hints.bytes_remaining = random() % 500;
  if (random() % 16 == 0) info.hints.bytes_remaining = UINT64_MAX;
  return info;
}

// `waiting` is the pick that has no charge yet; mostly it gets one.
TraceEvent RandomCall(std::mt19937& random, StreamId* waiting) {
  const auto id = static_cast<StreamId>(random() % 12);
  const bool ok = random() % 4 != 0;
  switch (random() % 12) {
    case 0:
    case 1:
      return TraceOpen{id, RandomInfo(random), ok};
    case 2:
      return TracePriority{id, RandomInfo(random),
                           static_cast<Signal>(random() % 4), ok};
    case 3:
      return TraceClose{id};
    case 4:
      return TraceBlocked{id};
    case 5:
      return TraceFrame{id, random() % 100, ok, TraceOutcome::kSent, 0, 0};
    case 6:
      if (random() % 8 == 0) return TraceNoRfc7540{};
      return TraceReady{id};
    case 7:
      return TraceReady{id};
    default:
      if (*waiting != 0 || random() % 100 == 0) {
        return TraceCharge{std::exchange(*waiting, 0),
                           random() % (kMaxGrant + 1)};
      }
      *waiting = random() % 4 == 0 ? 0 : id;
      return PickOf(*waiting);
  }
}

TEST_P(AnyLogTest, RandomLogsGetAnAnswer) {
  std::mt19937 random(1);
  const std::vector<std::string> others = Policies();
  size_t played = 0;
  for (int run = 0; run < 400; ++run) {
    TraceMade made = Made();
    made.max_streams = 1 + random() % 16;
    made.max_closed_streams = random() % 4;
    std::vector<TraceEvent> log = {made};
    StreamId waiting = 0;
    for (size_t calls = random() % 100; calls > 0; --calls) {
      log.push_back(RandomCall(random, &waiting));
    }
    if (ExpectAnswer(log, others[random() % others.size()])) ++played;
    if (HasFailure()) return;
  }
  EXPECT_GT(played, 100u);
}

}  // namespace
}  // namespace sluice::scheduler
