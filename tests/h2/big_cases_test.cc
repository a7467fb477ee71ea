// Large bodies, large header lists, long lives, and the end of the stream ids.

#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"
#include "tests/support/allocation_counter.h"

namespace sluice::h2::tests {
namespace {

using ::sluice::testing::LiveBytes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A client and a server without the text that Pipe keeps.
class Pair {
 public:
  Pair() : client(ClientOptions()), server(ServerOptions()) {
    EXPECT_TRUE(client.InitiateConnection().ok());
    EXPECT_TRUE(server.InitiateConnection().ok());
    Exchange();
    client_events.clear();
    server_events.clear();
  }

  void Exchange() {
    bool moved = true;
    while (moved) {
      moved = Move(client, server, &server_events);
      moved = Move(server, client, &client_events) || moved;
    }
  }

  Connection client;
  Connection server;
  std::vector<Event> client_events;
  std::vector<Event> server_events;

 private:
  static bool Move(Connection& from, Connection& to,
                   std::vector<Event>* events) {
    const std::string bytes = from.DataToSend();
    EXPECT_EQ(StatusText(to.ReceiveData(bytes, events)), "OK");
    return !bytes.empty();
  }
};

TEST(BigCasesTest, ARequestBodyOf100MegabytesTakesLittleMemory) {
  Pair pair;
  ASSERT_TRUE(pair.client.SendHeaders(1, Post()).ok());
  pair.Exchange();
  const absl::Cord piece(std::string(16384, 'x'));
  constexpr int64_t kBody = 100'000'000;
  const int64_t before = LiveBytes();
  int64_t most = 0;
  int64_t sent = 0;
  int64_t received = 0;
  bool ended = false;
  while (!ended) {
    while (sent < kBody) {
      const int64_t size = std::min<int64_t>(
          {kBody - sent, 16384, *pair.client.LocalFlowControlWindow(1),
           static_cast<int64_t>(pair.client.CapacityFor(0).output_room)});
      if (size == 0) break;
      ASSERT_TRUE(pair.client
                      .SendData(1, piece.Subcord(0, size),
                                {.end_stream = sent + size == kBody})
                      .ok());
      sent += size;
    }
    const int64_t received_before = received;
    pair.Exchange();
    most = std::max(most, LiveBytes() - before);
    for (const Event& event : pair.server_events) {
      ended |= std::holds_alternative<StreamEnded>(event);
      const auto* data = std::get_if<DataReceived>(&event);
      if (data == nullptr) continue;
      received += data->data.size();
      ASSERT_TRUE(
          pair.server.AcknowledgeReceivedData(1, data->flow_controlled_length)
              .ok());
    }
    pair.server_events.clear();
    pair.client_events.clear();
    pair.Exchange();
    ASSERT_GT(received, received_before) << "stalled";
  }
  EXPECT_EQ(received, kBody);
  EXPECT_LT(most, 256 * 1024);
}

std::vector<Header> TenThousandFields() {
  std::vector<Header> headers = Status();
  for (int i = 0; i < 10'000; ++i) {
    headers.push_back({absl::StrCat("x-field-", i), "some value"});
  }
  return headers;
}

TEST(BigCasesTest, AResponseOf10000FieldsArrivesWhereTheLimitAllows) {
  ConnectionOptions options = ClientOptions();
  options.limits.max_header_list_size = 1'000'000;
  const std::vector<Header> headers = TenThousandFields();
  for (const Feeding& feeding : Feeding::All()) {
    Pipe pipe(options, ServerOptions(), feeding);
    pipe.Handshake();
    ASSERT_TRUE(
        pipe.client()->SendHeaders(1, Get(), {.end_stream = true}).ok());
    pipe.Run();
    ASSERT_TRUE(
        pipe.server()->SendHeaders(1, headers, {.end_stream = true}).ok());
    pipe.Run();
    const KeptEvents events = pipe.client().TakeRawEvents();
    ASSERT_EQ(events.size(), 2u) << feeding.name();
    EXPECT_EQ(std::get<ResponseReceived>(events[0]).headers.ToHeaders(),
              headers);
  }
}

TEST(BigCasesTest, AResponseOf10000FieldsIsRefusedByDefault) {
  // By a sender that does not care: ours would not send what the peer's
  // MAX_HEADER_LIST_SIZE forbids, or sends it split as here.
  UnderEveryFeeding(ClientOptions(), [](Player& client) {
    client.Handshake();
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    ASSERT_TRUE(client->SendHeaders(3, Get(), {.end_stream = true}).ok());
    client.TakeFrames();
    std::vector<Header> headers = TenThousandFields();
    headers.resize(3'000);  // 64 KiB < size < 4 × 64 KiB
    const std::string block = Block(headers);
    std::string bytes = HeadersFrame(1, block.substr(0, 16384), 0);
    size_t at = 16384;
    for (; at + 16384 < block.size(); at += 16384) {
      bytes += ContinuationFrame(1, block.substr(at, 16384), 0);
    }
    bytes += ContinuationFrame(1, block.substr(at));
    bytes += HeadersFrame(3, Block(Status()), kEndHeaders | kEndStream);
    EXPECT_TRUE(client.Receive(bytes).ok());
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("StreamReset 1 ENHANCE_YOUR_CALM by us: "
                            "DenialOfService",
                            "ResponseReceived 3 {:status: 200} ended",
                            "StreamEnded 3"));
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("RST_STREAM 1 ENHANCE_YOUR_CALM"));
  });
}

// Every tenth stream is reset by the client, every tenth by the server.
TEST(BigCasesTest, OneConnectionOf100000StreamsDoesNotGrow) {
  Pair pair;
  int64_t after_warm_up = 0;
  for (int i = 0; i < 100'000; ++i) {
    const StreamId id = 2 * i + 1;
    ASSERT_EQ(*pair.client.GetNextAvailableStreamId(), id);
    ASSERT_EQ(StatusText(pair.client.SendHeaders(
                  id, With(Get(absl::StrCat("/", i)), {{"x", "y"}}),
                  {.end_stream = true})),
              "OK");
    pair.Exchange();
    ASSERT_TRUE(pair.server.SendHeaders(id, Status()).ok());
    ASSERT_TRUE(pair.server.SendData(id, absl::Cord("body")).ok());
    if (i % 10 == 0) {
      ASSERT_TRUE(pair.client.ResetStream(id, ErrorCode::kCancel).ok());
    } else if (i % 10 == 5) {
      ASSERT_TRUE(pair.server.ResetStream(id, ErrorCode::kInternalError).ok());
    } else {
      ASSERT_TRUE(pair.server.EndStream(id).ok());
    }
    pair.Exchange();
    for (const Event& event : pair.client_events) {
      if (const auto* data = std::get_if<DataReceived>(&event)) {
        ASSERT_TRUE(
            pair.client
                .AcknowledgeReceivedData(id, data->flow_controlled_length)
                .ok());
      }
    }
    pair.client_events.clear();
    pair.server_events.clear();
    if (i == 20'000) after_warm_up = LiveBytes();
  }
  EXPECT_EQ(pair.client.OpenOutboundStreams(), 0u);
  EXPECT_EQ(pair.server.OpenInboundStreams(), 0u);
  EXPECT_LT(LiveBytes() - after_warm_up, 1024);
}

TEST(BigCasesTest, TheClientsStreamIdsEndAt2To31Minus1) {
  UnderEveryFeeding(ClientOptions(), [](Player& client) {
    client.Handshake();
    ASSERT_TRUE(
        client->SendHeaders(kMaxStreamId, Get(), {.end_stream = true}).ok());
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("HEADERS 2147483647 {:method: GET, :scheme: https, "
                            ":authority: example.com, :path: /} END_STREAM"));
    EXPECT_EQ(StatusText(client->GetNextAvailableStreamId().status()),
              "ERROR NoAvailableStreamId PROTOCOL_ERROR");
    EXPECT_EQ(StatusText(client->SendHeaders(kMaxStreamId - 2, Get())),
              "ERROR StreamIdTooLow PROTOCOL_ERROR stream 2147483645");
    EXPECT_FALSE(client->SendHeaders(kMaxStreamId + 2, Get()).ok());
    EXPECT_THAT(client.TakeFrames(), IsEmpty());

    // The last stream works to its end.
    EXPECT_TRUE(client
                    .Receive(HeadersFrame(kMaxStreamId, Block(Status()),
                                          kEndHeaders | kEndStream))
                    .ok());
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("ResponseReceived 2147483647 {:status: 200} ended",
                            "StreamEnded 2147483647"));
  });
}

TEST(BigCasesTest, TheServersStreamIdsEndAt2To31Minus2) {
  UnderEveryFeeding(ServerOptions(), [](Player& server) {
    server.Handshake();
    ASSERT_TRUE(server.Receive(HeadersFrame(kMaxStreamId, Block(Get()))).ok());
    ASSERT_TRUE(
        server->PushStream(kMaxStreamId, kMaxStreamId - 1, Get("/pushed"))
            .ok());
    EXPECT_EQ(StatusText(server->GetNextAvailableStreamId().status()),
              "ERROR NoAvailableStreamId PROTOCOL_ERROR");
    EXPECT_FALSE(
        server->PushStream(kMaxStreamId, kMaxStreamId - 3, Get()).ok());
    server.TakeFrames();
    ASSERT_TRUE(
        server->SendHeaders(kMaxStreamId - 1, Status(), {.end_stream = true})
            .ok());
    EXPECT_THAT(server.TakeFrames(),
                Contains("HEADERS 2147483646 {:status: 200} END_STREAM"));
  });
}

}  // namespace
}  // namespace sluice::h2::tests
