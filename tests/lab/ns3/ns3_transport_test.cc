#include "benchmarks/lab/ns3/ns3_transport.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/net/random.h"
#include "benchmarks/lab/net/transport.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1000 * kMs;
constexpr size_t kWirePerSegment = kSegmentBytes + 54;

// 8 Mbit/s both ways, 100 ms, a queue of one bandwidth-delay product.
Ns3Options Fast() {
  Ns3Options network;
  network.down_bits_per_second = 8'000'000;
  network.up_bits_per_second = 8'000'000;
  network.round_trip_ns = 100 * kMs;
  network.queue_bytes = 100'000;
  return network;
}

std::string RandomBytes(size_t size) {
  SplitMix64 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

// A server that writes all it can, from a request's arrival on.
struct Download {
  std::string received;
  int64_t request_ns = 0;              // when the request came
  int64_t done_ns = 0;                 // when the last byte came
  std::vector<int64_t> arrival_times;  // of each delivery
  // Written and not yet received.
  size_t most_under_way = 0;
  double mean_under_way = 0;  // over the arrivals
};

Download Get(const Ns3Options& network, const TransportOptions& run,
             const std::string& bytes) {
  Ns3Transport transport(network, run);
  Download download;
  size_t written = 0;
  auto write = [&] {
    for (;;) {
      const size_t size = std::min({transport.Room(End::kServer), kSegmentBytes,
                                    bytes.size() - written});
      if (size == 0) break;
      transport.Write(End::kServer,
                      absl::string_view(bytes).substr(written, size));
      written += size;
    }
    download.most_under_way =
        std::max(download.most_under_way, written - download.received.size());
  };
  transport.SetHandlers(End::kServer, {.on_bytes =
                                           [&](absl::string_view) {
                                             download.request_ns =
                                                 transport.Now();
                                             write();
                                           },
                                       .on_writable = [&] { write(); }});
  transport.SetHandlers(
      End::kClient, {.on_bytes =
                         [&](absl::string_view part) {
                           download.received.append(part.data(), part.size());
                           download.done_ns = transport.Now();
                           download.arrival_times.push_back(transport.Now());
                           download.mean_under_way += static_cast<double>(
                               written - download.received.size());
                         },
                     .on_writable = [] {}});
  transport.Write(End::kClient, "GET");
  transport.Run();
  download.mean_under_way /= static_cast<double>(download.arrival_times.size());
  return download;
}

// The time that `bytes` take on the wire of `network`, down.
int64_t WireTime(const Ns3Options& network, size_t bytes) {
  const int64_t segments =
      static_cast<int64_t>((bytes + kSegmentBytes - 1) / kSegmentBytes);
  return segments * static_cast<int64_t>(kWirePerSegment) * 8 * kSecond /
         network.down_bits_per_second;
}

TEST(Ns3TransportTest, TheClockStartsWhenTheConnectionIsOpen) {
  // 3 bytes and the headers at 8 Mbit/s, and half a round trip.
  const Download download = Get(Fast(), {}, "x");
  EXPECT_GE(download.request_ns, 50 * kMs);
  EXPECT_LT(download.request_ns, 51 * kMs);
  EXPECT_GE(download.done_ns, 100 * kMs);
  EXPECT_LT(download.done_ns, 101 * kMs);
}

TEST(Ns3TransportTest, BytesArriveIntactWhateverIsLost) {
  const std::string bytes = RandomBytes(500'003);
  Ns3Options network = Fast();
  network.down_losses_per_million = 50'000;
  network.up_losses_per_million = 50'000;
  for (CongestionControl congestion :
       {CongestionControl::kCubic, CongestionControl::kBbr,
        CongestionControl::kNewReno}) {
    network.congestion = congestion;
    const Download download = Get(network, {}, bytes);
    EXPECT_TRUE(download.received == bytes);
  }
}

TEST(Ns3TransportTest, BytesToTheServerArriveIntactToo) {
  const std::string bytes = RandomBytes(300'001);
  Ns3Options network = Fast();
  network.up_losses_per_million = 20'000;
  Ns3Transport transport(network, {});
  std::string received;
  transport.SetHandlers(End::kServer, {.on_bytes =
                                           [&](absl::string_view part) {
                                             received.append(part.data(),
                                                             part.size());
                                           },
                                       .on_writable = [] {}});
  transport.SetHandlers(End::kClient, {.on_bytes = [](absl::string_view) {},
                                       .on_writable = [] {}});
  ASSERT_GE(transport.Room(End::kClient), bytes.size());
  transport.Write(End::kClient, bytes);
  transport.Run();
  EXPECT_TRUE(received == bytes);
}

TEST(Ns3TransportTest, AWholeDownloadComesNearTheRateAndNeverAboveIt) {
  const std::string bytes(2'500'000, 'x');
  for (CongestionControl congestion :
       {CongestionControl::kCubic, CongestionControl::kBbr,
        CongestionControl::kNewReno}) {
    for (QueueDiscipline queue :
         {QueueDiscipline::kFifo, QueueDiscipline::kCodel,
          QueueDiscipline::kFqCodel}) {
      Ns3Options network = Fast();
      network.congestion = congestion;
      network.queue = queue;
      const Download download = Get(network, {}, bytes);
      const int64_t wire_time = WireTime(network, bytes.size());
      SCOPED_TRACE(testing::Message()
                   << "congestion control " << static_cast<int>(congestion)
                   << ", queue " << static_cast<int>(queue));
      EXPECT_GE(download.done_ns, wire_time + network.round_trip_ns);
      EXPECT_LT(download.done_ns, wire_time * 3 / 2 + network.round_trip_ns);
    }
  }
}

TEST(Ns3TransportTest, TwoPerCentLossSlowsCubicTwofoldAndBbrLittle) {
  const std::string bytes(2'500'000, 'x');
  auto seconds = [&](CongestionControl congestion, int losses_per_million) {
    Ns3Options network = Fast();
    network.congestion = congestion;
    network.down_losses_per_million = losses_per_million;
    return static_cast<double>(Get(network, {}, bytes).done_ns) / kSecond;
  };
  EXPECT_GT(seconds(CongestionControl::kCubic, 20'000),
            2 * seconds(CongestionControl::kCubic, 0));
  EXPECT_LT(seconds(CongestionControl::kBbr, 20'000),
            1.5 * seconds(CongestionControl::kBbr, 0));
  EXPECT_LT(2 * seconds(CongestionControl::kBbr, 20'000),
            seconds(CongestionControl::kCubic, 20'000));
}

// Without ns3_bbr.h this takes 500 s.
TEST(Ns3TransportTest, BbrRecoversFromATimeout) {
  const std::string bytes(2'500'000, 'x');
  for (int losses_per_million : {0, 1'000, 20'000}) {
    Ns3Options network;  // 3G Fast
    network.congestion = CongestionControl::kBbr;
    network.down_losses_per_million = losses_per_million;
    const Download download = Get(network, {}, bytes);
    EXPECT_LT(download.done_ns, WireTime(network, bytes.size()) * 5 / 4)
        << losses_per_million;
  }
}

TEST(Ns3TransportTest, TheServersRoomShrinksByTheUnsentBytes) {
  const std::string bytes(100'000, 'x');
  Ns3Transport transport(Fast(), {.send_buffer_bytes = 20'000, .seed = 1});
  size_t written = 0;
  size_t calls = 0;
  transport.SetHandlers(
      End::kServer,
      {.on_bytes =
           [&](absl::string_view) {
             // Nothing is sent before this returns: room falls byte by byte.
             EXPECT_EQ(transport.Room(End::kServer), 20'000u);
             transport.Write(End::kServer, "1234567");
             EXPECT_EQ(transport.Room(End::kServer), 19'993u);
             transport.Write(End::kServer, std::string(19'993, 'x'));
             EXPECT_EQ(transport.Room(End::kServer), 0u);
             written = 20'000;
           },
       .on_writable =
           [&] {
             const size_t room = transport.Room(End::kServer);
             EXPECT_GT(room, 0u);
             ++calls;
             if (written >= bytes.size()) return;
             // One segment was sent since the last write.
             EXPECT_LE(room, kSegmentBytes);
             transport.Write(End::kServer, std::string(room, 'x'));
             written += room;
             EXPECT_EQ(transport.Room(End::kServer), 0u);
             if (calls == 10) {
               // The initial window is sent, half a round trip after time 0.
               EXPECT_LT(transport.Now(), 51 * kMs);
             } else if (calls == 11) {
               // Then it takes an acknowledgement.
               EXPECT_GE(transport.Now(), 150 * kMs);
             }
           }});
  transport.SetHandlers(End::kClient, {.on_bytes = [](absl::string_view) {},
                                       .on_writable = [] {}});
  transport.Write(End::kClient, "GET");
  transport.Run();
  EXPECT_GT(calls, 70u);
  EXPECT_GE(written, bytes.size());
}

TEST(Ns3TransportTest, ASendBufferOfZeroHoldsOneSegment) {
  Ns3Transport transport(Fast(), {.send_buffer_bytes = 0, .seed = 1});
  EXPECT_EQ(transport.Room(End::kServer), kSegmentBytes);
}

// It decides how early bytes are chosen, and nothing else.
TEST(Ns3TransportTest, TheSendBufferDoesNotChangeWhenBytesArrive) {
  const std::string bytes(1'400'000, 'x');  // whole segments
  Ns3Options network = Fast();
  network.down_losses_per_million = 10'000;
  for (CongestionControl congestion :
       {CongestionControl::kCubic, CongestionControl::kBbr}) {
    network.congestion = congestion;
    const Download none = Get(network, {0, 1}, bytes);
    const Download some = Get(network, {16'800, 1}, bytes);
    const Download much = Get(network, {1'000'000, 1}, bytes);
    EXPECT_EQ(none.arrival_times, some.arrival_times);
    EXPECT_EQ(none.arrival_times, much.arrival_times);
    EXPECT_GT(much.most_under_way, none.most_under_way + 500'000);
  }
}

TEST(Ns3TransportTest, ALongFifoKeepsPacketsThatCodelDropsEarly) {
  const std::string bytes(5'000'000, 'x');
  Ns3Options network = Fast();
  network.queue_bytes = 1'000'000;
  const Download fifo = Get(network, {0, 1}, bytes);
  network.queue = QueueDiscipline::kCodel;
  const Download codel = Get(network, {0, 1}, bytes);
  EXPECT_GT(fifo.mean_under_way, 2 * codel.mean_under_way);
  network.queue = QueueDiscipline::kFqCodel;
  const Download fq_codel = Get(network, {0, 1}, bytes);
  EXPECT_GT(fifo.mean_under_way, 2 * fq_codel.mean_under_way);
  EXPECT_TRUE(codel.received == bytes);
}

TEST(Ns3TransportTest, EqualSeedsAreEqualRunsWhateverRanBefore) {
  const std::string bytes(700'000, 'x');
  Ns3Options network = Fast();
  network.down_losses_per_million = 20'000;
  for (CongestionControl congestion :
       {CongestionControl::kCubic, CongestionControl::kBbr}) {
    network.congestion = congestion;
    const Download first = Get(network, {0, 1}, bytes);
    const Download other = Get(network, {0, 2}, bytes);
    const Download again = Get(network, {0, 1}, bytes);
    EXPECT_EQ(first.arrival_times, again.arrival_times);
    EXPECT_NE(first.arrival_times, other.arrival_times);
  }
}

TEST(Ns3TransportTest, ActionsRunAtTheirTimesAndInTheirOrder) {
  Ns3Transport transport(Fast(), {});
  EXPECT_EQ(transport.Now(), 0);
  std::vector<std::pair<int64_t, int>> ran;
  auto note = [&](int what) {
    return [&, what] { ran.emplace_back(transport.Now(), what); };
  };
  transport.Schedule(2 * kMs, note(3));
  transport.Schedule(1 * kMs, note(1));
  transport.Schedule(1 * kMs, note(2));
  transport.Schedule(0, [&] { transport.Schedule(7, note(0)); });
  transport.Run();
  EXPECT_EQ(ran, (std::vector<std::pair<int64_t, int>>{
                     {7, 0}, {1 * kMs, 1}, {1 * kMs, 2}, {2 * kMs, 3}}));
}

size_t ResidentPages() {
  size_t total = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident;
}

TEST(Ns3TransportTest, MemoryDoesNotGrowWithTheNumberOfRuns) {
  const std::string bytes(100'000, 'x');
  Ns3Options network = Fast();
  network.down_losses_per_million = 10'000;
  for (int i = 0; i < 30; ++i) Get(network, {}, bytes);
  const size_t before = ResidentPages();
  for (int i = 0; i < 120; ++i) Get(network, {}, bytes);
  const size_t after = ResidentPages();
  const size_t page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  EXPECT_LT((after - std::min(after, before)) * page_size, 400'000u);
}

TEST(Ns3TransportDeathTest, ASecondOneAtTheSameTimeIsRefused) {
  Ns3Transport first(Fast(), {});
  EXPECT_DEATH(Ns3Transport(Fast(), {}), "two ns-3 transports at once");
}

}  // namespace
}  // namespace sluice::lab
