// Every kind of error, as it comes out of a connection: kind, code and stream.

#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

constexpr uint8_t kEnds = kEndHeaders | kEndStream;

struct Row {
  Side side;
  // Of a connection that has shaken hands and, on a server, got a request on
  // stream 1 that has not ended; on a client, sent one.
  std::function<absl::Status(Player&)> act;
  std::string status;  // StatusText()
};

// The error of the StreamReset event that `bytes` bring.
absl::Status ResetBy(Player& player, const std::string& bytes) {
  EXPECT_TRUE(player.Receive(bytes).ok());
  for (const Event& event : player.TakeRawEvents()) {
    if (const auto* reset = std::get_if<StreamReset>(&event)) {
      return reset->error;
    }
  }
  return absl::OkStatus();
}

std::vector<Row> Rows() {
  constexpr Side kServer = Side::kServer;
  constexpr Side kClient = Side::kClient;
  return {
      {kServer, [](Player& p) { return p.Receive(DataFrame(0, "x")); },
       "ERROR Protocol PROTOCOL_ERROR"},
      {kServer,
       [](Player& p) {
         return p.Receive(FrameHeaderBytes(16385, kData, 0, 1));
       },
       "ERROR FrameTooLarge FRAME_SIZE_ERROR stream 1"},
      {kClient,
       [](Player& p) {
         return p->SendData(1, absl::Cord(std::string(16385, 'x')));
       },
       "ERROR FrameTooLarge FRAME_SIZE_ERROR stream 1"},
      {kServer, [](Player& p) { return p.Receive(PingFrame("short")); },
       "ERROR FrameDataMissing FRAME_SIZE_ERROR"},
      {kServer, [](Player& p) { return p.Receive(HeadersFrame(3, "\x80")); },
       "ERROR Compression COMPRESSION_ERROR stream 3"},
      {kClient,
       [](Player& p) {
         EXPECT_TRUE(
             p.Receive(SettingsFrame({{SettingId::kMaxConcurrentStreams, 1}}))
                 .ok());
         return p->SendHeaders(3, Get());
       },
       "ERROR TooManyStreams REFUSED_STREAM stream 3"},
      {kClient,
       [](Player& p) {
         EXPECT_TRUE(
             p.Receive(SettingsFrame({{SettingId::kInitialWindowSize, 2}}))
                 .ok());
         return p->SendData(1, absl::Cord("xyz"));
       },
       "ERROR FlowControl FLOW_CONTROL_ERROR stream 1"},
      {kServer,
       [](Player& p) { return p.Receive(WindowUpdateFrame(0, kMaxStreamId)); },
       "ERROR FlowControl FLOW_CONTROL_ERROR"},
      {kClient,
       [](Player& p) {
         EXPECT_TRUE(p->SendHeaders(9, Get()).ok());
         return p->SendHeaders(5, Get());
       },
       "ERROR StreamIdTooLow PROTOCOL_ERROR stream 5"},
      {kServer,
       [](Player& p) {
         return p.Receive(absl::StrCat(HeadersFrame(7, Block(Get())),
                                       HeadersFrame(5, Block(Get()))));
       },
       "ERROR StreamIdTooLow PROTOCOL_ERROR stream 5"},
      {kClient,
       [](Player& p) {
         EXPECT_TRUE(p->SendHeaders(kMaxStreamId, Get()).ok());
         return p->GetNextAvailableStreamId().status();
       },
       "ERROR NoAvailableStreamId PROTOCOL_ERROR"},
      {kServer, [](Player& p) { return p->ResetStream(9, ErrorCode::kCancel); },
       "ERROR NoSuchStream PROTOCOL_ERROR stream 9"},
      {kServer,
       [](Player& p) {
         EXPECT_TRUE(p->ResetStream(1, ErrorCode::kCancel).ok());
         return p->SendHeaders(1, Status());
       },
       "ERROR StreamClosed STREAM_CLOSED stream 1"},
      {kServer,
       [](Player& p) {
         return p.Receive(SettingsFrame({{SettingId::kMaxFrameSize, 1}}));
       },
       "ERROR InvalidSettingsValue PROTOCOL_ERROR"},
      {kClient,
       [](Player& p) {
         return p->UpdateSettings(
             {{{SettingId::kInitialWindowSize, 0x80000000}}});
       },
       "ERROR InvalidSettingsValue FLOW_CONTROL_ERROR"},
      {kServer,
       [](Player& p) {
         EXPECT_TRUE(
             p->UpdateSettings({{{SettingId::kInitialWindowSize, 1}}}).ok());
         return p->AdvanceTime(absl::Seconds(11));
       },
       "ERROR SettingsTimeout SETTINGS_TIMEOUT"},
      {kClient,
       [](Player& p) {
         return p->SendHeaders(3, With(Get(), {{"te", "gzip"}}));
       },
       "ERROR InvalidHeaders PROTOCOL_ERROR stream 3"},
      {kServer,
       [](Player& p) {
         return ResetBy(p, HeadersFrame(3, Block({{"a b", "x"}})));
       },
       "ERROR InvalidHeaders PROTOCOL_ERROR stream 3"},
      {kClient,
       [](Player& p) {
         return p->SendHeaders(3, {{"x", "y"}, {":method", "GET"}});
       },
       "ERROR PseudoHeaderOrder PROTOCOL_ERROR stream 3"},
      {kClient,
       [](Player& p) {
         return p->SendHeaders(
             3, With(Get(), {{"cookie", std::string(65537, 'c')}}));
       },
       "ERROR HeadersTooLarge INTERNAL_ERROR stream 3"},
      {kServer,
       [](Player& p) {
         return ResetBy(
             p, HeadersFrame(3, Block(With(Post(), {{"content-length", "3"}})),
                             kEnds));
       },
       "ERROR InvalidBodyLength PROTOCOL_ERROR stream 3"},
      {kServer,
       [](Player& p) {
         return p.Receive(PushPromiseFrame(1, 2, Block(Get())));
       },
       "ERROR UnsupportedFrame PROTOCOL_ERROR stream 1"},
      {kServer,
       [](Player& p) {
         std::string bytes = HeadersFrame(3, "", 0);
         for (int i = 0; i < 65; ++i) bytes += ContinuationFrame(3, "", 0);
         return p.Receive(bytes);
       },
       "ERROR DenialOfService ENHANCE_YOUR_CALM stream 3"},
      {kServer, [](Player& p) { return p->Prioritize(1, {}); },
       "ERROR ClientsOnly PROTOCOL_ERROR stream 1"},
      {kClient, [](Player& p) { return p->PushStream(1, 2, Get()); },
       "ERROR ServersOnly PROTOCOL_ERROR stream 1"},
      {kClient, [](Player& p) { return p->Ping("not eight"); },
       "ERROR InvalidArgument PROTOCOL_ERROR"},
      {kClient,
       [](Player& p) {
         const absl::Cord frame(std::string(16384, 'x'));
         EXPECT_TRUE(p->SendData(1, frame).ok());
         return p->SendData(1, frame);
       },
       "ERROR OutputFull INTERNAL_ERROR stream 1"},
      {kServer,
       [](Player& p) {
         EXPECT_TRUE(p->CloseConnection(ErrorCode::kInternalError).ok());
         return p.Receive(PingFrame("12345678"));
       },
       "ERROR ConnectionClosed INTERNAL_ERROR"},
  };
}

// The sentence that a person reads: the input and the limit.
TEST(ErrorKindsTest, ATextGivesTheInputAndTheLimit) {
  struct Text {
    std::string bytes;
    std::string message;
  };
  const Text texts[] = {
      {FrameHeaderBytes(16385, kData, 0, 1),
       "DATA of 16385 bytes on stream 1: at most 16384 bytes are allowed (RFC "
       "9113 4.2)"},
      {PingFrame("short"),
       "PING of 5 bytes on stream 0: it must have 8 bytes (RFC 9113 6.7)"},
      {FrameHeaderBytes(7, kSettings, 0, 0),
       "SETTINGS of 7 bytes on stream 0: it must have a multiple of 6 bytes "
       "(RFC 9113 6.5)"},
      {FrameHeaderBytes(3, kGoAway, 0, 0),
       "GOAWAY of 3 bytes on stream 0: it must have at least 8 bytes (RFC 9113 "
       "6.8)"},
      {FrameHeaderBytes(6, kSettings, kAck, 0),
       "SETTINGS of 6 bytes on stream 0: an acknowledgement must have 0 bytes "
       "(RFC 9113 6.5)"},
      {ContinuationFrame(1, ""),
       "CONTINUATION of 0 bytes on stream 1: it continues no block (RFC 9113 "
       "6.10)"},
      {WindowUpdateFrame(0, kMaxStreamId),
       "2147483647 bytes more make a window of 65535 bytes exceed 2^31-1 on "
       "the connection (RFC 9113 6.9.1)"},
      {WindowUpdateFrame(0, 0),
       "0 bytes in a WINDOW_UPDATE; 1 to 2^31-1 are allowed on the connection "
       "(RFC 9113 6.9)"},
      {HeadersFrame(2, ""),
       "stream 2 is idle, and the peer cannot open it (RFC 9113 5.1.1)"},
      {SettingsFrame({{SettingId::kMaxFrameSize, 1}}),
       "MAX_FRAME_SIZE is 1; it must be 16384 to 16777215 (RFC 9113 6.5.2)"},
      {DataFrame(3, "x"), "stream 3 is idle and takes no DATA (RFC 9113 5.1)"},
  };
  for (const Text& text : texts) {
    Player player(ServerOptions(), Feeding::Whole());
    player.Handshake();
    EXPECT_EQ(player.Receive(text.bytes).message(), text.message);
  }
}

TEST(ErrorKindsTest, EveryKindComesWithItsCodeAndItsStream) {
  std::set<std::string> kinds;
  for (const Row& row : Rows()) {
    ConnectionOptions options;
    options.side = row.side;
    SCOPED_TRACE(row.status);
    UnderEveryFeeding(options, [&](Player& player) {
      player.Handshake();
      if (row.side == Side::kServer) {
        ASSERT_TRUE(player.Receive(HeadersFrame(1, Block(Post()))).ok());
      } else {
        ASSERT_TRUE(player->SendHeaders(1, Post()).ok());
      }
      player.TakeEvents();
      player.TakeFrames();
      EXPECT_EQ(StatusText(row.act(player)), row.status);
    });
    const std::vector<std::string> words = absl::StrSplit(row.status, ' ');
    kinds.insert(words[1]);
  }
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kConnectionClosed);
       ++kind) {
    const std::string name(ErrorKindName(static_cast<ErrorKind>(kind)));
    EXPECT_EQ(kinds.count(name), 1u) << name << " has no row";
  }
}

}  // namespace
}  // namespace sluice::h2::tests
