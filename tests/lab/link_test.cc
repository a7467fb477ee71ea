#include "benchmarks/lab/link.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr int64_t kMs = 1'000'000;

// 1,400 bytes down take 7 ms, and every byte arrives 75 ms after it left.
class LinkTest : public ::testing::Test {
 protected:
  void Open(size_t send_buffer_bytes) {
    link_ = std::make_unique<Link>(
        LinkOptions{.send_buffer_bytes = send_buffer_bytes});
    link_->SetHandlers(End::kClient, {.on_bytes =
                                          [this](absl::string_view bytes) {
                                            at_client_.emplace_back(
                                                link_->Now(), bytes.size());
                                            text_at_client_ +=
                                                std::string(bytes);
                                          },
                                      .on_writable = [] {}});
    link_->SetHandlers(
        End::kServer,
        {.on_bytes =
             [this](absl::string_view bytes) {
               at_server_.emplace_back(link_->Now(), bytes.size());
             },
         .on_writable =
             [this] {
               writable_.emplace_back(link_->Now(), link_->Room(End::kServer));
               if (on_writable_) on_writable_();
             }});
  }

  std::unique_ptr<Link> link_;
  std::function<void()> on_writable_;
  std::vector<std::pair<int64_t, size_t>> at_client_;
  std::vector<std::pair<int64_t, size_t>> at_server_;
  std::vector<std::pair<int64_t, size_t>> writable_;
  std::string text_at_client_;
};

TEST_F(LinkTest, ASegmentArrivesAfterItsTransmissionAndHalfARoundTrip) {
  Open(16384);
  link_->Write(End::kServer, std::string(3000, 'a'));
  link_->Run();
  EXPECT_THAT(at_client_,
              ElementsAre(Pair(82 * kMs, 1400), Pair(89 * kMs, 1400),
                          Pair(90 * kMs, 200)));
}

TEST_F(LinkTest, TheDirectionsHaveTheirOwnRates) {
  Open(16384);
  link_->Write(End::kClient, std::string(96, 'a'));
  link_->Run();
  EXPECT_THAT(at_server_, ElementsAre(Pair(76 * kMs, 96)));
}

TEST_F(LinkTest, WritesOfOneInstantShareASegmentAndKeepTheirOrder) {
  Open(16384);
  link_->Schedule(kMs, [this] {
    link_->Write(End::kServer, "ab");
    link_->Write(End::kServer, "cd");
  });
  link_->Run();
  ASSERT_EQ(at_client_.size(), 1u);
  EXPECT_EQ(text_at_client_, "abcd");
}

TEST_F(LinkTest, ASegmentFreesTheSendBufferWhenItIsWhollyOnTheWire) {
  Open(4000);
  EXPECT_EQ(link_->Room(End::kServer), 4000u);
  link_->Write(End::kServer, std::string(4000, 'a'));
  EXPECT_EQ(link_->Room(End::kServer), 0u);
  link_->Run();
  EXPECT_THAT(writable_, ElementsAre(Pair(7 * kMs, 1400), Pair(14 * kMs, 2800),
                                     Pair(20 * kMs, 4000)));
}

TEST_F(LinkTest, WithoutASendBufferOneSegmentIsWrittenAtATime) {
  Open(0);
  EXPECT_EQ(link_->Room(End::kServer), kSegmentBytes);
  link_->Write(End::kServer, std::string(kSegmentBytes, 'a'));
  EXPECT_EQ(link_->Room(End::kServer), 0u);
}

TEST_F(LinkTest, AWriterThatKeepsUpLeavesNoGapOnTheWire) {
  Open(0);
  int left = 3;
  on_writable_ = [&] {
    if (left-- > 0) link_->Write(End::kServer, std::string(1400, 'a'));
  };
  link_->Write(End::kServer, std::string(1400, 'a'));
  link_->Run();
  EXPECT_THAT(at_client_,
              ElementsAre(Pair(82 * kMs, 1400), Pair(89 * kMs, 1400),
                          Pair(96 * kMs, 1400), Pair(103 * kMs, 1400)));
}

TEST_F(LinkTest, TheRateIsNeverExceededWhereItDoesNotDivide) {
  link_ = std::make_unique<Link>(LinkOptions{.down_bits_per_second = 7});
  int64_t arrived = 0;
  link_->SetHandlers(
      End::kClient,
      {.on_bytes = [&](absl::string_view) { arrived = link_->Now(); },
       .on_writable = [] {}});
  link_->SetHandlers(End::kServer, {.on_bytes = [](absl::string_view) {},
                                    .on_writable = [] {}});
  link_->Write(End::kServer, "a");
  link_->Run();
  EXPECT_EQ(arrived, 1'142'857'143 + 75 * kMs);
}

}  // namespace
}  // namespace sluice::lab
