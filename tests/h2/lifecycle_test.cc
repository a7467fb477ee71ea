// Streams from their ids to their memory, and connections to the last GOAWAY
// (RFC 9113 §5.1, §6.4, §6.8).
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

void Feed(Player& player, absl::string_view bytes) {
  EXPECT_EQ(StatusText(player.Receive(bytes)), "OK");
}

// --- Ids ---------------------------------------------------------------------

TEST(StreamIdTest, StartAtOneAndTwoAndGrowByTwoWithoutBeingReserved) {
  Ready(ClientOptions(), [](Player& client) {
    EXPECT_EQ(*client->GetNextAvailableStreamId(), 1u);
    EXPECT_EQ(*client->GetNextAvailableStreamId(), 1u);
    ASSERT_TRUE(client->SendHeaders(1, Get()).ok());
    EXPECT_EQ(*client->GetNextAvailableStreamId(), 3u);
  });
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_EQ(*server->GetNextAvailableStreamId(), 2u);
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    ASSERT_TRUE(server->PushStream(1, 2, Get()).ok());
    EXPECT_EQ(*server->GetNextAvailableStreamId(), 4u);
  });
}

TEST(StreamIdTest, EndAt2To31Minus1) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(kMaxStreamId, Get()).ok());
    EXPECT_EQ(StatusText(client->GetNextAvailableStreamId().status()),
              "ERROR NoAvailableStreamId PROTOCOL_ERROR");
  });
}

// --- Frames on finished streams (RFC 9113 §5.1 closed) -----------------------

constexpr char kLate[] = "late";

// Each frame that may still be on its way when a stream ends.
std::string LateMessageFrames() {
  return HeadersFrame(1, Block({{"x", "y"}}), kEnds) + DataFrame(1, kLate);
}
std::string LateControlFrames() {
  return RstStreamFrame(1, ErrorCode::kCancel) + WindowUpdateFrame(1, 1) +
         PriorityFrame(1, {});
}

TEST(FinishedStreamTest, FramesOnAStreamThatWeResetAreDiscardedInSilence) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Post())));
    ASSERT_TRUE(server->ResetStream(1, ErrorCode::kCancel).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("RST_STREAM 1 CANCEL"));
    server.TakeEvents();
    // HPACK stays in step: the late block adds an entry, which 3 refers to.
    Feed(server, HeadersFrame(1, "\x40\x01y\x01z", kEnds) +
                     LateMessageFrames() + LateControlFrames());
    EXPECT_THAT(
        server.TakeEvents(),
        ElementsAre("PriorityUpdated 1 priority(dep 0, weight 16) by frame"));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    Feed(server, HeadersFrame(3, Block(Get()) + "\xbe", kEnds));
    EXPECT_THAT(server.TakeEvents().at(0), ::testing::HasSubstr("y: z"));
    EXPECT_EQ(*server->RemoteFlowControlWindow(0), 65535 - 4);
  });
}

TEST(FinishedStreamTest, AMessageFrameOnAStreamThatThePeerResetIsAnsweredOnce) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Post())) +
                     RstStreamFrame(1, ErrorCode::kCancel));
    server.TakeEvents();
    Feed(server, LateControlFrames());
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    Feed(server, LateMessageFrames() + LateMessageFrames());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("RST_STREAM 1 STREAM_CLOSED"));
  });
}

TEST(FinishedStreamTest, AMessageFrameOnAnEndedStreamEndsTheConnection) {
  for (const std::string& frame :
       {HeadersFrame(1, Block({{"x", "y"}}), kEnds), DataFrame(1, kLate)}) {
    Ready(ServerOptions(), [&](Player& server) {
      Feed(server, HeadersFrame(1, Block(Get()), kEnds));
      ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
      server.TakeFrames();
      Feed(server, LateControlFrames());
      EXPECT_FALSE(server.Receive(frame).ok());
      EXPECT_THAT(server.TakeFrames(),
                  ElementsAre("GOAWAY last 1 STREAM_CLOSED"));
    });
  }
}

TEST(FinishedStreamTest, AMessageFrameOnAHalfClosedStreamResetsIt) {
  for (const std::string& frame :
       {HeadersFrame(1, Block({{"x", "y"}}), kEnds), DataFrame(1, kLate)}) {
    Ready(ServerOptions(), [&](Player& server) {
      Feed(server, HeadersFrame(1, Block(Get()), kEnds));
      server.TakeEvents();
      Feed(server, frame);
      EXPECT_THAT(server.TakeEvents(),
                  ElementsAre("StreamReset 1 STREAM_CLOSED by us: "
                              "StreamClosed"));
      EXPECT_THAT(server.TakeFrames(),
                  ElementsAre("RST_STREAM 1 STREAM_CLOSED"));
    });
  }
}

TEST(FinishedStreamTest, ASkippedIdIsNeverOpened) {
  for (const std::string& frame :
       {HeadersFrame(1, Block(Get()), kEnds), DataFrame(1, kLate),
        RstStreamFrame(1, ErrorCode::kCancel), WindowUpdateFrame(1, 1)}) {
    Ready(ServerOptions(), [&](Player& server) {
      Feed(server, HeadersFrame(5, Block(Get()), kEnds));
      EXPECT_FALSE(server.Receive(frame).ok());
      EXPECT_THAT(server.TakeFrames(),
                  ElementsAre("GOAWAY last 5 PROTOCOL_ERROR"));
    });
  }
}

TEST(ResetStreamTest, NeedsAStreamThatLives) {
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_EQ(StatusText(server->ResetStream(1, ErrorCode::kCancel)),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 1");
    Feed(server, HeadersFrame(1, Block(Get())));
    ASSERT_TRUE(server->ResetStream(1, static_cast<ErrorCode>(99)).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("RST_STREAM 1 99"));
    EXPECT_EQ(StatusText(server->ResetStream(1, ErrorCode::kCancel)),
              "ERROR StreamClosed STREAM_CLOSED stream 1");
    EXPECT_EQ(server->OpenInboundStreams(), 0u);
  });
}

// --- Tunnels (RFC 9113 §8.5) -------------------------------------------------

std::vector<Header> Connect() {
  return {{":method", "CONNECT"}, {":authority", "example.com:443"}};
}

TEST(TunnelTest, TakesDataAloneOnceItsConnectWasAccepted) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Connect())));
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    Feed(server, DataFrame(1, "hello"));
    server.TakeEvents();
    server.TakeFrames();
    EXPECT_EQ(StatusText(server->SendHeaders(1, {{"digest", "x"}},
                                             {.end_stream = true})),
              "ERROR Protocol PROTOCOL_ERROR stream 1");
    Feed(server, HeadersFrame(1, Block({{"digest", "x"}}), kEnds));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("StreamReset 1 PROTOCOL_ERROR by us: Protocol"));
    EXPECT_THAT(server.TakeFrames(),
                ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
  });
}

// The server may have accepted it already, and takes no trailers then.
TEST(TunnelTest, ACallThatMayBecomeATunnelHasNoTrailersBeforeItsAnswer) {
  Ready(ClientOptions(), [](Player& client) {
    for (const StreamId id : {1, 3}) {
      ASSERT_TRUE(client->SendHeaders(id, Connect()).ok());
      EXPECT_EQ(StatusText(client->SendHeaders(id, {{"checksum", "1"}},
                                               {.end_stream = true})),
                "ERROR Protocol PROTOCOL_ERROR stream " + std::to_string(id));
    }
    Feed(client, HeadersFrame(1, Block(Status("407"))));
    EXPECT_TRUE(
        client->SendHeaders(1, {{"checksum", "1"}}, {.end_stream = true}).ok());
    Feed(client, HeadersFrame(3, Block(Status())));
    EXPECT_FALSE(
        client->SendHeaders(3, {{"checksum", "1"}}, {.end_stream = true}).ok());
  });
}

TEST(TunnelTest, ARefusedConnectIsAnOrdinaryExchange) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Connect()).ok());
    ASSERT_TRUE(client->SendHeaders(3, Connect()).ok());
    client.TakeFrames();
    // Refused: content-length counts, trailers are legal.
    Feed(
        client,
        HeadersFrame(1, Block(With(Status("407"), {{"content-length", "2"}}))) +
            DataFrame(1, "no") + HeadersFrame(1, Block({{"x", "y"}}), kEnds));
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("ResponseReceived 1 {:status: 407, content-length: "
                            "2}",
                            "DataReceived 1 \"no\" flow 2",
                            "TrailersReceived 1 {x: y}", "StreamEnded 1"));
    // Accepted: neither.
    Feed(client,
         HeadersFrame(3, Block(With(Status(), {{"content-length", "2"}}))) +
             DataFrame(3, "more than two") +
             HeadersFrame(3, Block({{"x", "y"}}), kEnds));
    EXPECT_THAT(client.TakeFrames(),
                ElementsAre("RST_STREAM 3 PROTOCOL_ERROR"));
  });
}

// --- PING --------------------------------------------------------------------

TEST(PingTest, HasExactlyEightBytes) {
  Ready(ServerOptions(), [](Player& server) {
    for (const char* bytes : {"", "1234567", "123456789"}) {
      EXPECT_EQ(StatusText(server->Ping(bytes)),
                "ERROR InvalidArgument PROTOCOL_ERROR");
    }
    ASSERT_TRUE(server->Ping("12345678").ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("PING \"12345678\""));
    Feed(server, PingFrame("abcdefgh") + PingFrame("12345678", kAck));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PingReceived \"abcdefgh\"",
                            "PingAckReceived \"12345678\""));
    EXPECT_THAT(server.TakeFrames(), ElementsAre("PING ACK \"abcdefgh\""));
  });
}

// --- GOAWAY ------------------------------------------------------------------

TEST(GoAwayTest, NamesTheHighestStreamAndMayBeRepeatedLower) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get())) + HeadersFrame(3, Block(Get())));
    ASSERT_TRUE(server->CloseConnection().ok());
    ASSERT_TRUE(
        server->CloseConnection(ErrorCode::kNoError, "bye", StreamId{1}).ok());
    EXPECT_EQ(StatusText(server->CloseConnection(ErrorCode::kNoError, "",
                                                 StreamId{3})),
              "ERROR InvalidArgument PROTOCOL_ERROR");
    ASSERT_TRUE(server->CloseConnection(ErrorCode::kInternalError).ok());
    EXPECT_THAT(
        server.TakeFrames(),
        ElementsAre("GOAWAY last 3 NO_ERROR", "GOAWAY last 1 NO_ERROR \"bye\"",
                    "GOAWAY last 1 INTERNAL_ERROR"));
  });
}

// RFC 9113 §6.8: what is above the last id is discarded, HPACK and the
// connection's window are kept in step.
TEST(GoAwayTest, StreamsAboveItAreDiscardedInStep) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Post())));
    ASSERT_TRUE(server->CloseConnection().ok());
    server.TakeEvents();
    server.TakeFrames();
    Feed(server, HeadersFrame(3, Block(Get()) + "\x40\x01y\x01z") +
                     DataFrame(3, "hello") + WindowUpdateFrame(3, 0) +
                     RstStreamFrame(3, ErrorCode::kCancel));
    EXPECT_THAT(server.TakeEvents(), IsEmpty());
    EXPECT_EQ(*server->RemoteFlowControlWindow(0), 65530);
    Feed(server, DataFrame(1, "more") + HeadersFrame(1, "\xbe", kEnds));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("DataReceived 1 \"more\" flow 4",
                            "TrailersReceived 1 {y: z}", "StreamEnded 1"));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    EXPECT_FALSE(server->IsTerminated());
  });
}

// It may be one that the peer has not opened yet.
TEST(GoAwayTest, TheStreamThatItNamesIsStillTaken) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(
        server->CloseConnection(ErrorCode::kNoError, "", StreamId{3}).ok());
    Feed(server, HeadersFrame(3, Block(Post())) + DataFrame(3, "hello") +
                     HeadersFrame(5, Block(Post())));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre(::testing::StartsWith("RequestReceived 3 "),
                            "DataReceived 3 \"hello\" flow 5"));
    EXPECT_EQ(server->OpenInboundStreams(), 1u);
  });
}

TEST(GoAwayTest, AStreamAboveItThatWasOpenComesToItsEnd) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server,
         HeadersFrame(1, Block(Post())) + HeadersFrame(3, Block(Post())));
    ASSERT_TRUE(
        server->CloseConnection(ErrorCode::kNoError, "", StreamId{1}).ok());
    server.TakeEvents();
    Feed(server, HeadersFrame(5, Block(Post())) +
                     RstStreamFrame(3, ErrorCode::kCancel));
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("StreamReset 3 CANCEL by peer"));
    EXPECT_EQ(server->OpenInboundStreams(), 1u);
  });
}

TEST(GoAwayTest, AnErrorCodeOfOursEndsTheConnection) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(server->CloseConnection(ErrorCode::kInternalError).ok());
    EXPECT_TRUE(server->IsTerminated());
    EXPECT_EQ(StatusText(server->Ping("12345678")),
              "ERROR ConnectionClosed PROTOCOL_ERROR");
    EXPECT_EQ(StatusText(server.Receive(PingFrame("12345678"))),
              "ERROR ConnectionClosed INTERNAL_ERROR");
  });
}

TEST(GoAwayTest, ThePeersGoAwayResetsStreamsThatItWillNotProcess) {
  Ready(ClientOptions(), [](Player& client) {
    for (const StreamId id : {1, 3, 5}) {
      ASSERT_TRUE(client->SendHeaders(id, Get(), {.end_stream = true}).ok());
    }
    client.TakeFrames();
    Feed(client, GoAwayFrame(1, ErrorCode::kNoError, "bye"));
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("ConnectionTerminated NO_ERROR last 1 \"bye\"",
                            "StreamReset 3 REFUSED_STREAM by peer",
                            "StreamReset 5 REFUSED_STREAM by peer"));
    EXPECT_THAT(client.TakeFrames(), IsEmpty());
    EXPECT_EQ(client->OpenOutboundStreams(), 1u);
    EXPECT_EQ(StatusText(client->SendHeaders(7, Get())),
              "ERROR ConnectionClosed PROTOCOL_ERROR stream 7");
    Feed(client, HeadersFrame(1, Block(Status()), kEnds));
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("ResponseReceived 1 {:status: 200} ended",
                            "StreamEnded 1"));
    EXPECT_FALSE(client->IsTerminated());
  });
}

TEST(GoAwayTest, ThePeersErrorEndsTheConnection) {
  Ready(ClientOptions(), [](Player& client) {
    Feed(client, GoAwayFrame(0, ErrorCode::kEnhanceYourCalm));
    EXPECT_TRUE(client->IsTerminated());
    EXPECT_EQ(StatusText(client->SendHeaders(1, Get())),
              "ERROR ConnectionClosed PROTOCOL_ERROR");
  });
}

TEST(GracefulShutdownTest, FirstAnnouncesThenNamesTheRealLastStream) {
  UnderEveryFeeding(ClientOptions(), ServerOptions(), [](Pipe& pipe) {
    pipe.Handshake();
    Player& client = pipe.client();
    Player& server = pipe.server();
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    pipe.Run();
    // Stream 3 is on its way while the server announces.
    ASSERT_TRUE(client->SendHeaders(3, Get(), {.end_stream = true}).ok());
    ASSERT_TRUE(server->StartGracefulShutdown().ok());
    ASSERT_TRUE(server->Ping("a trip..").ok());
    pipe.Run();
    EXPECT_THAT(client.TakeEvents(),
                ElementsAre("ConnectionTerminated NO_ERROR last 2147483647 "
                            "\"\"",
                            "PingReceived \"a trip..\""));
    EXPECT_EQ(StatusText(client->SendHeaders(5, Get())),
              "ERROR ConnectionClosed PROTOCOL_ERROR stream 5");
    EXPECT_EQ(server->OpenInboundStreams(), 2u) << "stream 3 was taken";
    ASSERT_TRUE(server->CloseConnection().ok());
    for (const StreamId id : {1, 3}) {
      ASSERT_TRUE(server->SendHeaders(id, Status(), {.end_stream = true}).ok());
    }
    pipe.Run();
    EXPECT_THAT(
        client.TakeEvents(),
        ElementsAre("ConnectionTerminated NO_ERROR last 3 \"\"",
                    "ResponseReceived 1 {:status: 200} ended", "StreamEnded 1",
                    "ResponseReceived 3 {:status: 200} ended",
                    "StreamEnded 3"));
    EXPECT_EQ(server->OpenInboundStreams(), 0u);
  });
}

// --- Drain() -----------------------------------------------------------------

std::string PingAck(absl::string_view payload) {
  return PingFrame(payload, kAck);
}

TEST(DrainTest, NamesTheLastStreamWhenThePingIsAnswered) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    ASSERT_TRUE(server->Drain(absl::Seconds(30)).ok());
    EXPECT_THAT(
        server.TakeFrames(),
        ElementsAre("GOAWAY last 2147483647 NO_ERROR", "PING \"sluice:d\""));
    // It was on its way.
    Feed(server, HeadersFrame(3, Block(Get()), kEnds));
    EXPECT_FALSE(server->IsDrained());
    Feed(server, PingAck("another!"));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    Feed(server, PingAck("sluice:d"));
    EXPECT_THAT(server.TakeFrames(), ElementsAre("GOAWAY last 3 NO_ERROR"));
    Feed(server, PingAck("sluice:d"));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    server.TakeEvents();
    Feed(server, HeadersFrame(5, Block(Get()), kEnds));
    EXPECT_THAT(server.TakeEvents(), IsEmpty());
    for (const StreamId id : {1, 3}) {
      EXPECT_FALSE(server->IsDrained());
      ASSERT_TRUE(server->SendHeaders(id, Status(), {.end_stream = true}).ok());
    }
    EXPECT_TRUE(server->IsDrained());
    EXPECT_TRUE(server->AdvanceTime(absl::Hours(1)).ok());
    EXPECT_FALSE(server->IsTerminated());
  });
}

// A request may be on its way until then.
TEST(DrainTest, IsNotOverBeforeThePingIsAnswered) {
  Ready(ServerOptions(), [](Player& server) {
    ASSERT_TRUE(server->Drain(absl::Seconds(30)).ok());
    EXPECT_FALSE(server->IsDrained());
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    EXPECT_FALSE(server->IsDrained());
    Feed(server, PingAck("sluice:d"));
    EXPECT_TRUE(server->IsDrained());
  });
}

TEST(DrainTest, EndsAtItsDeadlineWhateverIsOpen) {
  for (const bool answered : {false, true}) {
    Ready(ServerOptions(), [answered](Player& server) {
      Feed(server, HeadersFrame(1, Block(Get()), kEnds));
      ASSERT_TRUE(server->Drain(absl::Seconds(30)).ok());
      if (answered) Feed(server, PingAck("sluice:d"));
      server.TakeFrames();
      ASSERT_TRUE(server->AdvanceTime(absl::Seconds(29)).ok());
      EXPECT_FALSE(server->IsTerminated());
      const absl::Status dead = server->AdvanceTime(absl::Seconds(1));
      EXPECT_EQ(StatusText(dead), "ERROR ConnectionClosed NO_ERROR");
      EXPECT_EQ(dead.message(),
                "the drain is at its deadline, with 1 streams open (RFC 9113 "
                "6.8)");
      EXPECT_TRUE(server->IsTerminated());
      EXPECT_FALSE(server->IsDrained());
      EXPECT_THAT(server.TakeFrames(), ElementsAre("GOAWAY last 1 NO_ERROR"));
      EXPECT_TRUE(server->AdvanceTime(absl::Seconds(1)).ok()) << "once";
    });
  }
}

TEST(DrainTest, ASecondCallChangesTheDeadlineAlone) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    ASSERT_TRUE(server->Drain(absl::InfiniteDuration()).ok());
    server.TakeFrames();
    ASSERT_TRUE(server->AdvanceTime(absl::Hours(1000)).ok());
    ASSERT_TRUE(server->Drain(absl::Seconds(1)).ok());
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    EXPECT_FALSE(server->AdvanceTime(absl::Seconds(1)).ok());
  });
}

TEST(DrainTest, NeedsALivingConnectionAndADeadlineThatIsNotNegative) {
  Connection unborn(ServerOptions());
  EXPECT_EQ(StatusText(unborn.Drain(absl::Seconds(1))),
            "ERROR Protocol PROTOCOL_ERROR");
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_EQ(server->Drain(absl::Seconds(-1)).message(),
              "the deadline is -1s; it must not be negative");
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    ASSERT_TRUE(server->CloseConnection(ErrorCode::kInternalError).ok());
    EXPECT_EQ(StatusText(server->Drain(absl::Seconds(1))),
              "ERROR ConnectionClosed PROTOCOL_ERROR");
  });
}

TEST(DrainTest, AClientDrainsItsOwnStreams) {
  Ready(ClientOptions(), [](Player& client) {
    ASSERT_TRUE(client->SendHeaders(1, Get(), {.end_stream = true}).ok());
    ASSERT_TRUE(client->Drain(absl::Seconds(30)).ok());
    Feed(client, PingAck("sluice:d"));
    EXPECT_FALSE(client->IsDrained());
    Feed(client, HeadersFrame(1, Block(Status()), kEnds));
    EXPECT_TRUE(client->IsDrained());
    const absl::Status late = client->SendHeaders(3, Get());
    EXPECT_EQ(StatusText(late),
              "ERROR ConnectionClosed PROTOCOL_ERROR stream 3");
    EXPECT_EQ(late.message(), "stream 3 cannot open after Drain()");
    EXPECT_TRUE(client->IsDrained());
  });
}

TEST(DrainTest, APushThatWasPromisedIsStillSent) {
  Ready(ServerOptions(), [](Player& server) {
    Feed(server, HeadersFrame(1, Block(Get()), kEnds));
    ASSERT_TRUE(server->PushStream(1, 2, Get()).ok());
    ASSERT_TRUE(server->Drain(absl::Seconds(30)).ok());
    Feed(server, PingAck("sluice:d"));
    ASSERT_TRUE(server->SendHeaders(1, Status(), {.end_stream = true}).ok());
    EXPECT_FALSE(server->IsDrained());
    EXPECT_FALSE(server->PushStream(1, 4, Get()).ok());
    ASSERT_TRUE(server->SendHeaders(2, Status(), {.end_stream = true}).ok());
    EXPECT_TRUE(server->IsDrained());
  });
}

TEST(ConnectionErrorTest, EventsBeforeItInTheSameReadAreDelivered) {
  Ready(ServerOptions(), [](Player& server) {
    EXPECT_FALSE(server
                     .Receive(PingFrame("12345678") +
                              HeadersFrame(1, Block(Get()), kEnds) +
                              DataFrame(0, "") + PingFrame("never..."))
                     .ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("PingReceived \"12345678\"",
                            "RequestReceived 1 {:method: GET, :scheme: https, "
                            ":authority: example.com, :path: /} ended",
                            "StreamEnded 1", "ERROR Protocol PROTOCOL_ERROR"));
    EXPECT_THAT(
        server.TakeFrames(),
        ElementsAre("PING ACK \"12345678\"", "GOAWAY last 1 PROTOCOL_ERROR"));
    EXPECT_EQ(StatusText(server.Receive(PingFrame("12345678"))),
              "ERROR Protocol PROTOCOL_ERROR")
        << "and again by every later call";
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
  });
}

TEST(ConnectionErrorTest, BytesBeforeInitiateConnectionAreRefused) {
  Connection server(ServerOptions());
  std::vector<Event> events;
  EXPECT_EQ(StatusText(server.ReceiveData(kPreface, &events)),
            "ERROR Protocol PROTOCOL_ERROR");
  EXPECT_EQ(server.OutputSize(), 0u);
  EXPECT_FALSE(server.IsTerminated());
}

}  // namespace
}  // namespace sluice::h2::tests
