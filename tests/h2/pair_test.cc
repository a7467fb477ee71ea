// A client and a server of ours, joined by a byte pipe: the main paths, with
// the pipe cutting the bytes in each of the ways.
#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "h2/connection.h"
#include "h2/events.h"
#include "h2/types.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::testing {
namespace {

using ::testing::ElementsAre;

class PairTest : public ::testing::TestWithParam<Cuts::Kind> {
 protected:
  PairTest() : pair_(ClientOptions(), ServerOptions(), Cuts(GetParam())) {
    pair_.client.TakeEvents();
    pair_.server.TakeEvents();
  }

  Connection& client() { return *pair_.client; }
  Connection& server() { return *pair_.server; }

  Pair pair_;
};

INSTANTIATE_TEST_SUITE_P(AllCuts, PairTest,
                         ::testing::Values(Cuts::Kind::kWhole,
                                           Cuts::Kind::kEveryByte,
                                           Cuts::Kind::kRandom));

TEST(HandshakeTest, SettingsOfBothSidesArriveAndAreAcknowledged) {
  Pair pair;
  EXPECT_THAT(
      pair.server.TakeEventTexts(),
      ElementsAre("Settings(1: 4096 to 4096, 2: 1 to 1, 3: none to 100, 4: "
                  "65535 to 65535, 5: 16384 to 16384, 6: none to 65536)",
                  "Acknowledged(1: 4096 to 4096, 3: none to 100, 4: 65535 to "
                  "65535, 5: 16384 to 16384, 6: none to 65536)"));
  EXPECT_TRUE(pair.client.status().ok()) << pair.client.status();
  EXPECT_EQ(pair.server->RemoteSetting(SettingId::kMaxConcurrentStreams), 100u);
}

TEST_P(PairTest, ARequestAndItsResponseWithBodiesAndTrailers) {
  ASSERT_TRUE(client().SendHeaders(1, PostRequest()).ok());
  ASSERT_TRUE(client().SendData(1, absl::Cord("hello")).ok());
  ASSERT_TRUE(client().EndStream(1).ok());
  pair_.Pump();
  EXPECT_THAT(pair_.server.TakeEventTexts(),
              ElementsAre("Request(1, :method=POST, :scheme=https, "
                          ":authority=example.com, :path=/)",
                          "Data(1, hello, flow 5)", "Data(1, , flow 0, ended)",
                          "Ended(1)"));
  EXPECT_EQ(server().OpenInboundStreams(), 1u);

  ASSERT_TRUE(server().SendHeaders(1, {{":status", "103"}}).ok());
  ASSERT_TRUE(server().SendHeaders(1, OkResponse()).ok());
  ASSERT_TRUE(server().SendData(1, absl::Cord("world")).ok());
  ASSERT_TRUE(
      server().SendHeaders(1, {{"digest", "x"}}, {.end_stream = true}).ok());
  pair_.Pump();
  EXPECT_THAT(pair_.client.TakeEventTexts(),
              ElementsAre("Informational(1, :status=103)",
                          "Response(1, :status=200, server=sluice)",
                          "Data(1, world, flow 5)", "Trailers(1, digest=x)",
                          "Ended(1)"));
  EXPECT_EQ(server().OpenInboundStreams(), 0u);
  EXPECT_EQ(client().OpenOutboundStreams(), 0u);
}

TEST_P(PairTest, AHeaderBlockBeyondOneFrameContinues) {
  std::vector<Header> headers = GetRequest();
  headers.push_back({"x-long", std::string(40000, 'a')});
  ASSERT_TRUE(client().SendHeaders(1, headers, {.end_stream = true}).ok());
  pair_.Pump();
  const std::vector<Event> events = pair_.server.TakeEvents();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(std::get<RequestReceived>(events[0]).headers, headers);
}

TEST_P(PairTest, PriorityFieldsOfHeadersFollowTheMessageAndItsEnd) {
  SendHeadersOptions options;
  options.end_stream = true;
  options.priority = StreamPriority{3, 256, true};
  ASSERT_TRUE(client().SendHeaders(1, GetRequest(), options).ok());
  ASSERT_TRUE(client().Prioritize(5, {1, 1, false}).ok());
  ASSERT_TRUE(client().SendPriorityUpdate(1, {0, true}).ok());
  pair_.Pump();
  EXPECT_THAT(
      pair_.server.TakeEventTexts(),
      ElementsAre("Request(1, :method=GET, :scheme=https, "
                  ":authority=example.com, :path=/, ended, priority on 3 "
                  "weight 256 exclusive)",
                  "Ended(1)", "Priority(1, on 3 weight 256 exclusive)",
                  "Priority(5, on 1 weight 1)",
                  "PriorityField(1, u=0 i, frame)"));
}

TEST_P(PairTest, ADownloadLargerThanTheWindowsFlowsAsTheClientAcknowledges) {
  ASSERT_TRUE(client().SendHeaders(1, GetRequest(), {.end_stream = true}).ok());
  pair_.Pump();
  ASSERT_TRUE(server().SendHeaders(1, OkResponse()).ok());
  constexpr int64_t kBody = 200000;
  int64_t sent = 0;
  int64_t received = 0;
  while (received < kBody) {
    const int64_t before = sent;
    while (sent < kBody) {
      const int64_t size = std::min<int64_t>(
          {kBody - sent, 16384, *server().LocalFlowControlWindow(1),
           static_cast<int64_t>(server().OutputRoom())});
      if (size <= 0) break;
      ASSERT_TRUE(
          server().SendData(1, absl::Cord(std::string(size, 'x'))).ok());
      sent += size;
    }
    pair_.Pump();
    int64_t arrived = 0;
    for (const Event& event : pair_.client.TakeEvents()) {
      if (const auto* data = std::get_if<DataReceived>(&event)) {
        arrived += data->data.size();
        ASSERT_TRUE(
            client()
                .AcknowledgeReceivedData(1, data->flow_controlled_length)
                .ok());
      }
    }
    received += arrived;
    pair_.Pump();
    ASSERT_GT(sent + arrived, before) << "stalled at " << sent;
  }
  EXPECT_EQ(received, kBody);
}

TEST_P(PairTest, ResetPingAndGoAwayReachTheOtherSide) {
  ASSERT_TRUE(client().SendHeaders(1, PostRequest()).ok());
  ASSERT_TRUE(client().ResetStream(1, ErrorCode::kCancel).ok());
  ASSERT_TRUE(client().Ping("12345678").ok());
  ASSERT_TRUE(client().CloseConnection(ErrorCode::kNoError, "bye").ok());
  pair_.Pump();
  EXPECT_THAT(pair_.server.TakeEventTexts(),
              ElementsAre("Request(1, :method=POST, :scheme=https, "
                          ":authority=example.com, :path=/)",
                          "Reset(1, CANCEL, remote)", "Ping(12345678)",
                          "GoAway(NO_ERROR, last 0, bye)"));
  EXPECT_THAT(pair_.client.TakeEventTexts(), ElementsAre("PingAck(12345678)"));
  EXPECT_EQ(server().OpenInboundStreams(), 0u);
}

TEST_P(PairTest, APushedStreamIsPromisedAndAnswered) {
  ASSERT_TRUE(client().SendHeaders(1, GetRequest(), {.end_stream = true}).ok());
  pair_.Pump();
  ASSERT_TRUE(server().PushStream(1, 2, GetRequest("/style.css")).ok());
  ASSERT_TRUE(server().SendHeaders(2, OkResponse()).ok());
  ASSERT_TRUE(
      server().SendData(2, absl::Cord("css"), {.end_stream = true}).ok());
  pair_.Pump();
  EXPECT_THAT(pair_.client.TakeEventTexts(),
              ElementsAre("Push(2 on 1, :method=GET, :scheme=https, "
                          ":authority=example.com, :path=/style.css)",
                          "Response(2, :status=200, server=sluice)",
                          "Data(2, css, flow 3, ended)", "Ended(2)"));
}

TEST_P(PairTest, BothSidesEndWithoutAnError) {
  ASSERT_TRUE(client().SendHeaders(1, GetRequest(), {.end_stream = true}).ok());
  pair_.Pump();
  ASSERT_TRUE(server().SendHeaders(1, OkResponse(), {.end_stream = true}).ok());
  pair_.Pump();
  EXPECT_TRUE(pair_.client.status().ok()) << pair_.client.status();
  EXPECT_TRUE(pair_.server.status().ok()) << pair_.server.status();
  EXPECT_FALSE(client().IsTerminated());
}

}  // namespace
}  // namespace sluice::h2::testing
