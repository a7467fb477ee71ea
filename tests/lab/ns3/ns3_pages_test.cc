// ns-3's networks by their names, and pages over them.
#include <sluice/scheduler/registry.h>

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
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/statistics.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network_spec.h"
#include "benchmarks/lab/net/transport.h"
#include "benchmarks/lab/ns3/ns3_network.h"
#include "benchmarks/lab/ns3/ns3_transport.h"
#include "benchmarks/lab/page/page.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

constexpr char kFolder[] = "benchmarks/lab/pages";
constexpr int64_t kMs = 1'000'000;

// The options of "ns3:" and this text.
absl::StatusOr<Ns3Options> ParseNs3Options(absl::string_view text) {
  const absl::StatusOr<NetworkSpec> spec =
      ParseNetworkSpec(text, Ns3Networks().keys);
  if (!spec.ok()) return spec.status();
  return ReadNs3Options(*spec);
}

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

TEST(Ns3NetworkTest, AQueueThatIsLeftOutIsTheProductOrThirtyPackets) {
  const absl::StatusOr<Ns3Options> options = ParseNs3Options("3g_fast");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->down_bits_per_second, 1'600'000);
  EXPECT_EQ(options->up_bits_per_second, 768'000);
  EXPECT_EQ(options->round_trip_ns, 150 * kMs);
  EXPECT_EQ(options->queue_bytes, 45'000);
}

TEST(Ns3NetworkTest, KeysOverrideTheNameInAnyOrder) {
  const absl::StatusOr<Ns3Options> options = ParseNs3Options(
      "cable,cc=bbr,loss=2,down=0.5M,up=800k,rtt=12.5,loss_up=0.01%,"
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

TEST(Ns3NetworkTest, RefusalsNameTheItemAndItsFault) {
  const std::pair<absl::string_view, absl::string_view> refused[] = {
      {"5g", "unknown network \"5g\"; known are marx"},
      {"marx", "\"marx\" has a tick, and TCP needs a rate"},
      {"loss=2", "gives neither down nor rtt"},
      {"rtt=20ms", "\"rtt=20ms\" needs down and up, each from 8k to 1000M"},
      {"3g_fast,loss=1,loss=2", "\"loss=2\" is given twice"},
      {"3g_fast,colour=red",
       "\"colour=red\" has an unknown key; known are down, up, rtt, loss, "
       "queue, iw, window, headers, loss_up, qdisc, cc"},
      {"3g_fast,cc=vegas",
       "\"cc=vegas\" is unknown; known are cubic, bbr, newreno"},
      {"3g_fast,qdisc=red",
       "\"qdisc=red\" is unknown; known are fifo, codel, fq_codel"},
      {"3g_fast,loss=21", "has a loss above 20%"},
      {"3g_fast,loss_up=21", "\"loss_up=21\" must be a number from 0 to 20"},
      {"3g_fast,down=1G,up=2G", "needs down and up, each from 8k to 1000M"},
      {"3g_fast,iw=4", "has another iw than 10, with which ns-3 begins"},
      {"3g_fast,headers=52", "has headers, and a packet of ns-3 has its own"},
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
  const auto networks =
      SelectNetworks(absl::StrCat("ns3:", network), {Ns3Networks()});
  if (!networks.ok()) return networks.status();
  const std::unique_ptr<Transport> transport = networks->front().transport(
      {.send_buffer_bytes = send_buffer, .seed = 1});
  return RunPageLoad(page, *FindSignalSet("chrome9218_2023")->make({}),
                     *scheduler::CreatePolicy(policy, options), *transport);
}

TEST(Ns3PagesTest, EveryPolicyBringsAWholePageUnderLoss) {
  const auto pages = SelectPages("wikipedia_mobile", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  const Page& page = pages->front();
  for (const auto& policy : scheduler::RegisteredPolicies()) {
    for (absl::string_view network :
         {"3g_fast,loss=2", "3g_fast,cc=bbr,loss=2"}) {
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

// The captured pages over one network.
class RealPages {
 public:
  explicit RealPages(std::string network) : network_(std::move(network)) {
    auto pages = SelectPages("real", kFolder);
    EXPECT_TRUE(pages.ok()) << pages.status();
    if (pages.ok()) pages_ = *std::move(pages);
  }

  // A metric of each page.
  std::vector<double> Of(const std::string& policy, int64_t Metrics::*metric,
                         size_t send_buffer = 0) const {
    std::vector<double> values;
    for (const Page& page : pages_) {
      const absl::StatusOr<PageLoad> load =
          Load(page, policy, network_, send_buffer);
      EXPECT_TRUE(load.ok()) << load.status();
      if (!load.ok()) continue;
      values.push_back(static_cast<double>(Measure(page, *load).*metric));
    }
    return values;
  }

  // The median of round robin ÷ policy on the area above the fold.
  double Gain(const std::string& policy, size_t send_buffer = 0) const {
    return MedianRatio(Of("rr", &Metrics::atf_area_ns, send_buffer),
                       Of(policy, &Metrics::atf_area_ns, send_buffer));
  }

  static double MedianRatio(std::vector<double> a,
                            const std::vector<double>& b) {
    EXPECT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) a[i] /= b[i];
    return Median(std::move(a));
  }

 private:
  std::string network_;
  std::vector<Page> pages_;
};

// As on `link` (tests/lab/policy_order_test.cc), and as much of the order as
// real TCP leaves: what docs/reproductions/loss.md says, for one of its seeds.
TEST(Ns3PagesTest, TheOrderOfPoliciesOutlastsLoss) {
  for (const char* network :
       {"3g_fast", "3g_fast,loss=2", "3g_fast,cc=bbr,loss=2"}) {
    SCOPED_TRACE(network);
    const RealPages pages(network);
    const double rfc9218 = pages.Gain("rfc9218");
    const double spdyrr = pages.Gain("spdyrr");
    EXPECT_GT(rfc9218, 1.15);
    EXPECT_GT(spdyrr, 1.08);
    EXPECT_GT(rfc9218, spdyrr);
    EXPECT_LT(pages.Gain("fifo"), 1.05);
  }
}

TEST(Ns3PagesTest, UnderLossTheGainFallsWithTheSendBuffer) {
  for (const char* network : {"3g_fast,loss=2", "3g_fast,cc=bbr,loss=2"}) {
    SCOPED_TRACE(network);
    const RealPages pages(network);
    const double small = pages.Gain("rfc9218", 16384);
    const double large = pages.Gain("rfc9218", 131072);
    EXPECT_GT(pages.Gain("rfc9218"), small);
    EXPECT_GT(small, large);
    EXPECT_LT(pages.Gain("rfc9218", 1048576), 1.02);
  }
}

TEST(Ns3PagesTest, LossCostsEveryPolicyTheSameTime) {
  for (const std::string cc : {"cc=cubic", "cc=bbr"}) {
    SCOPED_TRACE(cc);
    const RealPages without(absl::StrCat("3g_fast,", cc));
    const RealPages with(absl::StrCat("3g_fast,loss=2,", cc));
    const auto page_load = &Metrics::page_load_ns;
    const std::vector<double> rr = with.Of("rr", page_load);
    EXPECT_GT(RealPages::MedianRatio(rr, without.Of("rr", page_load)), 1.05);
    EXPECT_NEAR(RealPages::MedianRatio(rr, with.Of("rfc9218", page_load)), 1,
                0.03);
  }
}

// `link` with slow start, and the rate that 54 bytes of headers leave.
TEST(Ns3PagesTest, WithoutLossAndQueueItAgreesWithTheLink) {
  const auto pages = SelectPages(
      "wikipedia_mobile,squoosh,filamentgroup_2017_chrome,vk", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  const LinkOptions options = {
      .down_bits_per_second = int64_t{1'600'000} * 1400 / 1454,
      .up_bits_per_second = 768'000,
      .round_trip_ns = 150 * kMs,
      .send_buffer_bytes = 16384,
      .initial_window_bytes = 14'000};
  for (const Page& page : *pages) {
    for (const char* policy : {"rr", "rfc9218"}) {
      SCOPED_TRACE(absl::StrCat(page.name, " ", policy));
      Link link(options);
      const absl::StatusOr<PageLoad> expected = RunPageLoad(
          page, *FindSignalSet("chrome9218_2023")->make({}),
          *scheduler::CreatePolicy(policy, {.max_grant = kMaxGrant}), link);
      const absl::StatusOr<PageLoad> load =
          Load(page, policy, "3g_fast,queue=1500000", 16384);
      ASSERT_TRUE(expected.ok()) << expected.status();
      ASSERT_TRUE(load.ok()) << load.status();
      const auto link_ms =
          static_cast<double>(Measure(page, *expected).page_load_ns) / kMs;
      const auto ns3_ms =
          static_cast<double>(Measure(page, *load).page_load_ns) / kMs;
      EXPECT_NEAR(ns3_ms / link_ms, 1, 0.05) << ns3_ms << " " << link_ms;
    }
  }
}

}  // namespace
}  // namespace sluice::lab
