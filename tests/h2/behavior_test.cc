// Behaviour that is easy to get wrong and spans several pieces.

#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/header_codec.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

// --- HPACK stays in step (RFC 9113 §4.3) ------------------------------------

// Frames that a server discards or refuses; their block puts a field into the
// dynamic table, which a later request refers to.
struct Discarded {
  const char* name;
  Setting our_setting;
  std::function<void(Player&)> prepare;
  StreamId id;
  uint8_t flags;
  std::string before_block;
};

const signals::Rfc7540Priority kSelfDependency = {.depends_on = 3};

std::vector<Discarded> DiscardedBlocks() {
  const Setting none = {SettingId::kHeaderTableSize, 4096};
  const auto nothing = [](Player&) {};
  const auto open = [](Player& server) {
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Post()))).ok());
  };
  return {
      {"beyond MAX_CONCURRENT_STREAMS",
       {SettingId::kMaxConcurrentStreams, 1},
       open,
       3,
       kEnds,
       ""},
      {"on a stream that we reset", none,
       [&](Player& server) {
         open(server);
         ASSERT_TRUE(server->ResetStream(1, ErrorCode::kCancel).ok());
       },
       1, kEnds, ""},
      {"on a stream that the peer reset", none,
       [&](Player& server) {
         open(server);
         ASSERT_TRUE(
             server.Receive(RstStreamFrame(1, ErrorCode::kCancel)).ok());
       },
       1, kEnds, ""},
      {"on a stream that the peer ended", none,
       [](Player& server) {
         ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()), kEnds)).ok());
       },
       1, kEnds, ""},
      {"above the last stream of our GOAWAY", none,
       [](Player& server) { ASSERT_TRUE(server->CloseConnection().ok()); }, 3,
       kEnds, ""},
      {"of a request that depends on itself", none, nothing, 3,
       kEnds | kHasPriority, PriorityFields(kSelfDependency)},
      {"of trailers without END_STREAM", none, open, 1, kEndHeaders, ""},
  };
}

TEST(BehaviorTest, HpackStaysInStepWithDiscardedFrames) {
  for (const Discarded& row : DiscardedBlocks()) {
    SCOPED_TRACE(row.name);
    ConnectionOptions options = ServerOptions();
    options.settings = {row.our_setting};
    UnderEveryFeeding(options, [&](Player& server) {
      server.Handshake();
      row.prepare(server);
      HeaderEncoder encoder;
      const std::vector<Header> fields = {{"x-shared", "in the table"}};
      const std::string first = encoder.Encode(
          row.id == 1 ? fields : With(Get("/discarded"), fields));
      const std::string second = encoder.Encode(With(Get("/"), fields));
      ASSERT_THAT(second, ::testing::Not(HasSubstr("table")));
      ASSERT_TRUE(
          server
              .Receive(HeadersFrame(
                  row.id, absl::StrCat(row.before_block, first), row.flags))
              .ok());
      server.TakeEvents();
      // A later block that decodes proves it, accepted or not: here by what it
      // says, or by the connection's going on.
      EXPECT_TRUE(server.Receive(HeadersFrame(5, second, kEnds)).ok());
      const std::vector<std::string> events = server.TakeEvents();
      EXPECT_TRUE(server.Receive(PingFrame("12345678")).ok());
      if (events.empty() ||
          events[0] == "StreamReset 5 REFUSED_STREAM by us: TooManyStreams") {
        return;
      }
      EXPECT_THAT(events[0], HasSubstr("x-shared: in the table"));
    });
  }
}

TEST(BehaviorTest, HpackStaysInStepAtAClientThatRefusesAPush) {
  UnderEveryFeeding(ClientOptions(), [](Player& client) {
    client.Handshake();
    ASSERT_TRUE(client->SendHeaders(1, Get()).ok());
    ASSERT_TRUE(client->SendHeaders(3, Get()).ok());
    ASSERT_TRUE(client->ResetStream(1, ErrorCode::kCancel).ok());
    HeaderEncoder encoder;
    const std::string promise =
        encoder.Encode(With(Get("/x"), {{"x-shared", "in the table"}}));
    const std::string response =
        encoder.Encode(With(Status(), {{"x-shared", "in the table"}}));
    ASSERT_TRUE(client
                    .Receive(absl::StrCat(PushPromiseFrame(1, 2, promise),
                                          HeadersFrame(3, response)))
                    .ok());
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("ResponseReceived 3 {:status: 200, x-shared: in "
                            "the table}"));
  });
}

// libnghttp2's decoder stops at 65,536 octets, so HPACK cannot stay in step.
TEST(BehaviorTest, AFieldBeyond64KiBIsACompressionError) {
  ConnectionOptions options = ServerOptions();
  options.limits.max_header_list_size = 1'000'000;
  for (const size_t size : {65000, 66000}) {
    UnderEveryFeeding(options, [&](Player& server) {
      server.Handshake();
      std::string block =
          Block(With(Get(), {{"x-long", std::string(size, 'x')}}));
      std::string bytes = HeadersFrame(1, block.substr(0, 16384), 0);
      for (block.erase(0, 16384); block.size() > 16384; block.erase(0, 16384)) {
        bytes += ContinuationFrame(1, block.substr(0, 16384), 0);
      }
      bytes += ContinuationFrame(1, block);
      EXPECT_EQ(StatusText(server.Receive(bytes)),
                size == 65000 ? "OK"
                              : "ERROR Compression COMPRESSION_ERROR stream 1");
    });
  }
}

// --- content-length (RFC 9113 §8.1.1, RFC 9110 §8.6) -------------------------

void ResponseTo(const char* method, const std::string& response,
                const std::vector<std::string>& events) {
  UnderEveryFeeding(ClientOptions(), [&](Player& client) {
    client.Handshake();
    std::vector<Header> request = Get();
    request[0].value = method;
    ASSERT_TRUE(client->SendHeaders(1, request, {.end_stream = true}).ok());
    EXPECT_TRUE(client.Receive(response).ok());
    EXPECT_THAT(client.TakeEvents(), ::testing::ElementsAreArray(events));
  });
}

TEST(BehaviorTest, AResponseToHeadHasAContentLengthAndNoContent) {
  const std::string headers = Block(With(Status(), {{"content-length", "5"}}));
  ResponseTo("HEAD", HeadersFrame(1, headers, kEnds),
             {"ResponseReceived 1 {:status: 200, content-length: 5} ended",
              "StreamEnded 1"});
  ResponseTo("HEAD",
             absl::StrCat(HeadersFrame(1, headers), DataFrame(1, "12345")),
             {"ResponseReceived 1 {:status: 200, content-length: 5}",
              "StreamReset 1 PROTOCOL_ERROR by us: InvalidBodyLength"});
  ResponseTo("GET", HeadersFrame(1, headers, kEnds),
             {"StreamReset 1 PROTOCOL_ERROR by us: InvalidBodyLength"});
}

TEST(BehaviorTest, A304HasAContentLengthAndNoContent) {
  const std::string headers =
      Block(With(Status("304"), {{"content-length", "5"}}));
  ResponseTo("GET", HeadersFrame(1, headers, kEnds),
             {"ResponseReceived 1 {:status: 304, content-length: 5} ended",
              "StreamEnded 1"});
  ResponseTo("GET",
             absl::StrCat(HeadersFrame(1, headers), DataFrame(1, "12345")),
             {"ResponseReceived 1 {:status: 304, content-length: 5}",
              "StreamReset 1 PROTOCOL_ERROR by us: InvalidBodyLength"});
}

// --- Ends
// ---------------------------------------------------------------------

TEST(BehaviorTest, EventsBeforeAnErrorAreDeliveredAndTheErrorIsTyped) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    const absl::Status status = server.Receive(absl::StrCat(
        PingFrame("12345678"), HeadersFrame(1, Block(Get())), DataFrame(1, "x"),
        DataFrame(0, "wrong"), PingFrame("87654321")));
    EXPECT_EQ(ErrorKindOf(status), ErrorKind::kProtocol);
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kProtocolError);
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre("PingReceived \"12345678\"", HasSubstr("RequestReceived 1"),
                    "DataReceived 1 \"x\" flow 1",
                    "ERROR Protocol PROTOCOL_ERROR"));
    EXPECT_THAT(
        server.TakeFrames(),
        ElementsAre("PING ACK \"12345678\"", "GOAWAY last 1 PROTOCOL_ERROR"));
  });
}

TEST(BehaviorTest, AZeroByteFrameMayEndAStreamWhoseWindowIsNegative) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()), kEnds)).ok());
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    ASSERT_TRUE(server->SendData(1, absl::Cord(std::string(1000, 'x'))).ok());
    ASSERT_TRUE(
        server.Receive(SettingsFrame({{SettingId::kInitialWindowSize, 0}}))
            .ok());
    EXPECT_EQ(*server->LocalFlowControlWindow(1), -1000);
    EXPECT_EQ(*server->LocalFlowControlWindow(0), 65535 - 1000);
    EXPECT_EQ(StatusText(server->SendData(1, absl::Cord("y"))),
              "ERROR FlowControl FLOW_CONTROL_ERROR stream 1");
    server.TakeFrames();
    EXPECT_TRUE(server->EndStream(1).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("DATA 1 \"\" END_STREAM"));
  });
}

TEST(BehaviorTest, CurlsPriorityForTheHighestStreamIsOnlyASignal) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    ASSERT_TRUE(server.Receive(PriorityFrame(kMaxStreamId, {0, 16})).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PriorityUpdated 2147483647 priority(dep 0, "
                            "weight 16) by frame"));
    ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()))).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre(HasSubstr("RequestReceived 1")));
    EXPECT_EQ(server->OpenInboundStreams(), 1u);
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
  });
}

}  // namespace
}  // namespace sluice::h2::tests
