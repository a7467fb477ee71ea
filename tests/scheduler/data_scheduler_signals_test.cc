// The calls that reach the policy, and when: a policy that writes down its
// calls stands behind the data scheduler.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using signals::Rfc7540Priority;
using signals::Rfc9218Priority;
using testing::Bytes;
using testing::BytesSource;
using testing::ScriptSource;
using testing::Session;
using testing::SessionOptions;

std::string Describe(const StreamInfo& info) {
  std::string text;
  if (info.rfc7540.has_value()) {
    absl::StrAppend(&text, " ", info.rfc7540->depends_on, "/",
                    info.rfc7540->weight, info.rfc7540->exclusive ? "x" : "",
                    info.rfc7540_before_open ? " before" : "");
  }
  if (info.rfc9218.has_value()) {
    absl::StrAppend(&text, " u=", info.rfc9218->urgency,
                    info.rfc9218->incremental ? ",i" : "");
  }
  if (info.moved) absl::StrAppend(&text, " moved");
  if (info.server.has_value()) {
    absl::StrAppend(&text, " server");
    if (info.server->rfc7540.has_value()) {
      absl::StrAppend(&text, "(", info.server->rfc7540->depends_on, "/",
                      info.server->rfc7540->weight, ")");
    }
    if (info.server->rfc9218.has_value()) {
      absl::StrAppend(&text, "(u=", info.server->rfc9218->urgency,
                      info.server->rfc9218->incremental ? ",i)" : ")");
    }
  }
  if (info.hints.tunnel) absl::StrAppend(&text, " tunnel");
  if (info.hints.via) absl::StrAppend(&text, " via");
  if (info.hints.bytes_remaining.has_value()) {
    absl::StrAppend(&text, " left=", *info.hints.bytes_remaining);
  }
  return text;
}

// A signal for it makes the session speak of another stream. It is not written
// down.
constexpr StreamId kOther = signals::kMaxStreamId;

class WritingPolicy : public Policy {
 public:
  explicit WritingPolicy(std::vector<std::string>* calls)
      : calls_(calls), inner_(*CreatePolicy("rr")) {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    calls_->push_back(absl::StrCat("open ", id, Describe(info)));
    inner_->OnOpen(id, info);
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    constexpr const char* kNames[] = {"7540", "server", "9218", "hints"};
    calls_->push_back(absl::StrCat(kNames[static_cast<int>(changed)], " ", id,
                                   Describe(info)));
    inner_->OnPriority(id, info, changed);
  }
  absl::Status OnIdlePriority(StreamId id,
                              const Rfc7540Priority& priority) override {
    if (id != kOther) {
      calls_->push_back(
          absl::StrCat("idle ", id, Describe({.rfc7540 = priority})));
    }
    return inner_->OnIdlePriority(id, priority);
  }
  void OnClientUsesRfc9218() override { calls_->push_back("uses 9218"); }
  void OnClose(StreamId id) override {
    calls_->push_back(absl::StrCat("close ", id));
    inner_->OnClose(id);
  }
  void SetReady(StreamId id) override {
    calls_->push_back(absl::StrCat("ready ", id));
    inner_->SetReady(id);
  }
  void SetBlocked(StreamId id) override {
    calls_->push_back(absl::StrCat("blocked ", id));
    inner_->SetBlocked(id);
  }
  std::optional<Grant> Pick() override {
    EXPECT_FALSE(picked_) << "two picks without a charge between";
    picked_ = true;
    return inner_->Pick();
  }
  void Charge(StreamId id, size_t bytes) override {
    EXPECT_TRUE(picked_);
    picked_ = false;
    calls_->push_back(absl::StrCat("charge ", id, " ", bytes));
    inner_->Charge(id, bytes);
  }

 private:
  std::vector<std::string>* const calls_;
  const std::unique_ptr<Policy> inner_;
  bool picked_ = false;
};

class SignalsTest : public ::testing::Test {
 protected:
  // The calls of the policy since the last time, when the session has spoken
  // of another stream.
  std::string Calls() {
    session_.scheduler().OnEvent(h2::PriorityUpdated{kOther, {}});
    return Told();
  }

  // The same as it is.
  std::string Told() {
    std::string text = absl::StrJoin(calls_, "; ");
    calls_.clear();
    return text;
  }

  std::vector<std::string> calls_;
  Session session_{std::make_unique<WritingPolicy>(&calls_), SessionOptions()};
};

TEST_F(SignalsTest, AStreamOpensWithBothKindsOfSignalsOfItsHeaders) {
  session_.Request(signals::Rfc7540Priority{0, 220, false},
                   {{"priority", "u=1,i"}});
  EXPECT_EQ(Calls(), "uses 9218; open 1 0/220 u=1,i");
}

// An application that answers the request event at once speaks before the
// events of the signals. The policy hears all of it in one call, and an
// exclusive dependency acts once.
TEST_F(SignalsTest, AStreamThatIsAnsweredAtOnceOpensWithItsSignalsToo) {
  session_.Request();
  EXPECT_EQ(Calls(), "open 1");
  ASSERT_TRUE(session_.client()
                  .SendHeaders(3,
                               {{":method", "GET"},
                                {":scheme", "https"},
                                {":authority", "example.org"},
                                {":path", "/"},
                                {"priority", "u=1"}},
                               {.end_stream = true,
                                .priority = Rfc7540Priority{0, 220, true}})
                  .ok());
  std::vector<h2::Event> events;
  ASSERT_TRUE(session_.server()
                  .ReceiveData(session_.client().DataToSend(), &events)
                  .ok());
  for (const h2::Event& event : events) {
    session_.scheduler().OnEvent(event);
    if (!std::holds_alternative<h2::RequestReceived>(event)) continue;
    ASSERT_TRUE(session_.scheduler()
                    .Submit(3, {{":status", "200"}, {"priority", "i"}},
                            std::make_unique<BytesSource>(5),
                            {.hints = {.bytes_remaining = 5}})
                    .ok());
    EXPECT_EQ(Told(), "");
  }
  EXPECT_EQ(Told(), "uses 9218");
  session_.Drain();
  EXPECT_EQ(Told(),
            "open 3 0/220x u=1 server(u=1,i) left=5; ready 3; charge 3 5; "
            "close 3");
}

// The application may even send before it passes the signals on.
TEST_F(SignalsTest, SignalsThatFollowAPickAreReportedThen) {
  const h2::StreamId id = 1;
  session_.scheduler().OnEvent(h2::RequestReceived{id, {}, true});
  EXPECT_FALSE(session_.scheduler().HasReady());
  session_.scheduler().OnEvent(h2::PriorityUpdated{kOther, {}});
  session_.scheduler().OnEvent(
      h2::PriorityUpdated{id, {0, 220, true}, h2::SignalSource::kHeader});
  session_.scheduler().OnEvent(h2::PriorityFieldUpdated{id, {1, false}});
  EXPECT_EQ(Told(), "open 1; 7540 1 0/220x; uses 9218; 9218 1 0/220x u=1");
}

TEST_F(SignalsTest, AStreamThatEndsBeforeItsSignalsStillOpensAndCloses) {
  session_.scheduler().OnEvent(h2::RequestReceived{1, {}, true});
  session_.scheduler().Cancel(1);
  EXPECT_EQ(Told(), "open 1; close 1");
  // The tree keeps closed streams for a while.
  session_.scheduler().OnEvent(
      h2::PriorityUpdated{1, {0, 220, true}, h2::SignalSource::kHeader});
  session_.scheduler().OnEvent(h2::PriorityFieldUpdated{1, {1, false}});
  EXPECT_EQ(Told(), "idle 1 0/220x; uses 9218");
}

// RFC 7540 §5.3.1: a repeated exclusive dependency would adopt the siblings
// that came since.
TEST_F(SignalsTest, TheExclusiveDependencyOfHeadersActsOnce) {
  session_.Request(signals::Rfc7540Priority{0, 256, true});
  EXPECT_EQ(Calls(), "open 1 0/256x");
  ASSERT_TRUE(session_.client().Prioritize(1, {0, 256, true}).ok());
  session_.ToServer();
  EXPECT_EQ(Calls(), "7540 1 0/256x");  // a frame of its own acts
}

TEST_F(SignalsTest, SignalsBeforeTheHeadersAreKnownWhenTheStreamOpens) {
  ASSERT_TRUE(session_.client().Prioritize(1, {0, 32, false}).ok());
  session_.ToServer();
  EXPECT_EQ(Calls(), "idle 1 0/32");
  session_.Request();
  EXPECT_EQ(Calls(), "open 1 0/32 before");
  ASSERT_TRUE(session_.client().Prioritize(3, {0, 32, false}).ok());
  ASSERT_TRUE(session_.client().Prioritize(3, {1, 7, false}).ok());
  session_.ToServer();
  EXPECT_EQ(Calls(), "idle 3 0/32; idle 3 1/7");
  session_.Request(std::nullopt, {{"priority", "u=5"}});
  EXPECT_EQ(Calls(), "uses 9218; open 3 1/7 before u=5");
}

// RFC 9218 §7: the frame has the last word, though the field comes later.
TEST_F(SignalsTest, APriorityUpdateBeforeTheHeadersOverridesTheField) {
  ASSERT_TRUE(session_.client().SendPriorityUpdate(1, {.urgency = 6}).ok());
  session_.ToServer();
  EXPECT_EQ(Calls(), "uses 9218");
  session_.Request(std::nullopt, {{"priority", "u=1"}});
  EXPECT_EQ(Calls(), "open 1 u=6");
}

// PRIORITY storms: what is kept here and what the policy hears is bounded.
TEST_F(SignalsTest, SignalsBeyondTheStreamLimitAreIgnored) {
  const size_t limit = DataSchedulerOptions().max_streams;
  for (h2::StreamId i = 0; i < 10000; ++i) {
    session_.scheduler().OnEvent(
        h2::PriorityUpdated{2 * i + 1, {0, 32, false}});
  }
  EXPECT_EQ(calls_.size(), limit);
  Told();
  const auto signal = [this](h2::StreamId id) {
    session_.scheduler().OnEvent(h2::PriorityUpdated{id, {0, 9}});
  };
  const h2::StreamId next = 2 * limit + 1;
  signal(1);
  EXPECT_EQ(Told(), "idle 1 0/9");  // a known one
  for (size_t i = 0; i < 2; ++i) session_.Request();
  signal(next);  // open streams count
  EXPECT_EQ(Told(), "open 1 0/9 before; open 3 0/32 before");
  ASSERT_TRUE(session_.Respond(1, nullptr).ok());
  signal(next);
  signal(next + 2);
  EXPECT_EQ(Told(), absl::StrCat("close 1; idle ", next, " 0/9"));
}

TEST(IdleLimitTest, ASignalForAClosedStreamTakesNoRoomFromIdleOnes) {
  SessionOptions options;
  options.scheduler.max_streams = 1;
  std::vector<std::string> calls;
  Session session(std::make_unique<WritingPolicy>(&calls), options);
  session.Serve(nullptr);
  calls.clear();
  for (const h2::StreamId id : {3, 1, 5}) {  // idle, closed, one too many
    ASSERT_TRUE(session.client().Prioritize(id, {0, 32, false}).ok());
  }
  session.ToServer();
  EXPECT_EQ(absl::StrJoin(calls, "; "), "idle 3 0/32; idle 1 0/32");
  session.Request();
  calls.clear();
  ASSERT_TRUE(session.scheduler().SetHints(3, {.bytes_remaining = 1}).ok());
  session.scheduler().OnEvent(h2::PriorityUpdated{kOther, {}});
  EXPECT_EQ(absl::StrJoin(calls, "; "), "open 3 0/32 before left=1");
}

// The client's own limit is the connection's; here a request always has room,
// and the lowest id that waits gives way.
TEST(IdleLimitTest, AStreamThatOpensTakesTheRoomOfAnIdleOne) {
  SessionOptions options;
  options.scheduler.max_streams = 2;
  std::vector<std::string> calls;
  Session session(std::make_unique<WritingPolicy>(&calls), options);
  for (const h2::StreamId id : {3, 5}) {
    ASSERT_TRUE(session.client().Prioritize(id, {0, 32, false}).ok());
  }
  for (int i = 0; i < 3; ++i) session.Request();
  session.scheduler().OnEvent(h2::PriorityUpdated{kOther, {}});
  EXPECT_EQ(absl::StrJoin(calls, "; "),
            "idle 3 0/32; idle 5 0/32; open 1; open 3; open 5");
}

// RFC 7540 §5.3.1: what moved an idle stream since its own PRIORITY frame holds
// when it opens.
TEST(IdleLimitTest, AnIdleStreamThatOpensStaysWhereOthersMovedIt) {
  Session session(SessionOptions{.policy = "rfc7540"});
  ASSERT_TRUE(session.client().Prioritize(3, {0, 16, false}).ok());
  ASSERT_TRUE(session.client().Prioritize(1, {0, 16, true}).ok());  // adopts 3
  session.ToServer();
  session.Serve(16384);
  session.Serve(16384);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 H3 1:16384. 3:16384.");
}

TEST_F(SignalsTest, ALaterFrameOfOneKindKeepsTheOther) {
  session_.Request(signals::Rfc7540Priority{0, 220, false},
                   {{"priority", "u=1"}});
  Calls();
  ASSERT_TRUE(session_.client().Prioritize(1, {0, 147, false}).ok());
  session_.ToServer();
  EXPECT_EQ(Calls(), "7540 1 0/147 u=1 moved");
}

TEST_F(SignalsTest, AConnectTunnelIsMarked) {
  const std::vector<h2::Header> headers = {{":method", "CONNECT"},
                                           {":authority", "example.org:443"}};
  ASSERT_TRUE(session_.client().SendHeaders(1, headers).ok());
  session_.ToServer();
  EXPECT_EQ(Calls(), "open 1 tunnel");
  ASSERT_TRUE(session_
                  .Respond(1, std::make_unique<BytesSource>(5),
                           {.hints = {.bytes_remaining = 5}})
                  .ok());
  EXPECT_EQ(Calls(), "hints 1 tunnel left=5; ready 1");
  ASSERT_TRUE(session_.scheduler().SetHints(1, {.bytes_remaining = 4}).ok());
  EXPECT_EQ(Calls(), "hints 1 tunnel left=4");
}

TEST_F(SignalsTest, ARequestThatCameByAnIntermediaryIsMarked) {
  session_.Request(std::nullopt, {{"via", "1.1 proxy"}});
  EXPECT_EQ(Calls(), "open 1 via");
  ASSERT_TRUE(session_.scheduler().SetHints(1, {.bytes_remaining = 4}).ok());
  EXPECT_EQ(Calls(), "hints 1 via left=4");
  session_.Request(std::nullopt, {{"x-via", "1.1 proxy"}});
  EXPECT_EQ(Calls(), "open 3");
}

// RFC 9218 §2.1.
TEST_F(SignalsTest, TheSettingAgainstRfc7540SignalsIsPassedOn) {
  SessionOptions options;
  options.client.settings = {{h2::SettingId::kNoRfc7540Priorities, 1}};
  std::vector<std::string> calls;
  Session session(std::make_unique<WritingPolicy>(&calls), options);
  EXPECT_EQ(absl::StrJoin(calls, "; "), "uses 9218");
}

TEST_F(SignalsTest, AStreamIsClosedToThePolicyWhenItsEndWentOut) {
  session_.Serve(10);
  Calls();
  session_.Drain();
  EXPECT_EQ(Calls(), "charge 1 10; close 1");
  session_.Request();
  Calls();
  ASSERT_TRUE(session_.Respond(3, nullptr).ok());
  EXPECT_EQ(Calls(), "close 3");
  session_.Request();
  Calls();
  ASSERT_TRUE(session_.client().ResetStream(5, h2::ErrorCode::kCancel).ok());
  session_.ToServer();
  EXPECT_EQ(Calls(), "close 5");
}

TEST_F(SignalsTest, AnEmptyEndIsAChargeOfNothingAndAClose) {
  session_.Serve(std::make_unique<BytesSource>(0));
  Calls();
  session_.Drain();
  EXPECT_EQ(Calls(), "charge 1 0; close 1");
}

TEST_F(SignalsTest, AStreamWithoutWindowOrDataIsBlockedAfterItsCharge) {
  session_.Serve(
      std::make_unique<ScriptSource>([](size_t) { return Bytes(0); }));
  Calls();
  session_.Drain();
  EXPECT_EQ(Calls(), "charge 1 0; blocked 1");
}

TEST_F(SignalsTest,
       TheApplicationsPriorityReplacesTheClientsUntilItIsTakenBack) {
  session_.Request(std::nullopt, {{"priority", "u=1"}});
  ASSERT_TRUE(session_.Respond(1, 100).ok());
  Calls();
  ServerPriority server;
  server.rfc9218 = Rfc9218Priority{6, false};
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, server).ok());
  EXPECT_EQ(Calls(), "9218 1 u=1 server(u=6)");
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, server).ok());
  EXPECT_EQ(Calls(), "");  // nothing new
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, std::nullopt).ok());
  EXPECT_EQ(Calls(), "9218 1 u=1");
  // Each kind by itself.
  server.rfc7540 = Rfc7540Priority{0, 9, false};
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, server).ok());
  EXPECT_EQ(Calls(),
            "server 1 u=1 server(0/9)(u=6); 9218 1 u=1 server(0/9)(u=6)");
  server.rfc9218.reset();
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, server).ok());
  EXPECT_EQ(Calls(), "9218 1 u=1 server(0/9)");
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, std::nullopt).ok());
  EXPECT_EQ(Calls(), "server 1 u=1");
  server.rfc9218 = Rfc9218Priority{9, false};
  EXPECT_EQ(session_.scheduler().SetServerPriority(1, server).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(session_.scheduler().SetServerPriority(9, std::nullopt).code(),
            absl::StatusCode::kNotFound);
}

// RFC 9218 §8.
TEST_F(SignalsTest, APriorityFieldOfTheResponseIsMergedWithTheClients) {
  const auto respond = [this](h2::StreamId id, const std::string& field,
                              SubmitOptions options = {}) {
    ASSERT_TRUE(session_.scheduler()
                    .Submit(id, {{":status", "200"}, {"priority", field}},
                            std::make_unique<BytesSource>(100000),
                            std::move(options))
                    .ok());
  };
  session_.Request(std::nullopt, {{"priority", "u=5, i"}});
  Calls();
  respond(1, "u=1");
  EXPECT_EQ(Calls(), "9218 1 u=5,i server(u=1,i); ready 1");
  // A parameter that the response does not name follows the client's later
  // word.
  session_.scheduler().OnEvent(h2::PriorityFieldUpdated{
      1, {6, false}, h2::PriorityFieldUpdated::Source::kFrame});
  EXPECT_EQ(Calls(), "9218 1 u=6 server(u=1)");
  // The application's own word goes over both, and back.
  ServerPriority server;
  server.rfc9218 = Rfc9218Priority{3, false};
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, server).ok());
  EXPECT_EQ(Calls(), "9218 1 u=6 server(u=3)");
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, std::nullopt).ok());
  EXPECT_EQ(Calls(), "9218 1 u=6 server(u=1)");

  session_.Request();
  Calls();
  respond(3, "i=?0, u=9");  // nothing in it says anything new
  EXPECT_EQ(Calls(), "9218 3 server(u=3); ready 3");
  session_.Request();
  Calls();
  respond(5, "!!");  // no dictionary: ignored whole
  EXPECT_EQ(Calls(), "ready 5");
  session_.Request();
  Calls();
  respond(7, "u=1", {.server = server});
  EXPECT_EQ(Calls(), "9218 7 server(u=3); ready 7");
}

// RFC 8941 §4.2: the lines of a field are one value, and RFC 9113 §8.2 sends
// names in lower case.
TEST_F(SignalsTest, TheLinesOfAResponsesPriorityFieldAreOneDictionary) {
  const auto respond = [this](h2::StreamId id,
                              const std::vector<std::string>& lines) {
    session_.Request(std::nullopt, {{"priority", "u=5"}});
    Calls();
    std::vector<h2::Header> headers = {{":status", "200"}};
    for (const std::string& line : lines) headers.push_back({"Priority", line});
    ASSERT_TRUE(session_.scheduler()
                    .Submit(id, headers, std::make_unique<BytesSource>(100))
                    .ok());
  };
  respond(1, {"u=1", "i"});
  EXPECT_EQ(Calls(), "9218 1 u=5 server(u=1,i); ready 1");
  respond(3, {"i, u=1", "x=(1 2);y", "u=2"});  // the last of a key counts
  EXPECT_EQ(Calls(), "9218 3 u=5 server(u=2,i); ready 3");
  respond(5, {"u=1", "!!"});  // the whole is no dictionary
  EXPECT_EQ(Calls(), "ready 5");
}

TEST_F(SignalsTest, LateHintsCountDownWithTheBytesSent) {
  session_.Request();
  ASSERT_TRUE(session_.Respond(1, 5000).ok());
  ASSERT_TRUE(session_.scheduler().SetHints(1, {.bytes_remaining = 5000}).ok());
  session_.Drain(1, 2000);
  session_.scheduler().Pull(0);
  Calls();
  ServerPriority server;
  server.rfc9218 = Rfc9218Priority{6, false};
  ASSERT_TRUE(session_.scheduler().SetServerPriority(1, server).ok());
  EXPECT_EQ(Calls(), "9218 1 server(u=6) left=3000");
  EXPECT_EQ(session_.scheduler().SetHints(9, {}).code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace sluice::scheduler
