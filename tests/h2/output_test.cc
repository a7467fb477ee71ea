// The output: what waits in it, how it is taken, and when there is room.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <sys/uio.h>

#include <cstddef>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;

// A server that answers streams 1, 3 and 5, whose windows are wide.
class OutputTest : public ::testing::Test {
 protected:
  static ConnectionOptions Options(size_t mark) {
    ConnectionOptions options = ServerOptions();
    options.limits.output_high_water_mark = mark;
    return options;
  }

  explicit OutputTest(const ConnectionOptions& options = Options(20000))
      : server_(options, Feeding::OfThisRound()) {
    server_.Handshake({{SettingId::kInitialWindowSize, 1 << 30}});
    EXPECT_TRUE(server_.Receive(WindowUpdateFrame(0, 1 << 30)).ok());
    for (const StreamId id : {1, 3, 5}) {
      EXPECT_TRUE(server_.Receive(HeadersFrame(id, Block(Get()))).ok());
      EXPECT_TRUE(server_->SendHeaders(id, Status()).ok());
    }
    server_.TakeEvents();
    server_.TakeFrames();
  }

  std::string Send(StreamId id, size_t bytes) {
    return StatusText(
        server_->SendData(id, absl::Cord(std::string(bytes, 'x'))));
  }

  Player server_;
};

TEST_F(OutputTest, TheMarkBoundsDataAndNoOtherFrame) {
  EXPECT_EQ(server_->CapacityFor(0).output_room, 20000u);
  EXPECT_EQ(Send(1, 15000), "OK");
  EXPECT_EQ(server_->CapacityFor(0).output_room, 5000u);
  EXPECT_EQ(Send(1, 5001), "ERROR OutputFull INTERNAL_ERROR stream 1");
  EXPECT_EQ(Send(1, 5000), "OK");
  EXPECT_EQ(server_->CapacityFor(0).output_room, 0u);
  // Control frames and an END_STREAM without payload are not held up.
  EXPECT_TRUE(server_->Ping("12345678").ok());
  EXPECT_TRUE(server_->EndStream(3).ok());
  EXPECT_TRUE(server_->CloseConnection().ok());
  EXPECT_EQ(server_->CapacityFor(0).output_room, 0u);
}

TEST_F(OutputTest, ARefusedCallChangesNothing) {
  ASSERT_EQ(Send(1, 16384), "OK");
  const int64_t window = *server_->LocalFlowControlWindow(1);
  const size_t size = server_->OutputSize();
  EXPECT_NE(Send(1, 16384), "OK");
  EXPECT_EQ(*server_->LocalFlowControlWindow(1), window);
  EXPECT_EQ(server_->OutputSize(), size);
}

class OneFrameTest : public OutputTest {
 protected:
  OneFrameTest() : OutputTest(Options(0)) {}
};

TEST_F(OneFrameTest, OneFrameAlwaysFitsIntoAnOutputWithoutData) {
  EXPECT_EQ(server_->CapacityFor(0).output_room, 16384u);
  EXPECT_EQ(server_->OutputRoom(), 16384u);
  EXPECT_EQ(Send(1, 16384), "OK");
  EXPECT_EQ(server_->CapacityFor(0).output_room, 0u);
  EXPECT_NE(Send(3, 1), "OK");
  server_->ClearOutput();
  EXPECT_EQ(server_->CapacityFor(0).output_room, 16384u);
}

// The peer's MAX_FRAME_SIZE says what it takes, not what we buffer.
TEST_F(OneFrameTest, ThePeersMaxFrameSizeIsNotTheBoundOfOurOutput) {
  ASSERT_TRUE(
      server_
          .Receive(SettingsFrame({{SettingId::kMaxFrameSize, (1 << 24) - 1}}))
          .ok());
  server_->ClearOutput();
  EXPECT_EQ(server_->CapacityFor(0).frame_size, (1u << 24) - 1);
  EXPECT_EQ(server_->CapacityFor(0).output_room, 16384u);
  EXPECT_EQ(Send(1, 16385), "ERROR OutputFull INTERNAL_ERROR stream 1");
  EXPECT_EQ(Send(1, 16384), "OK");
}

TEST_F(OutputTest, TheDefaultMarkIsOneFrame) {
  EXPECT_EQ(Limits().output_high_water_mark, 16384u);
}

TEST_F(OutputTest, RoomComesBackWithEveryByteThatIsWritten) {
  ASSERT_EQ(Send(1, 10000), "OK");
  ASSERT_EQ(Send(3, server_->CapacityFor(0).output_room), "OK");
  EXPECT_EQ(server_->CapacityFor(0).output_room, 0u);
  server_->DataToSend(9);  // the frame's header
  EXPECT_EQ(server_->CapacityFor(0).output_room, 0u);
  server_->DataToSend(4);
  EXPECT_EQ(server_->CapacityFor(0).output_room, 4u);
  ASSERT_TRUE(server_->ConsumeOutput(96).ok());
  EXPECT_EQ(server_->CapacityFor(0).output_room, 100u);
}

TEST_F(OutputTest, ARefusedCallTakesNoRoom) {
  ASSERT_EQ(Send(1, 10000), "OK");
  ASSERT_NE(Send(1, 10001), "OK");
  EXPECT_EQ(server_->CapacityFor(0).output_room, 10000u);
  ASSERT_TRUE(server_->ConsumeOutput(5009).ok());
  EXPECT_EQ(server_->CapacityFor(0).output_room, 15000u);
}

TEST_F(OutputTest, AnyPartCanBeTakenAndNoByteIsWrittenTwice) {
  ASSERT_EQ(Send(1, 5), "OK");
  ASSERT_TRUE(server_->Ping("abcdefgh").ok());
  const std::string expected = DataFrame(1, "xxxxx") + PingFrame("abcdefgh");
  ASSERT_EQ(server_->OutputSize(), expected.size());
  std::string taken;
  for (size_t max = 1; server_->OutputSize() > 0; max = max % 7 + 1) {
    taken += server_->DataToSend(max);
  }
  EXPECT_EQ(taken, expected);
  EXPECT_EQ(server_->DataToSend(), "");
}

TEST_F(OutputTest, BodiesArePeekedAtWithoutCopying) {
  const std::string body(10000, 'b');
  ASSERT_TRUE(server_
                  ->SendData(1, absl::MakeCordFromExternal(body, [] {}),
                             {.end_stream = true})
                  .ok());
  iovec out[4];
  ASSERT_EQ(server_->PeekOutput(absl::MakeSpan(out)), 2u);
  EXPECT_EQ(out[0].iov_len, 9u);
  EXPECT_EQ(out[1].iov_base, body.data());
  EXPECT_EQ(out[1].iov_len, body.size());
  ASSERT_TRUE(server_->ConsumeOutput(9 + 4000).ok());
  ASSERT_EQ(server_->PeekOutput(absl::MakeSpan(out)), 1u);
  EXPECT_EQ(out[0].iov_base, body.data() + 4000);
}

class ControlMarkTest : public OutputTest {
 protected:
  static ConnectionOptions ControlOptions() {
    ConnectionOptions options = Options(20000);
    options.limits.output_control_high_water_mark = 100;
    return options;
  }
  ControlMarkTest() : OutputTest(ControlOptions()) {}
};

TEST_F(ControlMarkTest, HeaderAndControlFramesHaveALimitOfTheirOwn) {
  EXPECT_EQ(Limits().output_control_high_water_mark, 1024u * 1024u);
  std::string status;
  int pings = 0;
  while (status.empty() || status == "OK") {
    status = StatusText(server_->Ping("12345678"));
    ++pings;
  }
  EXPECT_EQ(status, "ERROR OutputFull INTERNAL_ERROR");
  EXPECT_EQ(pings, 7) << "100 bytes are reached by 6 PINGs of 17";
  EXPECT_EQ(
      StatusText(server_->SendHeaders(1, {{"x", "y"}}, {.end_stream = true})),
      "ERROR OutputFull INTERNAL_ERROR");
  // RST_STREAM and GOAWAY are always admitted.
  EXPECT_TRUE(server_->ResetStream(1, ErrorCode::kCancel).ok());
  EXPECT_TRUE(server_->CloseConnection(ErrorCode::kInternalError).ok());
  EXPECT_THAT(server_.TakeFrames().back(), "GOAWAY last 5 INTERNAL_ERROR");
}

TEST_F(ControlMarkTest, HoldsDataBackToo) {
  while (server_->Ping("12345678").ok()) {
  }
  EXPECT_EQ(server_->CapacityFor(0).output_room, 0u);
  EXPECT_EQ(Send(1, 1), "ERROR OutputFull INTERNAL_ERROR");
  server_->ClearOutput();
  EXPECT_EQ(server_->CapacityFor(0).output_room, 20000u);
}

TEST_F(ControlMarkTest, RoomComesBackWhenControlFramesAreWritten) {
  while (server_->Ping("12345678").ok()) {
  }
  EXPECT_FALSE(server_->CapacityFor(0).frames);
  ASSERT_TRUE(server_->ConsumeOutput(17).ok());
  EXPECT_TRUE(server_->CapacityFor(0).frames);
  EXPECT_EQ(server_->CapacityFor(0).output_room, 20000u);
}

TEST_F(OutputTest, ClearingDropsEverything) {
  ASSERT_EQ(Send(1, 100), "OK");
  ASSERT_TRUE(server_->Ping("12345678").ok());
  server_->ClearOutput();
  EXPECT_EQ(server_->OutputSize(), 0u);
  EXPECT_EQ(server_->DataToSend(), "");
}

// A −1 of writev() is the largest size_t.
TEST_F(OutputTest, MoreThanWaitsIsNotConsumed) {
  ASSERT_EQ(Send(1, 100), "OK");
  ASSERT_TRUE(server_->Ping("12345678").ok());
  const size_t size = server_->OutputSize();
  for (const size_t bytes : {size + 1, Connection::kAll}) {
    EXPECT_EQ(StatusText(server_->ConsumeOutput(bytes)),
              "ERROR InvalidArgument PROTOCOL_ERROR");
    EXPECT_EQ(server_->OutputSize(), size);
  }
  EXPECT_EQ(server_->DataToSend(),
            DataFrame(1, std::string(100, 'x')) + PingFrame("12345678"));
  EXPECT_FALSE(server_->ConsumeOutput(1).ok());
  EXPECT_TRUE(server_->ConsumeOutput(0).ok());
}

TEST_F(OutputTest, PaddingIsZerosAndCountsAgainstTheWindow) {
  const int64_t before = *server_->LocalFlowControlWindow(1);
  SendDataOptions options;
  options.pad_length = 3;
  ASSERT_TRUE(server_->SendData(1, absl::Cord("ab"), options).ok());
  EXPECT_EQ(*server_->LocalFlowControlWindow(1), before - 6);
  EXPECT_EQ(server_->DataToSend(),
            RawFrame(kData, kPadded, 1, Padded("ab", 3)));
}

TEST_F(OutputTest, AfterTheEndThereIsNoRoom) {
  ASSERT_TRUE(server_->CloseConnection(ErrorCode::kInternalError).ok());
  EXPECT_EQ(server_->CapacityFor(0).output_room, 0u);
  EXPECT_EQ(Send(1, 1), "ERROR ConnectionClosed PROTOCOL_ERROR");
}

}  // namespace
}  // namespace sluice::h2::tests
