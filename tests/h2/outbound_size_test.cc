// How large a field and a list of fields may be that goes out: what a peer
// cannot decode would end the connection for every stream (RFC 9113 §4.3,
// §6.5.2), so the call is refused and nothing changes.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Header Large(const std::string& name, size_t size) {
  return {name, std::string(size, '~')};  // Huffman's code makes it longer
}

constexpr char kTooLarge[] = "ERROR HeadersTooLarge INTERNAL_ERROR stream ";

// A server that got requests on streams 1 and 3.
void Serving(const std::vector<Setting>& peer_settings,
             const std::function<void(Player&)>& body) {
  UnderEveryFeeding(ServerOptions(), [&](Player& server) {
    server.Handshake(peer_settings);
    ASSERT_TRUE(server
                    .Receive(HeadersFrame(1, Block(Get())) +
                             HeadersFrame(3, Block(Get())))
                    .ok());
    server.TakeEvents();
    body(server);
  });
}

// A refusal leaves the stream, HPACK and the output as they were: the next call
// is decoded well by who reads the output.
void ExpectNothingChanged(Player& server) {
  EXPECT_THAT(server.TakeFrames(), IsEmpty());
  EXPECT_TRUE(
      server->SendHeaders(1, With(Status(), {{"x-table", "in it"}})).ok());
  EXPECT_TRUE(
      server->SendHeaders(3, With(Status(), {{"x-table", "in it"}})).ok());
  EXPECT_THAT(server.TakeFrames(),
              ElementsAre("HEADERS 1 {:status: 200, x-table: in it}",
                          "HEADERS 3 {:status: 200, x-table: in it}"));
}

TEST(OutboundSizeTest, AFieldBeyond64KiBIsRefusedByName) {
  Serving({}, [](Player& server) {
    const absl::Status status = server->SendHeaders(
        1,
        With(Status(), {{"x-table", "not yet"}, Large("set-cookie", 120000)}));
    EXPECT_EQ(StatusText(status), absl::StrCat(kTooLarge, 1));
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("set-cookie"), HasSubstr("120000"),
                      HasSubstr("65536"), Not(HasSubstr("~~"))));
    ExpectNothingChanged(server);
  });
}

TEST(OutboundSizeTest, ANameBeyond64KiBIsRefused) {
  Serving({}, [](Player& server) {
    const absl::Status status = server->SendHeaders(
        1, With(Status(), {{std::string(65537, 'n'), "v"}}));
    EXPECT_EQ(StatusText(status), absl::StrCat(kTooLarge, 1));
    EXPECT_LT(status.message().size(), 400u) << "the name is cut";
    ExpectNothingChanged(server);
  });
}

TEST(OutboundSizeTest, AFieldCanBeTooLargeWithoutBeingTheLargest) {
  Serving({}, [](Player& server) {
    const Header larger = {std::string(40000, 'n'), std::string(40000, 'v')};
    EXPECT_TRUE(server->SendHeaders(1, With(Status(), {larger})).ok());
    const absl::Status status = server->SendHeaders(
        3, With(Status(), {larger, Large("set-cookie", 65537), larger}));
    EXPECT_EQ(StatusText(status), absl::StrCat(kTooLarge, 3));
    EXPECT_THAT(std::string(status.message()), HasSubstr("set-cookie"));
  });
}

// The receiver of our largest field can decode it.
TEST(OutboundSizeTest, AFieldOf64KiBArrives) {
  ConnectionOptions client = ClientOptions();
  client.limits.max_header_list_size = 1'000'000;
  UnderEveryFeeding(client, ServerOptions(), [](Pipe& pipe) {
    pipe.Handshake();
    const std::vector<Header> response =
        With(Status(), {Large("set-cookie", 65536)});
    ASSERT_TRUE(
        pipe.client()->SendHeaders(1, Get(), {.end_stream = true}).ok());
    pipe.Run();
    ASSERT_TRUE(pipe.server()->SendHeaders(1, response).ok());
    pipe.Run();
    const KeptEvents events = pipe.client().TakeRawEvents();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(std::get<ResponseReceived>(events[0]).headers.ToHeaders(),
              response);
  });
}

// RFC 9113 §6.5.2: each field counts name, value and 32.
TEST(OutboundSizeTest, ThePeersMaxHeaderListSizeHoldsToTheByte) {
  // ":status: 200" is 42, "x-large" with n bytes 39 + n.
  Serving({{SettingId::kMaxHeaderListSize, 42 + 39 + 100}}, [](Player& server) {
    const absl::Status status =
        server->SendHeaders(1, With(Status(), {Large("x-large", 101)}));
    EXPECT_EQ(StatusText(status), absl::StrCat(kTooLarge, 1));
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("182"), HasSubstr("181"), HasSubstr("x-large"),
                      HasSubstr("MAX_HEADER_LIST_SIZE"), Not(HasSubstr("~~"))));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    EXPECT_TRUE(
        server->SendHeaders(1, With(Status(), {Large("x-large", 100)})).ok());
  });
}

TEST(OutboundSizeTest, HoldsForTrailersAndPromises) {
  Serving({{SettingId::kMaxHeaderListSize, 300}}, [](Player& server) {
    EXPECT_EQ(StatusText(server->PushStream(
                  1, 2, With(Get("/pushed"), {Large("x-large", 300)}))),
              absl::StrCat(kTooLarge, 2));
    EXPECT_EQ(*server->GetNextAvailableStreamId(), 2u);
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    server.TakeFrames();
    EXPECT_EQ(StatusText(server->SendHeaders(1, {Large("x-large", 300)},
                                             {.end_stream = true})),
              absl::StrCat(kTooLarge, 1));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    EXPECT_TRUE(server->EndStream(1).ok()) << "the stream is still open";
  });
}

TEST(OutboundSizeTest, HoldsForRequestsOfAClient) {
  UnderEveryFeeding(ClientOptions(), [](Player& client) {
    client.Handshake({{SettingId::kMaxHeaderListSize, 300}});
    EXPECT_EQ(StatusText(
                  client->SendHeaders(1, With(Get(), {Large("x-large", 300)}))),
              absl::StrCat(kTooLarge, 1));
    EXPECT_EQ(client->OpenOutboundStreams(), 0u);
    EXPECT_EQ(*client->GetNextAvailableStreamId(), 1u);
    EXPECT_THAT(client.TakeFrames(), IsEmpty());
  });
}

// The size is no rule about well-formed messages, which `validate_outbound`
// switches.
TEST(OutboundSizeTest, HoldsWithoutValidationToo) {
  ConnectionOptions options = ClientOptions();
  options.validate_outbound = false;
  UnderEveryFeeding(options, [](Player& client) {
    client.Handshake();
    EXPECT_FALSE(client->SendHeaders(1, {Large("x", 65537)}).ok());
  });
}

}  // namespace
}  // namespace sluice::h2::tests
