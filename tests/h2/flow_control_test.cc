// Both levels of flow control through a connection's calls (RFC 9113 §5.2,
// §6.9).
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

std::string DataOf(StreamId id, size_t bytes) {
  std::string out;
  while (bytes > 0) {
    const size_t piece = std::min<size_t>(bytes, 16384);
    out += DataFrame(id, std::string(piece, 'x'));
    bytes -= piece;
  }
  return out;
}

// A server with an upload on streams 1 and 3.
void Uploading(const std::function<void(Player&)>& body) {
  UnderEveryFeeding(ServerOptions(), [&](Player& server) {
    server.Handshake();
    ASSERT_TRUE(server
                    .Receive(HeadersFrame(1, Block(Post())) +
                             HeadersFrame(3, Block(Post())))
                    .ok());
    server.TakeEvents();
    body(server);
  });
}

TEST(ReceivingTest, TheWindowIsTheSmallerOfStreamAndConnection) {
  Uploading([](Player& server) {
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), 65535);
    ASSERT_TRUE(server.Receive(DataOf(1, 1000)).ok());
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), 64535);
    EXPECT_EQ(*server->RemoteFlowControlWindow(3), 64535) << "the connection's";
    ASSERT_TRUE(server->IncrementFlowControlWindow(0, 5000).ok());
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), 64535);
    EXPECT_EQ(*server->RemoteFlowControlWindow(3), 65535);
    EXPECT_EQ(StatusText(server->RemoteFlowControlWindow(5).status()),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 5");
  });
}

TEST(ReceivingTest, UpdatesAreSentOnceHalfAWindowIsProcessed) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server.Receive(DataOf(1, 40000)).ok());
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 32766).ok());
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 1).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("WINDOW_UPDATE 0 +32767",
                                                 "WINDOW_UPDATE 1 +32767"));
  });
}

TEST(ReceivingTest, PaddingCountsAndIsAcknowledgedWithTheData) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server.Receive(DataFrame(1, Padded("ab", 7), kPadded)).ok());
    EXPECT_THAT(server.TakeEvents(),
                ElementsAre("DataReceived 1 \"ab\" flow 10"));
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), 65525);
  });
}

TEST(ReceivingTest, AClosedStreamsBytesCreditTheConnectionOnly) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server.Receive(DataOf(1, 65535)).ok());
    ASSERT_TRUE(server->ResetStream(1, ErrorCode::kCancel).ok());
    server.TakeFrames();
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 65535).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("WINDOW_UPDATE 0 +65535"));
  });
}

TEST(ReceivingTest, AStreamThatEndedGetsNoMoreWindow) {
  Uploading([](Player& server) {
    ASSERT_TRUE(
        server.Receive(DataOf(1, 49152) + DataFrame(1, "", kEndStream)).ok());
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 49152).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("WINDOW_UPDATE 0 +49152"));
  });
}

TEST(ReceivingTest, AnAcknowledgementNeedsAStreamThatExistedAndItsBytes) {
  Uploading([](Player& server) {
    EXPECT_EQ(StatusText(server->AcknowledgeReceivedData(0, 1)),
              "ERROR InvalidArgument PROTOCOL_ERROR");
    EXPECT_EQ(StatusText(server->AcknowledgeReceivedData(5, 1)),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 5");
    EXPECT_EQ(StatusText(server->AcknowledgeReceivedData(1, size_t{1} << 40)),
              "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
    EXPECT_TRUE(server->AcknowledgeReceivedData(1, 0).ok());
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
  });
}

TEST(ReceivingTest, BytesAreAcknowledgedOnce) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server.Receive(DataOf(1, 40000) + DataOf(3, 20000)).ok());
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 40000).ok());
    server.TakeFrames();
    const absl::Status twice = server->AcknowledgeReceivedData(1, 40000);
    EXPECT_EQ(StatusText(twice),
              "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
    EXPECT_THAT(twice.message(), HasSubstr("40000 bytes acknowledged; 0 that"));
    EXPECT_THAT(
        server->AcknowledgeReceivedData(3, 20001).message(),
        HasSubstr("20001 bytes acknowledged; 20000 that arrived are not"));
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    EXPECT_TRUE(server->AcknowledgeReceivedData(3, 20000).ok());
  });
}

TEST(ReceivingTest, BytesOfClosedStreamsAreAcknowledgedOnce) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server.Receive(DataOf(1, 30000) + DataOf(3, 20000)).ok());
    ASSERT_TRUE(server->ResetStream(1, ErrorCode::kCancel).ok());
    // Nobody acknowledges what the connection discards.
    ASSERT_TRUE(server.Receive(DataOf(1, 500)).ok());
    server.TakeFrames();
    EXPECT_THAT(server->AcknowledgeReceivedData(1, 30001).message(),
                HasSubstr("30001 bytes acknowledged; 30000 that arrived on "
                          "closed streams are not"));
    EXPECT_TRUE(server->AcknowledgeReceivedData(1, 10000).ok());
    EXPECT_TRUE(server->AcknowledgeReceivedData(1, 20000).ok());
    EXPECT_EQ(StatusText(server->AcknowledgeReceivedData(1, 1)),
              "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
    EXPECT_TRUE(server->AcknowledgeReceivedData(3, 20000).ok());
  });
}

TEST(ReceivingTest, DiscardedDataKeepsTheConnectionsWindowInStep) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server->ResetStream(1, ErrorCode::kCancel).ok());
    server.TakeFrames();
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(server.Receive(DataOf(1, 32768)).ok());
      server->ClearOutput();
    }
    EXPECT_GT(*server->RemoteFlowControlWindow(0), 32766);
  });
}

// RFC 9113 §6.9.1: an empty DATA frame with END_STREAM may be sent "if there is
// no available space in either flow-control window"; §6.9.2: our own SETTINGS
// may have made the window negative.
TEST(ReceivingTest, AnEmptyEndIsLegalAtANegativeWindow) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server.Receive(DataOf(1, 1000)).ok());
    ASSERT_TRUE(
        server->UpdateSettings({{{SettingId::kInitialWindowSize, 10}}}).ok());
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    ASSERT_EQ(*server->RemoteFlowControlWindow(1), -990);
    server.TakeEvents();
    ASSERT_TRUE(server.Receive(DataFrame(1, "", kEndStream)).ok());
    EXPECT_THAT(server.TakeEvents(), ::testing::Contains("StreamEnded 1"));
  });
}

TEST(ReceivingTest, WindowsAreOpenedByHandUpTo2To31Minus1) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server->IncrementFlowControlWindow(1, 100).ok());
    ASSERT_TRUE(server->IncrementFlowControlWindow(0, 0x7fffffff - 65535).ok());
    EXPECT_THAT(
        server.TakeFrames(),
        ElementsAre("WINDOW_UPDATE 1 +100", "WINDOW_UPDATE 0 +2147418112"));
    EXPECT_EQ(StatusText(server->IncrementFlowControlWindow(0, 1)),
              "ERROR FlowControl FLOW_CONTROL_ERROR");
    EXPECT_EQ(StatusText(server->IncrementFlowControlWindow(1, 0)),
              "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
    EXPECT_EQ(StatusText(server->IncrementFlowControlWindow(1, 0x80000000)),
              "ERROR InvalidArgument PROTOCOL_ERROR stream 1");
    EXPECT_EQ(StatusText(server->IncrementFlowControlWindow(5, 1)),
              "ERROR NoSuchStream PROTOCOL_ERROR stream 5");
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
  });
}

// --- Windows that our own SETTINGS make smaller
// -------------------------------

// The sum of the increments of stream 1 in `frames`.
int64_t IncrementsOfStream1(const std::vector<std::string>& frames) {
  int64_t sum = 0;
  for (const std::string& frame : frames) {
    constexpr absl::string_view kUpdate = "WINDOW_UPDATE 1 +";
    int64_t increment = 0;
    if (absl::StartsWith(frame, kUpdate) &&
        absl::SimpleAtoi(absl::string_view(frame).substr(kUpdate.size()),
                         &increment)) {
      sum += increment;
    }
  }
  return sum;
}

// A peer sent `bytes` on stream 1; then INITIAL_WINDOW_SIZE goes through
// `values`, each acknowledged, and `acknowledged_first` says whether the
// application acknowledges the bytes before that or after it. The peer's window
// as the peer knows it: what it was given less what it sent.
int64_t PeersWindow(const ConnectionOptions& options, int64_t bytes,
                    const std::vector<uint32_t>& values,
                    bool acknowledged_first) {
  Player player(options, Feeding::Whole());
  player.Handshake();
  EXPECT_TRUE(player->IncrementFlowControlWindow(0, 1 << 20).ok());
  if (options.side == Side::kServer) {
    EXPECT_TRUE(player.Receive(HeadersFrame(1, Block(Post()))).ok());
  } else {
    EXPECT_TRUE(player->SendHeaders(1, Get(), {.end_stream = true}).ok());
    EXPECT_TRUE(player.Receive(HeadersFrame(1, Block(Status()))).ok());
  }
  player.TakeFrames();
  int64_t window = 65535 - bytes;
  EXPECT_TRUE(player.Receive(DataOf(1, bytes)).ok());
  const auto acknowledge = [&] {
    EXPECT_TRUE(player->AcknowledgeReceivedData(1, bytes).ok());
  };
  if (acknowledged_first) acknowledge();
  int64_t initial = 65535;
  for (const uint32_t value : values) {
    EXPECT_TRUE(
        player->UpdateSettings({{{SettingId::kInitialWindowSize, value}}})
            .ok());
    EXPECT_TRUE(player.Receive(SettingsAckFrame()).ok());
    window += value - initial;
    initial = value;
  }
  if (!acknowledged_first) acknowledge();
  window += IncrementsOfStream1(player.TakeFrames());
  EXPECT_EQ(*player->RemoteFlowControlWindow(1), window);
  return window;
}

// No byte is on its way and every byte was acknowledged: the peer must be able
// to go on, unless a window of 0 is what we asked for.
TEST(ReceivingTest, ASmallerWindowNeverStallsThePeer) {
  int stalled = 0;
  int tried = 0;
  for (const ConnectionOptions& options : {ServerOptions(), ClientOptions()}) {
    for (int64_t bytes = 1000; bytes <= 64000; bytes += 1000) {
      for (const uint32_t value :
           {0u, 1u, 2u, 3u, 100u, 999u, 1000u, 1001u, 1024u, 4096u, 10000u,
            16383u, 16384u, 30000u, 32767u, 32768u, 65534u}) {
        for (const bool first : {true, false}) {
          ++tried;
          const int64_t window = PeersWindow(options, bytes, {value}, first);
          if (window < 0 || (window == 0 && value > 0)) ++stalled;
        }
      }
    }
  }
  EXPECT_EQ(stalled, 0) << "of " << tried;
}

TEST(ReceivingTest, AWindowThatWentDownAndUpNeverStallsThePeer) {
  for (const int64_t bytes : {1, 20000, 30000, 32766, 65535}) {
    for (const uint32_t low : {0u, 1u, 500u, 30000u}) {
      for (const uint32_t high : {1u, 501u, 32767u, 65535u, 1000000u}) {
        for (const bool first : {true, false}) {
          const int64_t window =
              PeersWindow(ServerOptions(), bytes, {low, high}, first);
          EXPECT_GT(window, 0) << bytes << " " << low << " " << high;
          EXPECT_LE(window, high);
        }
      }
    }
  }
}

// RFC 9113 §6.9.2: the peer would end the connection.
TEST(ReceivingTest, SettingsThatMakeAStreamsWindowTooLargeAreRefused) {
  Uploading([](Player& server) {
    const auto update = [&server](uint32_t window) {
      return StatusText(
          server->UpdateSettings({{{SettingId::kInitialWindowSize, window}}}));
    };
    ASSERT_TRUE(server->IncrementFlowControlWindow(3, 5).ok());
    server.TakeFrames();
    EXPECT_EQ(update(0x7fffffff), "ERROR FlowControl FLOW_CONTROL_ERROR");
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
    EXPECT_EQ(update(0x7fffffff - 5), "OK");
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_EQ(update(0x7fffffff), "ERROR FlowControl FLOW_CONTROL_ERROR");
    EXPECT_EQ(update(1), "OK");
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), 65535);
  });
}

// The peer may have applied them already.
TEST(ReceivingTest, AWindowKeepsItsLimitUnderSettingsThatAreNotAcknowledged) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server->IncrementFlowControlWindow(1, 1000).ok());
    ASSERT_TRUE(server.Receive(DataOf(1, 40000)).ok());
    for (const uint32_t window : {0x7fffffff, 0}) {
      ASSERT_TRUE(
          server->UpdateSettings({{{SettingId::kInitialWindowSize, window}}})
              .ok());
    }
    server.TakeFrames();
    EXPECT_EQ(StatusText(server->IncrementFlowControlWindow(3, 1)),
              "ERROR FlowControl FLOW_CONTROL_ERROR stream 3");
    // 1000 of them were given by hand: 25535 + 1000 + 39000 = 65535.
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 40000).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("WINDOW_UPDATE 0 +40000",
                                                 "WINDOW_UPDATE 1 +39000"));
    ASSERT_TRUE(server.Receive(SettingsAckFrame() + SettingsAckFrame()).ok());
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), 0);
    ASSERT_TRUE(server->IncrementFlowControlWindow(3, 0x7fffffff).ok());
  });
}

// Byte for byte what goes out, in the order of the streams.
TEST(ReceivingTest, UpdatesThatASmallerWindowMakesDueFollowItsAcknowledgement) {
  Uploading([](Player& server) {
    ASSERT_TRUE(server.Receive(DataOf(3, 30000) + DataOf(1, 30000)).ok());
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 30000).ok());
    ASSERT_TRUE(server->AcknowledgeReceivedData(3, 30000).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("WINDOW_UPDATE 0 +60000"));
    ASSERT_TRUE(
        server->UpdateSettings({{{SettingId::kInitialWindowSize, 30000}}})
            .ok());
    server.TakeFrames();
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_THAT(server.TakeFrames(), ElementsAre("WINDOW_UPDATE 1 +30000",
                                                 "WINDOW_UPDATE 3 +30000"));
    EXPECT_EQ(*server->RemoteFlowControlWindow(1), 30000);
  });
}

TEST(ReceivingTest, AStreamThatEndedGetsNoUpdateFromASmallerWindow) {
  Uploading([](Player& server) {
    ASSERT_TRUE(
        server.Receive(DataOf(1, 30000) + DataFrame(1, "", kEndStream)).ok());
    ASSERT_TRUE(server->AcknowledgeReceivedData(1, 30000).ok());
    ASSERT_TRUE(
        server->UpdateSettings({{{SettingId::kInitialWindowSize, 30000}}})
            .ok());
    server.TakeFrames();
    ASSERT_TRUE(server.Receive(SettingsAckFrame()).ok());
    EXPECT_THAT(server.TakeFrames(), IsEmpty());
  });
}

// --- Sending -----------------------------------------------------------------

void Downloading(const std::function<void(Player&)>& body) {
  ConnectionOptions options = ServerOptions();
  options.limits.output_high_water_mark = 1 << 20;
  UnderEveryFeeding(options, [&](Player& server) {
    server.Handshake();
    ASSERT_TRUE(server
                    .Receive(HeadersFrame(1, Block(Get()), kEnds) +
                             HeadersFrame(3, Block(Get()), kEnds))
                    .ok());
    ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
    ASSERT_TRUE(server->SendHeaders(3, Status()).ok());
    server.TakeEvents();
    server.TakeFrames();
    body(server);
  });
}

std::string Send(Player& server, StreamId id, size_t bytes) {
  return StatusText(server->SendData(id, absl::Cord(std::string(bytes, 'x'))));
}

TEST(SendingTest, BothWindowsHold) {
  Downloading([](Player& server) {
    for (int i = 0; i < 3; ++i) ASSERT_EQ(Send(server, 1, 16384), "OK");
    EXPECT_EQ(*server->LocalFlowControlWindow(1), 65535 - 49152);
    EXPECT_EQ(*server->LocalFlowControlWindow(3), 65535 - 49152);
    EXPECT_EQ(Send(server, 3, 16384),
              "ERROR FlowControl FLOW_CONTROL_ERROR stream 3")
        << "one byte above the connection's window";
    EXPECT_EQ(Send(server, 3, 16383), "OK");
    ASSERT_TRUE(server.Receive(WindowUpdateFrame(0, 100000)).ok());
    EXPECT_THAT(server.TakeEvents(), ElementsAre("WindowUpdated 0 +100000"));
    EXPECT_EQ(Send(server, 1, 16384),
              "ERROR FlowControl FLOW_CONTROL_ERROR stream 1");
    ASSERT_TRUE(server.Receive(WindowUpdateFrame(1, 1)).ok());
    EXPECT_EQ(Send(server, 1, 16384), "OK");
    EXPECT_EQ(*server->LocalFlowControlWindow(1), 0);
    EXPECT_TRUE(server->EndStream(1).ok()) << "an empty frame needs no window";
  });
}

// RFC 9113 §4.2.
TEST(SendingTest, AFrameKeepsThePeersMaximum) {
  Downloading([](Player& server) {
    EXPECT_EQ(Send(server, 1, 16385),
              "ERROR FrameTooLarge FRAME_SIZE_ERROR stream 1");
    SendDataOptions padded;
    padded.pad_length = 0;
    EXPECT_EQ(StatusText(server->SendData(
                  1, absl::Cord(std::string(16384, 'x')), padded)),
              "ERROR FrameTooLarge FRAME_SIZE_ERROR stream 1");
    EXPECT_EQ(Send(server, 1, 16384), "OK");
  });
}

TEST(SendingTest, DataNeedsAStreamThatIsOpenForUs) {
  Downloading([](Player& server) {
    EXPECT_EQ(Send(server, 5, 1), "ERROR NoSuchStream PROTOCOL_ERROR stream 5");
    ASSERT_TRUE(server->EndStream(1).ok());
    EXPECT_EQ(Send(server, 1, 1), "ERROR StreamClosed STREAM_CLOSED stream 1");
    ASSERT_TRUE(server.Receive(RstStreamFrame(3, ErrorCode::kCancel)).ok());
    EXPECT_EQ(Send(server, 3, 1), "ERROR StreamClosed STREAM_CLOSED stream 3");
    EXPECT_EQ(StatusText(server->LocalFlowControlWindow(3).status()),
              "ERROR StreamClosed STREAM_CLOSED stream 3");
  });
}

}  // namespace
}  // namespace sluice::h2::tests
