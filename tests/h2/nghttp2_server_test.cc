// Our client against libnghttp2's own server session, in memory and under every
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

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

TEST(Nghttp2ServerTest, RequestsAndResponsesWithBodiesAndTrailers) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    ASSERT_TRUE(client->SendHeaders(1, Post("/up")).ok());
    ASSERT_TRUE(client->SendData(1, absl::Cord("hello")).ok());
    ASSERT_TRUE(
        client->SendHeaders(1, {{"sum", "5"}}, {.end_stream = true}).ok());
    server.Exchange(&client);
    EXPECT_THAT(server.TakeLog(),
                ElementsAre("HEADERS 1 {:method: POST, :scheme: https, "
                            ":authority: example.com, :path: /up}",
                            "TRAILERS 1 {sum: 5}", "END 1 \"hello\""));
    server.Inform(1, Status("103"));
    server.Exchange(&client);
    server.Respond(1, {Status("200"), "world", {{"sum", "6"}}});
    server.Exchange(&client);
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("InformationalResponseReceived 1 {:status: 103}",
                            "ResponseReceived 1 {:status: 200}",
                            "DataReceived 1 \"world\" flow 5",
                            "TrailersReceived 1 {sum: 6}", "StreamEnded 1"));
    EXPECT_THAT(server.TakeLog(), Contains("CLOSE 1 NO_ERROR"));
  });
}

TEST(Nghttp2ServerTest, BodiesLargerThanTheWindowsBothWays) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    const std::string body = Pattern(300000);
    ASSERT_TRUE(client->SendHeaders(1, Post()).ok());
    server.ReceiveBody(&client, 1, body, {.end_stream = true});
    EXPECT_EQ(server.body(1), body);
    server.Respond(1, {Status(), body});
    EXPECT_EQ(server.SendBody(&client, 1), body);
  });
}

TEST(Nghttp2ServerTest, Push) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    server.Exchange(&client);
    const StreamId pushed = server.Promise(1, Get("/style.css"));
    server.Exchange(&client);
    server.Respond(pushed, {Status(), "css"});
    server.Respond(1, {Status(), "page"});
    server.Exchange(&client);
    EXPECT_THAT(client.TakeEvents(),
                IsSupersetOf(
                    {"PushedStreamReceived 2 on 1 {:method: GET, :scheme: "
                     "https, :authority: example.com, :path: /style.css}",
                     "ResponseReceived 2 {:status: 200}",
                     "DataReceived 2 \"css\" flow 3 ended", "StreamEnded 2",
                     "ResponseReceived 1 {:status: 200}",
                     "DataReceived 1 \"page\" flow 4 ended", "StreamEnded 1"}));
  });
}

TEST(Nghttp2ServerTest, APushThatWeReset) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    server.Exchange(&client);
    server.Promise(1, Get("/style.css"));
    server.Exchange(&client);
    ASSERT_TRUE(client->ResetStream(2, ErrorCode::kCancel).ok());
    server.Respond(2, {Status(), Pattern(1000)});
    server.Exchange(&client);
    EXPECT_THAT(client.TakeEvents(),
                Not(Contains(HasSubstr("ResponseReceived 2"))));
    EXPECT_THAT(server.TakeLog(), Contains("CLOSE 2 CANCEL"));
  });
}

TEST(Nghttp2ServerTest, PrioritiesInHeadersAndPriorityFrames) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    ASSERT_TRUE(client->Prioritize(7, {0, 101, false}).ok());
    ASSERT_TRUE(
        client
            ->SendHeaders(1, Get(),
                          {.end_stream = true,
                           .priority = signals::Rfc7540Priority{7, 256, true}})
            .ok());
    ASSERT_TRUE(client->Prioritize(1, {0, 1, false}).ok());
    ASSERT_TRUE(client->SendPriorityUpdate(1, {1, true}).ok());
    server.Exchange(&client);
    std::vector<std::string> log = {
        "PRIORITY 7 priority(dep 0, weight 101)",
        absl::StrCat("HEADERS 1 ", HeadersText(Get()),
                     " priority(dep 7, weight 256, exclusive)"),
        "END 1 \"\"", "PRIORITY 1 priority(dep 0, weight 1)"};
    if (!Nghttp2Peer::HasRfc7540Priorities()) log = {log[1], log[2]};
    EXPECT_THAT(server.TakeLog(), ElementsAreArray(log));
  });
}

TEST(Nghttp2ServerTest, WindowsOfOneByteOfThePeer) {
  AgainstNghttp2(ClientOptions(), {{SettingId::kInitialWindowSize, 1}},
                 [](Player& client, Nghttp2Peer& server) {
                   ASSERT_TRUE(client->SendHeaders(1, Post()).ok());
                   const std::string body = Pattern(300);
                   server.ReceiveBody(&client, 1, body, {.end_stream = true});
                   EXPECT_EQ(server.body(1), body);
                 });
}

TEST(Nghttp2ServerTest, WindowsOfOneByteOfOurs) {
  ConnectionOptions options = ClientOptions();
  options.settings = {{SettingId::kInitialWindowSize, 1}};
  AgainstNghttp2(options, {}, [](Player& client, Nghttp2Peer& server) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    server.Exchange(&client);
    const std::string body = Pattern(300);
    server.Respond(1, {Status(), body});
    EXPECT_EQ(server.SendBody(&client, 1), body);
  });
}

TEST(Nghttp2ServerTest, PingAndGoAwayBothWays) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    server.Ping("12345678");
    ASSERT_TRUE(client->Ping("abcdefgh").ok());
    server.Exchange(&client);
    EXPECT_THAT(client.TakeEvents(),
                IsSupersetOf({"PingReceived \"12345678\"",
                              "PingAckReceived \"abcdefgh\""}));
    EXPECT_THAT(server.TakeLog(),
                IsSupersetOf({"PING \"abcdefgh\"", "PING ACK \"12345678\""}));

    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    server.Exchange(&client);
    server.GoAway(1, ErrorCode::kNoError);
    server.Exchange(&client);
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("ConnectionTerminated NO_ERROR last 1 \"\""));
    EXPECT_FALSE(client->SendHeaders(3, Get()).ok());
    ASSERT_TRUE(client->CloseConnection().ok());
    server.Exchange(&client);
    EXPECT_THAT(server.TakeLog(), Contains("GOAWAY last 0 NO_ERROR"));
    server.Respond(1, {Status(), "late"});
    server.Exchange(&client);
    EXPECT_THAT(
        client.TakeEvents(),
        ElementsAre("ResponseReceived 1 {:status: 200}",
                    "DataReceived 1 \"late\" flow 4 ended", "StreamEnded 1"));
    EXPECT_TRUE(server.done());
  });
}

TEST(Nghttp2ServerTest, SettingsChangeWhileABodyIsUnderWay) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    ASSERT_TRUE(client->SendHeaders(1, Post()).ok());
    const std::string body = Pattern(60000);
    server.ReceiveBody(&client, 1, body, {});
    server.Settings({{SettingId::kInitialWindowSize, 10},
                     {SettingId::kHeaderTableSize, 0},
                     {SettingId::kMaxFrameSize, 65536}});
    server.Exchange(&client);
    server.ReceiveBody(&client, 1, body, {.end_stream = true});
    EXPECT_EQ(server.body(1), body + body);

    ASSERT_TRUE(client
                    ->UpdateSettings({{{SettingId::kHeaderTableSize, 0},
                                       {SettingId::kInitialWindowSize, 100}}})
                    .ok());
    server.Exchange(&client);
    server.Respond(1, {With(Status(), {{"x-one", "1"}}), body});
    EXPECT_EQ(server.SendBody(&client, 1), body);
    ASSERT_TRUE(client->SendHeaders(3, Get(), {.end_stream = true}).ok());
    server.Exchange(&client);
    EXPECT_THAT(
        server.TakeLog(),
        Contains(AllOf(HasSubstr("HEADERS 3"), HasSubstr(HeadersText(Get())))));
  });
}

TEST(Nghttp2ServerTest, HeaderBlocksOfSeveralFramesAndPadding) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    std::vector<Header> many;
    for (int i = 0; i < 1000; ++i) {
      many.push_back({absl::StrCat("x-", i), Pattern(20)});
    }
    ASSERT_TRUE(
        client->SendHeaders(1, With(Get(), many), {.end_stream = true}).ok());
    server.Exchange(&client);
    EXPECT_THAT(
        server.TakeLog(),
        ElementsAre(absl::StrCat("HEADERS 1 ", HeadersText(With(Get(), many))),
                    "END 1 \"\""));
    server.PadEveryFrame(200);
    const std::string body = Pattern(5000);
    server.Respond(1, {With(Status(), many), body});
    server.Exchange(&client);
    const KeptEvents events = client.TakeRawEvents();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(std::get<ResponseReceived>(events[0]).headers.ToHeaders(),
              With(Status(), many));
    const auto& data = std::get<DataReceived>(events[1]);
    EXPECT_EQ(data.data, body);
    EXPECT_GT(data.flow_controlled_length, body.size());
  });
}

TEST(Nghttp2ServerTest, NeverIndexedFieldsStayNeverIndexed) {
  AgainstNghttp2(ClientOptions(), {}, [](Player& client, Nghttp2Peer& server) {
    ASSERT_TRUE(client
                    ->SendHeaders(1,
                                  With(Get(), {{"authorization", "secret"},
                                               {"x-mine", "m", true}}),
                                  {.end_stream = true})
                    .ok());
    server.Exchange(&client);
    EXPECT_THAT(server.TakeLog(),
                Contains(HasSubstr("authorization: secret (never), x-mine: m "
                                   "(never)}")));
    server.Respond(1, {With(Status(), {{"set-cookie", "a=b", true}}), "x"});
    server.Exchange(&client);
    EXPECT_THAT(client.TakeEvents(),
                Contains("ResponseReceived 1 {:status: 200, set-cookie: a=b "
                         "(never)}"));
  });
}

}  // namespace
}  // namespace sluice::h2::tests
