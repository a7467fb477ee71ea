// RFC 9113 §6.9.1: "a sender MAY send empty DATA frames with the END_STREAM
// flag set" whatever the windows are, and trailers need none either. So no end
// waits for a window.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::Bytes;
using testing::BytesSource;
using testing::ScriptSource;
using testing::Session;
using testing::SessionOptions;
using testing::StreamWindowsOf;

std::unique_ptr<DataSource> Body(uint64_t bytes) {
  return std::make_unique<BytesSource>(bytes, /*end_alone=*/true);
}

TEST(StreamEndsTest, AnEmptyBodyEndsWithoutAWindowUnderEveryPolicy) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    SCOPED_TRACE(entry.name);
    Session session(StreamWindowsOf(0, entry.name));
    session.Serve(Body(0));
    session.Serve(Body(0), {.trailers = {{"checksum", "1"}}});
    EXPECT_TRUE(session.scheduler().HasReady());
    session.Drain();
    EXPECT_EQ(session.Take().substr(0, 5), "H1 H3");
    EXPECT_EQ(session.scheduler().counters().streams_finished, 2u);
    EXPECT_EQ(session.server().OpenInboundStreams(), 0u);
    EXPECT_FALSE(session.scheduler().HasReady());
  }
}

TEST(StreamEndsTest, AnEndThatFollowsAUsedUpStreamWindowGoesAtOnce) {
  for (const bool trailers : {false, true}) {
    Session session(StreamWindowsOf(100));
    SubmitOptions options;
    if (trailers) options.trailers = {{"checksum", "1"}};
    session.Serve(Body(100), options);
    session.Drain();
    EXPECT_EQ(session.Take(), trailers ? "H1 1:100 T1" : "H1 1:100 1:0.");
  }
}

// A window under the minimum useful chunk waits for the larger ones; an end
// needs none.
TEST(StreamEndsTest, AnEndDoesNotWaitBehindASmallWindow) {
  Session session(StreamWindowsOf(100));
  session.Serve(1 << 20);
  for (const h2::StreamId id : {0, 1}) {
    ASSERT_TRUE(session.client().IncrementFlowControlWindow(id, 1 << 20).ok());
  }
  session.ToServer();
  for (int i = 0; i < 3; ++i) {
    session.Serve(Body(0));
  }
  for (int i = 0; i < 4; ++i) {
    session.scheduler().Pull(16384);
    session.ToClient();
  }
  EXPECT_EQ(session.scheduler().counters().streams_finished, 3u);
}

TEST(StreamEndsTest, AnEndThatFollowsAUsedUpConnectionWindowGoesAtOnce) {
  for (const bool trailers : {false, true}) {
    Session session(StreamWindowsOf(1 << 20));
    SubmitOptions options;
    if (trailers) options.trailers = {{"checksum", "1"}};
    session.Serve(Body(65535), options);
    session.Drain();
    EXPECT_EQ(session.received(1), 65535u);
    EXPECT_EQ(session.scheduler().counters().streams_finished, 1u);
  }
}

// All of them sent their last byte before the window was used up, and none
// knew.
TEST(StreamEndsTest, EveryStreamBehindTheConnectionsWindowIsAskedForItsEnd) {
  Session session(StreamWindowsOf(1 << 20));
  for (int i = 0; i < 5; ++i) {
    session.Serve(Body(13107));
  }
  session.Drain();
  EXPECT_EQ(session.scheduler().counters().bytes, 65535u);
  EXPECT_EQ(session.scheduler().counters().streams_finished, 5u);
}

TEST(StreamEndsTest, AnEmptyBodyEndsBehindAUsedUpConnectionWindow) {
  Session session(StreamWindowsOf(1 << 20));
  session.Serve(100000);
  session.Drain();
  session.Take();
  EXPECT_FALSE(session.scheduler().HasReady());
  session.Serve(Body(0));
  session.Serve(Body(1));
  EXPECT_TRUE(session.scheduler().HasReady());
  session.Drain();
  EXPECT_EQ(session.Take(), "H3 H5 3:0.");
  EXPECT_FALSE(session.scheduler().HasReady());
}

// The source learns of its end when no window is open, the stream's or the
// connection's.
TEST(StreamEndsTest, AnEndThatBecomesKnownLaterGoesOnResume) {
  for (const uint32_t window : {100u, 1u << 20}) {
    Session session(StreamWindowsOf(window));
    bool ended = false;
    session.Serve(std::make_unique<ScriptSource>([&](size_t max_bytes) {
      return ended ? Bytes(0, true) : Bytes(max_bytes);
    }));
    session.Drain();
    EXPECT_EQ(session.received(1), window == 100 ? 100u : 65535u);
    EXPECT_FALSE(session.scheduler().HasReady());
    session.Take();
    ended = true;
    session.scheduler().Resume(1);
    EXPECT_TRUE(session.scheduler().HasReady());
    session.Drain();
    EXPECT_EQ(session.Take(), "1:0.");
  }
}

// RFC 9113 §6.9.2: a window that shrinks below what was sent.
TEST(StreamEndsTest, AWindowThatClosesBeforeThePullHoldsBackNoEnd) {
  Session session(StreamWindowsOf(1000));
  session.Serve(Body(0));
  const h2::Setting none = {h2::SettingId::kInitialWindowSize, 0};
  ASSERT_TRUE(session.client().UpdateSettings({&none, 1}).ok());
  session.ToServer();
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:0.");
}

TEST(StreamEndsTest, ASourceIsAskedForItsEndOnceForEachChange) {
  Session session(StreamWindowsOf(0));
  int asked = 0;
  session.Serve(std::make_unique<ScriptSource>([&](size_t max) {
    EXPECT_EQ(max, 0u);
    ++asked;
    return Bytes(0);
  }));
  for (int change = 1; change <= 3; ++change) {
    for (int i = 0; i < 5; ++i) session.scheduler().Pull(16384);
    EXPECT_EQ(asked, change);
    EXPECT_FALSE(session.scheduler().HasReady());
    session.scheduler().Resume(1);
  }
}

TEST(StreamEndsTest,
     ASourceThatResumesItselfWhenItIsAskedIsAskedByTheNextPull) {
  Session session(StreamWindowsOf(0));
  int asked = 0;
  session.Serve(std::make_unique<ScriptSource>([&](size_t) {
    session.scheduler().Resume(1);
    return Bytes(0, ++asked == 3);
  }));
  for (int pull = 1; pull <= 3; ++pull) {
    EXPECT_TRUE(session.scheduler().HasReady());
    session.scheduler().Pull(16384);
    EXPECT_EQ(asked, pull);
  }
  session.ToClient();
  EXPECT_EQ(session.Take(), "H1 1:0.");
}

TEST(StreamEndsTest, ASourceMayCancelItsStreamWhenItIsAsked) {
  Session session(StreamWindowsOf(0));
  session.Serve(std::make_unique<ScriptSource>([&](size_t) {
    session.scheduler().Cancel(1);
    return Bytes(0, true);
  }));
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 R1=8");
}

TEST(StreamEndsTest, BytesWithoutAWindowAreAnError) {
  Session session(StreamWindowsOf(0));
  session.Serve(
      std::make_unique<ScriptSource>([](size_t) { return Bytes(1); }));
  session.Drain();
  session.ToClient();
  EXPECT_EQ(session.Take(), "H1 R1=2");
}

TEST(StreamEndsTest, TheObserverAndTheCountersHearOfAnEndWithoutAWindow) {
  Session session(StreamWindowsOf(0));
  std::vector<std::string> seen;
  session.scheduler().SetObserver([&](const DataScheduler::Decision& d) {
    seen.push_back(
        absl::StrCat(d.stream_id, ":", d.bytes, d.end_stream ? "." : ""));
  });
  session.Serve(Body(0));
  session.Drain();
  EXPECT_EQ(seen, std::vector<std::string>{"1:0."});
  EXPECT_EQ(session.scheduler().counters().frames, 1u);
}

// The client's role: an upload.
TEST(StreamEndsTest, ARequestEndsWithoutAWindowToo) {
  h2::Connection client({.side = h2::Side::kClient});
  h2::Connection server({.side = h2::Side::kServer,
                         .settings = {{h2::SettingId::kInitialWindowSize, 0}}});
  DataScheduler scheduler(&client, *CreatePolicy("rr"));
  ASSERT_TRUE(client.InitiateConnection().ok());
  ASSERT_TRUE(server.InitiateConnection().ok());
  std::vector<h2::Event> events;
  ASSERT_TRUE(client.ReceiveData(server.DataToSend(), &events).ok());
  for (const h2::Event& event : events) scheduler.OnEvent(event);
  ASSERT_TRUE(scheduler
                  .Submit(1,
                          {{":method", "POST"},
                           {":scheme", "https"},
                           {":path", "/"},
                           {":authority", "example.org"}},
                          Body(0))
                  .ok());
  scheduler.Pull(16384);
  events.clear();
  ASSERT_TRUE(server.ReceiveData(client.DataToSend(), &events).ok());
  bool ended = false;
  for (const h2::Event& event : events) {
    ended |= std::holds_alternative<h2::StreamEnded>(event);
  }
  EXPECT_TRUE(ended);
}

// Nor where its stream was held back for its window before, to be asked for its
// end after the picks.
TEST(StreamEndsTest, ASourceThatHasNothingIsNotReadAgainInTheSamePull) {
  for (const uint32_t window : {65535, 10}) {
    Session session(StreamWindowsOf(window));
    int reads = 0;
    for (int i = 0; i < 2; ++i) {
      session.Serve(std::make_unique<ScriptSource>([&reads](size_t) {
        ++reads;
        return Bytes(0);
      }));
    }
    session.scheduler().Pull(16384);
    EXPECT_EQ(reads, 2) << "windows of " << window;
  }
}

}  // namespace
}  // namespace sluice::scheduler
