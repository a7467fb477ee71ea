// The link in real network namespaces. Each test is skipped, with the reason,
// where the kernel refuses them. None looks at a clock.
#include "benchmarks/servers/slow_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_end.h"
#include "gtest/gtest.h"

namespace sluice::servers {
namespace {

constexpr int kPort = 7000;
constexpr int64_t kIpAndUdpHeaders = 28;

sockaddr_in Address(const char* address) {
  sockaddr_in in = {};
  in.sin_family = AF_INET;
  in.sin_port = htons(kPort);
  ::inet_pton(AF_INET, address, &in.sin_addr);
  return in;
}

const sockaddr* Generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// The machine's own, which every namespace may use.
std::string Congestion() {
  std::ifstream file("/proc/sys/net/ipv4/tcp_congestion_control");
  std::string name;
  std::getline(file, name);
  return name;
}

class SlowLinkTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<SlowLink>> link = SlowLink::Create(
        {.round_trip = absl::Milliseconds(10), .congestion = Congestion()});
    if (absl::IsFailedPrecondition(link.status())) {
      GTEST_SKIP() << link.status().message();
    }
    ASSERT_TRUE(link.ok()) << link.status();
    link_ = *std::move(link);
  }

  // A UDP socket of `end`, at `address`, that talks to `peer`.
  Fd Socket(const LinkEnd& end, const char* address, const char* peer) {
    Fd socket;
    const absl::Status made = end.Inside([&] {
      socket = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      return absl::OkStatus();
    });
    EXPECT_TRUE(made.ok()) << made;
    const timeval patience = {.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience,
                 sizeof(patience));
    const sockaddr_in own = Address(address);
    const sockaddr_in other = Address(peer);
    EXPECT_EQ(::bind(socket.get(), Generic(own), sizeof(own)), 0);
    EXPECT_EQ(::connect(socket.get(), Generic(other), sizeof(other)), 0)
        << std::strerror(errno);
    return socket;
  }

  std::unique_ptr<SlowLink> link_;
};

TEST_F(SlowLinkTest, DatagramsCrossInOrderAndTheCountersHaveEachByte) {
  const Fd server = Socket(link_->server_end(), kServerAddress, kClientAddress);
  const Fd client = Socket(link_->client_end(), kClientAddress, kServerAddress);
  for (char i = 0; i < 20; ++i) {
    const std::string datagram(1000, i);
    ASSERT_EQ(::send(server.get(), datagram.data(), datagram.size(), 0), 1000);
  }
  std::string received(2000, 'x');
  for (char i = 0; i < 20; ++i) {
    ASSERT_EQ(::recv(client.get(), received.data(), received.size(), 0), 1000);
    EXPECT_EQ(received.substr(0, 1000), std::string(1000, i));
  }
  ASSERT_EQ(::send(client.get(), "answer", 6, 0), 6);
  ASSERT_EQ(::recv(server.get(), received.data(), received.size(), 0), 6);
  const LinkReport report = link_->Stop();
  EXPECT_EQ(report.down.packets, 20);
  EXPECT_EQ(report.down.bytes, 20 * (1000 + kIpAndUdpHeaders));
  EXPECT_EQ(report.down.dropped_packets, 0);
  EXPECT_LE(report.down.most_queued_bytes, 20u * (1000 + kIpAndUdpHeaders));
  EXPECT_EQ(report.up.packets, 1);
  EXPECT_EQ(report.up.bytes, 6 + kIpAndUdpHeaders);
}

TEST_F(SlowLinkTest, AnEndReachesNothingBeyondTheLink) {
  const absl::Status status = link_->client_end().Inside([] {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (const char* address : {"198.51.100.1", "127.0.0.1"}) {
      const sockaddr_in outside = Address(address);
      EXPECT_NE(::connect(socket.get(), Generic(outside), sizeof(outside)), 0);
      EXPECT_EQ(errno, ENETUNREACH) << address;
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(SlowLinkTest, TheServersEndHasTheLowWaterMark) {
  const absl::StatusOr<LinkEnd> end = LinkEnd::Create(
      kServerAddress, {.congestion = Congestion(), .low_water_mark = 12345});
  ASSERT_TRUE(end.ok()) << end.status();
  std::string mark;
  const absl::Status status = end->Inside([&] {
    // The thread's own: /proc/sys is that of its namespace.
    std::ifstream file("/proc/sys/net/ipv4/tcp_notsent_lowat");
    std::getline(file, mark);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(mark, "12345");
}

TEST_F(SlowLinkTest, AnUnknownCongestionControlIsNamed) {
  const absl::Status status =
      LinkEnd::Create(kServerAddress, {.congestion = "slowpoke"}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_TRUE(
      absl::StartsWith(status.message(),
                       "the congestion control is 'slowpoke'; in a namespace "
                       "the kernel allows "))
      << status;
}

}  // namespace
}  // namespace sluice::servers
