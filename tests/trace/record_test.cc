// The events of a trace, and its playback.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/record.h>
#include <sluice/trace/replay.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/memory_trace.h"

namespace sluice::scheduler {
namespace {

using ::sluice::testing::MemoryTrace;
using ::sluice::trace::CreateRecordedPolicy;
using ::sluice::trace::LastEventsTrace;
using ::sluice::trace::TraceDetail;

using ::sluice::trace::ReadTrace;
using ::sluice::trace::RecordedPicks;
using ::sluice::trace::Replay;
using ::sluice::trace::ReplayedPick;
using ::sluice::trace::TraceEventToJson;
using ::sluice::trace::WhatIf;

const StreamInfo kNothingSaid;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Session;
using testing::SessionOptions;

// A connection's worth of work under `spec`: different sizes, windows that run
// out, signals that come late, one stream that the client resets.
MemoryTrace Record(const std::string& spec,
                   TraceDetail detail = TraceDetail::kFull) {
  MemoryTrace trace;
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 9000}};
  options.scheduler.trace = &trace;
  Session session(*CreateRecordedPolicy(spec, {}, &trace, detail), options);
  const auto request = [&](const std::string& priority, uint64_t bytes,
                           ResourceHints hints) {
    const h2::StreamId id = session.Request(
        signals::Rfc7540Priority{0, 32, false}, {{"priority", priority}});
    EXPECT_TRUE(session
                    .Respond(id, std::make_unique<testing::BytesSource>(bytes),
                             {.hints = hints})
                    .ok());
  };
  request("u=3", 20000, {.resource_class = ResourceClass::kImage});
  request("u=1", 5000, {.resource_class = ResourceClass::kCss});
  request("u=3, i", 30000, {.resource_class = ResourceClass::kJs});
  request("u=5", 30000, {.bytes_remaining = 30000});
  for (int round = 0; round < 60; ++round) {
    session.scheduler().Pull(1400);
    session.ToClient();
    if (round == 10) {
      EXPECT_TRUE(session.client().ResetStream(7, h2::ErrorCode::kCancel).ok());
    }
    if (round == 15) request("u=0", 3000, {});
    if (round == 20) {
      session.scheduler()
          .SetServerPriority(
              5, ServerPriority{.rfc9218 = signals::Rfc9218Priority{0, true}})
          .IgnoreError();
    }
    for (const h2::StreamId id : {0, 1, 5}) {
      session.client().IncrementFlowControlWindow(id, 1400).IgnoreError();
    }
    session.ToServer();
  }
  return trace;
}

TEST(TraceTest, ADecisionHasItsChoiceItsReasonAndTheOtherReadyStreams) {
  MemoryTrace trace;
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("rr", {}, &trace);
  for (const StreamId id : {1, 3, 5}) {
    policy->OnOpen(id, kNothingSaid);
    policy->SetReady(id);
  }
  const std::optional<Grant> grant = policy->Pick();
  policy->Charge(grant->stream_id, 1000);
  ASSERT_EQ(trace.events().size(), 1u + 6u + 2u);
  const auto& pick = std::get<TracePick>(trace.events()[7]);
  EXPECT_EQ(pick.number, 0u);
  EXPECT_EQ(pick.id, 1u);
  EXPECT_EQ(pick.max_bytes, kDefaultMaxGrant);
  EXPECT_EQ(pick.policy, "rr");
  EXPECT_EQ(pick.rule, "least served");
  EXPECT_EQ(pick.ready, 3u);
  EXPECT_THAT(pick.ready_ids, ElementsAre(1, 3, 5));
  EXPECT_EQ(pick.levels, 1u);
  ASSERT_EQ(pick.path.size(), 1u);
  EXPECT_EQ(pick.path[0].child, 1u);
  EXPECT_EQ(pick.path[0].tag, 0);
  EXPECT_EQ(pick.path[0].key, 256 * 16384);
  EXPECT_EQ(pick.path[0].clock, 256 * 16384);
  EXPECT_EQ(pick.path[0].active, 3u);
  EXPECT_EQ(std::get<TraceCharge>(trace.events()[8]), (TraceCharge{1, 1000}));
}

// (1(3(5:32 7:96)) 9:16), all ready but 1 and 3: the root has a choice, 1 has
// none, 3 has one.
TEST(TraceTest, TheTreesPathHasTheLevelsOfChoiceFromTheTop) {
  MemoryTrace trace;
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("rfc7540", {}, &trace);
  std::deque<StreamInfo> infos;
  const auto open = [&](StreamId id, StreamId parent, int weight) {
    infos.push_back(
        {.rfc7540 = signals::Rfc7540Priority{parent, weight, false}});
    policy->OnOpen(id, infos.back());
  };
  open(1, 0, 64);
  open(3, 1, 16);
  open(5, 3, 32);
  open(7, 3, 96);
  open(9, 0, 16);
  for (const StreamId id : {5, 7, 9}) policy->SetReady(id);
  ASSERT_EQ(policy->Pick()->stream_id, 7u);
  policy->Charge(7, 960);
  policy->Pick();
  const auto& first = std::get<TracePick>(trace.events()[9]);
  EXPECT_EQ(first.levels, 2u);
  EXPECT_THAT(first.path, ElementsAre(PathLevel{.parent = 0,
                                                .child = 1,
                                                .weight = 64,
                                                .key = 256 * 16384 / 64,
                                                .clock = 256 * 16384 / 64,
                                                .active = 2,
                                                .child_active = true},
                                      PathLevel{.parent = 3,
                                                .child = 7,
                                                .weight = 96,
                                                .key = 256 * 16384 / 96,
                                                .clock = 256 * 16384 / 96,
                                                .active = 2,
                                                .child_active = true}));
  const auto& second = std::get<TracePick>(trace.events()[11]);
  EXPECT_EQ(second.number, 1u);
  EXPECT_EQ(second.path[0].tag, 256 * 960 / 64);
}

// The record counts the levels that do not fit. At each of twenty levels a
// stream that is ready and the parent of the next level share.
TEST(TraceTest, ARecordSaysHowMuchItLeftOut) {
  MemoryTrace trace;
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("rfc7540", {}, &trace);
  StreamId parent = 0;
  std::deque<StreamInfo> infos;
  for (StreamId id = 1; id < 80; id += 4) {
    infos.push_back({.rfc7540 = signals::Rfc7540Priority{parent, 16, false}});
    policy->OnOpen(id, infos.back());
    policy->OnOpen(id + 2, infos.back());
    policy->SetReady(id + 2);
    parent = id;
  }
  policy->SetReady(77);
  StreamId id = 0;
  while (id != 23) {  // it is on the sixth level
    id = policy->Pick()->stream_id;
    policy->Charge(id, 16384);
    ASSERT_LT(trace.written(), 1000u);
  }
  const auto& pick =
      std::get<TracePick>(trace.events()[trace.events().size() - 2]);
  EXPECT_EQ(pick.ready, 21u);
  EXPECT_THAT(pick.ready_ids, ElementsAre(3, 7, 11, 15, 19, 23, 27, 31));
  EXPECT_EQ(pick.levels, 6u);
  ASSERT_EQ(pick.path.size(), 4u);
  EXPECT_EQ(pick.path[3].child, 13u);
}

TEST(TraceTest, FramesComeWithTheirWindows) {
  MemoryTrace trace;
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 9000}};
  options.scheduler.trace = &trace;
  Session session(options);
  ASSERT_TRUE(session.Respond(session.Request(), 1000).ok());
  session.Drain();
  ASSERT_EQ(trace.events().size(), 1u);
  EXPECT_EQ(std::get<TraceFrame>(trace.events()[0]),
            (TraceFrame{1, 1000, true, TraceOutcome::kSent, 9000, 65535}));
}

// Windows of 10 bytes, and one that is used up; a body that has nothing yet; a
// body that fails; trailers.
TEST(TraceTest, TheOutcomeOfEachPickIsThereAsWell) {
  MemoryTrace trace;
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 10}};
  options.scheduler.trace = &trace;
  Session session(options);
  const auto open = [&session](h2::StreamId id, uint32_t window) {
    ASSERT_TRUE(session.client().IncrementFlowControlWindow(id, window).ok());
    session.ToServer();
  };
  auto outcomes = [&trace, seen = size_t{0}]() mutable {
    std::string text;
    for (; seen < trace.events().size(); ++seen) {
      const auto& frame = std::get<TraceFrame>(trace.events()[seen]);
      absl::StrAppend(&text, frame.id, ":", frame.bytes, "/", frame.window, " ",
                      static_cast<int>(frame.outcome), "; ");
    }
    return text;
  };
  ASSERT_TRUE(session.Respond(session.Request(), 40).ok());
  const h2::StreamId large = session.Request();
  open(large, 20000);
  ASSERT_TRUE(session.Respond(large, 20000).ok());
  session.Drain(1);
  // rr: stream 1 is held, stream 3 sends, and so on; then stream 1 is alone.
  EXPECT_EQ(outcomes(), "1:0/10 2; 3:16384/20010 0; ");
  session.Drain();
  EXPECT_EQ(outcomes(), "3:3616/3626 0; 1:10/10 0; ");
  ASSERT_TRUE(session
                  .Respond(session.Request(),
                           std::make_unique<testing::ScriptSource>(
                               [](size_t) { return DataSource::Chunk(); }))
                  .ok());
  session.Drain();
  EXPECT_EQ(outcomes(), "5:0/10 3; ");
  ASSERT_TRUE(session
                  .Respond(session.Request(),
                           std::make_unique<testing::ScriptSource>([](size_t) {
                             DataSource::Chunk chunk;
                             chunk.status = absl::DataLossError("disk");
                             return chunk;
                           }))
                  .ok());
  session.Drain();
  EXPECT_EQ(outcomes(), "7:0/10 6; ");
}

TEST(TraceTest, AMemoryTraceIsBoundedAndCountsOn) {
  MemoryTrace trace(/*limit=*/3);
  for (int i = 0; i < 10; ++i) trace.Write(TraceReady{1});
  EXPECT_EQ(trace.events().size(), 3u);
  EXPECT_EQ(trace.written(), 10u);
}

TEST(TraceTest, AMovedMemoryTraceKeepsItsEvents) {
  MemoryTrace trace;
  for (StreamId id = 1; id < 200; id += 2) trace.Write(TraceReady{id});
  MemoryTrace moved = std::move(trace);
  moved.Write(TraceReady{201});
  ASSERT_EQ(moved.events().size(), 101u);
  EXPECT_EQ(moved.events()[100], TraceEvent(TraceReady{201}));
}

TEST(TraceTest, AFlightRecorderKeepsTheLastEvents) {
  LastEventsTrace trace(/*limit=*/4);
  EXPECT_TRUE(trace.events().empty());
  const auto ids = [&trace] {
    std::vector<StreamId> ids;
    for (const TraceEvent& event : trace.events()) {
      ids.push_back(std::get<TraceReady>(event).id);
    }
    return ids;
  };
  for (StreamId id = 1; id <= 4; ++id) trace.Write(TraceReady{id});
  EXPECT_THAT(ids(), ElementsAre(1, 2, 3, 4));
  for (StreamId id = 5; id <= 6; ++id) trace.Write(TraceReady{id});
  EXPECT_THAT(ids(), ElementsAre(3, 4, 5, 6));
}

TEST(TraceTest, RecordingADecisionAllocatesNothing) {
  for (const char* spec : {"rr", "rfc7540", "firefox", "auto"}) {
    LastEventsTrace trace(/*limit=*/64);
    std::unique_ptr<Policy> policy = *CreateRecordedPolicy(spec, {}, &trace);
    for (StreamId id = 1; id < 100; id += 2) {
      policy->OnOpen(id, kNothingSaid);
      policy->SetReady(id);
    }
    const uint64_t before = sluice::testing::Allocations();
    for (int i = 0; i < 1000; ++i) {
      const StreamId id = policy->Pick()->stream_id;
      policy->Charge(id, 1400);
    }
    EXPECT_EQ(sluice::testing::Allocations(), before) << spec;
  }
}

TEST(TraceTest, ARecordedPolicyDecidesAsThePolicyItself) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    std::vector<std::string> seen[2];
    for (const bool recorded : {false, true}) {
      MemoryTrace trace;
      std::unique_ptr<Policy> policy =
          recorded ? *CreateRecordedPolicy(entry.name, {}, &trace)
                   : *CreatePolicy(entry.name);
      std::mt19937 random(1);
      std::deque<StreamInfo> infos;
      for (StreamId id = 1; id < 40; id += 2) {
        const signals::Rfc9218Priority field = {static_cast<int>(random() % 8),
                                                random() % 2 == 0};
        infos.push_back({.rfc9218 = field});
        policy->OnOpen(id, infos.back());
        policy->SetReady(id);
      }
      for (int i = 0; i < 100; ++i) {
        const std::optional<Grant> grant = policy->Pick();
        seen[recorded].push_back(absl::StrCat(grant->stream_id));
        policy->Charge(grant->stream_id, 1 + random() % 16384);
      }
      EXPECT_EQ(policy->AnnouncesNoRfc7540Priorities(),
                entry.name == "rfc9218");
    }
    EXPECT_EQ(seen[0], seen[1]) << entry.name;
  }
}

TEST(TraceTest, AnUnknownPolicyCannotBeRecorded) {
  MemoryTrace trace;
  EXPECT_EQ(CreateRecordedPolicy("nobody", {}, &trace).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(trace.written(), 0u);
}

class PlayTest : public ::testing::TestWithParam<std::string> {};

TEST_P(PlayTest, ALogPlaysToTheSameDecisions) {
  for (const TraceDetail detail : {TraceDetail::kFull, TraceDetail::kCalls}) {
    const MemoryTrace trace = Record(GetParam(), detail);
    const std::vector<ReplayedPick> recorded = RecordedPicks(trace.events());
    ASSERT_GT(recorded.size(), 40u);
    const auto replayed = Replay(trace.events());
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    EXPECT_EQ(*replayed, recorded);
  }
}

TEST_P(PlayTest, ALogSurvivesJsonLines) {
  const MemoryTrace trace = Record(GetParam());
  std::stringstream file;
  for (const TraceEvent& event : trace.events()) {
    file << TraceEventToJson(event) << "\n";
  }
  const absl::StatusOr<std::vector<TraceEvent>> read = ReadTrace(file);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, trace.events());
}

TEST_P(PlayTest, WhatIfWithTheSamePolicySendsTheSameBytes) {
  const MemoryTrace trace = Record(GetParam());
  const auto other = WhatIf(trace.events(), GetParam());
  ASSERT_TRUE(other.ok()) << other.status();
  uint64_t recorded_bytes = 0;
  for (const ReplayedPick& pick : RecordedPicks(trace.events())) {
    recorded_bytes += pick.bytes;
  }
  uint64_t other_bytes = 0;
  for (const ReplayedPick& pick : *other) other_bytes += pick.bytes;
  EXPECT_GT(other_bytes, recorded_bytes * 9 / 10);
  EXPECT_LE(other_bytes, recorded_bytes);
}

INSTANTIATE_TEST_SUITE_P(Policies, PlayTest,
                         ::testing::Values("rr", "fifo", "rfc7540", "rfc9218",
                                           "auto", "firefox", "parallel_plus",
                                           "srpt", "wrr"));

TEST(WhatIfTest, ShowsTheOrderThatAnotherPolicyWouldHaveGiven) {
  MemoryTrace trace;
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("fifo", {}, &trace);
  for (const StreamId id : {1, 3}) {
    policy->OnOpen(id, kNothingSaid);
    policy->SetReady(id);
  }
  for (int i = 0; i < 4; ++i) {
    const StreamId id = policy->Pick()->stream_id;
    policy->Charge(id, 100);
    if (i % 2 == 1) policy->OnClose(id);
  }
  std::string order;
  const auto picks = WhatIf(trace.events(), "rr");
  ASSERT_TRUE(picks.ok());
  for (const ReplayedPick& pick : *picks) {
    absl::StrAppend(&order, pick.id, ":", pick.bytes, " ");
  }
  EXPECT_EQ(order, "1:100 3:100 1:100 3:100 ");
}

// The end of the first body, after its window is used up, needs no pick.
TEST(WhatIfTest, AnEndWithoutAPickFinishesItsStream) {
  MemoryTrace trace;
  SessionOptions options = testing::StreamWindowsOf(1000);
  options.scheduler.trace = &trace;
  Session session(*CreateRecordedPolicy("fifo", {}, &trace), options);
  session.Serve(
      std::make_unique<testing::BytesSource>(1000, /*end_alone=*/true));
  session.Serve(500);
  session.Drain();
  for (const std::string spec : {"rr", "lifo"}) {
    const auto picks = WhatIf(trace.events(), spec);
    ASSERT_TRUE(picks.ok());
    size_t bytes = 0;
    for (const ReplayedPick& pick : *picks) bytes += pick.bytes;
    EXPECT_EQ(bytes, 1500u) << spec;
  }
}

TEST(WhatIfTest, AResetClosesTheStreamAtTheSamePoint) {
  MemoryTrace trace;
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("fifo", {}, &trace);
  for (const StreamId id : {1, 3}) {
    policy->OnOpen(id, kNothingSaid);
    policy->SetReady(id);
  }
  const auto send = [&policy] {
    const StreamId id = policy->Pick()->stream_id;
    policy->Charge(id, 100);
  };
  send();
  send();
  policy->SetReady(3);
  policy->OnClose(1);  // the client's reset
  send();
  const auto picks = WhatIf(trace.events(), "lifo");
  ASSERT_TRUE(picks.ok());
  ASSERT_EQ(picks->size(), 2u);
  EXPECT_EQ(picks->at(0).id, 3u);
  EXPECT_EQ(picks->at(1).id, 1u);
}

// The picks of WhatIf() as "1:100 3:100 ".
std::string OrderUnder(const MemoryTrace& trace, const std::string& spec) {
  const auto picks = WhatIf(trace.events(), spec);
  EXPECT_TRUE(picks.ok()) << picks.status();
  std::string order;
  for (const ReplayedPick& pick : *picks) {
    absl::StrAppend(&order, pick.id, ":", pick.bytes, " ");
  }
  return order;
}

// An adapter blocks a stream after its last byte, and closes it later.
TEST(WhatIfTest, AStreamThatClosedBlockedSendsAllOfItsBytes) {
  MemoryTrace trace;
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("fifo", {}, &trace);
  for (const StreamId id : {1, 3}) {
    policy->OnOpen(id, kNothingSaid);
    policy->SetReady(id);
  }
  for (const StreamId id : {1, 3}) {
    policy->Charge(policy->Pick()->stream_id, 100);
    policy->SetBlocked(id);
    trace.Write(TraceTime{static_cast<int64_t>(id)});
    policy->OnClose(id);
  }
  EXPECT_EQ(OrderUnder(trace, "lifo"), "3:100 1:100 ");
}

// With frames, the log tells an end from a reset while the window is used up.
TEST(WhatIfTest, ABlockedStreamWhoseFramesDidNotEndWasReset) {
  for (const bool ended : {false, true}) {
    MemoryTrace trace;
    std::unique_ptr<Policy> policy = *CreateRecordedPolicy("fifo", {}, &trace);
    for (const StreamId id : {1, 3}) {
      policy->OnOpen(id, kNothingSaid);
      policy->SetReady(id);
    }
    policy->Charge(policy->Pick()->stream_id, 100);
    trace.Write(TraceFrame{1, 100, ended, TraceOutcome::kSent, 100, 100});
    policy->SetBlocked(1);
    policy->OnClose(1);
    policy->Charge(policy->Pick()->stream_id, 100);
    EXPECT_EQ(OrderUnder(trace, "lifo"), ended ? "3:100 1:100 " : "3:100 ");
  }
}

TEST(WhatIfTest, AnIdMayOpenOnceMoreAsInTheAdapters) {
  MemoryTrace trace;
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("fifo", {}, &trace);
  for (int life = 0; life < 2; ++life) {
    for (const StreamId id : {1, 3}) {
      policy->OnOpen(id, kNothingSaid);
      policy->SetReady(id);
    }
    for (const StreamId id : {1, 3}) {
      policy->Charge(policy->Pick()->stream_id, 100);
      policy->OnClose(id);
    }
  }
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    OrderUnder(trace, entry.name);
  }
  EXPECT_EQ(OrderUnder(trace, "fifo"), "1:100 3:100 1:100 3:100 ");
}

TEST(ReplayTest, ALogWithoutItsBeginningIsRefused) {
  EXPECT_EQ(Replay({}).status().code(), absl::StatusCode::kInvalidArgument);
  const std::vector<TraceEvent> events = {TraceReady{1}};
  EXPECT_EQ(Replay(events).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WhatIf(events, "rr").status().code(),
            absl::StatusCode::kInvalidArgument);
}

// A file may say what no session does, and a policy relies on its session.
TEST(ReplayTest, ALogThatNoSessionCanHaveWrittenIsRefused) {
  const TraceMade made{"rr", {100, 10, 10}};
  const std::vector<TraceEvent> begin = {
      made, TraceOpen{1, {}}, TraceOpen{3, {}}, TraceReady{1}, TraceReady{3}};
  TracePick pick;
  pick.id = 1;
  struct Case {
    std::vector<TraceEvent> more;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{pick, pick},
       "call 7: a pick before stream 1, which was picked, is charged"},
      {{TraceCharge{1, 1}}, "call 6: stream 1 is charged without a pick"},
      {{pick, TraceCharge{3, 1}}, "call 7: stream 3 is charged without a pick"},
      {{pick, TraceCharge{1, 101}},
       "call 7: 101 bytes charged to stream 1, the largest grant is 100"},
      {{TraceTime{7}, TraceTime{6}},
       "call 7: time is 6 ns; it must be from 7, the time before, to "},
      {{TraceTime{-1}}, "call 6: time is -1 ns"},
      {{made}, "call 6: a second \"made\"; a log holds one policy"},
  };
  for (const Case& c : cases) {
    std::vector<TraceEvent> events = begin;
    events.insert(events.end(), c.more.begin(), c.more.end());
    for (const absl::Status& status :
         {Replay(events).status(), WhatIf(events, "fifo").status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
    }
  }
  std::vector<TraceEvent> huge = begin;
  std::get<TraceMade>(huge.front()).options.max_streams = SIZE_MAX;
  for (const std::string spec : {"rr", "rfc7540", "firefox"}) {
    std::get<TraceMade>(huge.front()).spec = spec;
    EXPECT_EQ(Replay(huge).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(WhatIf(huge, spec).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace sluice::scheduler
