// Each frame is chosen when it is pulled, from the signals of then; uploads and
// GOAWAY too.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using signals::Rfc9218Priority;
using testing::Bytes;
using testing::BytesSource;
using testing::ScriptSource;
using testing::Session;
using testing::SessionOptions;

TEST(LateBindingTest, ASignalBetweenTwoPullsDecidesTheNextFrame) {
  SessionOptions options;
  options.policy = "rfc9218";
  Session session(options);
  ASSERT_TRUE(
      session
          .Respond(session.Request(std::nullopt, {{"priority", "u=3"}}), 30000)
          .ok());
  ASSERT_TRUE(
      session
          .Respond(session.Request(std::nullopt, {{"priority", "u=5"}}), 30000)
          .ok());
  session.Drain(1, 1400);
  EXPECT_EQ(session.Take(), "H1 H3 1:1400");
  ServerPriority urgent;
  urgent.rfc9218 = Rfc9218Priority{0, false};
  ASSERT_TRUE(session.scheduler().SetServerPriority(3, urgent).ok());
  session.Drain(1, 1400);
  EXPECT_EQ(session.Take(), "3:1400");
  ASSERT_TRUE(session.scheduler().SetServerPriority(3, std::nullopt).ok());
  session.Drain(1, 1400);
  EXPECT_EQ(session.Take(), "1:1400");
}

TEST(LateBindingTest, ClientsUploadBodiesTheSameWay) {
  h2::Connection client({.side = h2::Side::kClient});
  h2::Connection server({.side = h2::Side::kServer});
  DataScheduler uploads(&client, *CreatePolicy("rr"));
  ASSERT_TRUE(client.InitiateConnection().ok());
  ASSERT_TRUE(server.InitiateConnection().ok());
  uint64_t received = 0;
  size_t ended = 0;
  const auto exchange = [&] {
    std::vector<h2::Event> events;
    ASSERT_TRUE(server.ReceiveData(client.DataToSend(), &events).ok());
    for (const h2::Event& event : events) {
      if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
        received += data->data.size();
        ended += data->stream_ended;
        ASSERT_TRUE(server
                        .AcknowledgeReceivedData(data->stream_id,
                                                 data->flow_controlled_length)
                        .ok());
      }
    }
    events.clear();
    ASSERT_TRUE(client.ReceiveData(server.DataToSend(), &events).ok());
    for (const h2::Event& event : events) uploads.OnEvent(event);
  };
  exchange();
  for (const h2::StreamId id : {1, 3}) {
    ASSERT_TRUE(uploads
                    .Submit(id,
                            {{":method", "POST"},
                             {":scheme", "https"},
                             {":authority", "example.org"},
                             {":path", "/"}},
                            std::make_unique<BytesSource>(200000))
                    .ok());
  }
  for (int i = 0; i < 1000 && ended < 2; ++i) {
    uploads.Pull(1 << 20);
    exchange();
  }
  EXPECT_EQ(received, 400000u);
  EXPECT_EQ(ended, 2u);
}

// RFC 9113 §6.8: requests above the last stream of a GOAWAY will not be
// processed.
TEST(LateBindingTest, AGoawayDropsTheUploadsThatTheServerWillNotTake) {
  h2::Connection client({.side = h2::Side::kClient});
  DataScheduler uploads(&client, *CreatePolicy("rr"));
  ASSERT_TRUE(client.InitiateConnection().ok());
  bool destroyed[2] = {false, false};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(
        uploads
            .Submit(2 * i + 1,
                    {{":method", "POST"},
                     {":scheme", "https"},
                     {":authority", "example.org"},
                     {":path", "/"}},
                    std::make_unique<ScriptSource>(
                        [](size_t) { return Bytes(10); }, &destroyed[i]))
            .ok());
  }
  h2::Connection server({.side = h2::Side::kServer});
  ASSERT_TRUE(server.InitiateConnection().ok());
  ASSERT_TRUE(server.CloseConnection(h2::ErrorCode::kNoError, "", 1).ok());
  std::vector<h2::Event> events;
  ASSERT_TRUE(client.ReceiveData(server.DataToSend(), &events).ok());
  for (const h2::Event& event : events) uploads.OnEvent(event);
  EXPECT_FALSE(destroyed[0]);
  EXPECT_TRUE(destroyed[1]);
  EXPECT_EQ(uploads.ActiveBodies(), 1u);
}

// RFC 9113 §6.8: the last stream of a client's GOAWAY is one of the server's.
// RFC 7540 §3.2: stream 1 of an upgraded connection has no request event.
TEST(LateBindingTest, AClientsGoawayLeavesAnUpgradedRequestRunning) {
  h2::Connection server({.side = h2::Side::kServer});
  DataScheduler responses(&server, *CreatePolicy("rr"));
  ASSERT_TRUE(server.InitiateUpgrade("").ok());
  ASSERT_TRUE(
      responses
          .Submit(1, {{":status", "200"}}, std::make_unique<BytesSource>(10))
          .ok());
  responses.OnEvent(h2::ConnectionTerminated{h2::ErrorCode::kNoError, 0, ""});
  EXPECT_EQ(responses.Pull(100), 10u);
}

}  // namespace
}  // namespace sluice::scheduler
