// Answers to our own frames cost the peer none of its budgets; the same
// frames cost when they answer nothing (h2::Limits, BudgetSet).
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <functional>
#include <string>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

constexpr uint8_t kEnds = kEndHeaders | kEndStream;
constexpr char kCalm[] = "ERROR DenialOfService ENHANCE_YOUR_CALM";

// A connection that has shaken hands, whose `budget` is `tokens` and never
// refilled.
void Ready(ConnectionOptions options, BudgetOptions BudgetSet::*budget,
           uint32_t tokens, const std::function<void(Player&)>& body) {
  options.limits.budgets.*budget = {tokens, 0, 0};
  UnderEveryFeeding(options, [&](Player& player) {
    player.Handshake();
    body(player);
  });
}

TEST(FreeAnswersTest, SettingsAcknowledgements) {
  for (const ConnectionOptions& options : {ServerOptions(), ClientOptions()}) {
    // One token goes to the SETTINGS of the handshake.
    Ready(options, &BudgetSet::settings, 2, [](Player& player) {
      for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(player->UpdateSettings({}).ok());
        ASSERT_TRUE(player->UpdateSettings({}).ok());
        ASSERT_EQ(
            StatusText(player.Receive(SettingsAckFrame() + SettingsAckFrame())),
            "OK");
      }
      EXPECT_EQ(StatusText(player.Receive(SettingsAckFrame())), "OK");
      EXPECT_EQ(StatusText(player.Receive(SettingsAckFrame())), kCalm);
    });
  }
}

TEST(FreeAnswersTest, PingAcknowledgements) {
  Ready(ServerOptions(), &BudgetSet::ping_ack, 1, [](Player& server) {
    const std::string ack = PingFrame("12345678", kAck);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(server->Ping("12345678").ok());
      ASSERT_TRUE(server->Ping("12345678").ok());
      EXPECT_TRUE(server.Receive(ack + ack).ok());
    }
    EXPECT_TRUE(server.Receive(ack).ok());
    EXPECT_EQ(StatusText(server.Receive(ack)), kCalm);
  });
}

// A frame of DATA may be given back to its stream and to the connection.
TEST(FreeAnswersTest, WindowUpdatesForDataThatWeSent) {
  Ready(ServerOptions(), &BudgetSet::window_update, 1, [](Player& server) {
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()), kEnds)).ok());
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(server->SendData(1, absl::Cord("ab")).ok());
      server->ClearOutput();
      ASSERT_EQ(StatusText(server.Receive(WindowUpdateFrame(0, 2) +
                                          WindowUpdateFrame(1, 2))),
                "OK");
    }
    // The last one may come when the stream is gone.
    ASSERT_TRUE(
        server->SendData(1, absl::Cord("ab"), {.end_stream = true}).ok());
    EXPECT_EQ(StatusText(server.Receive(WindowUpdateFrame(1, 2) +
                                        WindowUpdateFrame(0, 2))),
              "OK");
    EXPECT_EQ(StatusText(server.Receive(WindowUpdateFrame(0, 1))), "OK");
    EXPECT_EQ(StatusText(server.Receive(WindowUpdateFrame(0, 1))), kCalm);
  });
}

// Frames that nobody answered do not let a flood in later.
TEST(FreeAnswersTest, WindowUpdatesAreNotSavedUpWithoutEnd) {
  Ready(ServerOptions(), &BudgetSet::window_update, 1, [](Player& server) {
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()), kEnds)).ok());
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    for (int i = 0; i < 5000; ++i) {
      ASSERT_TRUE(server->SendData(1, absl::Cord("a")).ok());
      server->ClearOutput();
    }
    int taken = 0;
    while (taken < 9000 && server.Receive(WindowUpdateFrame(0, 1)).ok()) {
      ++taken;
    }
    EXPECT_LT(taken, 4200);
  });
}

// RFC 9113 §8.7: REFUSED_STREAM answers a request, once.
TEST(FreeAnswersTest, ResetsOfStreamsThatWeOpened) {
  Ready(ClientOptions(), &BudgetSet::peer_reset, 1, [](Player& client) {
    for (StreamId id = 1; id < 20; id += 2) {
      ASSERT_TRUE(client->SendHeaders(id, Get()).ok());
      ASSERT_EQ(StatusText(client.Receive(
                    RstStreamFrame(id, ErrorCode::kRefusedStream))),
                "OK");
    }
    const std::string again = RstStreamFrame(1, ErrorCode::kRefusedStream);
    EXPECT_EQ(StatusText(client.Receive(again)), "OK");
    EXPECT_EQ(StatusText(client.Receive(again)), kCalm);
  });
  Ready(ServerOptions(), &BudgetSet::peer_reset, 1, [](Player& server) {
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()))).ok());
    for (StreamId id = 2; id < 20; id += 2) {
      ASSERT_TRUE(server->PushStream(1, id, Get("/pushed")).ok());
      ASSERT_EQ(
          StatusText(server.Receive(RstStreamFrame(id, ErrorCode::kCancel))),
          "OK");
    }
    EXPECT_EQ(StatusText(server.Receive(RstStreamFrame(1, ErrorCode::kCancel))),
              "OK");
    EXPECT_EQ(StatusText(server.Receive(RstStreamFrame(1, ErrorCode::kCancel))),
              kCalm);
  });
}

// RFC 9113 §5.1: a response and its trailers may be on their way.
TEST(FreeAnswersTest, HeadersOfStreamsThatWeReset) {
  Ready(ClientOptions(), &BudgetSet::dropped_headers, 1, [](Player& client) {
    const std::string trailers = Block({{"a", "b"}});
    for (StreamId id = 1; id < 20; id += 2) {
      ASSERT_TRUE(client->SendHeaders(id, Get()).ok());
      ASSERT_TRUE(client->ResetStream(id, ErrorCode::kCancel).ok());
      ASSERT_EQ(StatusText(client.Receive(HeadersFrame(id, Block(Status())) +
                                          HeadersFrame(id, trailers, kEnds))),
                "OK");
    }
    const std::string again = HeadersFrame(1, Block(Status()));
    EXPECT_EQ(StatusText(client.Receive(again)), "OK");
    EXPECT_EQ(StatusText(client.Receive(again)), kCalm);
  });
}

// A response without trailers may end by DATA without bytes.
TEST(FreeAnswersTest, EndsOfStreamsThatWeReset) {
  Ready(ClientOptions(), &BudgetSet::dropped_headers, 1, [](Player& client) {
    for (StreamId id = 1; id < 20; id += 2) {
      ASSERT_TRUE(client->SendHeaders(id, Get()).ok());
      ASSERT_TRUE(client->ResetStream(id, ErrorCode::kCancel).ok());
      ASSERT_EQ(StatusText(client.Receive(HeadersFrame(id, Block(Status())) +
                                          DataFrame(id, "x") +
                                          DataFrame(id, "", kEnds))),
                "OK");
    }
    const std::string again = DataFrame(1, "", kEnds);
    EXPECT_EQ(StatusText(client.Receive(again)), "OK");
    EXPECT_EQ(StatusText(client.Receive(again)), kCalm);
  });
}

// RFC 9113 §6.8: they may be on their way when GOAWAY says that they come too
// late, and are no attack.
TEST(FreeAnswersTest, RequestsAboveOurGoAway) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kMaxConcurrentStreams, 300}};
  Ready(options, &BudgetSet::dropped_headers, 1, [](Player& server) {
    ASSERT_TRUE(server->CloseConnection().ok());
    StreamId id = 1;
    for (; id < 600; id += 2) {
      ASSERT_EQ(StatusText(server.Receive(
                    HeadersFrame(id, Block(Post())) +
                    HeadersFrame(id, Block({{"a", "b"}}), kEnds))),
                "OK");
    }
    // Another GOAWAY with the same stream allows no more of them.
    ASSERT_TRUE(server->CloseConnection().ok());
    const std::string request = HeadersFrame(id, Block(Get()), kEnds);
    EXPECT_EQ(StatusText(server.Receive(request)), "OK");
    EXPECT_EQ(StatusText(server.Receive(request)), kCalm);
  });
}

}  // namespace
}  // namespace sluice::h2::tests
