// A client and a server of ours, joined by a byte pipe: the main paths, under
// every feeding.

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;

// Runs `body` on a client and a server that have shaken hands.
void Connected(const std::function<void(Pipe&)>& body) {
  UnderEveryFeeding(ClientOptions(), ServerOptions(), [&](Pipe& pipe) {
    pipe.Handshake();
    body(pipe);
  });
}

TEST(PairTest, SettingsOfBothSidesArriveAndAreAcknowledged) {
  UnderEveryFeeding(ClientOptions(), ServerOptions(), [](Pipe& pipe) {
    ASSERT_TRUE(pipe.client()->InitiateConnection().ok());
    ASSERT_TRUE(pipe.server()->InitiateConnection().ok());
    pipe.Run();
    EXPECT_THAT(
        pipe.server().TakeEvents(),
        ElementsAre("RemoteSettingsChanged {1: 4096 → 4096, 2: 1 → 1, 3: unset "
                    "→ 100, 4: 65535 → 65535, 5: 16384 → 16384, 6: unset → "
                    "65536}",
                    "SettingsAcknowledged {1: 4096 → 4096, 3: unset → 100, 4: "
                    "65535 → 65535, 5: 16384 → 16384, 6: unset → 65536}"));
    EXPECT_EQ(pipe.server()->RemoteSetting(SettingId::kMaxConcurrentStreams),
              100u);
  });
}

TEST(PairTest, ARequestAndItsResponseWithBodiesAndTrailers) {
  Connected([](Pipe& pipe) {
    Player& client = pipe.client();
    Player& server = pipe.server();
    ASSERT_TRUE(client->SendHeaders(1, Post()).ok());
    ASSERT_TRUE(client->SendData(1, absl::Cord("hello")).ok());
    ASSERT_TRUE(client->EndStream(1).ok());
    pipe.Run();
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre("RequestReceived 1 {:method: POST, :scheme: https, "
                    ":authority: example.com, :path: /}",
                    "DataReceived 1 \"hello\" flow 5",
                    "DataReceived 1 \"\" flow 0 ended", "StreamEnded 1"));
    EXPECT_EQ(server->OpenInboundStreams(), 1u);

    ASSERT_TRUE(server->SendHeaders(1, Status("103")).ok());
    ASSERT_TRUE(server->SendHeaders(1, Status("200")).ok());
    ASSERT_TRUE(server->SendData(1, absl::Cord("world")).ok());
    ASSERT_TRUE(
        server->SendHeaders(1, {{"digest", "x"}}, {.end_stream = true}).ok());
    pipe.Run();
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("InformationalResponseReceived 1 {:status: 103}",
                            "ResponseReceived 1 {:status: 200}",
                            "DataReceived 1 \"world\" flow 5",
                            "TrailersReceived 1 {digest: x}", "StreamEnded 1"));
    EXPECT_EQ(server->OpenInboundStreams(), 0u);
    EXPECT_EQ(client->OpenOutboundStreams(), 0u);
    EXPECT_FALSE(client->IsTerminated());
  });
}

TEST(PairTest, AHeaderBlockBeyondOneFrameContinues) {
  Connected([](Pipe& pipe) {
    const std::vector<Header> headers =
        With(Get(), {{"x-long", std::string(40000, 'a')}});
    ASSERT_TRUE(
        pipe.client()->SendHeaders(1, headers, {.end_stream = true}).ok());
    pipe.Run();
    const KeptEvents events = pipe.server().TakeRawEvents();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(std::get<RequestReceived>(events[0]).headers.ToHeaders(),
              headers);
  });
}

TEST(PairTest, PriorityFieldsOfHeadersFollowTheMessageAndItsEnd) {
  Connected([](Pipe& pipe) {
    Player& client = pipe.client();
    ASSERT_TRUE(
        client
            ->SendHeaders(1, Get(),
                          {.end_stream = true,
                           .priority = signals::Rfc7540Priority{3, 256, true}})
            .ok());
    ASSERT_TRUE(client->Prioritize(5, {1, 1, false}).ok());
    ASSERT_TRUE(client->SendPriorityUpdate(1, {0, true}).ok());
    pipe.Run();
    EXPECT_THAT(
        pipe.server().TakeEvents(),
        ElementsAre(
            "RequestReceived 1 {:method: GET, :scheme: https, :authority: "
            "example.com, :path: /} ended",
            "StreamEnded 1",
            "PriorityUpdated 1 priority(dep 3, weight 256, exclusive) by "
            "header",
            "PriorityUpdated 5 priority(dep 1, weight 1) by frame",
            "PriorityFieldUpdated 1 field(u=0, i) by frame"));
  });
}

TEST(PairTest, ADownloadLargerThanTheWindowsFlowsAsTheClientAcknowledges) {
  Connected([](Pipe& pipe) {
    Player& client = pipe.client();
    Player& server = pipe.server();
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    pipe.Run();
    ASSERT_TRUE(server->SendHeaders(1, Status("200")).ok());
    constexpr int64_t kBody = 200000;
    int64_t sent = 0;
    int64_t received = 0;
    while (received < kBody) {
      const int64_t before = sent + received;
      while (sent < kBody) {
        const int64_t size = std::min<int64_t>(
            {kBody - sent, 16384, *server->LocalFlowControlWindow(1),
             static_cast<int64_t>(server->CapacityFor(0).output_room)});
        if (size <= 0) break;
        ASSERT_TRUE(
            server->SendData(1, absl::Cord(std::string(size, 'x'))).ok());
        sent += size;
      }
      pipe.Run();
      for (const Event& event : client.TakeRawEvents()) {
        if (const auto* data = std::get_if<DataReceived>(&event)) {
          received += data->data.size();
          ASSERT_TRUE(
              client->AcknowledgeReceivedData(1, data->flow_controlled_length)
                  .ok());
        }
      }
      pipe.Run();
      ASSERT_GT(sent + received, before) << "stalled at " << sent;
    }
    EXPECT_EQ(received, kBody);
  });
}

TEST(PairTest, ResetPingAndGoAwayReachTheOtherSide) {
  Connected([](Pipe& pipe) {
    Player& client = pipe.client();
    ASSERT_TRUE(client->SendHeaders(1, Post()).ok());
    ASSERT_TRUE(client->ResetStream(1, ErrorCode::kCancel).ok());
    ASSERT_TRUE(client->Ping("12345678").ok());
    ASSERT_TRUE(client->CloseConnection(ErrorCode::kNoError, "bye").ok());
    pipe.Run();
    EXPECT_THAT(
        pipe.server().TakeEvents(),
        ElementsAre("RequestReceived 1 {:method: POST, :scheme: https, "
                    ":authority: example.com, :path: /}",
                    "StreamReset 1 CANCEL by peer", "PingReceived \"12345678\"",
                    "ConnectionTerminated NO_ERROR last 0 \"bye\""));
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("PingAckReceived \"12345678\""));
    EXPECT_EQ(pipe.server()->OpenInboundStreams(), 0u);
  });
}

TEST(PairTest, APushedStreamIsPromisedAndAnswered) {
  Connected([](Pipe& pipe) {
    Player& client = pipe.client();
    Player& server = pipe.server();
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    pipe.Run();
    ASSERT_TRUE(server->PushStream(1, 2, Get("/style.css")).ok());
    ASSERT_TRUE(server->SendHeaders(2, Status("200")).ok());
    ASSERT_TRUE(
        server->SendData(2, absl::Cord("css"), {.end_stream = true}).ok());
    pipe.Run();
    EXPECT_THAT(
        client.TakeEvents(),
        ElementsAre("PushedStreamReceived 2 on 1 {:method: GET, "
                    ":scheme: https, :authority: example.com, :path: "
                    "/style.css}",
                    "ResponseReceived 2 {:status: 200}",
                    "DataReceived 2 \"css\" flow 3 ended", "StreamEnded 2"));
  });
}

}  // namespace
}  // namespace sluice::h2::tests
