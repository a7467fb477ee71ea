// A DATA frame that arrives in several reads makes an event for each, and its
// rules are those of a frame that arrives whole.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DataPiecesTest : public ::testing::Test {
 protected:
  DataPiecesTest() : server_(ServerOptions(), Feeding::Whole()) {
    server_.Handshake();
    Open(1);
  }

  void Open(StreamId id, const std::vector<Header>& more = {}) {
    EXPECT_TRUE(
        server_.Receive(HeadersFrame(id, Block(With(Post(), more)))).ok());
    server_.TakeEvents();
  }

  // The events of one read.
  std::vector<std::string> Read(absl::string_view bytes) {
    server_.Receive(bytes).IgnoreError();
    return server_.TakeEvents();
  }

  // Those of reads of `size` bytes.
  std::vector<std::string> ReadBy(size_t size, absl::string_view bytes) {
    std::vector<std::string> events;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      for (std::string& event : Read(bytes.substr(0, size))) {
        events.push_back(std::move(event));
      }
    }
    return events;
  }

  int64_t Window(StreamId id) {
    return server_->RemoteFlowControlWindow(id).value();
  }

  Player server_;
};

TEST_F(DataPiecesTest, EachReadMakesAnEventAndTheLastOneEndsTheStream) {
  const std::string frame = DataFrame(1, "abcdef", kEndStream);
  EXPECT_THAT(Read(frame.substr(0, 5)), IsEmpty());
  EXPECT_THAT(Read(frame.substr(5, 4)), IsEmpty()) << "the header alone";
  EXPECT_THAT(Read(frame.substr(9, 2)),
              ElementsAre("DataReceived 1 \"ab\" flow 2 (4 to come)"));
  EXPECT_THAT(Read(frame.substr(11, 3)),
              ElementsAre("DataReceived 1 \"cde\" flow 3 (1 to come)"));
  EXPECT_THAT(Read(frame.substr(14) + PingFrame("12345678")),
              ElementsAre("DataReceived 1 \"f\" flow 1 ended", "StreamEnded 1",
                          "PingReceived \"12345678\""));
}

TEST_F(DataPiecesTest, AFrameThatArrivesWholeIsOneEvent) {
  EXPECT_THAT(
      Read(DataFrame(1, "abc") + DataFrame(1, "") +
           RawFrame(kData, kPadded, 1, Padded("", 3))),
      ElementsAre("DataReceived 1 \"abc\" flow 3", "DataReceived 1 \"\" flow 0",
                  "DataReceived 1 \"\" flow 4"));
}

TEST_F(DataPiecesTest, PaddingCountsInTheLastEventWhereverItIsCut) {
  const std::string frame =
      RawFrame(kData, kPadded | kEndStream, 1, Padded("abc", 2));
  EXPECT_THAT(ReadBy(1, frame),
              ElementsAre("DataReceived 1 \"a\" flow 1 (4 to come)",
                          "DataReceived 1 \"b\" flow 1 (3 to come)",
                          "DataReceived 1 \"c\" flow 1 (2 to come)",
                          "DataReceived 1 \"\" flow 3 ended", "StreamEnded 1"));
  StreamId id = 1;
  for (size_t cut = 1; cut < frame.size(); ++cut) {
    Open(id += 2);
    std::string other = frame;
    other[8] = static_cast<char>(id);
    size_t flow = 0;
    for (const auto& part : {other.substr(0, cut), other.substr(cut)}) {
      ASSERT_TRUE(server_.Receive(part).ok());
      for (const Event& event : server_.TakeRawEvents()) {
        const auto* data = std::get_if<DataReceived>(&event);
        if (data != nullptr) flow += data->flow_controlled_length;
      }
    }
    EXPECT_EQ(flow, 6u) << "cut at " << cut;
  }
}

TEST_F(DataPiecesTest, TheWindowIsTakenByTheFirstPieceForAll) {
  const std::string frame = DataFrame(1, std::string(1000, 'x'));
  Read(frame.substr(0, 10));
  EXPECT_EQ(Window(1), 65535 - 1000);
  Read(frame.substr(10));
  EXPECT_EQ(Window(1), 65535 - 1000);
}

TEST_F(DataPiecesTest, ABodyThatIsTooLongIsRefusedBeforeItsFirstEvent) {
  Open(3, {{"content-length", "5"}});
  const std::string frame = DataFrame(3, "abcdef");
  EXPECT_THAT(
      Read(frame.substr(0, 10)),
      ElementsAre("StreamReset 3 PROTOCOL_ERROR by us: InvalidBodyLength"));
  EXPECT_THAT(Read(frame.substr(10)), IsEmpty());
}

TEST_F(DataPiecesTest, ABodyThatIsTooShortIsRefusedBeforeItsLastEvents) {
  Open(3, {{"content-length", "5"}});
  const std::string frame = DataFrame(3, "abcd", kEndStream);
  EXPECT_THAT(
      Read(frame.substr(0, 10)),
      ElementsAre("StreamReset 3 PROTOCOL_ERROR by us: InvalidBodyLength"));
}

TEST_F(DataPiecesTest, PaddingThatIsTooLongIsRefusedByThePadLengthAlone) {
  const std::string frame = RawFrame(kData, kPadded, 1, "\x03xx");
  EXPECT_THAT(Read(frame.substr(0, 10)),
              ElementsAre("ERROR Protocol PROTOCOL_ERROR stream 1"));
}

// RFC 9113 §6.9: the bytes of a stream that is gone count on the connection.
TEST_F(DataPiecesTest, AStreamThatIsResetBetweenPiecesDropsTheRest) {
  const std::string frame = DataFrame(1, std::string(16000, 'x'), kEndStream);
  ASSERT_THAT(Read(frame.substr(0, 1009)).size(), 1);
  ASSERT_TRUE(server_->ResetStream(1, ErrorCode::kCancel).ok());
  EXPECT_THAT(Read(frame.substr(1009, 5000)), IsEmpty());
  EXPECT_THAT(Read(frame.substr(6009)), IsEmpty());
  // The application credits what it got; the core the rest.
  ASSERT_TRUE(server_->AcknowledgeReceivedData(1, 1000).ok());
  Open(3);
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(Read(DataFrame(3, std::string(10000, 'x'))).size(), 1);
    ASSERT_TRUE(server_->AcknowledgeReceivedData(3, 10000).ok());
  }
  EXPECT_EQ(Window(0), 65535);
}

TEST_F(DataPiecesTest, ADroppedFrameIsCreditedOnceAllOfItCame) {
  ASSERT_TRUE(server_->ResetStream(1, ErrorCode::kCancel).ok());
  server_.TakeFrames();
  const std::string frame = DataFrame(1, std::string(16384, 'x'));
  for (int i = 0; i < 2; ++i) {
    for (size_t at = 0; at < frame.size(); at += 1000) {
      EXPECT_THAT(server_.TakeFrames(), IsEmpty());
      EXPECT_THAT(Read(frame.substr(at, 1000)), IsEmpty());
    }
  }
  EXPECT_THAT(server_.TakeFrames(), ElementsAre("WINDOW_UPDATE 0 +32768"));
}

}  // namespace
}  // namespace sluice::h2::tests
