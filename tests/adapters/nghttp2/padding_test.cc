// Padding is charged like payload, when nghttp2 reports the frame.
#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/adapters/nghttp2/test_server.h"

namespace sluice::adapters {
namespace {

// RFC 9113 §6.1: padding counts for flow control, and takes room on the wire.
class PaddingTest : public testing::Test {
 protected:
  // Streams 1, with padding, and 3, each of pieces that make frames of 1000.
  void Start(absl::string_view policy, uint32_t window) {
    server_ = std::make_unique<Server>(policy, OwnTree::kOff,
                                       /*use_adapter=*/true,
                                       /*extension_callbacks=*/false,
                                       Padding::kOnStreamOne);
    client_ = std::make_unique<Client>(window);
    client_->Request(1);
    client_->Request(3);
    server_->Receive(client_->Take());
    server_->Answer(1, 1 << 20);
    server_->Answer(3, 1 << 20);
    server_->body(1).piece = 1000 - kPadding;
    server_->body(3).piece = 1000;
  }

  size_t Payload(int32_t id) { return (1 << 20) - server_->body(id).left; }

  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(PaddingTest, PaddingIsChargedLikePayload) {
  Start("rr", /*window=*/1 << 30);
  const Received received = Pump(server_.get(), 200 * 1000);
  EXPECT_EQ(received.bytes,
            (std::map<int32_t, size_t>{{1, 100 * 1000}, {3, 100 * 1000}}));
  EXPECT_EQ(Payload(1), 100 * (1000 - kPadding));
  EXPECT_EQ(server_->adapter().stats().bytes, received.total);
}

TEST_F(PaddingTest, AStreamWhoseWindowPaddingUsedUpLetsOthersPassAndResumes) {
  Start("fifo", /*window=*/3000);
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 1 1 3 3 3");
  EXPECT_EQ(Payload(1), 3 * (1000 - kPadding));
  client_->WindowUpdate(1, 1000);
  client_->WindowUpdate(3, 1000);
  server_->Receive(client_->Take());
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 3");
}

TEST_F(PaddingTest, AResetWhileTheStreamsFrameIsUnderWayDoesNotStopTheOthers) {
  Start("fifo", /*window=*/1 << 30);
  // The socket takes no more within the first frame of stream 1.
  server_->set_socket_room(500);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  EXPECT_LT(server_->body(1).left, 1u << 20);
  EXPECT_EQ(server_->adapter().stats().bytes, 0u);
  client_->Reset(1);
  server_->Receive(client_->Take());
  EXPECT_EQ(server_->adapter().stats().bytes, 1000u - kPadding);
  server_->set_socket_room(10000);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  EXPECT_GT(Payload(3), 8000u);
}

TEST_F(PaddingTest, ASignalWhileAFrameIsUnderWayLosesNoCharge) {
  Start("rfc9218", /*window=*/1 << 30);
  server_->body(1).left = 3 * (1000 - kPadding);
  server_->body(3).left = 1000;
  server_->set_socket_room(500);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  client_->PriorityUpdate(3, "u=0");
  client_->Request(5);
  server_->Receive(client_->Take());
  server_->set_socket_room(SIZE_MAX);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  EXPECT_EQ(server_->adapter().stats().bytes, 4000u);
}

TEST_F(PaddingTest, ABodyWithoutBytesAndOneThatEndsLetOthersPass) {
  Start("fifo", /*window=*/1 << 30);
  server_->body(1).available = 2 * (1000 - kPadding);
  server_->body(3).left = 1000;
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 1 3");
  server_->body(1).available = 1;
  EXPECT_EQ(nghttp2_session_resume_data(server_->session(), 1), 0);
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1");
  EXPECT_EQ(server_->adapter().stats().open_streams, 1u);
}

// nghttp2 makes a frame of an empty end that trailers, or a second body, follow
// only if there is padding for it.
TEST_F(PaddingTest, AFrameOfPaddingAloneUsesUpTheWindowToo) {
  Start("rr", /*window=*/3000);
  client_->WindowUpdate(3, 1 << 20);
  server_->Receive(client_->Take());
  server_->body(1).left = 0;
  server_->body(1).trailers_follow = true;
  server_->body(3).left = 10 * 1000;
  EXPECT_EQ(Pump(server_.get(), kPadding + 1000).bytes,
            (std::map<int32_t, size_t>{{1, kPadding}, {3, 1000}}));
  server_->SubmitData(1, 1 << 20);
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{1, 3000 - kPadding}, {3, 9 * 1000}}));
}

// nghttp2 makes no frame of an empty end that trailers follow, so none is told
// of.
TEST_F(PaddingTest, AnEndBeforeTrailersLetsOthersPass) {
  Start("lifo", /*window=*/1 << 30);
  server_->body(3).left = 0;
  server_->body(3).trailers_follow = true;
  EXPECT_EQ(Pump(server_.get(), 3000).Order(9), "1 1 1");
}

}  // namespace
}  // namespace sluice::adapters
