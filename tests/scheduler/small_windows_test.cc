// CVE-2019-9511 "data dribble": a peer that opens its windows byte by byte must
// not make us frame its bodies byte by byte, and must still be served.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::Session;
using testing::SessionOptions;
using testing::StreamWindowsOf;

TEST(SmallWindowsTest, AStreamAloneFlowsByteByByte) {
  Session session(StreamWindowsOf(1));
  session.Serve(3);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:1");
  session.OpenWindow(1, 1);
  session.Drain();
  EXPECT_EQ(session.Take(), "1:1");
  session.OpenWindow(1, 1);
  session.Drain();
  EXPECT_EQ(session.Take(), "1:1.");
}

TEST(SmallWindowsTest, IfAllWindowsAreSmallTheyFlowAsThePolicySays) {
  for (const char* policy : {"rr", "rfc7540", "firefox", "auto"}) {
    SCOPED_TRACE(policy);
    SessionOptions options = StreamWindowsOf(10);
    options.policy = policy;
    Session session(options);
    for (int i = 0; i < 3; ++i) {
      session.Serve(15);
    }
    session.Drain();
    EXPECT_EQ(session.Take(), "H1 H3 H5 1:10 3:10 5:10");
    for (const h2::StreamId id : {1, 3, 5}) session.OpenWindow(id, 10);
    session.Drain();
    for (const h2::StreamId id : {1, 3, 5}) {
      EXPECT_EQ(session.received(id), 15u) << "stream " << id;
    }
  }
}

TEST(SmallWindowsTest, ASmallWindowWaitsForAStreamThatCanSendAFullChunk) {
  Session session(StreamWindowsOf(10));
  session.Serve(100);
  session.Serve(20000);
  session.OpenWindow(3, 19990);
  session.Drain(1);
  EXPECT_EQ(session.Take(), "H1 H3 3:16384");
  session.Drain();
  EXPECT_EQ(session.Take(), "3:3616. 1:10");
}

TEST(SmallWindowsTest, AWindowThatGrowsEnoughNoLongerWaits) {
  Session session(StreamWindowsOf(10));
  session.Serve(5000);
  session.Serve(60000);
  session.OpenWindow(3, 60000);
  session.Drain(1);
  session.Take();
  session.OpenWindow(1, 2000);
  session.Drain(1);
  EXPECT_EQ(session.Take(), "1:2010 3:14374");
}

TEST(SmallWindowsTest, ASmallConnectionWindowHoldsNobodyBack) {
  Session session;
  for (int i = 0; i < 2; ++i) {
    session.Serve(60000);
  }
  session.Drain();
  EXPECT_EQ(session.received(1) + session.received(3), 65535u);
  session.Take();
  session.OpenWindow(0, 1);
  session.Drain();
  EXPECT_EQ(session.Take().substr(1), ":1");
}

// 64 minimum chunks of others' bytes, and the frame that passed them.
TEST(SmallWindowsTest, ASmallWindowWaitsForABoundedNumberOfBytes) {
  for (const char* policy : {"rr", "rfc7540", "auto"}) {
    SCOPED_TRACE(policy);
    SessionOptions options = StreamWindowsOf(10);
    options.policy = policy;
    Session session(options);
    for (int i = 0; i < 2; ++i) {
      session.Serve(1 << 24);
    }
    session.OpenWindow(0, 1 << 30);
    session.OpenWindow(3, 1 << 23);
    for (uint64_t small = 10; small <= 50; small += 10) {
      const uint64_t before = session.received(3);
      while (session.received(1) < small) {
        session.Drain(1);
        ASSERT_LE(session.received(3) - before, 65536u + 2 * 16384u);
      }
      session.OpenWindow(1, 10);
    }
  }
}

// One goes for each 64 KiB that the others send, those that waited longest
// first.
TEST(SmallWindowsTest, ManySmallWindowsGoOneByOneBetweenFullFrames) {
  Session session(StreamWindowsOf(1));
  for (int i = 0; i < 100; ++i) {
    session.Serve(1 << 24);
  }
  session.OpenWindow(0, 1 << 30);
  session.OpenWindow(1, 1 << 23);
  while (session.received(1) < 1 << 21) session.Drain(1);
  for (h2::StreamId id = 3; id < 200; id += 2) {
    EXPECT_EQ(session.received(id), id <= 2 * 32 ? 1u : 0u) << id;
  }
}

// 99 streams of one byte each and one large one: frames and picks stay in
// proportion to what the peer sent.
TEST(SmallWindowsTest, WorkIsLinearInTheFramesOfThePeer) {
  SessionOptions options = StreamWindowsOf(1);
  // The scheduler is under test, not the core's budget for such frames.
  options.server.limits.budgets.window_update.burst = 1000000;
  Session session(options);
  for (int i = 0; i < 100; ++i) {
    session.Serve(1 << 22);
  }
  session.OpenWindow(0, 1 << 30);
  session.Drain();
  uint64_t updates = 0;
  const DataSchedulerCounters before = session.scheduler().counters();
  for (int round = 0; round < 100; ++round) {
    session.OpenWindow(1, 20000);
    ++updates;
    for (h2::StreamId id = 3; id < 200; id += 2) {
      session.OpenWindow(id, 1);
      ++updates;
    }
    session.Drain();
  }
  const DataSchedulerCounters& after = session.scheduler().counters();
  EXPECT_LE(after.frames - before.frames, 2 * updates);
  EXPECT_LE(after.picks - before.picks, 5 * updates);
}

// Windows that open, shrink and go negative, on streams and on the connection,
// between pulls of any size: whatever happened, every body ends once there is
// window enough.
TEST(SmallWindowsTest, NoStreamIsForgottenUnderAnyPolicy) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    for (uint32_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(absl::StrCat(entry.name, ", seed ", seed));
      std::mt19937 random(seed);
      SessionOptions options = StreamWindowsOf(random() % 2000);
      options.policy = entry.name;
      options.server.limits.budgets.window_update.burst = 1000000;
      options.server.limits.budgets.settings.burst = 1000000;
      Session session(options);
      const auto initial_window = [&](uint32_t size) {
        ASSERT_TRUE(
            session.client()
                .UpdateSettings({{{h2::SettingId::kInitialWindowSize, size}}})
                .ok());
      };
      constexpr h2::StreamId kLast = 19;
      for (h2::StreamId id = 1; id <= kLast; id += 2) {
        const signals::Rfc7540Priority priority = {
            .depends_on = id > 1 && random() % 2 == 0 ? id - 2 : 0,
            .weight = static_cast<int>(1 + random() % 256),
            .exclusive = random() % 2 == 0};
        ASSERT_TRUE(session
                        .Respond(session.Request(priority),
                                 std::make_unique<testing::BytesSource>(
                                     random() % 20000, random() % 2 == 0))
                        .ok());
      }
      for (int round = 0; round < 300; ++round) {
        const h2::StreamId id = 2 * (random() % (kLast / 2 + 2));
        switch (random() % 8) {
          case 0:
            initial_window(random() % 3000);
            break;
          case 1:
            ASSERT_TRUE(session.client()
                            .IncrementFlowControlWindow(0, 1 + random() % 5000)
                            .ok());
            break;
          default:  // the stream may have ended
            session.client()
                .IncrementFlowControlWindow(id + 1, 1 + random() % 1500)
                .IgnoreError();
        }
        session.ToServer();
        session.scheduler().Pull(random() % 4000);
        if (random() % 2 == 0) session.ToClient();
      }
      session.ToClient();
      initial_window(1 << 20);
      session.OpenWindow(0, 1 << 24);
      session.Drain();
      EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
    }
  }
}

}  // namespace
}  // namespace sluice::scheduler
