// Our server against libnghttp2's own client session, in memory and under every
// feeding.

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/nghttp2_peer.h"

namespace sluice::h2::tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

TEST(Nghttp2ClientTest, RequestsAndResponsesWithBodiesAndTrailers) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    client.Request({Post("/up"), "hello", {{"sum", "5"}}});
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("RequestReceived 1 {:method: POST, :scheme: https, "
                            ":authority: example.com, :path: /up}",
                            "DataReceived 1 \"hello\" flow 5",
                            "TrailersReceived 1 {sum: 5}", "StreamEnded 1"));
    ASSERT_TRUE(server->SendHeaders(1, Status("103")).ok());
    ASSERT_TRUE(server->SendHeaders(1, Status("200")).ok());
    ASSERT_TRUE(server->SendData(1, absl::Cord("world")).ok());
    ASSERT_TRUE(
        server->SendHeaders(1, {{"sum", "6"}}, {.end_stream = true}).ok());
    client.Exchange(&server);
    EXPECT_THAT(client.TakeLog(),
                ElementsAre("HEADERS 1 {:status: 103}",
                            "HEADERS 1 {:status: 200}", "TRAILERS 1 {sum: 6}",
                            "END 1 \"world\"", "CLOSE 1 NO_ERROR"));
  });
}

TEST(Nghttp2ClientTest, ManyStreamsAtOnceWithBodiesLargerThanTheWindows) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    for (int i = 0; i < 20; ++i)
      client.Request({Get(absl::StrCat("/", i)), ""});
    client.Exchange(&server);
    const std::string body = Pattern(100000);
    for (StreamId id = 1; id < 40; id += 2) {
      ASSERT_TRUE(server->SendHeaders(id, Status()).ok());
      client.ReceiveBody(&server, id, body, {.end_stream = true});
      EXPECT_EQ(client.body(id), body) << id;
    }
    EXPECT_EQ(server->OpenInboundStreams(), 0u);
  });
}

TEST(Nghttp2ClientTest, Push) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    client.Request({Get(), ""});
    client.Exchange(&server);
    ASSERT_TRUE(server->PushStream(1, 2, Get("/style.css")).ok());
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    ASSERT_TRUE(server->SendHeaders(2, Status()).ok());
    ASSERT_TRUE(
        server->SendData(2, absl::Cord("css"), {.end_stream = true}).ok());
    client.Exchange(&server);
    EXPECT_THAT(
        client.TakeLog(),
        ElementsAre("PUSH_PROMISE 1 promises 2 {:method: GET, :scheme: https, "
                    ":authority: example.com, :path: /style.css}",
                    "HEADERS 1 {:status: 200}", "END 1 \"\"",
                    "CLOSE 1 NO_ERROR", "HEADERS 2 {:status: 200}",
                    "END 2 \"css\"", "CLOSE 2 NO_ERROR"));
  });
}

TEST(Nghttp2ClientTest, PushIsRefusedByAClientThatDisabledIt) {
  AgainstNghttp2(
      ServerOptions(), {{SettingId::kEnablePush, 0}},
      [](Player& server, Nghttp2Peer& client) {
        client.Request({Get(), ""});
        client.Exchange(&server);
        EXPECT_FALSE(server->PushStream(1, 2, Get("/style.css")).ok());
        EXPECT_EQ(server->OutputSize(), 0u);
      });
}

TEST(Nghttp2ClientTest, PrioritiesInHeadersAndPriorityFrames) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    // The idle stream's signal, then requests that depend on it and each other.
    client.Prioritize(7, {0, 101, false});
    client.Request({Get(), ""}, signals::Rfc7540Priority{7, 256, false});
    client.Request({Get(), ""}, signals::Rfc7540Priority{1, 1, true});
    client.Exchange(&server);
    if (!Nghttp2Peer::HasRfc7540Priorities()) {
      EXPECT_THAT(
          server.TakeEvents(),
          ElementsAre(
              absl::StrCat("RequestReceived 1 ", HeadersText(Get()), " ended"),
              "StreamEnded 1",
              absl::StrCat("RequestReceived 3 ", HeadersText(Get()), " ended"),
              "StreamEnded 3"));
      return;
    }
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre(
            "PriorityUpdated 7 priority(dep 0, weight 101) by frame",
            absl::StrCat("RequestReceived 1 ", HeadersText(Get()), " ended"),
            "StreamEnded 1",
            "PriorityUpdated 1 priority(dep 7, weight 256) by header",
            absl::StrCat("RequestReceived 3 ", HeadersText(Get()), " ended"),
            "StreamEnded 3",
            "PriorityUpdated 3 priority(dep 1, weight 1, exclusive) "
            "by header"));
    client.Prioritize(3, {0, 16, false});
    client.Exchange(&server);
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre("PriorityUpdated 3 priority(dep 0, weight 16) by frame"));
  });
}

TEST(Nghttp2ClientTest, WindowsOfOneByteOfThePeer) {
  AgainstNghttp2(ServerOptions(), {{SettingId::kInitialWindowSize, 1}},
                 [](Player& server, Nghttp2Peer& client) {
                   client.Request({Get(), ""});
                   client.Exchange(&server);
                   ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
                   EXPECT_EQ(*server->LocalFlowControlWindow(1), 1);
                   const std::string body = Pattern(300);
                   client.ReceiveBody(&server, 1, body, {.end_stream = true});
                   EXPECT_EQ(client.body(1), body);
                   EXPECT_THAT(client.TakeLog(), Contains("CLOSE 1 NO_ERROR"));
                 });
}

TEST(Nghttp2ClientTest, WindowsOfOneByteOfOurs) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kInitialWindowSize, 1}};
  AgainstNghttp2(options, {}, [](Player& server, Nghttp2Peer& client) {
    const std::string body = Pattern(300);
    client.Request({Post(), body});
    EXPECT_EQ(client.SendBody(&server, 1), body);
  });
}

TEST(Nghttp2ClientTest, UploadLargerThanTheWindows) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    const std::string body = Pattern(300000);
    client.Request({Post(), body});
    EXPECT_EQ(client.SendBody(&server, 1), body);
  });
}

TEST(Nghttp2ClientTest, PingAndGoAwayBothWays) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    client.Ping("12345678");
    ASSERT_TRUE(server->Ping("abcdefgh").ok());
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PingReceived \"12345678\"",
                            "PingAckReceived \"abcdefgh\""));
    EXPECT_THAT(client.TakeLog(),
                ElementsAre("PING \"abcdefgh\"", "PING ACK \"12345678\""));

    client.Request({Get(), ""});
    client.Exchange(&server);
    server.TakeEvents();
    ASSERT_TRUE(server->StartGracefulShutdown().ok());
    ASSERT_TRUE(server->CloseConnection().ok());
    client.Exchange(&server);
    EXPECT_THAT(client.TakeLog(), ElementsAre("GOAWAY last 2147483647 NO_ERROR",
                                              "GOAWAY last 1 NO_ERROR"));
    // The stream that was under way is finished in peace.
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    client.Exchange(&server);
    EXPECT_THAT(client.TakeLog(),
                ElementsAre("HEADERS 1 {:status: 200}", "END 1 \"\"",
                            "CLOSE 1 NO_ERROR"));
    EXPECT_TRUE(client.done());

    client.GoAway(0, ErrorCode::kNoError);
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("ConnectionTerminated NO_ERROR last 0 \"\""));
  });
}

TEST(Nghttp2ClientTest, SettingsChangeWhileABodyIsUnderWay) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    client.Request({Get(), ""});
    client.Exchange(&server);
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    const std::string body = Pattern(60000);
    client.ReceiveBody(&server, 1, body, {});
    server.TakeEvents();

    // The window shrinks below what was sent, HPACK's table goes, frames grow.
    client.Settings({{SettingId::kInitialWindowSize, 10},
                     {SettingId::kHeaderTableSize, 0},
                     {SettingId::kMaxFrameSize, 65536}});
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(),
                Contains("RemoteSettingsChanged {1: 4096 → 0, 4: 65535 → 10, "
                         "5: 16384 → 65536}"));
    EXPECT_EQ(server->CapacityFor(0).frame_size, 65536u);
    client.ReceiveBody(&server, 1, body, {});
    ASSERT_TRUE(server
                    ->SendHeaders(1, {{"a-new-name", "and value"}},
                                  {.end_stream = true})
                    .ok());
    client.Exchange(&server);
    EXPECT_EQ(client.body(1), body + body);
    EXPECT_THAT(client.TakeLog(),
                Contains("TRAILERS 1 {a-new-name: and value}"));

    // And ours: the next request obeys them.
    ASSERT_TRUE(server
                    ->UpdateSettings({{{SettingId::kHeaderTableSize, 0},
                                       {SettingId::kInitialWindowSize, 100}}})
                    .ok());
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(),
                Contains("SettingsAcknowledged {1: 4096 → 0, 4: 65535 → 100}"));
    client.Request({With(Post(), {{"x-one", "1"}}), body});
    EXPECT_EQ(client.SendBody(&server, 3), body);
    client.Request({With(Get(), {{"x-one", "1"}}), ""});
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(), Contains(HasSubstr("x-one: 1")));
  });
}

TEST(Nghttp2ClientTest, HeaderBlocksOfSeveralFrames) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    std::vector<Header> many;
    for (int i = 0; i < 1000; ++i) {
      many.push_back({absl::StrCat("x-", i), Pattern(20)});
    }
    client.Request({With(Get(), many), ""});
    client.Exchange(&server);
    const KeptEvents events = server.TakeRawEvents();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(std::get<RequestReceived>(events[0]).headers.ToHeaders(),
              With(Get(), many));

    ASSERT_TRUE(server->SendHeaders(1, With(Status(), many)).ok());
    ASSERT_TRUE(server->EndStream(1).ok());
    client.Exchange(&server);
    EXPECT_THAT(client.TakeLog(),
                ElementsAre(absl::StrCat("HEADERS 1 ",
                                         HeadersText(With(Status(), many))),
                            "END 1 \"\"", "CLOSE 1 NO_ERROR"));
  });
}

TEST(Nghttp2ClientTest, PaddingBothWays) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    client.PadEveryFrame(100);
    const std::string body = Pattern(100000);
    client.Request({Post(), body});
    EXPECT_EQ(client.SendBody(&server, 1), body);
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    client.ReceiveBody(&server, 1, body,
                       {.end_stream = true, .pad_length = 255});
    EXPECT_EQ(client.body(1), body);
  });
}

TEST(Nghttp2ClientTest, ResetsBothWays) {
  AgainstNghttp2(ServerOptions(), {}, [](Player& server, Nghttp2Peer& client) {
    client.Request({Get(), ""});
    client.Request({Get(), ""});
    client.Exchange(&server);
    server.TakeEvents();
    client.Reset(1, ErrorCode::kCancel);
    ASSERT_TRUE(server->ResetStream(3, ErrorCode::kInternalError).ok());
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("StreamReset 1 CANCEL by peer"));
    EXPECT_THAT(client.TakeLog(),
                IsSupersetOf({"RST_STREAM 3 INTERNAL_ERROR",
                              "CLOSE 3 INTERNAL_ERROR", "CLOSE 1 CANCEL"}));
  });
}

TEST(Nghttp2ClientTest, ExtendedConnectIsATunnel) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kEnableConnectProtocol, 1}};
  AgainstNghttp2(options, {}, [](Player& server, Nghttp2Peer& client) {
    client.Request({{{":method", "CONNECT"},
                     {":protocol", "websocket"},
                     {":scheme", "https"},
                     {":authority", "example.com"},
                     {":path", "/chat"}},
                    "ping"});
    client.Exchange(&server);
    EXPECT_THAT(server.TakeEvents(),
                Contains(HasSubstr("{:method: CONNECT, :protocol: websocket")));
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    ASSERT_TRUE(server->SendData(1, absl::Cord("pong")).ok());
    ASSERT_TRUE(server->EndStream(1).ok());
    client.Exchange(&server);
    EXPECT_THAT(client.TakeLog(), Contains("END 1 \"pong\""));
  });
}

}  // namespace
}  // namespace sluice::h2::tests
