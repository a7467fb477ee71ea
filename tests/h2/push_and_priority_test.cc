// Server push, alternative services, and both kinds of priority signals (RFC
// 9113 §8.4, RFC 7838 §4, RFC 7540 §5.3, RFC 9218).
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;
constexpr char kRequest1[] =
    "RequestReceived 1 {:method: GET, :scheme: https, :authority: "
    "example.com, :path: /";

void Ready(const ConnectionOptions& options,
           const std::function<void(Player&)>& body,
           const std::vector<Setting>& peer_settings = {}) {
  UnderEveryFeeding(options, [&](Player& player) {
    player.Handshake(peer_settings);
    body(player);
  });
}

void Feed(Player& player, absl::string_view bytes) {
  EXPECT_EQ(StatusText(player.Receive(bytes)), "OK");
}

// --- Push --------------------------------------------------------------------

TEST(PushTest, APromiseReservesAndItsResponseOpens) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    ASSERT_TRUE(server->PushStream(1, 2, Get("/a.css")).ok());
    EXPECT_EQ(server->OpenOutboundStreams(), 0u) << "reserved does not count";
    ASSERT_TRUE(server->SendHeaders(2, Status()).ok());
    EXPECT_EQ(server->OpenOutboundStreams(), 1u);
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("PUSH_PROMISE 1 promises 2 {:method: GET, :scheme: "
                            "https, :authority: example.com, :path: /a.css}",
                            "HEADERS 2 {:status: 200}"));
  });
}

TEST(PushTest, IsRefusedWhereItIsIllegal) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    EXPECT_EQ(StatusText(server->PushStream(3, 2, Get())),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 3");
    EXPECT_EQ(StatusText(server->PushStream(1, 3, Get())),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 3");
    EXPECT_EQ(StatusText(server->PushStream(1, 2, Post())),
              "ERROR InvalidHeaders PROTOCOL_ERROR stream 2");
    ASSERT_TRUE(server->PushStream(1, 4, Get()).ok());
    EXPECT_EQ(StatusText(server->PushStream(1, 2, Get())),
              "ERROR StreamIdTooLow PROTOCOL_ERROR stream 2");
    EXPECT_EQ(StatusText(server->PushStream(4, 6, Get())),
              "ERROR Protocol PROTOCOL_ERROR stream 4")
        << "a pushed stream promises nothing";
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    EXPECT_EQ(StatusText(server->PushStream(1, 6, Get())),
              "ERROR StreamClosed STREAM_CLOSED stream 1");
  });
  Ready(ClientOptions(), [](Player& client) {
    EXPECT_EQ(StatusText(client->PushStream(1, 2, Get())),
              "ERROR ServersOnly PROTOCOL_ERROR stream 1");
  });
}

TEST(PushTest, ThePeersEnablePushHolds) {
  Ready(ServerOptions(),
        [](Player& server) {
          Feed(server, HeadersFrame(1, Block(Get()), kEnds));
          EXPECT_EQ(StatusText(server->PushStream(1, 2, Get())),
                    "ERROR Protocol PROTOCOL_ERROR stream 1");
        },
        {{SettingId::kEnablePush, 0}});
}

TEST(PushTest, AClientMayRefuseOne) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    Feed(client, PushPromiseFrame(1, 2, Block(Get("/a.css"))));
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("PushedStreamReceived 2 on 1 {:method: GET, "
                            ":scheme: https, :authority: example.com, :path: "
                            "/a.css}"));
    client.TakeFrames();
    ASSERT_TRUE(client->ResetStream(2, ErrorCode::kRefusedStream).ok());
    Feed(client, HeadersFrame(2, Block(Status())) + DataFrame(2, "css"));
    EXPECT_THAT(client.TakeEvents(), IsEmpty());
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("RST_STREAM 2 REFUSED_STREAM"));
  });
}

// RFC 9113 §8.4 allows no CONNECT in a promise; without validation it comes,
// and opens no tunnel.
TEST(PushTest, APromisedConnectOpensNoTunnel) {
  ConnectionOptions options = ClientOptions();
  options.validate_inbound = false;
  Ready(options, [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    Feed(client,
         PushPromiseFrame(
             1, 2, Block({{":method", "CONNECT"}, {":authority", "a:443"}})));
    client.TakeEvents();
    Feed(client, HeadersFrame(2, Block(Status())));
    client.TakeEvents();
    Feed(client, HeadersFrame(2, Block({{"checksum", "1"}}), kEnds));
    EXPECT_THAT(
        client.TakeEvents(),
        ElementsAre("TrailersReceived 2 {checksum: 1}", "StreamEnded 2"));
  });
}

TEST(PushTest, APromiseOnAStreamThatWeResetIsRefused) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    ASSERT_TRUE(client->ResetStream(1, ErrorCode::kCancel).ok());
    client.TakeFrames();
    Feed(client, PushPromiseFrame(1, 2, Block(Get())));
    EXPECT_THAT(client.TakeEvents(), IsEmpty());
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("RST_STREAM 2 REFUSED_STREAM"));
  });
}

// RFC 9113 §6.5.2: the server may not have seen the setting yet.
TEST(PushTest, APushIsRefusedBeforeThePeerKnowsThatItIsDisabled) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    const Setting off = {SettingId::kEnablePush, 0};
    ASSERT_TRUE(client->UpdateSettings({off}).ok());
    client.TakeFrames();
    Feed(client, PushPromiseFrame(1, 2, Block(Get())));
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("RST_STREAM 2 REFUSED_STREAM"));
    Feed(client, SettingsAckFrame());
    EXPECT_FALSE(client.Receive(PushPromiseFrame(1, 4, Block(Get()))).ok());
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("GOAWAY last 2 PROTOCOL_ERROR"));
  });
}

// --- ALTSVC (RFC 7838 §4)
// ------------------------------------------------------

TEST(AltSvcTest, GoesToAnOriginOrAStreamAndNotBoth) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    const char* value = "h2=\":8000\"";
    ASSERT_TRUE(
        server->AdvertiseAlternativeService(value, "a.test", std::nullopt)
            .ok());
    ASSERT_TRUE(
        server->AdvertiseAlternativeService(value, std::nullopt, StreamId{1})
            .ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("ALTSVC 0 \"a.test\" \"h2=\\\":8000\\\"\"",
                            "ALTSVC 1 \"\" \"h2=\\\":8000\\\"\""));
    for (const std::optional<StreamId> id :
         {std::optional<StreamId>(), std::optional<StreamId>(1)}) {
      const auto origin = id.has_value()
                              ? std::optional<absl::string_view>("a.test")
                              : std::nullopt;
      EXPECT_EQ(
          StatusText(server->AdvertiseAlternativeService(value, origin, id)),
          "ERROR InvalidArgument PROTOCOL_ERROR");
    }
    EXPECT_EQ(StatusText(server->AdvertiseAlternativeService(
                  value, std::nullopt, StreamId{3})),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 3");
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    EXPECT_EQ(StatusText(server->AdvertiseAlternativeService(
                  value, std::nullopt, StreamId{1})),
              "ERROR Protocol PROTOCOL_ERROR stream 1");
  });
  Ready(ClientOptions(), [](Player& client) {
    EXPECT_EQ(StatusText(client->AdvertiseAlternativeService("x", "a.test",
                                                             std::nullopt)),
              "ERROR ServersOnly PROTOCOL_ERROR");
  });
}

// Its length stands in two bytes, however large a frame the peer takes.
TEST(AltSvcTest, AnOriginHasAtMost65535Bytes) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, SettingsFrame({{SettingId::kMaxFrameSize, 100000}}));
    EXPECT_TRUE(server
                    ->AdvertiseAlternativeService("v", std::string(65535, 'a'),
                                                  std::nullopt)
                    .ok());
    EXPECT_EQ(StatusText(server->AdvertiseAlternativeService(
                  "v", std::string(65536, 'a'), std::nullopt)),
              "ERROR InvalidArgument PROTOCOL_ERROR");
  });
}

TEST(AltSvcTest, IsIgnoredWhereRfc7838SaysSo) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    Feed(client, AltSvcFrame(0, "", "no origin") +
                     AltSvcFrame(1, "a.test", "origin on a stream") +
                     AltSvcFrame(3, "", "no such stream"));
    EXPECT_THAT(client.TakeEvents(), IsEmpty());
    Feed(client, AltSvcFrame(0, "a.test", "v") + AltSvcFrame(1, "", "w"));
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("AlternativeServiceAvailable \"a.test\" \"v\"",
                            "AlternativeServiceAvailable \"example.com\" "
                            "\"w\""));
  });
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, AltSvcFrame(0, "a.test", "v"));
    EXPECT_THAT(server.TakeEvents(), IsEmpty());
  });
}

// --- RFC 7540 priorities
// -------------------------------------------------------

TEST(PrioritizeTest, IsForClientsAndForAnyStream) {
  Ready(ClientOptions(), [](Player& client) {
    EXPECT_TRUE(client->Prioritize(5, {3, 256, true}).ok());
    EXPECT_TRUE(client->Prioritize(kMaxStreamId, {0, 1, false}).ok());
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("PRIORITY 5 priority(dep 3, weight 256, exclusive)",
                            "PRIORITY 2147483647 priority(dep 0, weight 1)"));
    EXPECT_EQ(*client->GetNextAvailableStreamId(), 1u);
    EXPECT_EQ(StatusText(client->Prioritize(5, {5, 16, false})),
              "ERROR Protocol PROTOCOL_ERROR stream 5");
    for (const int weight : {0, 257}) {
      EXPECT_EQ(StatusText(client->Prioritize(5, {0, weight, false})),
                "ERROR InvalidArgument PROTOCOL_ERROR stream 5");
    }
    EXPECT_EQ(StatusText(client->Prioritize(0, {})),
              "ERROR InvalidArgument PROTOCOL_ERROR");
  });
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_EQ(StatusText(server->Prioritize(1, {})),
              "ERROR ClientsOnly PROTOCOL_ERROR stream 1");
  });
}

TEST(PriorityFrameTest, IsLegalInEveryStateAndCreatesNoStream) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server,
         PriorityFrame(7, {3, 201, true}) + PriorityFrame(kMaxStreamId, {}));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PriorityUpdated 7 priority(dep 3, weight 201, "
                            "exclusive) by frame",
                            "PriorityUpdated 2147483647 priority(dep 0, weight "
                            "16) by frame"));
    EXPECT_EQ(server->OpenInboundStreams(), 0u);
    // It moved no id: stream 1 is still idle.
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
  });
}

TEST(PriorityFrameTest, EventsOfOneHeadersFrameComeInOrder) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1,
                              PriorityFields({3, 7, true}) +
                                  Block(With(Get(), {{"priority", "u=1, i"}})),
                              kEnds | kHasPriority));
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre(
            ::testing::AllOf(::testing::StartsWith(kRequest1),
                             ::testing::EndsWith("ended")),
            "StreamEnded 1",
            "PriorityUpdated 1 priority(dep 3, weight 7, exclusive) by header",
            ::testing::StartsWith("PriorityFieldUpdated 1")));
  });
}

// --- RFC 9218
// ------------------------------------------------------------------

TEST(PriorityFieldTest, ARequestsFieldIsReadAndABadOneIgnored) {
  const struct {
    std::vector<Header> fields;
    std::optional<signals::Rfc9218Priority> expected;
  } cases[] = {
      {{}, std::nullopt},
      {{{"priority", "u=5"}}, signals::Rfc9218Priority{5, false}},
      {{{"priority", "u=5"}, {"priority", "i"}},
       signals::Rfc9218Priority{5, true}},
      {{{"priority", ""}}, signals::Rfc9218Priority{3, false}},
      {{{"priority", "u=5,"}}, std::nullopt},
  };
  for (const auto& c : cases) {
    Player server(ServerOptions(), Feeding::OfThisRound());
    server.Handshake();
    Feed(server, HeadersFrame(1, Block(With(Get(), c.fields)), kEnds));
    const KeptEvents events = server.TakeRawEvents();
    ASSERT_EQ(events.size(), c.expected.has_value() ? 3u : 2u);
    if (!c.expected.has_value()) continue;
    const auto& field = std::get<PriorityFieldUpdated>(events[2]);
    EXPECT_EQ(field.priority, *c.expected);
    EXPECT_EQ(field.source, SignalSource::kHeader);
  }
}

TEST(PriorityFieldTest, AResponsesFieldIsNoSignal) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    Feed(client, HeadersFrame(1, Block(With(Status(), {{"priority", "u=0"}}))));
    const KeptEvents events = client.TakeRawEvents();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(std::get<ResponseReceived>(events[0]).headers.Find("priority"),
              "u=0");
  });
}

TEST(PriorityUpdateTest, ClientsSendIt) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendPriorityUpdate(5, {1, true}).ok());
    ASSERT_TRUE(client->SendPriorityUpdate(1, {}).ok());
    EXPECT_THAT(client.TakeFrames(), ElementsAre("PRIORITY_UPDATE 5 \"u=1, i\"",
                                                 "PRIORITY_UPDATE 1 \"u=3\""));
    EXPECT_EQ(StatusText(client->SendPriorityUpdate(1, {8, false})),
              "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
    EXPECT_EQ(StatusText(client->SendPriorityUpdate(0, {})),
              "ERROR InvalidArgument PROTOCOL_ERROR");
    EXPECT_EQ(StatusText(client->SendPriorityUpdate(2, {})),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 2")
        << "an idle push";
  });
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_EQ(StatusText(server->SendPriorityUpdate(1, {})),
              "ERROR ClientsOnly PROTOCOL_ERROR stream 1");
  });
}

TEST(PriorityUpdateTest, ServersReceiveItForIdleOpenAndClosedStreams) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server,
         HeadersFrame(1, Block(Get()), kEnds) + PriorityUpdateFrame(1, "u=0") +
             PriorityUpdateFrame(1, "i") + PriorityUpdateFrame(1, "u=1,"));
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    Feed(server, PriorityUpdateFrame(1, "u=7"));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre(::testing::StartsWith(kRequest1), "StreamEnded 1",
                            "PriorityFieldUpdated 1 field(u=0) by frame",
                            "PriorityFieldUpdated 1 field(u=3, i) by frame"))
        << "a parameter that is not named has its default; fields that do not "
           "parse, and fields for closed streams, are ignored";
  });
}

// RFC 9218 §7: the frame that came before the stream goes over the field. That
// is the scheduler's to do; the core says how each of them came, and once.
TEST(PriorityUpdateTest,
     AnUpdateBeforeItsStreamAndTheFieldAreReportedOnceEach) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, PriorityUpdateFrame(1, "u=0"));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PriorityFieldUpdated 1 field(u=0) by frame"));
    Feed(server,
         HeadersFrame(1, Block(With(Get(), {{"priority", "u=6"}})), kEnds));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre(::testing::StartsWith(kRequest1), "StreamEnded 1",
                            "PriorityFieldUpdated 1 field(u=6) by header"));
  });
}

TEST(PriorityUpdateTest, IdleAndActiveStreamsTogetherKeepTheLimit) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kMaxConcurrentStreams, 2}};
  Ready(options, [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get()), kEnds) +
                     PriorityUpdateFrame(3, "u=0") +
                     PriorityUpdateFrame(3, "u=1"));
    // Stream 3 opens and is not idle any more; it counts once.
    Feed(server, HeadersFrame(3, Block(Get()), kEnds));
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    server.TakeFrames();
    Feed(server, PriorityUpdateFrame(5, "u=0"));
    EXPECT_FALSE(server.Receive(PriorityUpdateFrame(7, "u=0")).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("GOAWAY last 3 PROTOCOL_ERROR"));
  });
}

// RFC 9218 §7.1 names SETTINGS_MAX_CONCURRENT_STREAMS, and a value of ours
// holds for the peer once it acknowledged it (RFC 9113 §6.5.3).
TEST(PriorityUpdateTest, TheLimitIsTheOneThatThePeerAcknowledged) {
  Ready(ServerOptions(), [](Player& server) {
    const Setting none = {SettingId::kMaxConcurrentStreams, 0};
    ASSERT_TRUE(server->UpdateSettings({none}).ok());
    server.TakeFrames();
    server.TakeEvents();
    Feed(server, PriorityUpdateFrame(1, "u=0") + PriorityUpdateFrame(3, "u=1"));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PriorityFieldUpdated 1 field(u=0) by frame",
                            "PriorityFieldUpdated 3 field(u=1) by frame"));
    Feed(server, SettingsAckFrame() + PriorityUpdateFrame(1, "u=2"));
    EXPECT_FALSE(server.Receive(PriorityUpdateFrame(5, "u=0")).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("GOAWAY last 0 PROTOCOL_ERROR"));
  });
}

TEST(PriorityUpdateTest, BeforeTheFirstAcknowledgementThereIsNoLimit) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kMaxConcurrentStreams, 1}};
  UnderEveryFeeding(options, [](Player& server) {
    ASSERT_TRUE(server->InitiateConnection().ok());
    Feed(server,
         absl::StrCat(kPreface, SettingsFrame(), PriorityUpdateFrame(1, "u=0"),
                      PriorityUpdateFrame(3, "u=0"),
                      HeadersFrame(1, Block(Get()), kEnds),
                      PriorityUpdateFrame(5, "u=0")));
    EXPECT_EQ(server->OpenInboundStreams(), 1u);
    EXPECT_FALSE(
        server.Receive(SettingsAckFrame() + PriorityUpdateFrame(7, "u=0"))
            .ok());
  });
}

// The other side of the same rule: a call that would make the server end the
// connection is refused.
TEST(PriorityUpdateTest, AClientKeepsThePeersLimit) {
  Ready(ClientOptions(), [](Player& client) {
    Feed(client, SettingsFrame({{SettingId::kMaxConcurrentStreams, 2}}));
    ASSERT_TRUE(client->SendHeaders(1, Get()).ok());
    ASSERT_TRUE(client->SendPriorityUpdate(3, {}).ok());
    client.TakeFrames();
    EXPECT_EQ(StatusText(client->SendPriorityUpdate(5, {})),
              "ERROR TooManyStreams REFUSED_STREAM stream 5");
    EXPECT_THAT(client.TakeFrames(), IsEmpty());
    // An open stream, and an idle one that counts already, add nothing.
    EXPECT_TRUE(client->SendPriorityUpdate(1, {}).ok());
    EXPECT_TRUE(client->SendPriorityUpdate(3, {1, true}).ok());
    // Stream 3 is skipped: it is not idle any more.
    ASSERT_TRUE(client->SendHeaders(5, Get()).ok());
    ASSERT_TRUE(client->ResetStream(1, ErrorCode::kCancel).ok());
    EXPECT_TRUE(client->SendPriorityUpdate(7, {}).ok());
    EXPECT_FALSE(client->SendPriorityUpdate(9, {}).ok());
  });
}

}  // namespace
}  // namespace sluice::h2::tests
