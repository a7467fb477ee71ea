// An output that is full holds DATA, END_STREAM and trailers back, destroys
// nothing, and never keeps Pull() busy.
#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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

// Ends the program when one pull picks without end, so that a loop is a
// failure and not a timeout.
class BoundedPolicy : public Policy {
 public:
  explicit BoundedPolicy(std::unique_ptr<Policy> policy)
      : policy_(std::move(policy)) {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    policy_->OnOpen(id, info);
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    policy_->OnPriority(id, info, changed);
  }
  void OnClose(StreamId id) override { policy_->OnClose(id); }
  void SetReady(StreamId id) override { policy_->SetReady(id); }
  void SetBlocked(StreamId id) override { policy_->SetBlocked(id); }
  std::optional<Grant> Pick() override {
    if (++picks_ > 10000) {
      std::fprintf(stderr, "Failure: Pull() picks for ever\n");
      std::_Exit(1);
    }
    return policy_->Pick();
  }
  void Charge(StreamId id, size_t bytes) override {
    policy_->Charge(id, bytes);
  }

 private:
  const std::unique_ptr<Policy> policy_;
  size_t picks_ = 0;
};

// A session whose server's output takes so many bytes of other frames.
Session SessionOf(size_t control_mark, const std::string& policy = "rr") {
  SessionOptions options;
  options.server.limits.output_control_high_water_mark = control_mark;
  return Session(std::make_unique<BoundedPolicy>(*CreatePolicy(policy)),
                 options);
}

std::vector<h2::Header> LargeResponse(size_t field) {
  return {{":status", "200"}, {"x", std::string(field, 'x')}};
}

TEST(FullOutputTest, ControlBytesAtTheirMarkEndThePull) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    SCOPED_TRACE(entry.name);
    Session session = SessionOf(200, entry.name);
    session.Request();
    session.Request();
    ASSERT_TRUE(session.Respond(1, 100).ok());
    ASSERT_TRUE(session.server().SendHeaders(3, LargeResponse(1000)).ok());
    EXPECT_EQ(session.scheduler().Pull(16384), 0u);
    EXPECT_EQ(session.server().CapacityFor(0).output_room, 0u);
    EXPECT_TRUE(session.scheduler().HasReady());
    EXPECT_EQ(session.scheduler().counters().picks, 0u);
    session.ToClient();
    EXPECT_EQ(session.scheduler().Pull(16384), 100u);
    session.ToClient();
    EXPECT_EQ(session.Take(), "H1 H3 1:100.");
  }
}

// One large GET, then HEAD requests whose answers stay unread.
TEST(FullOutputTest, AClientThatReadsNothingKeepsNoPullBusy) {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 0x7fffffff}};
  options.server.settings = {
      {h2::SettingId::kMaxConcurrentStreams, 0x7fffffff}};
  Session session(std::make_unique<BoundedPolicy>(*CreatePolicy("rr")),
                  options);
  ASSERT_TRUE(
      session.client().IncrementFlowControlWindow(0, 0x7fffffff - 65535).ok());
  session.Serve(1 << 24);
  absl::Status status;
  while (status.ok()) {
    std::vector<h2::Header> headers = LargeResponse(200);
    headers[1].value += absl::StrCat(session.server().OutputSize());
    status = session.scheduler().Submit(session.Request(), headers, nullptr);
  }
  EXPECT_EQ(h2::ErrorKindOf(status), h2::ErrorKind::kOutputFull);
  EXPECT_EQ(session.scheduler().Pull(16384), 0u);
}

TEST(FullOutputTest, TrailersWaitForRoomAsDataDoes) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    for (const bool end_alone : {false, true}) {
      SCOPED_TRACE(absl::StrCat(entry.name, " ", end_alone));
      Session session = SessionOf(9, entry.name);
      session.Serve(std::make_unique<BytesSource>(100, end_alone),
                    {.trailers = {{"checksum", "1"}}});
      session.ToClient();
      EXPECT_EQ(session.scheduler().Pull(16384), 100u);
      EXPECT_TRUE(session.scheduler().HasReady());
      session.ToClient();
      EXPECT_EQ(session.scheduler().Pull(16384), 0u);
      session.ToClient();
      EXPECT_EQ(session.Take(), "H1 1:100 T1");
      EXPECT_FALSE(session.scheduler().HasReady());
      EXPECT_EQ(session.scheduler().counters().streams_finished, 1u);
    }
  }
}

// Each of them was held back for its small window first, and so asked for its
// end.
TEST(FullOutputTest, TrailersBehindSmallWindowsWaitForRoom) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    SCOPED_TRACE(entry.name);
    SessionOptions options = StreamWindowsOf(10, entry.name);
    options.server.limits.output_control_high_water_mark = 9;
    Session session(options);
    for (int i = 0; i < 3; ++i) {
      session.Serve(std::make_unique<BytesSource>(5),
                    {.trailers = {{"checksum", "1"}}});
      session.ToClient();
    }
    // A pull for each body, and one for each of its ends.
    for (int pull = 0; pull < 6; ++pull) {
      session.scheduler().Pull(16384);
      session.ToClient();
    }
    EXPECT_EQ(session.scheduler().counters().streams_finished, 3u);
    EXPECT_FALSE(session.scheduler().HasReady());
    for (const h2::StreamId id : {1, 3, 5}) {
      EXPECT_EQ(session.received(id), 5u) << "stream " << id;
    }
  }
}

TEST(FullOutputTest, TrailersWithoutABodyWaitForRoom) {
  Session session = SessionOf(9);
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(
      session.Respond(id, nullptr, {.trailers = {{"checksum", "1"}}}).ok());
  EXPECT_TRUE(session.scheduler().HasReady());
  EXPECT_EQ(session.Respond(id, 5).code(), absl::StatusCode::kAlreadyExists);
  session.ToClient();
  session.Drain(2);
  EXPECT_EQ(session.Take(), "H1 T1");
  EXPECT_FALSE(session.scheduler().HasReady());
}

TEST(FullOutputTest, AnEndAloneWaitsForRoom) {
  Session session = SessionOf(9);
  session.Serve(std::make_unique<BytesSource>(100, true));
  session.ToClient();
  for (int i = 0; i < 2; ++i) {
    session.scheduler().Pull(16384);
    EXPECT_EQ(session.scheduler().HasReady(), i == 0);
    session.ToClient();
  }
  EXPECT_EQ(session.Take(), "H1 1:100 1:0.");
}

TEST(FullOutputTest, AStreamWhoseWindowOpensMeanwhileIsNotAskedForItsEnd) {
  SessionOptions options = testing::StreamWindowsOf(100);
  options.server.limits.output_control_high_water_mark = 9;
  Session session(options);
  int asked = 0;
  session.Serve(std::make_unique<ScriptSource>([&](size_t max_bytes) {
    asked += max_bytes == 0;
    return Bytes(max_bytes);
  }));
  session.ToClient();
  EXPECT_EQ(session.scheduler().Pull(16384), 100u);
  session.OpenWindow(1, 50);
  session.ToClient();
  EXPECT_EQ(session.scheduler().Pull(16384), 50u);
  EXPECT_EQ(asked, 0);
}

TEST(FullOutputTest, AStreamThatIsResetWhileItsTrailersWaitIsForgotten) {
  Session session = SessionOf(9);
  bool destroyed = false;
  const h2::StreamId id = session.Request();
  ASSERT_TRUE(
      session
          .Respond(id,
                   std::make_unique<ScriptSource>(
                       [](size_t) { return Bytes(10, true); }, &destroyed),
                   {.trailers = {{"checksum", "1"}}})
          .ok());
  session.ToClient();
  session.scheduler().Pull(16384);
  EXPECT_TRUE(session.scheduler().HasReady());
  ASSERT_TRUE(session.client().ResetStream(id, h2::ErrorCode::kCancel).ok());
  session.ToServer();
  EXPECT_TRUE(destroyed);
  EXPECT_FALSE(session.scheduler().HasReady());
}

TEST(FullOutputTest, AMarkOfZeroAdmitsOneFrameAtATime) {
  Session session = SessionOf(0);
  session.Serve(std::make_unique<BytesSource>(100, true),
                {.trailers = {{"checksum", "1"}}});
  session.ToClient();
  for (int i = 0; i < 3; ++i) {
    session.scheduler().Pull(16384);
    session.ToClient();
  }
  EXPECT_EQ(session.Take(), "H1 1:100 T1");
}

// --- What Pull() may cost ----------------------------------------------------

// Sources without bytes that wake each other.
TEST(FullOutputTest, SourcesThatResumeEachOtherForNothingAreReadOnceAPull) {
  Session session = SessionOf(1 << 20);
  int reads = 0;
  for (int i = 0; i < 2; ++i) {
    const h2::StreamId id = session.Request();
    ASSERT_TRUE(
        session
            .Respond(id, std::make_unique<ScriptSource>([&, id](size_t) {
                       ++reads;
                       session.scheduler().Resume(4 - id);
                       return Bytes(0);
                     }))
            .ok());
  }
  session.scheduler().Pull(16384);
  EXPECT_LE(reads, 3);
  EXPECT_TRUE(session.scheduler().HasReady());
}

// The same behind a window that is used up.
TEST(FullOutputTest, SourcesThatResumeEachOtherWithoutAWindowAreReadOnceAPull) {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kInitialWindowSize, 0}};
  Session session(std::make_unique<BoundedPolicy>(*CreatePolicy("rr")),
                  options);
  int reads = 0;
  for (int i = 0; i < 2; ++i) {
    const h2::StreamId id = session.Request();
    ASSERT_TRUE(
        session
            .Respond(id, std::make_unique<ScriptSource>([&, id](size_t) {
                       if (++reads > 1000) std::_Exit(1);
                       session.scheduler().Resume(4 - id);
                       return Bytes(0);
                     }))
            .ok());
  }
  session.scheduler().Pull(16384);
  EXPECT_LE(reads, 4);
}

// Each pick sends, or its stream is not picked again in this pull but for once
// more when small windows may go.
TEST(FullOutputTest, APullPicksOnceForEachFrameAndTwiceForEachStreamAtMost) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    for (const uint32_t window : {0u, 1u, 10u, 700u, 5000u, 1000000u}) {
      for (const size_t mark : {0u, 1u, 500u, 5000u, 1000000u}) {
        SCOPED_TRACE(
            absl::StrCat(entry.name, ", window ", window, ", mark ", mark));
        SessionOptions options;
        options.client.settings = {{h2::SettingId::kInitialWindowSize, window}};
        options.server.limits.output_high_water_mark = mark;
        options.server.limits.output_control_high_water_mark = mark / 10;
        Session session(
            std::make_unique<BoundedPolicy>(*CreatePolicy(entry.name)),
            options);
        constexpr size_t kStreams = 20;
        for (size_t i = 0; i < kStreams; ++i) {
          const h2::StreamId id = session.Request();
          session.ToClient();  // the control mark is small
          ASSERT_TRUE(session
                          .Respond(id, std::make_unique<BytesSource>(
                                           id * 1000, i % 2 == 0))
                          .ok());
          session.client()
              .IncrementFlowControlWindow(id, 1 + id * 100)
              .IgnoreError();
        }
        session.ToServer();
        for (int pull = 0; pull < 50; ++pull) {
          const DataSchedulerCounters before = session.scheduler().counters();
          session.scheduler().Pull(pull % 2 == 0 ? 3000 : 1 << 20);
          const DataSchedulerCounters& after = session.scheduler().counters();
          EXPECT_LE(after.picks - before.picks,
                    after.frames - before.frames + 2 * kStreams);
          session.ToClient();
        }
      }
    }
  }
}

// --- After the end -----------------------------------------------------------

TEST(FullOutputTest, NothingIsReadyAfterTheConnectionsEnd) {
  Session session;
  session.Serve(100000);
  ASSERT_TRUE(session.scheduler().HasReady());
  ASSERT_TRUE(
      session.server().CloseConnection(h2::ErrorCode::kInternalError).ok());
  EXPECT_FALSE(session.scheduler().HasReady());
}

}  // namespace
}  // namespace sluice::scheduler
