// The data scheduler between two real connections: what is sent when, how large
// the frames are, and what a stream's end looks like.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"
#include "tests/support/allocation_counter.h"

namespace sluice::scheduler {
namespace {

using testing::Bytes;
using testing::BytesSource;
using testing::ScriptSource;
using testing::Session;
using testing::SessionOptions;

constexpr uint32_t kHugeWindow = 0x7fffffff;

// A client whose windows never get in the way.
SessionOptions WideOpen() {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, kHugeWindow}};
  return options;
}

void OpenConnectionWindow(Session& session) {
  session.OpenWindow(0, kHugeWindow - 65535);
}

TEST(DataSchedulerTest, HeadersGoAtOnceAndTheBodyOnlyWhenItIsPulled) {
  Session session;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(session.Respond(id, 20000).ok());
  session.ToClient();
  EXPECT_EQ(session.Take(), "H1");
  EXPECT_TRUE(session.scheduler().HasReady());
  EXPECT_EQ(session.scheduler().Pull(16384), 16384u);
  session.ToClient();
  EXPECT_EQ(session.Take(), "1:16384");
  EXPECT_EQ(session.scheduler().Pull(16384), 3616u);
  session.ToClient();
  EXPECT_EQ(session.Take(), "1:3616.");
  EXPECT_FALSE(session.scheduler().HasReady());
  EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
}

TEST(DataSchedulerTest, NothingIsPulledWhileNothingIsSubmitted) {
  Session session;
  session.Request();
  EXPECT_FALSE(session.scheduler().HasReady());
  EXPECT_EQ(session.scheduler().Pull(16384), 0u);
  EXPECT_EQ(session.server().OutputSize(), 0u);
}

TEST(DataSchedulerTest, EndStreamRidesOnTheLastDataFrameWhenTheSourceSaysSo) {
  Session session;
  session.Serve(100);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:100.");
}

TEST(DataSchedulerTest, AnEndThatComesAloneIsAnEmptyDataFrame) {
  Session session;
  session.Serve(std::make_unique<BytesSource>(100, true));
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:100 1:0.");
}

TEST(DataSchedulerTest, AResponseWithoutBodyIsOneHeadersFrame) {
  Session session;
  session.Serve(nullptr);
  session.ToClient();
  EXPECT_EQ(session.Take(), "H1.");
  EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
}

TEST(DataSchedulerTest, TrailersComeAfterTheLastByte) {
  Session session;
  const auto with_trailers = [] {
    return SubmitOptions{.trailers = {{"checksum", "1"}}};
  };
  session.Serve(std::make_unique<BytesSource>(100), with_trailers());
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:100 T1");
  session.Serve(std::make_unique<BytesSource>(100, true), with_trailers());
  session.Drain();
  EXPECT_EQ(session.Take(), "H3 3:100 T3");
  session.Serve(nullptr, with_trailers());
  session.ToClient();
  EXPECT_EQ(session.Take(), "H5 T5");
}

TEST(DataSchedulerTest, TrailersThatCannotBeSentResetTheStream) {
  Session session;
  SubmitOptions options;
  options.trailers = {{":path", "no trailer"}};
  session.Serve(std::make_unique<BytesSource>(9), options);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:9 R1=2");
  EXPECT_FALSE(session.Respond(session.Request(), nullptr, options).ok());
  session.Drain();
  EXPECT_EQ(session.Take(), "H3 R3=2");
  EXPECT_EQ(session.server().OpenInboundStreams(), 0u);
}

TEST(DataSchedulerTest, AStreamTakesOneBodyOnly) {
  Session session;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(session.Respond(id, 5).ok());
  EXPECT_EQ(session.Respond(id, 5).code(), absl::StatusCode::kAlreadyExists);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:5.");
}

TEST(DataSchedulerTest, ARefusedSubmitSendsNothingAndDestroysTheBody) {
  Session session;
  const h2::StreamId id = session.Request();
  bool destroyed = false;
  const auto body = [&destroyed] {
    destroyed = false;
    return std::make_unique<ScriptSource>([](size_t) { return Bytes(1, true); },
                                          &destroyed);
  };
  SubmitOptions bad;
  bad.server = ServerPriority{.rfc9218 = signals::Rfc9218Priority{8, false}};
  EXPECT_EQ(session.Respond(id, body(), bad).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(destroyed);
  EXPECT_FALSE(session.Respond(99, body()).ok());  // no such stream
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(session.server().OutputSize(), 0u);
  EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
}

// --- How large a grant is ----------------------------------------------------

// Beyond a thousand streams the scheduler guesses the next picks.
TEST(DataSchedulerTest, ACrowdIsServedToTheLastByte) {
  constexpr h2::StreamId kStreams = 1100;
  for (const char* policy : {"rr", "fifo", "rfc9218", "rfc7540"}) {
    SessionOptions options = WideOpen();
    options.policy = policy;
    options.server.settings = {
        {h2::SettingId::kMaxConcurrentStreams, kStreams}};
    Session session(options);
    for (h2::StreamId i = 0; i < kStreams; ++i) session.Serve(10 + i % 3);
    session.Drain();
    for (h2::StreamId i = 0; i < kStreams; ++i) {
      ASSERT_EQ(session.received(2 * i + 1), 10 + i % 3) << policy;
    }
  }
}

TEST(DataSchedulerTest, AFrameIsBoundedByTheLeastOfItsLimits) {
  struct Case {
    const char* limit;
    SessionOptions options;
    size_t max_bytes;
    std::string first;
  };
  std::vector<Case> cases;
  cases.push_back({"the default, 16 KiB", WideOpen(), 1 << 20, "1:16384"});
  cases.push_back({"the caller", WideOpen(), 777, "1:777"});
  SessionOptions options = WideOpen();
  options.scheduler.max_frame_size = 1500;
  cases.push_back({"the scheduler's option", options, 1500, "1:1500"});
  options = SessionOptions();
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 1200}};
  cases.push_back({"the stream's window", options, 1 << 20, "1:1200"});
  options = WideOpen();
  options.server.limits.output_high_water_mark = 20000;
  cases.push_back({"the high-water mark", options, 1 << 20, "1:16384 1:3616"});
  for (const Case& c : cases) {
    Session session(c.options);
    session.Serve(50000);
    session.ToClient();
    session.Take();
    session.Drain(1, c.max_bytes);
    EXPECT_EQ(session.Take().substr(0, c.first.size()), c.first) << c.limit;
  }
}

TEST(DataSchedulerTest, TheFramesOfAPullTogetherAreWhatTheCallerAskedFor) {
  Session session(WideOpen());
  session.Serve(5000);
  session.Serve(5000);
  EXPECT_EQ(session.scheduler().Pull(6000), 6000u);
  session.ToClient();
  EXPECT_EQ(session.Take(), "H1 H3 1:5000. 3:1000");
}

TEST(DataSchedulerTest, AFrameIsBoundedByThePolicysGrant) {
  PolicyOptions small;
  small.max_grant = 900;
  Session session(*CreatePolicy("rr", small), WideOpen());
  session.Serve(2000);
  session.Drain(1);
  EXPECT_EQ(session.Take(), "H1 1:900 1:900 1:200.");
}

TEST(DataSchedulerTest, AFrameIsBoundedByThePeersMaxFrameSize) {
  SessionOptions options = WideOpen();
  options.client.settings.push_back({h2::SettingId::kMaxFrameSize, 20000});
  options.server.limits.output_high_water_mark = 100000;
  options.scheduler.max_frame_size = 100000;
  PolicyOptions large;
  large.max_grant = 100000;
  Session session(*CreatePolicy("rr", large), options);
  session.Serve(50000);
  session.Drain(1);
  EXPECT_EQ(session.Take(), "H1 1:20000 1:20000 1:10000.");
}

TEST(DataSchedulerTest, TheOutputNeverHoldsMoreThanItsHighWaterMark) {
  SessionOptions options = WideOpen();
  options.server.limits.output_high_water_mark = 40000;
  Session session(options);
  OpenConnectionWindow(session);
  session.Serve(1 << 20);
  session.ToClient();
  for (const size_t taken : {0, 100, 5000, 16384, 40000, 1, 30000}) {
    const size_t some = std::min(taken, session.server().OutputSize());
    ASSERT_TRUE(session.server().ConsumeOutput(some).ok());
    session.scheduler().Pull(1 << 20);
    EXPECT_LE(session.server().OutputSize(), 40000u + 9 * 40);
  }
}

// A socket that takes a few bytes at a time must not turn into tiny frames.
TEST(DataSchedulerTest, ALittleRoomInTheOutputIsLeftUntilThereIsMore) {
  Session session(WideOpen());
  session.Serve(60000);
  session.ToClient();
  session.scheduler().Pull(1 << 20);
  ASSERT_TRUE(
      session.server().ConsumeOutput(9 + 500).ok());  // 500 bytes of payload
  EXPECT_EQ(session.scheduler().Pull(1 << 20), 0u);
  ASSERT_TRUE(session.server().ConsumeOutput(600).ok());
  EXPECT_EQ(session.scheduler().Pull(1 << 20), 1100u);
}

// --- Windows -----------------------------------------------------------------

TEST(DataSchedulerTest, AStreamWithoutWindowWaitsAndTheOthersGoOn) {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 2000}};
  Session session(options);
  session.Serve(5000);
  session.Serve(1500);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 H3 1:2000 3:1500.");
  EXPECT_FALSE(session.scheduler().HasReady());
  session.OpenWindow(1, 3000);
  EXPECT_TRUE(session.scheduler().HasReady());
  session.Drain();
  EXPECT_EQ(session.Take(), "1:3000.");
}

TEST(DataSchedulerTest, AnExhaustedConnectionWindowCostsNoPicks) {
  SessionOptions options = WideOpen();
  Session session(options);
  for (int i = 0; i < 100; ++i) {
    session.Serve(100000);
  }
  session.Drain();
  EXPECT_EQ(session.scheduler().counters().bytes, 65535u);
  const uint64_t picks = session.scheduler().counters().picks;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(session.scheduler().Pull(1 << 20), 0u);
    EXPECT_FALSE(session.scheduler().HasReady());
  }
  EXPECT_EQ(session.scheduler().counters().picks, picks);
  session.OpenWindow(0, 20000);
  EXPECT_TRUE(session.scheduler().HasReady());
  session.Drain();
  EXPECT_EQ(session.scheduler().counters().bytes, 65535u + 20000u);
}

TEST(DataSchedulerTest, AWindowUpdateWhileTheConnectionIsBlockedIsNotLost) {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 65535}};
  Session session(options);
  session.Serve(70000);
  session.Drain();  // both windows are used up
  EXPECT_EQ(session.received(1), 65535u);
  session.OpenWindow(1, 1000);
  session.Drain();
  session.OpenWindow(0, 5000);
  session.Drain();
  EXPECT_EQ(session.received(1), 66535u);
}

// RFC 9113 §6.9.2.
TEST(DataSchedulerTest, ANewInitialWindowSizeMovesEveryStream) {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 1000}};
  Session session(options);
  session.Serve(5000);
  session.Serve(5000);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 H3 1:1000 3:1000");
  const auto set_window = [&session](uint32_t size) {
    const h2::Setting setting = {h2::SettingId::kInitialWindowSize, size};
    ASSERT_TRUE(session.client().UpdateSettings({&setting, 1}).ok());
    session.ToServer();
    session.ToClient();
  };
  set_window(3000);
  session.Drain();
  EXPECT_EQ(session.Take(), "1:2000 3:2000");
  set_window(500);  // 2500 below what was sent
  session.Drain();
  EXPECT_EQ(session.Take(), "");
  session.OpenWindow(1, 2500);
  session.Drain();
  EXPECT_EQ(session.Take(), "");  // at 0
  session.OpenWindow(1, 2000);
  session.Drain();
  EXPECT_EQ(session.Take(), "1:2000.");
}

// --- Sources that wait -------------------------------------------------------

TEST(DataSchedulerTest, ASourceWithNothingWaitsForResume) {
  Session session;
  size_t available = 0;
  int reads = 0;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(session
                  .Respond(id, std::make_unique<ScriptSource>([&](size_t) {
                             ++reads;
                             return Bytes(std::exchange(available, 0));
                           }))
                  .ok());
  for (int i = 0; i < 5; ++i) session.scheduler().Pull(1 << 20);
  EXPECT_EQ(reads, 1);
  EXPECT_FALSE(session.scheduler().HasReady());
  available = 300;
  session.scheduler().Resume(id);
  session.scheduler().Resume(12345);  // unknown: nothing
  EXPECT_TRUE(session.scheduler().HasReady());
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:300");
}

// CVE-2019-9518, from our own side.
TEST(DataSchedulerTest, ASourceThatResumesItselfForNothingDoesNotSpin) {
  Session session;
  int reads = 0;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(session
                  .Respond(id, std::make_unique<ScriptSource>([&](size_t) {
                             ++reads;
                             session.scheduler().Resume(id);
                             return Bytes(0);
                           }))
                  .ok());
  session.scheduler().Pull(1 << 20);
  EXPECT_EQ(reads, 1);
  EXPECT_TRUE(session.scheduler().HasReady());  // yet it is not forgotten
  session.scheduler().Pull(1 << 20);
  EXPECT_EQ(reads, 2);
}

// --- Ends that come early ----------------------------------------------------

TEST(DataSchedulerTest, ASourcesErrorResetsItsStreamWithInternalError) {
  Session session;
  bool destroyed = false;
  session.Serve(std::make_unique<ScriptSource>(
      [](size_t) {
        DataSource::Chunk chunk = Bytes(10);
        chunk.status = absl::DataLossError("disk");
        return chunk;
      },
      &destroyed));
  session.Serve(7);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 H3 R1=2 3:7.");
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(session.scheduler().counters().streams_reset, 1u);
}

TEST(DataSchedulerTest, ASourceThatGivesTooMuchIsAnError) {
  Session session;
  session.Serve(std::make_unique<ScriptSource>(
      [](size_t max) { return Bytes(max + 1, true); }));
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 R1=2");
}

TEST(DataSchedulerTest, ThePeersResetInMidBodyDropsTheBody) {
  Session session;
  bool destroyed = false;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(
      session
          .Respond(id, std::make_unique<ScriptSource>(
                           [](size_t) { return Bytes(100); }, &destroyed))
          .ok());
  session.Drain(1, 500);
  ASSERT_TRUE(session.client().ResetStream(id, h2::ErrorCode::kCancel).ok());
  session.ToServer();
  EXPECT_TRUE(destroyed);
  EXPECT_FALSE(session.scheduler().HasReady());
  EXPECT_EQ(session.scheduler().counters().streams_reset, 1u);
  EXPECT_EQ(session.scheduler().Pull(1 << 20), 0u);
}

TEST(DataSchedulerTest, CancelResetsTheStreamWithTheCodeGiven) {
  Session session;
  bool destroyed = false;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(
      session
          .Respond(id, std::make_unique<ScriptSource>(
                           [](size_t) { return Bytes(100); }, &destroyed))
          .ok());
  session.scheduler().Cancel(id, h2::ErrorCode::kEnhanceYourCalm);
  session.scheduler().Cancel(77);  // unknown: nothing
  EXPECT_TRUE(destroyed);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 R1=11");
}

TEST(DataSchedulerTest, ACancelledRequestCanNoLongerBeAnswered) {
  Session session;
  const h2::StreamId id = session.Request();
  session.scheduler().Cancel(id);
  EXPECT_FALSE(session.Respond(id, 10).ok());
}

TEST(DataSchedulerTest, AConnectionErrorEndsEverything) {
  Session session;
  session.Serve(100000);
  ASSERT_TRUE(
      session.server().CloseConnection(h2::ErrorCode::kInternalError).ok());
  ASSERT_TRUE(session.server().IsTerminated());
  EXPECT_EQ(session.scheduler().Pull(1 << 20), 0u);
}

// RFC 9113 §6.8: a client's graceful GOAWAY leaves its requests running.
TEST(DataSchedulerTest, AGracefulGoawayLetsBodiesFinish) {
  Session session;
  session.Serve(20000);
  session.Drain(1, 16384);
  session.Take();
  ASSERT_TRUE(session.client().CloseConnection().ok());
  session.ToServer();
  session.Drain();
  EXPECT_EQ(session.Take(), "1:3616.");
}

TEST(DataSchedulerTest, ABodyDestroyedWithTheSchedulerIsDestroyedOnce) {
  bool destroyed = false;
  {
    Session session;
    session.Serve(std::make_unique<ScriptSource>(
        [](size_t) { return Bytes(1); }, &destroyed));
  }
  EXPECT_TRUE(destroyed);
}

// --- Counters and cost -------------------------------------------------------

TEST(DataSchedulerTest, CountersFollowEachFrame) {
  Session session;
  const h2::StreamId first = session.Request();
  const h2::StreamId second = session.Request();
  ASSERT_TRUE(session.Respond(first, 20000).ok());
  ASSERT_TRUE(session.Respond(second, 100).ok());
  const DataSchedulerCounters& counters = session.scheduler().counters();
  session.Drain(1);
  EXPECT_EQ(counters.bytes, 16384u);
  EXPECT_EQ(counters.frames, 1u);
  EXPECT_EQ(counters.streams_finished, 0u);
  session.Drain();
  EXPECT_EQ(counters.bytes, 20100u);
  EXPECT_EQ(counters.frames, 3u);
  EXPECT_EQ(counters.streams_finished, 2u);
  EXPECT_EQ(counters.streams_reset, 0u);
}

TEST(DataSchedulerTest, StreamsWithoutABodyAreCountedAsWell) {
  Session session;
  const auto& counters = session.scheduler().counters();
  const h2::StreamId headers_only = session.Request();
  ASSERT_TRUE(session.scheduler()
                  .Submit(headers_only, {{":status", "304"}}, nullptr)
                  .ok());
  EXPECT_EQ(counters.streams_finished, 1u);
  const h2::StreamId trailers_only = session.Request();
  ASSERT_TRUE(session.scheduler()
                  .Submit(trailers_only, {{":status", "200"}}, nullptr,
                          {.trailers = {{"grpc-status", "0"}}})
                  .ok());
  EXPECT_EQ(counters.streams_finished, 2u);
  session.scheduler().Cancel(session.Request());
  const h2::StreamId reset = session.Request();
  ASSERT_TRUE(session.client().ResetStream(reset, h2::ErrorCode::kCancel).ok());
  session.ToServer();
  EXPECT_EQ(counters.streams_finished, 2u);
  EXPECT_EQ(counters.streams_reset, 2u);
}

TEST(DataSchedulerTest, TheObserverHearsOfEachFrameOnce) {
  Session session;
  std::vector<std::string> seen;
  session.scheduler().SetObserver([&](const DataScheduler::Decision& d) {
    EXPECT_EQ(d.reason.rule, "least served");
    seen.push_back(std::to_string(d.stream_id) + ":" + std::to_string(d.bytes) +
                   (d.end_stream ? "." : "") + " of " +
                   std::to_string(d.connection_window) + ", " +
                   std::to_string(d.ready_streams) + " ready");
  });
  session.Serve(100);
  session.Serve(200);
  session.Drain();
  EXPECT_EQ(seen, (std::vector<std::string>{"1:100. of 65535, 2 ready",
                                            "3:200. of 65435, 1 ready"}));
}

// The chunk is shared, so the source costs nothing either.
class SharedSource : public DataSource {
 public:
  SharedSource() : data_(std::string(16384, 'x')) {}
  Chunk Read(size_t max_bytes) override {
    Chunk chunk;
    if (max_bytes >= data_.size()) chunk.data = data_;
    return chunk;
  }

 private:
  const absl::Cord data_;
};

TEST(DataSchedulerTest, ADataFrameInTheSteadyStateAllocatesNothing) {
  for (const std::string policy : {"rr", "fifo", "rfc7540", "rfc9218"}) {
    SessionOptions options = WideOpen();
    options.policy = policy;
    Session session(options);
    OpenConnectionWindow(session);
    for (int i = 0; i < 10; ++i) {
      session.Serve(std::make_unique<SharedSource>());
    }
    const auto send = [&session](int frames) {
      for (int i = 0; i < frames; ++i) {
        session.scheduler().Pull(1 << 20);
        session.server().ClearOutput();
      }
    };
    send(100);
    const uint64_t frames = session.scheduler().counters().frames;
    const uint64_t before = sluice::testing::Allocations();
    send(1000);
    EXPECT_EQ(sluice::testing::Allocations() - before, 0u) << policy;
    EXPECT_EQ(session.scheduler().counters().frames - frames, 1000u);
  }
}

}  // namespace
}  // namespace sluice::scheduler
