// Every limit of h2::Limits: its default, and what happens when it is reached
// (RFC 9113 §10.5).
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
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

// Bytes that are no connection error.
void Feed(Player& player, absl::string_view bytes) {
  EXPECT_EQ(StatusText(player.Receive(bytes)), "OK");
}

// --- Header lists ------------------------------------------------------------

// A header block whose list measures `size` bytes more than Get()'s.
std::string BlockOf(size_t size) {
  std::vector<Header> headers = Get();
  while (size > 0) {
    const size_t piece = std::min<size_t>(size, 10000);
    headers.push_back({"x", std::string(piece - 33, 'v')});
    size -= piece;
  }
  return Block(headers);
}

// HEADERS and CONTINUATION frames of at most 16384 bytes.
std::string BlockFrames(StreamId id, absl::string_view block, uint8_t flags) {
  std::string out =
      HeadersFrame(id, block.substr(0, 16384),
                   block.size() <= 16384 ? flags | kEndHeaders : flags);
  for (size_t at = 16384; at < block.size(); at += 16384) {
    out += ContinuationFrame(id, block.substr(at, 16384),
                             at + 16384 >= block.size() ? kEndHeaders : 0);
  }
  return out;
}

TEST(HeaderListLimitTest, IsAnnouncedWithItsDefaultOf64KiB) {
  EXPECT_EQ(Limits().max_header_list_size, 65536u);
  Player server(ServerOptions(), Feeding::OfThisRound());
  ASSERT_TRUE(server->InitiateConnection().ok());
  EXPECT_THAT(
      server.TakeFrames(),
      ElementsAre("SETTINGS {1: 4096, 3: 100, 4: 65535, 5: 16384, 6: 65536}"));
}

TEST(HeaderListLimitTest, ALargerListResetsTheStreamAndHpackStaysInStep) {
  Ready(ServerOptions(), [](Player& server) {
    // A field that enters the dynamic table stands at the end of the block.
    const std::string indexed = "\x40\x01y\x01z";
    EXPECT_TRUE(
        server.Receive(BlockFrames(1, BlockOf(66000) + indexed, kEndStream))
            .ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("StreamReset 1 ENHANCE_YOUR_CALM by us: "
                            "DenialOfService"));
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("RST_STREAM 1 ENHANCE_YOUR_CALM"));
    Feed(server, HeadersFrame(3, Block(Get()) + "\xbe", kEnds));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("RequestReceived 3 {:method: GET, :scheme: https, "
                            ":authority: example.com, :path: /, y: z} ended",
                            "StreamEnded 3"));
  });
}

TEST(HeaderListLimitTest, AtFourTimesTheLimitTheConnectionEnds) {
  ConnectionOptions options = ServerOptions();
  options.limits.max_header_list_size = 16384;
  Ready(options, [](Player& server) {
    EXPECT_TRUE(server.Receive(BlockFrames(1, BlockOf(65000), 0)).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("RST_STREAM 1 ENHANCE_YOUR_CALM"));
    EXPECT_FALSE(server.Receive(BlockFrames(3, BlockOf(66000), 0)).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("GOAWAY last 1 ENHANCE_YOUR_CALM"));
  });
}

TEST(HeaderListLimitTest, AServerMayAnswer431) {
  ConnectionOptions options = ServerOptions();
  options.limits.max_header_list_size = 1000;
  options.oversized_headers = OversizedHeaders::kAnswer;
  Ready(options, [](Player& server) {
    EXPECT_TRUE(server.Receive(BlockFrames(1, BlockOf(2000), 0)).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("HEADERS 1 {:status: 431} END_STREAM",
                            "RST_STREAM 1 NO_ERROR"));
  });
}

TEST(HeaderListLimitTest, HoldsForResponsesTrailersAndPushesToo) {
  ConnectionOptions options = ClientOptions();
  options.limits.max_header_list_size = 1000;
  Ready(options, [](Player& client) {
    for (const StreamId id : {1, 3, 5}) {
      ASSERT_TRUE(client->SendHeaders(id, Get(), {.end_stream = true}).ok());
    }
    client.TakeFrames();
    std::vector<Header> large = Status();
    large.push_back({"x", std::string(2000, 'v')});
    const std::vector<Header> trailers = {{"x", std::string(2000, 'v')}};
    Feed(client, HeadersFrame(1, Block(large)) +
                     HeadersFrame(3, Block(Status())) +
                     HeadersFrame(3, Block(trailers), kEnds) +
                     PushPromiseFrame(5, 2, BlockOf(2000)));
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("RST_STREAM 1 ENHANCE_YOUR_CALM",
                            "RST_STREAM 3 ENHANCE_YOUR_CALM",
                            "RST_STREAM 2 ENHANCE_YOUR_CALM"));
  });
}

// Each of these requests frees its place among the concurrent streams at once.
std::string RequestsThatAreReset(StreamId first, int count) {
  std::string bytes;
  for (StreamId id = first; count > 0; id += 2, --count) {
    bytes += HeadersFrame(id, Block(Get()), kEnds) +
             RstStreamFrame(id, ErrorCode::kCancel);
  }
  return bytes;
}

size_t ListSize(const std::vector<Header>& headers) {
  size_t size = 0;
  for (const Header& header : headers) {
    size += header.name.size() + header.value.size() + 32;
  }
  return size;
}

// In one piece, since the limit is one of a call.
TEST(HeaderBytesOfReadTest, RequestsThatAreResetAtOnceFillNoMoreThanTheLimit) {
  EXPECT_EQ(Limits().max_header_bytes_per_read, 4u * 1024 * 1024);
  ConnectionOptions options = ServerOptions();
  options.limits.max_header_bytes_per_read = 3 * ListSize(Get());
  Player server(options, Feeding::Whole());
  server.Handshake();
  Feed(server, RequestsThatAreReset(1, 4));
  EXPECT_THAT(server.TakeFrames(),
              ElementsAre("RST_STREAM 7 ENHANCE_YOUR_CALM"));
  EXPECT_EQ(server.TakeRawEvents().size(), 3 * 3 + 1u);
}

TEST(HeaderBytesOfReadTest, TheNextReadBeginsAnew) {
  ConnectionOptions options = ServerOptions();
  options.limits.max_header_bytes_per_read = 3 * ListSize(Get());
  Player server(options, Feeding::Whole());
  server.Handshake();
  Feed(server, RequestsThatAreReset(1, 3));
  Feed(server, RequestsThatAreReset(7, 3));
  EXPECT_THAT(server.TakeFrames(), IsEmpty());
}

TEST(ContinuationLimitTest, Is64FramesAndThenTheConnectionEnds) {
  EXPECT_EQ(Limits().max_continuation_frames, 64u);
  Ready(ServerOptions(), [](Player& server) {
    const std::string block = Block(Get());
    EXPECT_TRUE(server
                    .Receive(HeadersFrame(1, block, kEndStream) +
                             Repeat(63, ContinuationFrame(1, "", 0)) +
                             ContinuationFrame(1, ""))
                    .ok());
    server.TakeEvents();
    EXPECT_FALSE(server
                     .Receive(HeadersFrame(3, block, kEndStream) +
                              Repeat(64, ContinuationFrame(3, "", 0)) +
                              ContinuationFrame(3, ""))
                     .ok());
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre("ERROR DenialOfService ENHANCE_YOUR_CALM stream 3"));
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("GOAWAY last 1 ENHANCE_YOUR_CALM"));
  });
}

// --- Frames and streams ------------------------------------------------------

TEST(FrameSizeLimitTest, AnOversizedFrameIsRefusedOnItsHeader) {
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_FALSE(server.Receive(FrameHeaderBytes(16385, 0xff, 0, 0)).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("GOAWAY last 0 FRAME_SIZE_ERROR"));
  });
}

TEST(FrameSizeLimitTest, ALargerOneIsTakenOnceTheSettingIsAcknowledged) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kMaxFrameSize, 20000}};
  UnderEveryFeeding(options, [](Player& server) {
    ASSERT_TRUE(server->InitiateConnection().ok());
    const std::string frame = RawFrame(0xff, 0, 0, std::string(20000, 'x'));
    EXPECT_TRUE(server
                    .Receive(absl::StrCat(kPreface, SettingsFrame(),
                                          SettingsAckFrame(), frame))
                    .ok());
    EXPECT_FALSE(
        server.Receive(RawFrame(0xff, 0, 0, std::string(20001, 'x'))).ok());
  });
}

TEST(ConcurrentStreamsLimitTest, Is100AndTheNextStreamIsRefused) {
  Ready(ServerOptions(), [](Player& server) {
    std::string requests;
    for (StreamId id = 1; id < 200; id += 2) {
      requests += HeadersFrame(id, Block(Get()), kEnds);
    }
    EXPECT_TRUE(server.Receive(requests).ok());
    EXPECT_EQ(server->OpenInboundStreams(), 100u);
    server.TakeEvents();
    EXPECT_TRUE(server.Receive(HeadersFrame(201, Block(Get()), kEnds)).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("StreamReset 201 REFUSED_STREAM by us: "
                            "TooManyStreams"));
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("RST_STREAM 201 REFUSED_STREAM"));
  });
}

TEST(ConcurrentStreamsLimitTest, HoldsFromTheMomentTheSettingIsSent) {
  Ready(ServerOptions(), [](Player& server) {
    const Setting one = {SettingId::kMaxConcurrentStreams, 1};
    ASSERT_TRUE(server->UpdateSettings({one}).ok());
    server.TakeFrames();
    Feed(server, HeadersFrame(1, Block(Get()), kEnds) +
                     HeadersFrame(3, Block(Get()), kEnds));
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("RST_STREAM 3 REFUSED_STREAM"));
  });
}

TEST(ReservedStreamsLimitTest, TheNextPromiseIsRefused) {
  EXPECT_EQ(Limits().max_reserved_streams, 100u);
  ConnectionOptions options = ClientOptions();
  options.limits.max_reserved_streams = 2;
  Ready(options, [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    client.TakeFrames();
    Feed(client, PushPromiseFrame(1, 2, Block(Get())) +
                     PushPromiseFrame(1, 4, Block(Get())) +
                     PushPromiseFrame(1, 6, Block(Get())));
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("RST_STREAM 6 REFUSED_STREAM"));
  });
}

// RFC 9113 §5.1: after RST_STREAM an endpoint "MUST be prepared to receive"
// what the peer sent before it knew, however many streams it reset.
TEST(ClosedStreamsLimitTest, AClientThatCancelsAnyNumberTakesTheAnswers) {
  ConnectionOptions client_options = ClientOptions();
  ConnectionOptions server_options = ServerOptions();
  server_options.settings = {{SettingId::kMaxConcurrentStreams, 10000}};
  Pipe pipe(client_options, server_options, Feeding::Whole());
  pipe.Handshake();
  constexpr StreamId kLast = 2 * 1500 - 1;
  for (StreamId id = 1; id <= kLast; id += 2) {
    ASSERT_TRUE(
        pipe.client()->SendHeaders(id, Get(), {.end_stream = true}).ok());
  }
  pipe.Run();
  for (StreamId id = 1; id <= kLast; id += 2) {
    ASSERT_TRUE(pipe.client()->ResetStream(id, ErrorCode::kCancel).ok());
    // The server does not know yet.
    ASSERT_TRUE(pipe.server()->SendHeaders(id, Status()).ok());
    ASSERT_TRUE(pipe.server()
                    ->SendData(id, absl::Cord("x"), {.end_stream = true})
                    .ok());
  }
  EXPECT_EQ(StatusText(pipe.client().Receive(pipe.server()->DataToSend())),
            "OK");
  EXPECT_FALSE(pipe.client()->IsTerminated());
}

// The other role: uploads that a server refused.
TEST(ClosedStreamsLimitTest, AServerThatRefusesAnyNumberTakesTheirBodies) {
  ConnectionOptions options = ServerOptions();
  options.settings = {{SettingId::kMaxConcurrentStreams, 10000}};
  Player server(options, Feeding::Whole());
  server.Handshake();
  constexpr StreamId kLast = 2 * 1500 - 1;
  for (StreamId id = 1; id <= kLast; id += 2) {
    ASSERT_TRUE(server.Receive(HeadersFrame(id, Block(Post()))).ok());
    ASSERT_TRUE(server->ResetStream(id, ErrorCode::kRefusedStream).ok());
  }
  for (StreamId id = 1; id <= kLast; id += 2) {
    EXPECT_EQ(StatusText(server.Receive(DataFrame(id, "x"))), "OK") << id;
  }
}

TEST(ClosedStreamsLimitTest, TheOldestIsForgottenAndCountsAsEnded) {
  EXPECT_EQ(Limits().max_closed_streams, 1000u);
  ConnectionOptions options = ServerOptions();
  options.limits.max_closed_streams = 2;
  Ready(options, [](Player& server) {
    for (const StreamId id : {1, 3, 5}) {
      Feed(server, HeadersFrame(id, Block(Post())) +
                       RstStreamFrame(id, ErrorCode::kCancel));
    }
    server.TakeFrames();
    EXPECT_TRUE(server.Receive(DataFrame(5, "x") + DataFrame(3, "x")).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("RST_STREAM 5 STREAM_CLOSED",
                                                 "RST_STREAM 3 STREAM_CLOSED"));
    EXPECT_FALSE(server.Receive(DataFrame(1, "x")).ok());
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("GOAWAY last 5 STREAM_CLOSED"));
  });
}

// A client may cancel more requests in one flight than are remembered; the
// answers that are on their way are no fault of the server's (RFC 9113 §5.1).
TEST(ClosedStreamsLimitTest,
     AnswersToCancelledRequestsThatWereForgottenAreIgnored) {
  UnderEveryFeeding(ClientOptions(), [](Player& client) {
    client.Handshake();
    std::string answers;
    for (StreamId id = 1; id < 3000; id += 2) {
      ASSERT_TRUE(client->SendHeaders(id, Get(), {.end_stream = true}).ok());
      ASSERT_TRUE(client->ResetStream(id, ErrorCode::kCancel).ok());
      client->ClearOutput();
      answers += HeadersFrame(id, Block(Status())) +
                 DataFrame(id, "a body of some bytes", kEndStream);
    }
    EXPECT_EQ(StatusText(client.Receive(answers)), "OK");
    EXPECT_THAT(client.TakeEvents(), IsEmpty());
    EXPECT_GT(*client->RemoteFlowControlWindow(0), 32767);
    // A stream that ended, above all that are forgotten, is still told apart.
    ASSERT_TRUE(client->SendHeaders(3001, Get(), {.end_stream = true}).ok());
    Feed(client, HeadersFrame(3001, Block(Status()), kEnds));
    EXPECT_FALSE(client.Receive(DataFrame(3001, "x")).ok());
  });
}

// RFC 9218 §7.1 makes MAX_CONCURRENT_STREAMS the only bound whose breach ends
// the connection; the peer cannot know this one.
TEST(IdlePriorityLimitTest, ASignalAboveItIsIgnored) {
  EXPECT_EQ(Limits().max_idle_priority_updates, 1000u);
  ConnectionOptions options = ServerOptions();
  options.limits.max_idle_priority_updates = 2;
  Ready(options, [](Player& server) {
    Feed(server, PriorityUpdateFrame(1, "u=1") + PriorityUpdateFrame(3, "u=1"));
    server.TakeEvents();
    Feed(server, PriorityUpdateFrame(5, "u=1") + PriorityUpdateFrame(1, "u=2"));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PriorityFieldUpdated 1 field(u=2) by frame"));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    // A stream that opened makes room.
    Feed(server,
         HeadersFrame(1, Block(Get()), kEnds) + PriorityUpdateFrame(5, "u=1"));
    EXPECT_EQ(server.TakeEvents().back(),
              "PriorityFieldUpdated 5 field(u=1) by frame");
  });
}

// The peer counts the id that we ignored, so it may speak of it again under a
// limit that leaves room for no new one.
TEST(IdlePriorityLimitTest, RepeatingAnIgnoredSignalIsNoFault) {
  ConnectionOptions options = ServerOptions();
  options.limits.max_idle_priority_updates = 2;
  options.settings = {{SettingId::kMaxConcurrentStreams, 3}};
  Ready(options, [](Player& server) {
    Feed(server, PriorityUpdateFrame(1, "u=1") + PriorityUpdateFrame(3, "u=1") +
                     PriorityUpdateFrame(5, "u=1"));
    const Setting fewer = {SettingId::kMaxConcurrentStreams, 2};
    ASSERT_TRUE(server->UpdateSettings({{fewer}}).ok());
    server.TakeFrames();
    server.TakeEvents();
    Feed(server, SettingsAckFrame() + PriorityUpdateFrame(5, "u=2"));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    Feed(server,
         HeadersFrame(1, Block(Get()), kEnds) + PriorityUpdateFrame(5, "u=2"));
    EXPECT_EQ(server.TakeEvents().back(),
              "PriorityFieldUpdated 5 field(u=2) by frame");
  });
}

// --- Answers -----------------------------------------------------------------

TEST(AnswersLimitTest, APeerThatReadsNoAnswersIsCutOffAtAThousand) {
  EXPECT_EQ(Limits().max_queued_answers, 1000u);
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_TRUE(server.Receive(Repeat(1000, PingFrame("12345678"))).ok());
    EXPECT_FALSE(server.Receive(PingFrame("12345678")).ok());
    const std::vector<std::string> frames = server.TakeFrames();
    ASSERT_EQ(frames.size(), 1001u);
    EXPECT_EQ(frames.back(), "GOAWAY last 0 ENHANCE_YOUR_CALM");
  });
}

TEST(AnswersLimitTest, APeerThatReadsThemMayGoOn) {
  Ready(ServerOptions(), [](Player& server) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(server.Receive(Repeat(1000, PingFrame("12345678"))).ok());
      server->ClearOutput();
    }
  });
}

// Resets and WINDOW_UPDATE of the application's are always admitted, so that a
// peer that sends and never reads would grow the output without end.
TEST(UnreadOutputLimitTest, APeerThatSendsAndNeverReadsIsCutOff) {
  EXPECT_EQ(Limits().max_unread_control_bytes, 4u * 1024u * 1024u);
  ConnectionOptions options = ServerOptions();
  options.limits.max_unread_control_bytes = 130;
  Ready(options, [](Player& server) {
    for (StreamId id = 1; id <= 21; id += 2) {
      Feed(server, HeadersFrame(id, Block(Post())));
      ASSERT_TRUE(server->ResetStream(id, ErrorCode::kCancel).ok());
    }
    EXPECT_EQ(server->OutputSize(), 11 * 13u);
    EXPECT_EQ(StatusText(server.Receive(HeadersFrame(23, Block(Post())))),
              "ERROR DenialOfService ENHANCE_YOUR_CALM");
    EXPECT_EQ(server.TakeFrames().back(), "GOAWAY last 21 ENHANCE_YOUR_CALM");
  });
}

}  // namespace
}  // namespace sluice::h2::tests
