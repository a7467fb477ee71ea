// DATA that comes in: the DataScheduler gives its sender new credit.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::BytesSource;

constexpr int64_t kWindow = 65535;

std::vector<h2::Header> Post() {
  return {{":method", "POST"},
          {":scheme", "https"},
          {":authority", "example.org"},
          {":path", "/"}};
}

// A client and a server, each under a DataScheduler.
struct Pair {
  explicit Pair(DataSchedulerOptions server_options = {})
      : sender(&client, *CreatePolicy("rr")),
        receiver(&server, *CreatePolicy("rr"), server_options) {
    EXPECT_TRUE(client.InitiateConnection().ok());
    EXPECT_TRUE(server.InitiateConnection().ok());
    Exchange();
    Exchange();
  }

  // Everything goes once to the server and once back.
  void Exchange() {
    std::vector<h2::Event> events;
    EXPECT_TRUE(server.ReceiveData(client.DataToSend(), &events).ok());
    for (const h2::Event& event : events) {
      receiver.OnEvent(event);
      const auto* data = std::get_if<h2::DataReceived>(&event);
      if (data != nullptr) received += data->flow_controlled_length;
    }
    events.clear();
    EXPECT_TRUE(client.ReceiveData(server.DataToSend(), &events).ok());
    for (const h2::Event& event : events) {
      sender.OnEvent(event);
      updates += std::holds_alternative<h2::WindowUpdated>(event);
      const auto* data = std::get_if<h2::DataReceived>(&event);
      if (data != nullptr) downloaded += data->flow_controlled_length;
    }
  }

  h2::Connection client{{.side = h2::Side::kClient}};
  h2::Connection server{{.side = h2::Side::kServer}};
  DataScheduler sender;
  DataScheduler receiver;
  uint64_t received = 0;
  uint64_t downloaded = 0;
  size_t updates = 0;
};

TEST(UploadTest, AnUploadOfAnySizeFlowsWithoutACallOfTheApplication) {
  Pair pair;
  ASSERT_TRUE(
      pair.sender.Submit(1, Post(), std::make_unique<BytesSource>(10'000'000))
          .ok());
  for (int i = 0; i < 10000 && pair.sender.ActiveBodies() > 0; ++i) {
    pair.sender.Pull(1 << 20);
    pair.Exchange();
  }
  EXPECT_EQ(pair.received, 10'000'000u);
}

TEST(UploadTest, ADownloadFlowsToAClientLikewise) {
  Pair pair;
  ASSERT_TRUE(pair.sender.Submit(1, Post(), nullptr).ok());
  pair.Exchange();
  ASSERT_TRUE(pair.receiver
                  .Submit(1, {{":status", "200"}},
                          std::make_unique<BytesSource>(1'000'000))
                  .ok());
  for (int i = 0; i < 1000 && pair.receiver.ActiveBodies() > 0; ++i) {
    pair.receiver.Pull(1 << 20);
    pair.Exchange();
  }
  EXPECT_EQ(pair.downloaded, 1'000'000u);
}

TEST(UploadTest, PaddingGetsCreditToo) {
  Pair pair;
  ASSERT_TRUE(pair.client.SendHeaders(1, Post()).ok());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(
        pair.client.SendData(1, absl::Cord("x"), {.pad_length = 255}).ok());
    pair.Exchange();
  }
  EXPECT_GT(*pair.server.RemoteFlowControlWindow(1), kWindow / 2);
}

// A WINDOW_UPDATE for each would double the frames on the connection.
TEST(UploadTest, TinyFramesGetFewUpdates) {
  Pair pair;
  ASSERT_TRUE(pair.client.SendHeaders(1, Post()).ok());
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(pair.client.SendData(1, absl::Cord("x")).ok());
    pair.Exchange();
  }
  EXPECT_EQ(pair.received, 100'000u);
  EXPECT_LE(pair.updates, 2 * (100'000 / (kWindow / 2)));
}

TEST(UploadTest, AStreamThatWeResetLeavesTheConnectionsWindowOpen) {
  Pair pair;
  for (h2::StreamId id = 1; id < 200; id += 2) {
    ASSERT_TRUE(pair.client.SendHeaders(id, Post()).ok());
    ASSERT_TRUE(
        pair.client.SendData(id, absl::Cord(std::string(9000, 'x'))).ok());
    std::vector<h2::Event> events;
    ASSERT_TRUE(
        pair.server.ReceiveData(pair.client.DataToSend(), &events).ok());
    // Its events come when it is gone.
    ASSERT_TRUE(pair.server.ResetStream(id, h2::ErrorCode::kCancel).ok());
    for (const h2::Event& event : events) pair.receiver.OnEvent(event);
    // More of it was on its way.
    ASSERT_TRUE(
        pair.client.SendData(id, absl::Cord(std::string(5000, 'x'))).ok());
    pair.Exchange();
  }
  EXPECT_GT(*pair.server.RemoteFlowControlWindow(0), kWindow / 2);
}

TEST(UploadTest, AStreamThatThePeerResetsLeavesTheConnectionsWindowOpen) {
  Pair pair;
  for (h2::StreamId id = 1; id < 200; id += 2) {
    ASSERT_TRUE(pair.client.SendHeaders(id, Post()).ok());
    ASSERT_TRUE(
        pair.client.SendData(id, absl::Cord(std::string(9000, 'x'))).ok());
    ASSERT_TRUE(pair.client.ResetStream(id, h2::ErrorCode::kCancel).ok());
    pair.Exchange();
  }
  EXPECT_GT(*pair.server.RemoteFlowControlWindow(0), kWindow / 2);
}

TEST(UploadTest, TheApplicationGivesCreditItselfForBackPressure) {
  Pair pair({.acknowledge_received_data = false});
  ASSERT_TRUE(
      pair.sender.Submit(1, Post(), std::make_unique<BytesSource>(200'000))
          .ok());
  for (int i = 0; i < 100; ++i) {
    pair.sender.Pull(1 << 20);
    pair.Exchange();
  }
  EXPECT_EQ(pair.received, static_cast<uint64_t>(kWindow));
  ASSERT_TRUE(pair.server.AcknowledgeReceivedData(1, kWindow).ok());
  pair.Exchange();
  pair.sender.Pull(1 << 20);
  pair.Exchange();
  EXPECT_GT(pair.received, static_cast<uint64_t>(kWindow));
}

TEST(UploadTest, ASecondAcknowledgementIsRefused) {
  Pair pair;
  ASSERT_TRUE(pair.client.SendHeaders(1, Post()).ok());
  ASSERT_TRUE(pair.client.SendData(1, absl::Cord("abc")).ok());
  pair.Exchange();
  EXPECT_EQ(pair.server.AcknowledgeReceivedData(1, 3).message(),
            "stream 1 has 3 bytes acknowledged; 0 that arrived are not "
            "acknowledged yet");
}

}  // namespace
}  // namespace sluice::scheduler
