// SETTINGS between two sides: when values take effect, and what a change may
// not be (RFC 9113 §6.5, §6.9.2; RFC 8441 §3; RFC 9218 §2.1). The upgrade from
// HTTP/1.1, whose header is SETTINGS too (RFC 7540 §3.2).
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

TEST(LocalSettingsTest, TheFirstFrameHoldsAllLocalValues) {
  ConnectionOptions options = ClientOptions();
  options.settings = {{SettingId::kMaxConcurrentStreams, 7},
                      {SettingId::kNoRfc7540Priorities, 1},
                      {static_cast<SettingId>(0x4242), 5}};
  Player client(options, Feeding::OfThisRound());
  ASSERT_TRUE(client->InitiateConnection().ok());
  EXPECT_THAT(client.TakeFrames(),
              ElementsAre("PREFACE",
                          "SETTINGS {1: 4096, 2: 1, 3: 7, 4: 65535, 5: 16384, "
                          "6: 65536, 9: 1, 16962: 5}"));
  EXPECT_EQ(StatusText(client->InitiateConnection()),
            "ERROR Protocol PROTOCOL_ERROR");
}

TEST(LocalSettingsTest, IllegalOptionsRefuseTheConnection) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kMaxFrameSize, 100}};
  Connection server(options);
  EXPECT_EQ(StatusText(server.InitiateConnection()),
            "ERROR InvalidSettingsValue PROTOCOL_ERROR");
  EXPECT_EQ(server.OutputSize(), 0u);
}

// RFC 9113 §6.5.3.
TEST(LocalSettingsTest, AValueHoldsFromTheAckOfItsOwnFrame) {
  Ready(ServerOptions(), [](Player& server) {
    const auto update = [&](uint32_t value) {
      const Setting setting = {SettingId::kMaxFrameSize, value};
      ASSERT_TRUE(server->UpdateSettings({setting}).ok());
    };
    update(20000);
    update(30000);
    EXPECT_EQ(server->LocalSetting(SettingId::kMaxFrameSize), 16384u);
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("SettingsAcknowledged {5: 16384 → 20000}"));
    EXPECT_EQ(server->LocalSetting(SettingId::kMaxFrameSize), 20000u);
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("SettingsAcknowledged {5: 20000 → 30000}"));
    // One that acknowledges nothing says nothing.
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_THAT(server.TakeEvents(), ElementsAre());
  });
}

TEST(LocalSettingsTest, AWindowChangeMovesTheStreamsAndNotTheConnection) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Post()))).ok());
    const Setting smaller = {SettingId::kInitialWindowSize, 10};
    ASSERT_TRUE(server->UpdateSettings({smaller}).ok());
    ASSERT_TRUE(server.Receive(DataFrame(1, "0123456789abcdef")).ok())
        << "the old window holds until the ACK";
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), -6);
    EXPECT_EQ(*server->RemoteFlowControlWindow(0), 65535 - 16);
    server.TakeFrames();
    ASSERT_TRUE(server.Receive(DataFrame(1, "x")).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("RST_STREAM 1 FLOW_CONTROL_ERROR"));
  });
}

TEST(LocalSettingsTest, ASettingThatMayNotChangeIsRefused) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kEnableConnectProtocol, 1}};
  Player server(options, Feeding::OfThisRound());
  server.Handshake();
  const auto update = [&](SettingId id, uint32_t value) {
    const Setting setting = {id, value};
    return StatusText(server->UpdateSettings({setting}));
  };
  const std::string invalid = "ERROR InvalidSettingsValue PROTOCOL_ERROR";
  EXPECT_EQ(update(SettingId::kEnableConnectProtocol, 0), invalid);
  EXPECT_EQ(update(SettingId::kNoRfc7540Priorities, 1), invalid);
  EXPECT_EQ(update(SettingId::kEnablePush, 1), invalid);
  EXPECT_EQ(update(SettingId::kInitialWindowSize, 0x80000000),
            "ERROR InvalidSettingsValue FLOW_CONTROL_ERROR");
  EXPECT_EQ(update(SettingId::kEnableConnectProtocol, 1), "OK");
  EXPECT_EQ(update(SettingId::kNoRfc7540Priorities, 0), "OK");
}

TEST(RemoteSettingsTest, AreReportedAndAcknowledgedAtOnce) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(
        server
            .Receive(SettingsFrame({{SettingId::kMaxFrameSize, 20000},
                                    {static_cast<SettingId>(0x4242), 7}}))
            .ok());
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre(
            "RemoteSettingsChanged {5: 16384 → 20000, 16962: unset → 7}"));
    EXPECT_THAT(server.TakeFrames(), ElementsAre("SETTINGS ACK"));
    EXPECT_EQ(server->CapacityFor(0).frame_size, 20000u);
    EXPECT_EQ(server->RemoteSetting(static_cast<SettingId>(0x4242)), 7u)
        << "unknown settings are kept";
  });
}

// RFC 9113 §6.9.2.
TEST(RemoteSettingsTest, TheMaxFrameSizeIsKnownBeforeTheBeginningAndAtTheEnd) {
  Connection connection({.side = Side::kServer});
  EXPECT_EQ(connection.MaxOutboundFrameSize(), 16384u);
  ASSERT_TRUE(connection.InitiateConnection().ok());
  ASSERT_TRUE(connection.CloseConnection(ErrorCode::kInternalError).ok());
  EXPECT_EQ(connection.MaxOutboundFrameSize(), 16384u);
}

TEST(RemoteSettingsTest, AWindowChangeMovesTheStreamsAndNotTheConnection) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()), kEnds)).ok());
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    ASSERT_TRUE(server->SendData(1, absl::Cord(std::string(60, 'x'))).ok());
    const auto set = [&](uint32_t value) {
      ASSERT_TRUE(
          server
              .Receive(SettingsFrame({{SettingId::kInitialWindowSize, value}}))
              .ok());
    };
    set(16);
    EXPECT_EQ(*server->LocalFlowControlWindow(1), 16 - 60);
    EXPECT_EQ(*server->LocalFlowControlWindow(0), 65535 - 60);
    EXPECT_EQ(StatusText(server->SendData(1, absl::Cord("x"))),
              "ERROR FlowControl FLOW_CONTROL_ERROR stream 1");
    // An empty frame goes at any window (§6.9.1).
    EXPECT_TRUE(server->SendData(1, absl::Cord()).ok());
    set(61);
    EXPECT_EQ(*server->LocalFlowControlWindow(1), 1);
    EXPECT_TRUE(server->SendData(1, absl::Cord("x")).ok());
    set(0);
    EXPECT_TRUE(server->EndStream(1).ok());
  });
}

TEST(RemoteSettingsTest, AWindowThatOverflowsEndsTheConnection) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(server
                    .Receive(HeadersFrame(1, Block(Get()), kEnds) +
                             WindowUpdateFrame(1, 0x7fffffff - 65535))
                    .ok());
    server.TakeEvents();
    // Too large in between counts as well.
    EXPECT_FALSE(
        server
            .Receive(SettingsFrame({{SettingId::kInitialWindowSize, 65536},
                                    {SettingId::kInitialWindowSize, 65535}}))
            .ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("GOAWAY last 1 FLOW_CONTROL_ERROR"));
  });
}

// RFC 7541 §4.2.
TEST(RemoteSettingsTest, TheHeaderTableFollowsThePeersSize) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(server
                    .Receive(HeadersFrame(1, Block(Get()), kEnds) +
                             SettingsFrame({{SettingId::kHeaderTableSize, 0}}))
                    .ok());
    server.TakeFrames();
    ASSERT_TRUE(server->SendHeaders(1, With(Status(), {{"x-new", "y"}})).ok());
    const std::string output = server->DataToSend();
    EXPECT_EQ(output[9], '\x20') << "a size update to 0 begins the block";
  });
}

// RFC 7541 §4.2: "the smallest maximum table size that occurs in that interval
// MUST be signaled", the values of one frame included (RFC 9113 §6.5.3).
TEST(RemoteSettingsTest, TheSmallestOfSeveralHeaderTableSizesIsSignalled) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(
        server
            .Receive(HeadersFrame(1, Block(Get()), kEnds) +
                     SettingsFrame({{SettingId::kHeaderTableSize, 0},
                                    {SettingId::kHeaderTableSize, 4096}}))
            .ok());
    server.TakeFrames();
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    EXPECT_EQ(server->DataToSend().substr(9, 4), "\x20\x3f\xe1\x1f")
        << "to 0, then to 4096";
  });
}

TEST(RemoteSettingsTest, ConnectProtocolDoesNotGoBack) {
  Ready(ClientOptions(), [](Player& client) {
    const Setting on = {SettingId::kEnableConnectProtocol, 1};
    const Setting off = {SettingId::kEnableConnectProtocol, 0};
    EXPECT_TRUE(client.Receive(SettingsFrame({off, on, on})).ok());
    EXPECT_FALSE(client.Receive(SettingsFrame({off})).ok());
    EXPECT_EQ(client.TakeFrames().back(), "GOAWAY last 0 PROTOCOL_ERROR");
  });
}

// RFC 8441 §3: a client sends :protocol once the server allowed it.
TEST(RemoteSettingsTest, ExtendedConnectNeedsTheServersSetting) {
  std::vector<Header> request = {{":method", "CONNECT"},
                                 {":protocol", "websocket"},
                                 {":scheme", "https"},
                                 {":path", "/chat"},
                                 {":authority", "example.com"}};
  Ready(ClientOptions(), [&](Player& client) {
    EXPECT_EQ(StatusText(client->SendHeaders(1, request)),
              "ERROR InvalidHeaders PROTOCOL_ERROR stream 1");
    ASSERT_TRUE(
        client.Receive(SettingsFrame({{SettingId::kEnableConnectProtocol, 1}}))
            .ok());
    EXPECT_TRUE(client->SendHeaders(1, request).ok());
  });
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kEnableConnectProtocol, 1}};
  Ready(options, [&](Player& server) {
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(request))).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("RequestReceived 1 {:method: CONNECT, :protocol: "
                            "websocket, :scheme: https, :path: /chat, "
                            ":authority: example.com}"));
  });
}

TEST(RemoteSettingsTest, NoRfc7540PrioritiesBelongsToTheFirstFrame) {
  const Setting on = {SettingId::kNoRfc7540Priorities, 1};
  const Setting off = {SettingId::kNoRfc7540Priorities, 0};
  for (const bool first : {true, false}) {
    UnderEveryFeeding(ServerOptions(), [&](Player& server) {
      server.Handshake(first ? std::vector<Setting>{on}
                             : std::vector<Setting>{});
      EXPECT_TRUE(server.Receive(SettingsFrame({first ? on : off})).ok());
      EXPECT_FALSE(server.Receive(SettingsFrame({first ? off : on})).ok());
      EXPECT_EQ(server.TakeFrames().back(), "GOAWAY last 0 PROTOCOL_ERROR");
    });
  }
}

// RFC 9218 §2.1: the client will not send useful RFC 7540 signals.
TEST(RemoteSettingsTest, AServerThenIgnoresRfc7540Signals) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake({{SettingId::kNoRfc7540Priorities, 1}});
    const std::string headers =
        HeadersFrame(1, PriorityFields({.depends_on = 1}) + Block(Get()),
                     kEnds | kHasPriority);
    EXPECT_TRUE(
        server
            .Receive(PriorityFrame(5, {}) + PriorityFrame(3, {3, 1}) + headers)
            .ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("RequestReceived 1 {:method: GET, :scheme: https, "
                            ":authority: example.com, :path: /} ended",
                            "StreamEnded 1"));
  });
}

// --- The upgrade from HTTP/1.1 (RFC 7540 §3.2) -------------------------------

TEST(UpgradeTest, StreamOneIsTheRequestThatAskedForIt) {
  ConnectionOptions client_options = ClientOptions();
  client_options.settings = {{SettingId::kInitialWindowSize, 1000}};
  UnderEveryFeeding(client_options, ServerOptions(), [](Pipe& pipe) {
    Player& client = pipe.client();
    Player& server = pipe.server();
    const absl::StatusOr<std::string> header = client->InitiateUpgrade();
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->find_first_of("=+/"), std::string::npos)
        << "base64url without padding (§3.2.1): " << *header;
    const absl::StatusOr<std::string> none = server->InitiateUpgrade(*header);
    ASSERT_TRUE(none.ok()) << none.status();
    EXPECT_EQ(*none, "");
    // The client's settings hold before its preface arrives.
    EXPECT_EQ(server->RemoteSetting(SettingId::kInitialWindowSize), 1000u);
    EXPECT_EQ(*server->LocalFlowControlWindow(1), 1000);
    EXPECT_EQ(server->OpenInboundStreams(), 1u);
    EXPECT_EQ(client->OpenOutboundStreams(), 1u);
    EXPECT_EQ(StatusText(client->SendData(1, absl::Cord("x"))),
              "ERROR StreamClosed STREAM_CLOSED stream 1")
        << "half-closed by the client";
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    ASSERT_TRUE(
        server->SendData(1, absl::Cord("hi"), {.end_stream = true}).ok());
    pipe.Run();
    const std::vector<std::string> events = client.TakeEvents();
    ASSERT_GE(events.size(), 4u);
    EXPECT_THAT(
        std::vector<std::string>(events.end() - 4, events.end()),
        ElementsAre("ResponseReceived 1 {:status: 200}",
                    "DataReceived 1 \"hi\" flow 2 ended", "StreamEnded 1",
                    ::testing::StartsWith("SettingsAcknowledged")));
    EXPECT_EQ(*client->GetNextAvailableStreamId(), 3u);
    ASSERT_TRUE(client->SendHeaders(3, Get(), {.end_stream = true}).ok());
    pipe.Run();
    EXPECT_EQ(server->OpenInboundStreams(), 1u);
  });
}

TEST(UpgradeTest, AnInvalidSettingsHeaderChangesNothing) {
  Connection server(ServerOptions());
  for (const char* header : {"!", "AAA", "AAMAAABk AAQ"}) {
    EXPECT_EQ(StatusText(server.InitiateUpgrade(header).status()),
              "ERROR InvalidArgument PROTOCOL_ERROR")
        << header;
  }
  // ENABLE_PUSH of 2; then 1 for ENABLE_CONNECT_PROTOCOL and back to 0.
  EXPECT_EQ(StatusText(server.InitiateUpgrade("AAIAAAAC").status()),
            "ERROR InvalidSettingsValue PROTOCOL_ERROR");
  EXPECT_EQ(StatusText(server.InitiateUpgrade("AAgAAAABAAgAAAAA").status()),
            "ERROR InvalidSettingsValue PROTOCOL_ERROR");
  EXPECT_EQ(server.OutputSize(), 0u);
  EXPECT_EQ(server.OpenInboundStreams(), 0u);
  EXPECT_TRUE(server.InitiateUpgrade("").ok()) << "an empty list is one";
  EXPECT_EQ(StatusText(server.InitiateUpgrade("").status()),
            "ERROR Protocol PROTOCOL_ERROR")
      << "only once";
}

}  // namespace
}  // namespace sluice::h2::tests
