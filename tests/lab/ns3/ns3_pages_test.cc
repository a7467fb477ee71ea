// ns-3's networks by their names, and pages over them.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/metrics.h"
#include "benchmarks/lab/ns3/ns3_network.h"
#include "benchmarks/lab/ns3/ns3_transport.h"
#include "benchmarks/lab/origin.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/selection.h"
#include "benchmarks/lab/signals.h"
#include "benchmarks/lab/statistics.h"
#include "benchmarks/lab/transport.h"
#include "gtest/gtest.h"
#include "scheduler/registry.h"

namespace sluice::lab {
namespace {

constexpr char kFolder[] = "benchmarks/lab/pages";
constexpr int64_t kMs = 1'000'000;

TEST(Ns3NetworkTest, ANameGivesRatesRoundTripAndLoss) {
  const absl::StatusOr<Ns3Options> options = ParseNs3Options("mobile");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->down_bits_per_second, 9'000'000);
  EXPECT_EQ(options->up_bits_per_second, 9'000'000);
  EXPECT_EQ(options->round_trip_ns, 170 * kMs);
  EXPECT_EQ(options->down_losses_per_million, 5'000);
  EXPECT_EQ(options->up_losses_per_million, 0);
  EXPECT_EQ(options->queue_bytes, 191'250);  // the bandwidth-delay product
  EXPECT_EQ(options->queue, QueueDiscipline::kFifo);
  EXPECT_EQ(options->congestion, CongestionControl::kCubic);
}

TEST(Ns3NetworkTest, WithoutANameItIs3gFast) {
  const absl::StatusOr<Ns3Options> options = ParseNs3Options("");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->down_bits_per_second, 1'600'000);
  EXPECT_EQ(options->up_bits_per_second, 768'000);
  EXPECT_EQ(options->round_trip_ns, 150 * kMs);
  EXPECT_EQ(options->queue_bytes, 45'000);
}

TEST(Ns3NetworkTest, KeysChangeWhatTheNameGivesWhereverTheyStand) {
  const absl::StatusOr<Ns3Options> options = ParseNs3Options(
      "cc=bbr,loss=2,down=0.5M,cable,up=800k,rtt=12.5,loss_up=0.01,"
      "queue=9000,qdisc=fq_codel");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->congestion, CongestionControl::kBbr);
  EXPECT_EQ(options->down_losses_per_million, 20'000);
  EXPECT_EQ(options->down_bits_per_second, 500'000);
  EXPECT_EQ(options->up_bits_per_second, 800'000);
  EXPECT_EQ(options->round_trip_ns, 12'500'000);
  EXPECT_EQ(options->up_losses_per_million, 100);
  EXPECT_EQ(options->queue_bytes, 9'000);
  EXPECT_EQ(options->queue, QueueDiscipline::kFqCodel);
}

TEST(Ns3NetworkTest, RefusalsNameTheItemAndWhatIsWrong) {
  const std::pair<absl::string_view, absl::string_view> refused[] = {
      {"5g", "ns3: \"5g\": unknown network \"5g\"; known are marx"},
      {"marx", "ns3: \"marx\": its tick is not a rate"},
      {"cable,fibre", "ns3: \"fibre\": a second network"},
      {"loss=1,loss=2", "ns3: \"loss=2\": given twice"},
      {"colour=red", "ns3: \"colour=red\": known keys are down, up, rtt"},
      {"cc=vegas", "ns3: \"cc=vegas\": known are cubic, bbr, newreno"},
      {"qdisc=red", "ns3: \"qdisc=red\": known are fifo, codel, fq_codel"},
      {"loss=21", "ns3: \"loss=21\": must be a number from 0 to 20"},
      {"loss=-1", "must be a number from 0 to 20"},
      {"loss=nan", "must be a number from 0 to 20"},
      {"loss=", "must be a number from 0 to 20"},
      {"rtt=99999", "must be a number from 0 to 10000"},
      {"queue=1", "must be a number from 3000 to 1"},
      {"down=1G", "must be from 8k to 1000M bits per second"},
      {"up=0", "must be from 8k to 1000M bits per second"},
  };
  for (const auto& [text, why] : refused) {
    const absl::StatusOr<Ns3Options> options = ParseNs3Options(text);
    ASSERT_FALSE(options.ok()) << text;
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(options.status().message(), why))
        << text << ": " << options.status();
  }
}

absl::StatusOr<PageLoad> Load(const Page& page, const std::string& policy,
                              absl::string_view network, size_t send_buffer) {
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  const absl::StatusOr<TransportFactory> factory = Ns3Networks().parse(network);
  if (!factory.ok()) return factory.status();
  const std::unique_ptr<Transport> transport =
      (*factory)({.send_buffer_bytes = send_buffer, .seed = 1});
  return RunPageLoad(page, *FindSignalSet("chrome9218_2023")->make({}),
                     *scheduler::CreatePolicy(policy, options), *transport);
}

TEST(Ns3PagesTest, EveryPolicyBringsAWholePageUnderLoss) {
  const auto pages = SelectPages("wikipedia_mobile", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  const Page& page = pages->front();
  for (const auto& policy : scheduler::RegisteredPolicies()) {
    for (absl::string_view network : {"loss=2", "cc=bbr,loss=2"}) {
      SCOPED_TRACE(absl::StrCat(policy.name, " ", network));
      const absl::StatusOr<PageLoad> load =
          Load(page, std::string(policy.name), network, 16384);
      ASSERT_TRUE(load.ok()) << load.status();
      std::vector<uint64_t> arrived(page.resources.size(), 0);
      for (const Arrival& arrival : load->arrivals) {
        arrived[arrival.resource] += arrival.bytes;
      }
      for (size_t i = 0; i < page.resources.size(); ++i) {
        const Resource& resource = page.resources[i];
        EXPECT_EQ(arrived[i], resource.redirect ? 0 : resource.bytes);
      }
    }
  }
}

// As on `link` (tests/lab/policy_order_test.cc), and as much of the order as
// real TCP leaves.
TEST(Ns3PagesTest, Rfc9218IsBeforeRoundRobinAndFifoIsNot) {
  const auto pages = SelectPages("real", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  auto areas = [&](const std::string& policy) {
    std::vector<double> areas;
    for (const Page& page : *pages) {
      const absl::StatusOr<PageLoad> load = Load(page, policy, "3g_fast", 0);
      EXPECT_TRUE(load.ok()) << load.status();
      if (!load.ok()) continue;
      areas.push_back(static_cast<double>(Measure(page, *load).atf_area_ns));
    }
    return areas;
  };
  const std::vector<double> rr = areas("rr");
  auto median_gain = [&](const std::string& policy) {
    std::vector<double> gains = areas(policy);
    for (size_t i = 0; i < gains.size(); ++i) gains[i] = rr[i] / gains[i];
    return SpreadOf(gains, /*seed=*/1).median;
  };
  EXPECT_GT(median_gain("rfc9218"), 1.1);
  EXPECT_LT(median_gain("fifo"), 1.05);
}

}  // namespace
}  // namespace sluice::lab
