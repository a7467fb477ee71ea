// The order of the policies on the captured pages, as docs/reproductions/
// policy_order.md reports it: 3G Fast, no send buffer, Chrome's signals of
// August 2023, medians over pages of the area above the fold, rr ÷ policy.
#include <sluice/scheduler/registry.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/statistics.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/page/page.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

constexpr char kFolder[] = "benchmarks/lab/pages";

class PolicyOrderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto pages = SelectPages("real", kFolder);
    ASSERT_TRUE(pages.ok()) << pages.status();
    pages_ = new std::vector<Page>(*std::move(pages));
  }
  static void TearDownTestSuite() {
    delete pages_;
    pages_ = nullptr;
  }

  static std::vector<Metrics> MeasureAll(const std::string& policy,
                                         size_t send_buffer) {
    scheduler::PolicyOptions options;
    options.max_grant = kMaxGrant;
    LinkOptions network = FindNetwork("3g_fast")->link;
    network.send_buffer_bytes = send_buffer;
    std::vector<Metrics> all;
    for (const Page& page : *pages_) {
      Link link(network);
      auto load = RunPageLoad(page, *FindSignalSet("chrome9218_2023")->make({}),
                              *scheduler::CreatePolicy(policy, options), link);
      EXPECT_TRUE(load.ok()) << load.status();
      if (load.ok()) all.push_back(Measure(page, *load));
    }
    return all;
  }

  static double MedianGain(const std::vector<Metrics>& rr,
                           const std::vector<Metrics>& policy,
                           int64_t Metrics::*metric) {
    std::vector<double> ratios;
    for (size_t i = 0; i < rr.size() && i < policy.size(); ++i) {
      ratios.push_back(static_cast<double>(rr[i].*metric) /
                       static_cast<double>(policy[i].*metric));
    }
    return Median(ratios);
  }

  static std::vector<Page>* pages_;
};

std::vector<Page>* PolicyOrderTest::pages_ = nullptr;

TEST_F(PolicyOrderTest, ThePoliciesFallInTheReportedOrder) {
  ASSERT_EQ(pages_->size(), 16u);
  const std::vector<Metrics> rr = MeasureAll("rr", 0);
  std::map<std::string, double> gain;
  for (const char* policy :
       {"pmeenan_html", "rfc9218", "spdyrr", "parallel_plus", "dfifo",
        "firefox", "wrr", "fifo", "serial_plus"}) {
    const std::vector<Metrics> metrics = MeasureAll(policy, 0);
    gain[policy] = MedianGain(rr, metrics, &Metrics::atf_area_ns);
    const double page_load = MedianGain(rr, metrics, &Metrics::page_load_ns);
    EXPECT_GE(page_load, 0.97) << policy;
    EXPECT_LE(page_load, 1.03) << policy;
  }
  EXPECT_GT(gain["pmeenan_html"], 1.25);
  EXPECT_GT(gain["rfc9218"], 1.25);
  for (const char* policy : {"spdyrr", "parallel_plus"}) {
    EXPECT_GE(gain[policy], 1.2) << policy;
    EXPECT_LE(gain[policy], 1.45) << policy;
    EXPECT_GT(gain["rfc9218"], gain[policy]) << policy;
    EXPECT_GT(gain[policy], gain["dfifo"]) << policy;
  }
  EXPECT_GT(gain["dfifo"], gain["firefox"]);
  EXPECT_GT(gain["firefox"], gain["wrr"]);
  for (const char* policy : {"fifo", "serial_plus"}) {
    EXPECT_GE(gain[policy], 0.9) << policy;
    EXPECT_LE(gain[policy], 1.1) << policy;
  }
}

TEST_F(PolicyOrderTest, TheGainFallsAsTheSendBufferGrows) {
  double last = 100;
  for (size_t buffer : {0, 16 << 10, 64 << 10, 128 << 10, 280 << 10, 1 << 20}) {
    const double gain =
        MedianGain(MeasureAll("rr", buffer), MeasureAll("rfc9218", buffer),
                   &Metrics::atf_area_ns);
    EXPECT_LT(gain, last) << buffer;
    EXPECT_GE(gain, 0.999) << buffer;
    last = gain;
  }
}

}  // namespace
}  // namespace sluice::lab
