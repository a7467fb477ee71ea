// From inside a source's Read() the caller may do anything but pull: close,
// reprioritise, submit and resume, its own stream included.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::Bytes;
using testing::ScriptSource;
using testing::Session;
using testing::SessionOptions;

TEST(ReentrancyTest, ASourceMayCancelItsOwnStreamAndLivesUntilItReturns) {
  Session session;
  bool destroyed = false;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(session
                  .Respond(id, std::make_unique<ScriptSource>(
                                   [&](size_t) {
                                     session.scheduler().Cancel(id);
                                     EXPECT_FALSE(destroyed);
                                     return Bytes(100);
                                   },
                                   &destroyed))
                  .ok());
  session.Drain();
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(session.Take(), "H1 R1=8");
  EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
}

TEST(ReentrancyTest, ASourceMayCancelAnotherStream) {
  Session session;
  session.Request();
  session.Request();
  bool destroyed = false;
  ASSERT_TRUE(session
                  .Respond(1, std::make_unique<ScriptSource>([&](size_t) {
                             session.scheduler().Cancel(3);
                             return Bytes(10, true);
                           }))
                  .ok());
  ASSERT_TRUE(session
                  .Respond(3, std::make_unique<ScriptSource>(
                                  [](size_t) { return Bytes(5); }, &destroyed))
                  .ok());
  session.Drain();
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(session.Take(), "H1 H3 R3=8 1:10.");
}

// Cancels another stream when it is destroyed.
class CancelsAtItsEnd : public DataSource {
 public:
  CancelsAtItsEnd(DataScheduler* scheduler, h2::StreamId other)
      : scheduler_(scheduler), other_(other) {}
  ~CancelsAtItsEnd() override { scheduler_->Cancel(other_); }
  Chunk Read(size_t) override { return Bytes(1); }

 private:
  DataScheduler* const scheduler_;
  const h2::StreamId other_;
};

TEST(ReentrancyTest, ABodyMayCallBackWhileEverythingIsTornDown) {
  h2::Connection connection({.side = h2::Side::kClient});
  ASSERT_TRUE(connection.InitiateConnection().ok());
  auto scheduler =
      std::make_unique<DataScheduler>(&connection, *CreatePolicy("rr"));
  for (const h2::StreamId id : {1, 3, 5, 7}) {
    ASSERT_TRUE(
        scheduler
            ->Submit(id,
                     {{":method", "POST"},
                      {":scheme", "http"},
                      {":path", "/"},
                      {":authority", "localhost"}},
                     std::make_unique<CancelsAtItsEnd>(scheduler.get(), 8 - id))
            .ok());
  }
  scheduler.reset();
  // Each of a pair is ended by the other or by the end of all: two RST_STREAM.
  EXPECT_EQ(connection.OpenOutboundStreams(), 2u);
}

TEST(ReentrancyTest, ASourceMayAnswerOtherRequests) {
  Session session;
  session.Request();
  session.Request();
  bool submitted = false;
  ASSERT_TRUE(session
                  .Respond(1, std::make_unique<ScriptSource>([&](size_t) {
                             if (!std::exchange(submitted, true)) {
                               EXPECT_TRUE(session.Respond(3, 20).ok());
                             }
                             return Bytes(10, true);
                           }))
                  .ok());
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 H3 1:10. 3:20.");
}

TEST(ReentrancyTest,
     ASourceMayReprioritiseItselfAndItsBytesAreChargedToTheOldPath) {
  SessionOptions options;
  options.policy = "rfc9218";
  Session session(options);
  session.Request(std::nullopt, {{"priority", "u=1"}});
  session.Request(std::nullopt, {{"priority", "u=2"}});
  ServerPriority last;
  last.rfc9218 = signals::Rfc9218Priority{7, false};
  ASSERT_TRUE(
      session
          .Respond(1, std::make_unique<ScriptSource>([&](size_t) {
                     EXPECT_TRUE(
                         session.scheduler().SetServerPriority(1, last).ok());
                     return Bytes(10);
                   }))
          .ok());
  ASSERT_TRUE(session.Respond(3, 30).ok());
  session.scheduler().Pull(40);
  session.ToClient();
  EXPECT_EQ(session.Take(), "H1 H3 1:10 3:30.");
}

TEST(ReentrancyTest, PullFromInsideAReadDoesNothing) {
  Session session;
  size_t inner = 1;
  session.Serve(std::make_unique<ScriptSource>([&](size_t) {
    inner = session.scheduler().Pull(100);
    return Bytes(10, true);
  }));
  session.Drain();
  EXPECT_EQ(inner, 0u);
  EXPECT_EQ(session.Take(), "H1 1:10.");
}

TEST(ReentrancyTest, ThePeersResetMayBeHandledInsideTheRead) {
  Session session;
  bool destroyed = false;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(session.client().ResetStream(id, h2::ErrorCode::kCancel).ok());
  ASSERT_TRUE(session
                  .Respond(id, std::make_unique<ScriptSource>(
                                   [&](size_t) {
                                     session.ToServer();
                                     EXPECT_FALSE(destroyed);
                                     return Bytes(100);
                                   },
                                   &destroyed))
                  .ok());
  EXPECT_EQ(session.scheduler().Pull(1000), 0u);
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
}

TEST(ReentrancyTest, AFailureOfAStreamThatTheReadHasResetResetsItOnce) {
  Session session;
  session.Serve(std::make_unique<ScriptSource>([&](size_t) {
    // Past the scheduler.
    EXPECT_TRUE(session.server().ResetStream(1, h2::ErrorCode::kCancel).ok());
    DataSource::Chunk chunk;
    chunk.status = absl::DataLossError("disk");
    return chunk;
  }));
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 R1=8");
  EXPECT_EQ(session.scheduler().counters().streams_reset, 1u);
  EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
}

TEST(ReentrancyTest, AWindowThatOpensInsideTheReadIsNotLost) {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 2000}};
  Session session(options);
  const h2::StreamId id = session.Request();
  bool opened = false;
  ASSERT_TRUE(
      session
          .Respond(
              id, std::make_unique<ScriptSource>([&](size_t max_bytes) {
                if (std::exchange(opened, true)) return Bytes(100, true);
                EXPECT_TRUE(
                    session.client().IncrementFlowControlWindow(id, 2000).ok());
                session.ToServer();
                return Bytes(max_bytes);
              }))
          .ok());
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:2000 1:100.");
}

// The bytes were read with room for them; the room went away; none is lost.
TEST(ReentrancyTest, BytesThatNoLongerFitAreSentLater) {
  Session session(SessionOptions{.policy = "rfc7540"});
  const h2::StreamId busy = session.Request();
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(session.server().SendHeaders(busy, {{":status", "200"}}).ok());
  bool first = true;
  ASSERT_TRUE(
      session
          .Respond(
              id, std::make_unique<ScriptSource>([&](size_t) {
                if (std::exchange(first, false)) {
                  // Fills the output, past the scheduler.
                  EXPECT_TRUE(
                      session.server().SendData(busy, Bytes(16384).data).ok());
                }
                return Bytes(3000, true);
              }))
          .ok());
  EXPECT_EQ(session.scheduler().Pull(1 << 20), 0u);
  session.ToClient();
  session.Take();
  EXPECT_EQ(session.scheduler().Pull(2000), 2000u);
  session.Drain();
  EXPECT_EQ(session.Take(), "3:2000 3:1000.");
}

TEST(ReentrancyTest, ASourcesDestructorMayCallBack) {
  struct Talker : DataSource {
    explicit Talker(Session* session) : session(session) {}
    ~Talker() override {
      session->scheduler().Cancel(3);
      session->scheduler().Resume(1);
    }
    Chunk Read(size_t) override { return Bytes(10, true); }
    Session* session;
  };
  Session session;
  session.Request();
  session.Request();
  ASSERT_TRUE(session.Respond(1, std::make_unique<Talker>(&session)).ok());
  ASSERT_TRUE(session.Respond(3, 1000).ok());
  session.Drain(1, 10);
  EXPECT_EQ(session.Take(), "H1 H3 1:10. R3=8");
}

// A response that a destructor starts must not outlive the scheduler.
TEST(ReentrancyTest, ABodysDestructorCannotSubmitToADyingScheduler) {
  struct Restarts : DataSource {
    Restarts(Session* session, h2::StreamId other)
        : session(session), other(other) {}
    ~Restarts() override {
      EXPECT_EQ(session->scheduler().Pull(1000), 0u);
      EXPECT_EQ(
          session->Respond(other, std::make_unique<testing::BytesSource>(10))
              .code(),
          absl::StatusCode::kFailedPrecondition);
    }
    Chunk Read(size_t) override { return Bytes(1); }
    Session* session;
    const h2::StreamId other;
  };
  Session session;
  session.Request();
  session.Request();
  ASSERT_TRUE(session.Respond(1, std::make_unique<Restarts>(&session, 3)).ok());
  ASSERT_TRUE(session.Respond(3, std::make_unique<Restarts>(&session, 1)).ok());
}

TEST(ReentrancyTest, ABodysDestructorCannotPullInsideAPull) {
  struct Pulls : DataSource {
    explicit Pulls(DataScheduler* scheduler) : scheduler(scheduler) {}
    ~Pulls() override { EXPECT_EQ(scheduler->Pull(1 << 20), 0u); }
    Chunk Read(size_t) override { return Bytes(10, true); }
    DataScheduler* const scheduler;
  };
  Session session;
  session.Request();
  session.Request();
  ASSERT_TRUE(
      session.Respond(1, std::make_unique<Pulls>(&session.scheduler())).ok());
  ASSERT_TRUE(session.Respond(3, 1000).ok());
  EXPECT_EQ(session.scheduler().Pull(10), 10u);
  session.ToClient();
  EXPECT_EQ(session.Take(), "H1 H3 1:10.");
}

// A window that shrinks inside a read: what was read waits, the others go on.
TEST(ReentrancyTest, BytesWithoutAWindowHoldNoOtherStreamBack) {
  Session session;
  session.Request();
  session.Request();
  bool first = true;
  ASSERT_TRUE(
      session
          .Respond(1, std::make_unique<ScriptSource>([&](size_t) {
                     if (std::exchange(first, false)) {
                       const h2::Setting small = {
                           h2::SettingId::kInitialWindowSize, 10};
                       EXPECT_TRUE(
                           session.client().UpdateSettings({&small, 1}).ok());
                       session.ToServer();
                     }
                     return Bytes(20, true);
                   }))
          .ok());
  ASSERT_TRUE(session.Respond(3, 5).ok());
  EXPECT_EQ(session.scheduler().Pull(1 << 20), 15u);
  session.ToClient();
  EXPECT_EQ(session.received(1), 10u);
  EXPECT_EQ(session.received(3), 5u);
}

// Anything at any time, under each policy; ASan and the policies' own asserts
// are the judges, and that all bodies end.
TEST(ReentrancyTest, RandomCallsFromInsideReadsAreSafe) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    std::mt19937 random(1);
    SessionOptions options;
    options.policy = entry.name;
    options.client.settings = {{h2::SettingId::kInitialWindowSize, 0x7fffffff}};
    Session session(options);
    h2::StreamId last = 0;
    std::function<void()> add;
    const auto meddle = [&] {
      const h2::StreamId victim = 1 + 2 * (random() % 40);
      switch (random() % 5) {
        case 0:
          session.scheduler().Cancel(victim);
          break;
        case 1:
          session.scheduler().Resume(victim);
          break;
        case 2: {
          ServerPriority server;
          server.rfc9218 = signals::Rfc9218Priority{
              static_cast<int>(random() % 8), random() % 2 == 0};
          session.scheduler().SetServerPriority(victim, server).IgnoreError();
          break;
        }
        case 3:
          session.scheduler()
              .SetHints(victim, {.resource_class =
                                     static_cast<ResourceClass>(random() % 9)})
              .IgnoreError();
          break;
        default:
          if (last < 79) add();
      }
    };
    add = [&] {
      last = session.Request(signals::Rfc7540Priority{
          0, static_cast<int>(1 + random() % 256), random() % 2 == 0});
      auto left = std::make_shared<int>(3 + random() % 5);
      ASSERT_TRUE(
          session
              .Respond(last,
                       std::make_unique<ScriptSource>([&, left](size_t max) {
                         if (random() % 3 == 0) meddle();
                         if (random() % 4 == 0) return Bytes(0);
                         return Bytes(1 + random() % max, --*left <= 0);
                       }))
              .ok());
    };
    add();
    for (int i = 0; i < 2000; ++i) {
      session.scheduler().Pull(1 + random() % 3000);
      session.ToClient();
      session.OpenWindow(0, 3000);
      for (h2::StreamId id = 1; id <= last; id += 2) {
        session.scheduler().Resume(id);
      }
      if (last < 79 && random() % 4 == 0) add();
    }
    EXPECT_EQ(session.scheduler().ActiveBodies(), 0u) << entry.name;
  }
}

}  // namespace
}  // namespace sluice::scheduler
