// SendHeaders(): what it makes of a header list by the stream's state, and what
// it refuses without a trace (RFC 9113 §8).
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/frame_text.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

class SendHeadersTest : public ::testing::Test {
 protected:
  explicit SendHeadersTest(const ConnectionOptions& client = ClientOptions(),
                           const ConnectionOptions& server = ServerOptions())
      : client_(client, Feeding::OfThisRound()),
        server_(server, Feeding::OfThisRound()) {
    client_.Handshake();
    server_.Handshake();
    EXPECT_TRUE(server_.Receive(HeadersFrame(1, Block(Post()))).ok());
    server_.TakeEvents();
  }

  Player client_;
  Player server_;  // stream 1 is open, and has no answer yet
};

TEST_F(SendHeadersTest, ARequestOpensAStream) {
  ASSERT_TRUE(client_->SendHeaders(1, Get(), {.end_stream = true}).ok());
  EXPECT_THAT(client_.TakeFrames(),
              ElementsAre("HEADERS 1 {:method: GET, :scheme: https, "
                          ":authority: example.com, :path: /} END_STREAM"));
  EXPECT_EQ(client_->OpenOutboundStreams(), 1u);
  EXPECT_FALSE(client_->CanSendData(1));
  ASSERT_TRUE(client_->SendHeaders(7, Post()).ok());
  EXPECT_TRUE(client_->CanSendData(7));
  EXPECT_EQ(*client_->GetNextAvailableStreamId(), 9u);
}

// RFC 9113 §8.1: informational responses, one final one, trailers.
TEST_F(SendHeadersTest, AResponseFollowsTheStateOfItsStream) {
  EXPECT_FALSE(server_->CanSendData(1));
  ASSERT_TRUE(server_->SendHeaders(1, Status("100")).ok());
  ASSERT_TRUE(server_->SendHeaders(1, Status("103")).ok());
  EXPECT_FALSE(server_->CanSendData(1));
  EXPECT_TRUE(server_->AwaitsResponse(1));
  ASSERT_TRUE(server_->SendHeaders(1, Status("200")).ok());
  EXPECT_TRUE(server_->CanSendData(1));
  EXPECT_FALSE(server_->AwaitsResponse(1));
  EXPECT_FALSE(server_->AwaitsResponse(3));
  EXPECT_EQ(StatusText(server_->SendHeaders(1, {{"digest", "x"}})),
            "ERROR Protocol PROTOCOL_ERROR stream 1")
      << "trailers end the stream";
  ASSERT_TRUE(
      server_->SendHeaders(1, {{"digest", "x"}}, {.end_stream = true}).ok());
  EXPECT_FALSE(server_->CanSendData(1));
  EXPECT_THAT(
      server_.TakeFrames(),
      ElementsAre("HEADERS 1 {:status: 100}", "HEADERS 1 {:status: 103}",
                  "HEADERS 1 {:status: 200}",
                  "HEADERS 1 {digest: x} END_STREAM"));
  EXPECT_EQ(StatusText(server_->SendHeaders(1, Status())),
            "ERROR StreamClosed STREAM_CLOSED stream 1");
}

TEST_F(SendHeadersTest, AnInformationalResponseDoesNotEndTheStream) {
  EXPECT_EQ(
      StatusText(server_->SendHeaders(1, Status("100"), {.end_stream = true})),
      "ERROR Protocol PROTOCOL_ERROR stream 1");
}

TEST_F(SendHeadersTest, HeadersComeBeforeDataAndTrailers) {
  EXPECT_EQ(StatusText(server_->SendData(1, absl::Cord("x"))),
            "ERROR Protocol PROTOCOL_ERROR stream 1");
  EXPECT_EQ(StatusText(server_->SendHeaders(1, {{"digest", "x"}},
                                            {.end_stream = true})),
            "ERROR InvalidHeaders PROTOCOL_ERROR stream 1");
}

TEST_F(SendHeadersTest, IdsAreChecked) {
  ASSERT_TRUE(client_->SendHeaders(5, Get()).ok());
  EXPECT_EQ(StatusText(client_->SendHeaders(3, Get())),
            "ERROR StreamIdTooLow PROTOCOL_ERROR stream 3");
  EXPECT_EQ(StatusText(client_->SendHeaders(8, Get())),
            "ERROR NoSuchStream PROTOCOL_ERROR stream 8");
  EXPECT_EQ(StatusText(client_->SendHeaders(0, Get())),
            "ERROR NoSuchStream PROTOCOL_ERROR");
  EXPECT_EQ(StatusText(client_->SendHeaders(0x80000001, Get())),
            "ERROR NoAvailableStreamId PROTOCOL_ERROR stream 2147483649");
  EXPECT_EQ(StatusText(server_->SendHeaders(3, Status())),
            "ERROR NoSuchStream PROTOCOL_ERROR stream 3");
  EXPECT_EQ(StatusText(server_->SendHeaders(2, Status())),
            "ERROR NoSuchStream PROTOCOL_ERROR stream 2");
}

TEST_F(SendHeadersTest, ASkippedIdHasNoAnswer) {
  ASSERT_TRUE(server_.Receive(HeadersFrame(5, Block(Get()), kEnds)).ok());
  ASSERT_TRUE(server_->PushStream(1, 4, Get()).ok());
  for (const StreamId id : {2, 3}) {
    const absl::Status status = server_->SendHeaders(id, Status());
    EXPECT_EQ(StatusText(status), absl::StrCat("ERROR NoSuchStream "
                                               "PROTOCOL_ERROR stream ",
                                               id));
    EXPECT_EQ(status.message(),
              absl::StrCat("stream ", id,
                           " was skipped: a higher one was opened (RFC 9113 "
                           "5.1.1)"));
  }
}

// RFC 9113 §5.1.2.
TEST_F(SendHeadersTest, ThePeersMaxConcurrentStreamsHold) {
  ASSERT_TRUE(
      client_.Receive(SettingsFrame({{SettingId::kMaxConcurrentStreams, 1}}))
          .ok());
  client_.TakeFrames();
  ASSERT_TRUE(client_->SendHeaders(1, Get(), {.end_stream = true}).ok());
  EXPECT_EQ(StatusText(client_->SendHeaders(3, Get(), {.end_stream = true})),
            "ERROR TooManyStreams REFUSED_STREAM stream 3");
  ASSERT_TRUE(client_.Receive(HeadersFrame(1, Block(Status()), kEnds)).ok());
  EXPECT_TRUE(client_->SendHeaders(3, Get(), {.end_stream = true}).ok());
}

// Whatever is refused: the next header block is what it would have been.
TEST_F(SendHeadersTest, ARefusedCallChangesNeitherStateNorHpack) {
  const std::vector<Header> fields =
      With(Get(), {{"x-field", "a value that enters the dynamic table"}});
  Player other(ClientOptions(), Feeding::OfThisRound());
  other.Handshake();
  ASSERT_TRUE(other->SendHeaders(1, fields).ok());
  const std::string expected = other->DataToSend();

  SendHeadersOptions options;
  options.priority = signals::Rfc7540Priority{1, 16, false};
  EXPECT_EQ(StatusText(client_->SendHeaders(1, fields, options)),
            "ERROR Protocol PROTOCOL_ERROR stream 1");
  options.priority = signals::Rfc7540Priority{0, 257, false};
  EXPECT_EQ(StatusText(client_->SendHeaders(1, fields, options)),
            "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
  options.priority = signals::Rfc7540Priority{0, 0, false};
  EXPECT_EQ(StatusText(client_->SendHeaders(1, fields, options)),
            "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
  EXPECT_EQ(StatusText(client_->SendHeaders(1, With(fields, {{"te", "gzip"}}))),
            "ERROR InvalidHeaders PROTOCOL_ERROR stream 1");
  EXPECT_EQ(StatusText(client_->SendHeaders(1, With(fields, {{":path", "/"}}))),
            "ERROR PseudoHeaderOrder PROTOCOL_ERROR stream 1");
  EXPECT_EQ(client_->OutputSize(), 0u);
  EXPECT_EQ(client_->OpenOutboundStreams(), 0u);
  EXPECT_EQ(*client_->GetNextAvailableStreamId(), 1u);

  ASSERT_TRUE(client_->SendHeaders(1, fields).ok());
  EXPECT_EQ(client_->DataToSend(), expected);
}

TEST_F(SendHeadersTest, PriorityFieldsAreForClientsOnly) {
  SendHeadersOptions options;
  options.priority = signals::Rfc7540Priority{3, 256, true};
  ASSERT_TRUE(client_->SendHeaders(1, Get(), options).ok());
  EXPECT_THAT(client_.TakeFrames(),
              ElementsAre("HEADERS 1 {:method: GET, :scheme: https, "
                          ":authority: example.com, :path: /} priority(dep 3, "
                          "weight 256, exclusive)"));
  EXPECT_EQ(StatusText(server_->SendHeaders(1, Status(), options)),
            "ERROR ClientsOnly PROTOCOL_ERROR stream 1");
}

// RFC 9113 §4.2, §6.2: the 5 octets of the priority fields count too.
TEST_F(SendHeadersTest, ContinuationKeepsThePeersFrameSize) {
  const std::vector<Header> fields =
      With(Get(), {{"x", std::string(16384, '~')}});
  for (const bool with_priority : {false, true}) {
    SendHeadersOptions options;
    if (with_priority) options.priority = signals::Rfc7540Priority();
    const StreamId id = with_priority ? 3 : 1;
    ASSERT_TRUE(client_->SendHeaders(id, fields, options).ok());
    std::string output = client_->DataToSend();
    for (const Frame& frame : TakeFrames(&output)) {
      EXPECT_LE(frame.payload.size(), 16384u);
    }
    EXPECT_EQ(output, "");
  }
}

TEST_F(SendHeadersTest, NothingGoesOutBeforeTheConnectionIsInitiated) {
  Connection fresh(ClientOptions());
  EXPECT_EQ(StatusText(fresh.SendHeaders(1, Get())),
            "ERROR Protocol PROTOCOL_ERROR");
  EXPECT_EQ(fresh.OutputSize(), 0u);
}

// --- The switches ------------------------------------------------------------

std::vector<std::string> Sent(const ConnectionOptions& options,
                              const std::vector<Header>& more) {
  Player client(options, Feeding::OfThisRound());
  client.Handshake();
  const absl::Status status = client->SendHeaders(1, With(Get(), more));
  if (!status.ok()) return {StatusText(status)};
  return client.TakeFrames();
}

constexpr char kStart[] =
    "HEADERS 1 {:method: GET, :scheme: https, :authority: example.com, "
    ":path: /, ";

TEST(OutboundSwitchesTest, NamesAreLoweredAndConnectionFieldsLeftOut) {
  const std::vector<Header> fields = {{"X-Name", " v "}, {"Connection", "x"}};
  ConnectionOptions options = ClientOptions();
  EXPECT_THAT(Sent(options, fields),
              ElementsAre(std::string(kStart) + "x-name: v}"));
  options.normalize_outbound = false;
  EXPECT_THAT(Sent(options, fields),
              ElementsAre("ERROR InvalidHeaders PROTOCOL_ERROR stream 1"));
  options.validate_outbound = false;
  EXPECT_THAT(Sent(options, fields),
              ElementsAre(std::string(kStart) + "X-Name:  v , Connection: x}"));
}

TEST(OutboundSwitchesTest, CookiesAreSplitOnlyWhereAsked) {
  const std::vector<Header> fields = {
      {"cookie", "a=1; long=" + std::string(20, 'c')}};
  ConnectionOptions options = ClientOptions();
  EXPECT_THAT(Sent(options, fields),
              ElementsAre(std::string(kStart) +
                          "cookie: a=1; long=cccccccccccccccccccc}"));
  options.split_outbound_cookies = true;
  EXPECT_THAT(
      Sent(options, fields),
      ElementsAre(std::string(kStart) +
                  "cookie: a=1 (never), cookie: long=cccccccccccccccccccc}"));
}

TEST(OutboundSwitchesTest, SecretsAreNeverIndexed) {
  EXPECT_THAT(Sent(ClientOptions(), {{"authorization", "secret"},
                                     {"proxy-authorization", "secret"},
                                     {"cookie", "short"},
                                     {"x", "y", true}}),
              ElementsAre(std::string(kStart) +
                          "authorization: secret (never), "
                          "proxy-authorization: secret (never), cookie: short "
                          "(never), x: y (never)}"));
}

TEST(InboundSwitchesTest, CookiesAreJoinedUnlessSwitchedOff) {
  const std::string request = HeadersFrame(
      1, Block(With(Get(), {{"cookie", "a=1"}, {"cookie", "b=2"}})));
  for (const bool normalize : {true, false}) {
    ConnectionOptions options = ServerOptions();
    options.normalize_inbound = normalize;
    UnderEveryFeeding(options, [&](Player& server) {
      server.Handshake();
      ASSERT_TRUE(server.Receive(request).ok());
      EXPECT_THAT(
          server.TakeEvents(),
          ElementsAre(std::string("RequestReceived 1 {:method: GET, :scheme: "
                                  "https, :authority: example.com, :path: /, "
                                  "cookie: a=1") +
                      (normalize ? "; b=2 (never)}" : ", cookie: b=2}")));
    });
  }
}

// RFC 9113 §8.2.1 is about each field, and an empty value is legal.
TEST(InboundSwitchesTest, CookiesAreCheckedBeforeTheyAreJoined) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    const auto request = [](StreamId id, const std::string& second) {
      return HeadersFrame(
          id, Block(With(Get(), {{"cookie", "a=1"}, {"cookie", second}})));
    };
    ASSERT_TRUE(server.Receive(request(1, "")).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre(::testing::HasSubstr("cookie: a=1; ")));
    ASSERT_TRUE(server.Receive(request(3, " b=2")).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre(::testing::StartsWith("StreamReset 3")));
  });
}

TEST(InboundSwitchesTest, AMalformedRequestArrivesWhereValidationIsOff) {
  const std::string request =
      HeadersFrame(1, Block(With(Get(), {{"Connection", "x"}})));
  for (const bool validate : {true, false}) {
    ConnectionOptions options = ServerOptions();
    options.validate_inbound = validate;
    UnderEveryFeeding(options, [&](Player& server) {
      server.Handshake();
      ASSERT_TRUE(server.Receive(request).ok());
      EXPECT_THAT(
          server.TakeEvents(),
          ElementsAre(validate ? "StreamReset 1 PROTOCOL_ERROR by us: "
                                 "InvalidHeaders"
                               : "RequestReceived 1 {:method: GET, :scheme: "
                                 "https, :authority: example.com, :path: "
                                 "/, Connection: x}"));
    });
  }
}

TEST(InboundTest, NeverIndexedFieldsStayMarked) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    ASSERT_TRUE(
        server.Receive(HeadersFrame(1, Block(With(Get(), {{"x", "y", true}}))))
            .ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("RequestReceived 1 {:method: GET, :scheme: https, "
                            ":authority: example.com, :path: /, x: y "
                            "(never)}"));
  });
}

// A proxy that passes fields on keeps the mark (RFC 7541 §7.1.3).
TEST(InboundTest, AFieldThatArrivedNeverIndexedGoesOutNeverIndexed) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    ASSERT_TRUE(
        server.Receive(HeadersFrame(1, Block(With(Get(), {{"x", "y", true}}))))
            .ok());
    const KeptEvents events = server.TakeRawEvents();
    const Header field =
        std::get<RequestReceived>(events.at(0)).headers.ToHeaders().back();
    ASSERT_TRUE(
        server->SendHeaders(1, With(Status(), {field}), {.end_stream = true})
            .ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("HEADERS 1 {:status: 200, x: y (never)} "
                            "END_STREAM"));
  });
}

TEST(LogSinkTest, GetsStreamErrorsAndConnectionErrors) {
  std::vector<std::string> lines;
  ConnectionOptions options = ServerOptions();
  options.log_sink = [&](absl::string_view line) {
    lines.push_back(std::string(line.substr(0, line.find(':'))));
  };
  Player server(options, Feeding::OfThisRound());
  server.Handshake();
  EXPECT_TRUE(server.Receive(HeadersFrame(1, Block({{"x", "y"}}))).ok());
  EXPECT_FALSE(server.Receive(DataFrame(0, "")).ok());
  EXPECT_THAT(lines, ElementsAre("stream 1 error PROTOCOL_ERROR",
                                 "connection error PROTOCOL_ERROR"));
  EXPECT_THAT(server.TakeFrames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR",
                                               "GOAWAY last 1 PROTOCOL_ERROR"));
}

TEST(LogSinkTest, GetsFaultsOfOursInOneLine) {
  std::vector<std::string> lines;
  ConnectionOptions options = ServerOptions();
  options.log_sink = [&](absl::string_view line) { lines.emplace_back(line); };
  const Connection server(options);
  server.LogStreamError(1, absl::DataLossError("no /a\r\nb\x7f \xc3\xa9"));
  EXPECT_THAT(lines, ElementsAre("stream 1 error INTERNAL_ERROR: no "
                                 "/a\\x0d\\x0ab\\x7f \xc3\xa9"));
  Connection(ServerOptions()).LogStreamError(1, absl::DataLossError("x"));
}

}  // namespace
}  // namespace sluice::h2::tests
