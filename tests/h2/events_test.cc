// Every event with every field, under every feeding.

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;
constexpr char kGet[] =
    "{:method: GET, :scheme: https, :authority: example.com, :path: /}";

// The events of `bytes` at a server that has shaken hands.
void AtServer(const std::string& bytes,
              const std::vector<std::string>& events) {
  UnderEveryFeeding(ServerOptions(), [&](Player& server) {
    server.Handshake();
    server.Receive(bytes).IgnoreError();
    EXPECT_THAT(server.TakeEvents(), ElementsAreArray(events));
  });
}

// The same of a client that has sent a request on stream 1.
void AtClient(const std::string& bytes,
              const std::vector<std::string>& events) {
  UnderEveryFeeding(ClientOptions(), [&](Player& client) {
    client.Handshake();
    ASSERT_TRUE(client->SendHeaders(1, Get()).ok());
    client.Receive(bytes).IgnoreError();
    EXPECT_THAT(client.TakeEvents(), ElementsAreArray(events));
  });
}

TEST(EventsTest, RequestReceived) {
  AtServer(HeadersFrame(1, Block(Get())),
           {absl::StrCat("RequestReceived 1 ", kGet)});
  AtServer(
      HeadersFrame(3, Block(Get()), kEnds),
      {absl::StrCat("RequestReceived 3 ", kGet, " ended"), "StreamEnded 3"});
}

TEST(EventsTest, ResponseReceived) {
  AtClient(HeadersFrame(1, Block(Status("404")), kEnds),
           {"ResponseReceived 1 {:status: 404} ended", "StreamEnded 1"});
}

TEST(EventsTest, InformationalResponseReceived) {
  AtClient(HeadersFrame(1, Block(With(Status("103"), {{"link", "</x>"}}))),
           {"InformationalResponseReceived 1 {:status: 103, link: </x>}"});
}

TEST(EventsTest, TrailersReceived) {
  AtServer(absl::StrCat(HeadersFrame(1, Block(Post())),
                        HeadersFrame(1, Block({{"sum", "1"}}), kEnds)),
           {"RequestReceived 1 {:method: POST, :scheme: https, :authority: "
            "example.com, :path: /}",
            "TrailersReceived 1 {sum: 1}", "StreamEnded 1"});
}

TEST(EventsTest, DataReceivedCountsPaddingAsFlowControlled) {
  AtClient(
      absl::StrCat(HeadersFrame(1, Block(Status())), DataFrame(1, "plain"),
                   DataFrame(1, Padded("padded", 10), kPadded | kEndStream)),
      {"ResponseReceived 1 {:status: 200}", "DataReceived 1 \"plain\" flow 5",
       "DataReceived 1 \"padded\" flow 17 ended", "StreamEnded 1"});
}

TEST(EventsTest, WindowUpdated) {
  AtClient(absl::StrCat(WindowUpdateFrame(1, 5), WindowUpdateFrame(0, 7)),
           {"WindowUpdated 1 +5", "WindowUpdated 0 +7"});
}

TEST(EventsTest, RemoteSettingsChangedHasOldAndNewValues) {
  AtServer(SettingsFrame({{SettingId::kInitialWindowSize, 10},
                          {static_cast<SettingId>(0xf00), 1}}),
           {"RemoteSettingsChanged {4: 65535 → 10, 3840: unset → 1}"});
}

TEST(EventsTest, SettingsAcknowledgedHasOldAndNewValuesOfThatFrame) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    ASSERT_TRUE(
        server->UpdateSettings({{{SettingId::kInitialWindowSize, 10}}}).ok());
    ASSERT_TRUE(
        server->UpdateSettings({{{SettingId::kInitialWindowSize, 20}}}).ok());
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("SettingsAcknowledged {4: 65535 → 10}"));
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("SettingsAcknowledged {4: 10 → 20}"));
  });
}

TEST(EventsTest, PingReceivedAndPingAckReceived) {
  AtServer(PingFrame("12345678"), {"PingReceived \"12345678\""});
  AtClient(PingFrame("12345678", kAck), {"PingAckReceived \"12345678\""});
}

TEST(EventsTest, StreamResetByThePeerKeepsUnknownCodes) {
  AtClient(RstStreamFrame(1, ErrorCode::kRefusedStream),
           {"StreamReset 1 REFUSED_STREAM by peer"});
  AtClient(RstStreamFrame(1, static_cast<ErrorCode>(0xbad)),
           {"StreamReset 1 2989 by peer"});
}

TEST(EventsTest, StreamResetByUsSaysWhy) {
  AtServer(HeadersFrame(1, Block({{":method", "GET"}})),
           {"StreamReset 1 PROTOCOL_ERROR by us: InvalidHeaders"});
  AtClient(WindowUpdateFrame(1, 0x7fffffff),
           {"StreamReset 1 FLOW_CONTROL_ERROR by us: FlowControl"});
}

TEST(EventsTest, PushedStreamReceived) {
  AtClient(PushPromiseFrame(1, 2, Block(Get())),
           {absl::StrCat("PushedStreamReceived 2 on 1 ", kGet)});
}

TEST(EventsTest, PriorityUpdatedHasWeights1To256) {
  AtServer(
      absl::StrCat(PriorityFrame(5, {3, 1, false}),
                   PriorityFrame(5, {0, 256, true})),
      {"PriorityUpdated 5 priority(dep 3, weight 1) by frame",
       "PriorityUpdated 5 priority(dep 0, weight 256, exclusive) by frame"});
}

TEST(EventsTest, PriorityFieldUpdatedByHeaderAndByFrame) {
  AtServer(absl::StrCat(
               HeadersFrame(1, Block(With(Get(), {{"priority", "u=1, i"}}))),
               PriorityUpdateFrame(1, "u=5")),
           {"RequestReceived 1 {:method: GET, :scheme: https, :authority: "
            "example.com, :path: /, priority: u=1, i}",
            "PriorityFieldUpdated 1 field(u=1, i) by header",
            "PriorityFieldUpdated 1 field(u=5) by frame"});
}

TEST(EventsTest, ConnectionTerminated) {
  AtClient(GoAwayFrame(1, ErrorCode::kEnhanceYourCalm, "too fast"),
           {"ConnectionTerminated ENHANCE_YOUR_CALM last 1 \"too fast\""});
}

TEST(EventsTest, AlternativeServiceAvailable) {
  AtClient(
      absl::StrCat(AltSvcFrame(0, "https://a.example", "h2=\":1\""),
                   AltSvcFrame(1, "", "clear")),
      {"AlternativeServiceAvailable \"https://a.example\" \"h2=\\\":1\\\"\"",
       "AlternativeServiceAvailable \"example.com\" \"clear\""});
}

TEST(EventsTest, UnknownFrameReceivedHasItsTypeFlagsStreamAndPayload) {
  AtServer(RawFrame(0xbe, 0xa5, 77, "payload"),
           {"UnknownFrameReceived type 0xbe flags 0xa5 77 \"payload\""});
}

// Everything that one HEADERS frame can cause.
TEST(EventsTest, OrderOfOneHeadersFrame) {
  AtServer(HeadersFrame(1,
                        absl::StrCat(PriorityFields({3, 7, true}),
                                     Block(With(Get(), {{"priority", "u=0"}}))),
                        kEnds | kHasPriority),
           {"RequestReceived 1 {:method: GET, :scheme: https, :authority: "
            "example.com, :path: /, priority: u=0} ended",
            "StreamEnded 1",
            "PriorityUpdated 1 priority(dep 3, weight 7, exclusive) by header",
            "PriorityFieldUpdated 1 field(u=0) by header"});
}

}  // namespace
}  // namespace sluice::h2::tests
