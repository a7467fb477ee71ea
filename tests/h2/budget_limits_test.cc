// The limits that time refills or ends: budgets for frames that cost the peer
// little, and the time until SETTINGS are acknowledged (RFC 9113 §10.5,
// §6.5.3).
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

// --- Budgets -----------------------------------------------------------------

struct BudgetCase {
  const char* name;
  BudgetOptions BudgetSet::*budget;
  // One frame that costs a token; `i` counts from 0.
  std::string (*frame)(int i);
};

std::string RequestAnd(int i, const std::string& frame) {
  return HeadersFrame(static_cast<StreamId>(2 * i + 1), Block(Post())) + frame;
}

class BudgetTest : public ::testing::TestWithParam<BudgetCase> {
 protected:
  static ConnectionOptions Options(const BudgetOptions& budget) {
    ConnectionOptions options = ServerOptions();
    options.limits.budgets.*GetParam().budget = budget;
    return options;
  }
  static std::string Frames(int first, int count) {
    std::string out;
    for (int i = first; i < first + count; ++i) out += GetParam().frame(i);
    return out;
  }
};

TEST_P(BudgetTest, EndsTheConnectionWhenItIsUsedUp) {
  // The handshake costs a token of SETTINGS.
  const bool settings = GetParam().budget == &BudgetSet::settings;
  Ready(Options({settings ? 11u : 10u, 0, 0}), [](Player& server) {
    EXPECT_TRUE(server.Receive(Frames(0, 10)).ok());
    server.TakeFrames();
    EXPECT_FALSE(server.Receive(Frames(10, 1)).ok());
    const std::vector<std::string> frames = server.TakeFrames();
    ASSERT_FALSE(frames.empty());
    EXPECT_THAT(frames.back(), ::testing::HasSubstr("ENHANCE_YOUR_CALM"));
  });
}

TEST_P(BudgetTest, IsRefilledByTheTimeThatTheCallerPassesIn) {
  Ready(Options({12, 10, 0}), [](Player& server) {
    EXPECT_TRUE(server.Receive(Frames(0, 10)).ok());
    ASSERT_TRUE(server->AdvanceTime(absl::Seconds(1)).ok());
    EXPECT_TRUE(server.Receive(Frames(10, 10)).ok());
  });
}

TEST_P(BudgetTest, IsRefilledByUsefulWork) {
  Ready(Options({12, 0, 10}), [](Player& server) {
    EXPECT_TRUE(server.Receive(Frames(0, 10)).ok());
    // A stream that ends by END_STREAM on both sides.
    EXPECT_TRUE(server.Receive(HeadersFrame(101, Block(Get()), kEnds)).ok());
    ASSERT_TRUE(server->SendHeaders(101, Status(), {.end_stream = true}).ok());
    EXPECT_TRUE(server.Receive(Frames(60, 10)).ok());
  });
}

TEST_P(BudgetTest, ALivelyPeerStaysBelowTheDefault) {
  const BudgetOptions defaults = BudgetSet().*GetParam().budget;
  EXPECT_GE(defaults.burst, 100u);
  EXPECT_GT(defaults.per_second, 0);
  EXPECT_GT(defaults.per_work_unit, 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, BudgetTest,
    ::testing::Values(
        BudgetCase{"Priority", &BudgetSet::priority,
                   [](int) { return PriorityFrame(1, {}); }},
        BudgetCase{"PriorityUpdate", &BudgetSet::priority_update,
                   [](int) { return PriorityUpdateFrame(999, "u=1"); }},
        BudgetCase{
            "EmptyData", &BudgetSet::empty_data,
            [](int i) { return RequestAnd(i, DataFrame(2 * i + 1, "")); }},
        BudgetCase{"WindowUpdate", &BudgetSet::window_update,
                   [](int) { return WindowUpdateFrame(0, 1); }},
        BudgetCase{"Settings", &BudgetSet::settings,
                   [](int) { return SettingsFrame(); }},
        BudgetCase{"PingAck", &BudgetSet::ping_ack,
                   [](int) { return PingFrame("12345678", kAck); }},
        BudgetCase{"GoAway", &BudgetSet::goaway,
                   [](int) { return GoAwayFrame(0, ErrorCode::kNoError); }},
        BudgetCase{"UnknownFrame", &BudgetSet::unknown_frame,
                   [](int) { return RawFrame(0xfa, 0, 0, ""); }},
        // Rapid reset (CVE-2023-44487).
        BudgetCase{"PeerReset", &BudgetSet::peer_reset,
                   [](int i) {
                     return RequestAnd(
                         i, RstStreamFrame(2 * i + 1, ErrorCode::kCancel));
                   }},
        // "Made you reset" (CVE-2025-8671): the peer provokes the resets.
        BudgetCase{"ProvokedReset", &BudgetSet::provoked_reset,
                   [](int i) {
                     return RequestAnd(i, WindowUpdateFrame(2 * i + 1, 0));
                   }},
        // The stream is gone by its own RST_STREAM.
        BudgetCase{"DroppedHeaders", &BudgetSet::dropped_headers,
                   [](int i) {
                     return RequestAnd(i, RstStreamFrame(2 * i + 1,
                                                         ErrorCode::kCancel)) +
                            DataFrame(2 * i + 1, "x") +
                            HeadersFrame(2 * i + 1, "");
                   }}),
    [](const auto& info) { return info.param.name; });

// RFC 9113 §8.1: a response may have any number of them before it.
TEST(InformationalBudgetTest, EndsTheConnectionWhenItIsUsedUp) {
  ConnectionOptions options = ClientOptions();
  options.limits.budgets.informational = {10, 0, 0};
  Ready(options, [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    const std::string hint = HeadersFrame(1, Block(Status("103")));
    EXPECT_TRUE(client.Receive(Repeat(10, hint)).ok());
    EXPECT_EQ(StatusText(client.Receive(hint)),
              "ERROR DenialOfService ENHANCE_YOUR_CALM");
  });
}

TEST(InformationalBudgetTest, IsRefilledByTimeAndByUsefulWork) {
  ConnectionOptions options = ClientOptions();
  options.limits.budgets.informational = {10, 4, 3};
  Ready(options, [](Player& client) {
    for (const StreamId id : {1u, 3u}) {
      ASSERT_TRUE(client->SendHeaders(id, Get(), {.end_stream = true}).ok());
    }
    const std::string hint = HeadersFrame(1, Block(Status("103")));
    EXPECT_TRUE(client.Receive(Repeat(10, hint)).ok());
    ASSERT_TRUE(client->AdvanceTime(absl::Seconds(1)).ok());
    EXPECT_TRUE(client.Receive(HeadersFrame(3, Block(Status()), kEnds)).ok());
    EXPECT_TRUE(client.Receive(Repeat(7, hint)).ok());
    EXPECT_FALSE(client.Receive(hint).ok());
  });
}

TEST(UsefulWorkTest, SentAndReceivedPayloadCount) {
  ConnectionOptions options = ServerOptions();
  options.limits.budgets.priority = {2, 0, 1};
  Ready(options, [](Player& server) {
    EXPECT_TRUE(server
                    .Receive(HeadersFrame(1, Block(Post())) +
                             Repeat(2, PriorityFrame(1, {})))
                    .ok());
    // 1024 bytes in are a unit …
    EXPECT_TRUE(server
                    .Receive(DataFrame(1, std::string(1023, 'x')) +
                             DataFrame(1, "x") + PriorityFrame(1, {}))
                    .ok());
    // … and so are 1024 bytes out, whatever their frames.
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    for (int i = 0; i < 1024; ++i) {
      ASSERT_TRUE(server->SendData(1, absl::Cord("x")).ok());
    }
    EXPECT_TRUE(server.Receive(PriorityFrame(1, {})).ok());
    ASSERT_TRUE(server->SendData(1, absl::Cord(std::string(1023, 'x'))).ok());
    EXPECT_FALSE(server.Receive(PriorityFrame(1, {})).ok());
  });
}

// --- SETTINGS_TIMEOUT --------------------------------------------------------

// RFC 9113 §6.5.3.
TEST(SettingsTimeoutTest, APeerThatNeverAcknowledgesIsCutOffByTheCallersClock) {
  Player server(ServerOptions(), Feeding::OfThisRound());
  ASSERT_TRUE(server->InitiateConnection().ok());
  EXPECT_TRUE(server.Receive(absl::StrCat(kPreface, SettingsFrame())).ok());
  server.TakeFrames();
  EXPECT_TRUE(server->AdvanceTime(absl::Milliseconds(9999)).ok());
  EXPECT_EQ(StatusText(server->AdvanceTime(absl::Milliseconds(1))),
            "ERROR SettingsTimeout SETTINGS_TIMEOUT");
  EXPECT_THAT(server.TakeFrames(),
              ElementsAre("GOAWAY last 0 SETTINGS_TIMEOUT"));
  EXPECT_TRUE(server->IsTerminated());
}

TEST(SettingsTimeoutTest, EachFrameHasItsOwnTime) {
  ConnectionOptions options = ServerOptions();
  options.settings_timeout = absl::Seconds(3);
  Player server(options, Feeding::OfThisRound());
  server.Handshake();
  ASSERT_TRUE(server->AdvanceTime(absl::Seconds(100)).ok());
  ASSERT_TRUE(server->UpdateSettings({}).ok());
  ASSERT_TRUE(server->AdvanceTime(absl::Seconds(2)).ok());
  ASSERT_TRUE(server->UpdateSettings({}).ok());
  ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
  EXPECT_TRUE(server->AdvanceTime(absl::Seconds(2)).ok());
  EXPECT_FALSE(server->AdvanceTime(absl::Seconds(1)).ok());
}

TEST(SettingsTimeoutTest, ElapsedTimeMustBeFiniteAndNotNegative) {
  Player server(ServerOptions(), Feeding::OfThisRound());
  EXPECT_EQ(StatusText(server->AdvanceTime(absl::InfiniteDuration())),
            "ERROR InvalidArgument PROTOCOL_ERROR");
  EXPECT_EQ(StatusText(server->AdvanceTime(absl::Seconds(-1))),
            "ERROR InvalidArgument PROTOCOL_ERROR");
}

}  // namespace
}  // namespace sluice::h2::tests
