// Logs that a file may hold and no session wrote: each gets an answer or a
// typed error, whatever policy made it and whatever policy plays it.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/replay.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using ::sluice::trace::BadCall;
using ::sluice::trace::FindBadCall;
using ::sluice::trace::RecordedPicks;
using ::sluice::trace::Replay;
using ::sluice::trace::ReplayedPick;
using ::sluice::trace::TraceEventToJson;
using ::sluice::trace::WhatIf;

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
  static TraceMade Made() { return {GetParam(), {kMaxGrant, 4, 1}}; }
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
  const std::vector<TraceEvent> log = {Made(), TraceOpen{1, {}}, TraceReady{1},
                                       PickOf(0), PickOf(0)};
  const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(log);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  ASSERT_EQ(replayed->size(), 2u);
  EXPECT_EQ(replayed->front().id, 1u);
  EXPECT_NE(*replayed, RecordedPicks(log));
}

// Every order of the calls about two streams, as long as it stays small.
TEST_P(AnyLogTest, EveryOrderOfCallsGetsAnAnswer) {
  const std::vector<TraceEvent> calls = {
      TraceOpen{1, {}}, TraceReady{1}, TraceBlocked{1},   TraceClose{1},
      PickOf(0),        PickOf(1),     TraceCharge{1, 9},
  };
  constexpr size_t kLength = 4;
  const std::vector<TraceEvent> begin = {Made(), TraceOpen{1, {}},
                                         TraceOpen{3, {}}, TraceReady{1}};
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
  EXPECT_GT(played, 300u);
}

StreamInfo RandomInfo(std::mt19937& random) {
  StreamInfo info;
  if (random() % 2 == 0) {
    info.rfc7540 = signals::Rfc7540Priority{
        .depends_on = static_cast<StreamId>(random() % 12),
        .weight = 1 + static_cast<int>(random() % 256),
        .exclusive = random() % 4 == 0};
  }
  if (random() % 2 == 0) {
    info.rfc9218 = signals::Rfc9218Priority{static_cast<int>(random() % 8),
                                            random() % 2 == 0};
  }
  if (random() % 8 == 0) {
    info.server = ServerPriority{.rfc9218 = info.rfc9218};
  }
  info.hints.resource_class = static_cast<ResourceClass>(random() % 9);
  info.hints.in_head = random() % 4 == 0;
  info.hints.tunnel = random() % 16 == 0;
  if (random() % 4 == 0) info.hints.bytes_remaining = random() % 500;
  if (random() % 16 == 0) info.hints.bytes_remaining = UINT64_MAX;
  return info;
}

// Calls that a session can make, and now and then one that none can.
class RandomCalls {
 public:
  explicit RandomCalls(std::mt19937* random) : random_(*random) {}

  TraceEvent Next() {
    if (open_.empty() && !Odd()) return Open(next_id_++);
    const StreamId id = AnyId();
    switch (random_() % 12) {
      case 0:
      case 1:
        return Open(Odd() ? id : next_id_++);
      case 2:
        return Priority(id);
      case 3: {
        const auto idle = static_cast<StreamId>(
            Odd() ? random_() % 12 : next_id_ + random_() % 4);
        return TraceIdlePriority{
            idle, {Odd() ? idle : idle + 1, 16, true}, Odd()};
      }
      case 4:
        open_.erase(id);
        return TraceClose{id};
      case 5:
        return TraceBlocked{id};
      case 6:
        if (Odd()) return TraceUsesRfc9218{};
        if (random_() % 4 == 0) {
          return TraceTime{static_cast<int64_t>(Odd() ? 0 : ++time_)};
        }
        return TraceFrame{id, random_() % 100, Odd(), TraceOutcome::kSent, 0,
                          0};
      case 7:
      case 8:
        return TraceReady{id};
      default:
        if (waiting_ != 0 || Odd()) {
          return TraceCharge{std::exchange(waiting_, 0),
                             random_() % (kMaxGrant + 1)};
        }
        waiting_ = random_() % 4 == 0 ? 0 : id;
        return PickOf(waiting_);
    }
  }

 private:
  bool Odd() { return random_() % 100 == 0; }
  StreamId AnyId() {
    if (open_.empty() || Odd()) return static_cast<StreamId>(random_() % 12);
    return *std::next(open_.begin(), random_() % open_.size());
  }
  TraceEvent Open(StreamId id) {
    open_.insert(id);
    return TraceOpen{id, InfoOf(id)};
  }
  TraceEvent Priority(StreamId id) {
    const StreamInfo info = InfoOf(id);
    const bool dependency = info.rfc7540.has_value() || Odd();
    const auto changed =
        static_cast<Signal>(dependency ? random_() % 4 : 1 + random_() % 3);
    return TracePriority{id, info, changed};
  }
  StreamInfo InfoOf(StreamId id) {
    StreamInfo info = RandomInfo(random_);
    if (Odd() || !info.rfc7540.has_value()) return info;
    if (info.rfc7540->depends_on == id) info.rfc7540->depends_on = 0;
    return info;
  }

  std::mt19937& random_;
  std::set<StreamId> open_;
  StreamId next_id_ = 1;
  StreamId waiting_ = 0;
  int64_t time_ = 0;
};

TEST_P(AnyLogTest, RandomLogsGetAnAnswer) {
  std::mt19937 random(1);
  const std::vector<std::string> others = Policies();
  size_t played = 0;
  for (int run = 0; run < 400; ++run) {
    TraceMade made = Made();
    made.options.max_streams = 1 + random() % 16;
    made.options.max_closed_streams = random() % 4;
    std::vector<TraceEvent> log = {made};
    RandomCalls calls(&random);
    for (size_t left = random() % 100; left > 0; --left) {
      log.push_back(calls.Next());
    }
    if (ExpectAnswer(log, others[random() % others.size()])) ++played;
    if (HasFailure()) return;
  }
  EXPECT_GT(played, 100u);
}

}  // namespace
}  // namespace sluice::scheduler
