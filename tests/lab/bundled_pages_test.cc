// Every bundled page under every policy, and every policy under every signal
// set: a page loads to its end, and the numbers obey the link.
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/output.h"
#include "benchmarks/lab/results/text_report.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

constexpr int64_t kMs = 1'000'000;

scheduler::PolicyOptions Options() {
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  return options;
}
constexpr char kFolder[] = "benchmarks/lab/pages";

// Page and policy; the names are known when the test starts, from the files.
class BundledPageTest
    : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {};

std::vector<std::string> PolicyNames() {
  std::vector<std::string> names;
  for (const auto& entry : scheduler::RegisteredPolicies()) {
    names.push_back(entry.name);
  }
  return names;
}

int64_t WireTime(uint64_t bytes, int64_t bits_per_second) {
  return static_cast<int64_t>(bytes) * 8'000'000'000 / bits_per_second;
}

// Work conservation: where the link carries nothing for a while, no request
// that had reached the server before was still to be served. A frame arrives
// when it is whole, so the link was busy for the frame's own time before.
void ExpectNoIdleLinkWhileABodyWaits(const Page& page, const PageLoad& load) {
  constexpr int64_t kOneWay = 75 * kMs;
  constexpr int64_t kHeaders = 25 * kMs;  // segments, and a burst of responses
  constexpr int64_t kUpload = 120 * kMs;  // 75 ms and a burst of requests
  for (size_t i = 1; i < load.arrivals.size(); ++i) {
    const int64_t from = load.arrivals[i - 1].at_ns;
    const int64_t to = load.arrivals[i].at_ns;
    const int64_t busy = WireTime(load.arrivals[i].bytes, 1'600'000);
    if (to - from < busy + kHeaders) continue;
    for (size_t r = 0; r < page.resources.size(); ++r) {
      const ResourceTiming& timing = load.timings[r];
      if (timing.stream_id == 0 || timing.completed_ns < to) continue;
      EXPECT_GT(timing.requested_ns + kUpload, from - kOneWay)
          << page.resources[r].label << " waited while the link was idle from "
          << from << " to " << to;
    }
  }
}

// Loads `page` over the default link and checks what holds for every load.
void ExpectLoadsWithinWhatTheLinkAllows(const Page& page,
                                        const std::string& policy_name,
                                        absl::string_view signals) {
  SCOPED_TRACE(absl::StrCat(policy_name, " ", signals));
  const LinkOptions options;
  Link link(options);
  auto policy = scheduler::CreatePolicy(policy_name, Options());
  ASSERT_TRUE(policy.ok()) << policy.status();
  const absl::StatusOr<PageLoad> load = RunPageLoad(
      page, *FindSignalSet(signals)->make({}), *std::move(policy), link);
  ASSERT_TRUE(load.ok()) << load.status();

  // Every byte is picked once and arrives once, and none before it could.
  std::vector<uint64_t> picked(page.resources.size(), 0);
  std::vector<uint64_t> arrived(page.resources.size(), 0);
  for (const Pick& pick : load->picks) picked[pick.resource] += pick.bytes;
  uint64_t sum = 0;
  for (const Arrival& arrival : load->arrivals) {
    arrived[arrival.resource] += arrival.bytes;
    sum += arrival.bytes;
    EXPECT_GE(arrival.at_ns, WireTime(sum, options.down_bits_per_second) +
                                 options.round_trip_ns);
  }
  for (size_t i = 0; i < page.resources.size(); ++i) {
    const Resource& resource = page.resources[i];
    const uint64_t bytes = resource.redirect ? 0 : resource.bytes;
    EXPECT_EQ(picked[i], bytes) << resource.label;
    EXPECT_EQ(arrived[i], bytes) << resource.label;
    if (!resource.redirect) {
      EXPECT_GE(load->timings[i].completed_ns,
                load->timings[i].requested_ns + options.round_trip_ns +
                    WireTime(bytes, options.down_bits_per_second))
          << resource.label;
    }
  }

  ExpectNoIdleLinkWhileABodyWaits(page, *load);

  const Metrics metrics = Measure(page, *load);
  EXPECT_GE(metrics.page_load_ns, metrics.atf_ns);
  EXPECT_GE(metrics.atf_ns, metrics.render_critical_ns);
  EXPECT_GE(metrics.atf_ns, metrics.painted_area_ns);
  EXPECT_GE(metrics.atf_ns, metrics.lcp_candidate_ns);
  EXPECT_GE(metrics.lcp_candidate_ns, metrics.render_critical_ns);
  EXPECT_GE(metrics.painted_area_ns, metrics.render_critical_ns);
  EXPECT_GE(metrics.painted_area_ns, metrics.atf_area_ns);
  EXPECT_GT(metrics.atf_area_ns, options.round_trip_ns);
}

TEST_P(BundledPageTest, LoadsToItsEndNoFasterThanTheLink) {
  const auto& [page_name, policy_name] = GetParam();
  const auto pages = SelectPages(page_name, kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  // Both kinds of signals at once, and the engine's choice of when to ask.
  ExpectLoadsWithinWhatTheLinkAllows(pages->front(), policy_name,
                                     "chromium_h2_156");
}

INSTANTIATE_TEST_SUITE_P(
    AllPagesAndPolicies, BundledPageTest,
    ::testing::Combine(::testing::ValuesIn(BundledPages(kFolder)),
                       ::testing::ValuesIn(PolicyNames())),
    [](const auto& info) {
      return absl::StrCat(std::get<0>(info.param), "_",
                          std::get<1>(info.param));
    });

INSTANTIATE_TEST_SUITE_P(
    Perflogs, BundledPageTest,
    ::testing::Combine(::testing::ValuesIn(PerflogsPages(kFolder)),
                       ::testing::Values("rr", "rfc9218", "rfc7540")),
    [](const auto& info) {
      return absl::StrCat(std::get<0>(info.param), "_",
                          std::get<1>(info.param));
    });

// The published tables name the sets.
TEST(PageSetsTest, RealAndAllAreWhatTheyWereBeforePerflogs) {
  const auto count = [](absl::string_view list) {
    const auto pages = SelectPages(list, kFolder);
    EXPECT_TRUE(pages.ok()) << pages.status();
    return pages.ok() ? pages->size() : 0;
  };
  EXPECT_EQ(count("real"), 16u);
  EXPECT_EQ(count("all"), 20u);
  EXPECT_EQ(count("perflogs"), 9u);
  EXPECT_EQ(count("all,perflogs,bing_2024"), 29u);
}

// The server is told of everything but the document that rendering waits for.
TEST(EveryPageTest, HintsThatBlockingCssAndScriptsAreInTheHead) {
  const auto pages = SelectPages("all,perflogs", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  for (const Page& page : *pages) {
    for (const Resource& resource : page.resources) {
      const bool blocks =
          resource.render_critical && resource.type != ResourceType::kHtml;
      EXPECT_EQ(resource.hints.in_head, blocks)
          << page.name << " " << resource.label;
    }
  }
}

// Small pages: one with changes of mind, one without.
TEST(EveryPolicyTest, LoadsUnderEverySignalSet) {
  const auto pages = SelectPages("wikipedia_mobile,sitespeedio_2017", kFolder);
  ASSERT_TRUE(pages.ok()) << pages.status();
  for (const Page& page : *pages) {
    SCOPED_TRACE(page.name);
    for (const std::string& policy : PolicyNames()) {
      for (const SignalSet& set : SignalSets()) {
        ExpectLoadsWithinWhatTheLinkAllows(page, policy, set.name);
      }
    }
  }
}

struct Printed {
  std::string text;
  std::string json;
  std::string csv;
};

Printed CompareDefaults() {
  Comparison comparison;
  auto pages = SelectPages("wikipedia_mobile,vk", kFolder);
  EXPECT_TRUE(pages.ok()) << pages.status();
  comparison.pages = *std::move(pages);
  comparison.signals.assign(SignalSets().begin(), SignalSets().end());
  comparison.policies = {"rfc7540", "rr", "fifo"};
  Printed printed;
  std::ostringstream json;
  std::ostringstream csv;
  JsonOutput json_output(json);
  CsvOutput csv_output(csv);
  TextOutput text_output(
      {.runs_a_table = comparison.RunsATable()},
      [&](absl::string_view text) { printed.text += std::string(text); });
  const absl::Status status =
      Compare(comparison, {&json_output, &csv_output, &text_output},
              [](size_t, size_t, absl::string_view) {});
  EXPECT_TRUE(status.ok()) << status;
  printed.json = json.str();
  printed.csv = csv.str();
  return printed;
}

TEST(CompareTest, TheSameRunTwicePrintsTheSameBytes) {
  const Printed first = CompareDefaults();
  const Printed second = CompareDefaults();
  EXPECT_EQ(first.text, second.text);
  EXPECT_EQ(first.json, second.json);
  EXPECT_EQ(first.csv, second.csv);
}

struct Measured {
  Metrics metrics;
  std::string picks;      // resources of the first 20 joined picks
  std::string completed;  // the first 20 resources to complete
};

std::string Labels(const Page& page, std::vector<size_t> order) {
  order.resize(std::min<size_t>(order.size(), 20));
  return absl::StrJoin(order, " ", [&](std::string* out, size_t index) {
    absl::StrAppend(out, page.resources[index].label);
  });
}

Measured MeasureRun(const std::string& page_name, const std::string& spec,
                    absl::string_view signals) {
  const absl::StatusOr<Page> page =
      LoadPageFile(absl::StrCat(kFolder, "/", page_name, ".json"));
  Link link({});
  auto load = RunPageLoad(*page, *FindSignalSet(signals)->make({}),
                          *scheduler::CreatePolicy(spec, Options()), link);
  EXPECT_TRUE(load.ok()) << load.status();
  std::vector<size_t> picked;
  for (const Pick& pick : JoinPicks(load->picks)) {
    picked.push_back(pick.resource);
  }
  return {Measure(*page, *load), Labels(*page, picked),
          Labels(*page, CompletionOrder(*page, *load))};
}

// With signals that the tree can read. Firefox's first picks on vk are scripts
// of one group, which the tree shares as round robin does: there the order of
// completion tells them apart.
TEST(CompareTest, TheThreePoliciesSendInThreeOrders) {
  for (const char* page : {"wikipedia_mobile", "vk"}) {
    for (const absl::string_view signals :
         {"chrome7540", "firefox7540", "chromium_h2_156"}) {
      SCOPED_TRACE(absl::StrCat(page, " ", signals));
      const Measured tree = MeasureRun(page, "rfc7540", signals);
      const Measured rr = MeasureRun(page, "rr", signals);
      const Measured fifo = MeasureRun(page, "fifo", signals);
      EXPECT_NE(tree.completed, rr.completed);
      EXPECT_NE(tree.completed, fifo.completed);
      EXPECT_NE(rr.completed, fifo.completed);
      EXPECT_NE(rr.picks, fifo.picks);
      if (signals == "firefox7540") continue;
      EXPECT_NE(tree.picks, rr.picks);
      EXPECT_NE(tree.picks, fifo.picks);
    }
  }
}

TEST(CompareTest, SignalsThatThePolicyDoesNotUseChangeNothing) {
  for (const char* policy : {"rr", "fifo"}) {
    for (const char* signals : {"chrome9218_2023", "safari9218"}) {
      EXPECT_EQ(MeasureRun("vk", policy, signals).completed,
                MeasureRun("vk", policy, "none").completed)
          << policy << " " << signals;
    }
  }
}

// The tree has no urgencies: they reach it as weights (docs/policies.md).
TEST(CompareTest, SignalsOfTheOtherKindAreTranslated) {
  EXPECT_LT(MeasureRun("vk", "rfc7540", "chrome9218_2023").metrics.atf_area_ns,
            MeasureRun("vk", "rfc7540", "none").metrics.atf_area_ns);
}

// dfifo brings more of the first screen early, but scripts of the head late.
TEST(CompareTest, ThePolicyThatIsAheadByArrivalPaintsLaterOnFerguson) {
  const auto measured = [](const char* policy) {
    return MeasureRun("ferguson_2022", policy, "chrome9218_2023").metrics;
  };
  const Metrics rr = measured("rr");
  const Metrics dfifo = measured("dfifo");
  EXPECT_LT(dfifo.atf_area_ns, rr.atf_area_ns - 1000 * kMs);
  EXPECT_GT(dfifo.painted_area_ns, rr.painted_area_ns + 300 * kMs);
}

TEST(CompareTest, ALateSignalReachesTheServerLaterThanAnEarlyOne) {
  auto area = [](bool late) {
    const auto page = LoadPageFile(absl::StrCat(kFolder, "/pwa_rocks.json"));
    EXPECT_TRUE(page.ok()) << page.status();
    Link link({});
    auto signals =
        FindSignalSet("chrome9218_2023")->make({.late_signals = late});
    auto load = RunPageLoad(
        *page, *signals, *scheduler::CreatePolicy("rfc9218", Options()), link);
    EXPECT_TRUE(load.ok()) << load.status();
    return Measure(*page, *load).atf_area_ns;
  };
  EXPECT_LT(area(/*late=*/false), area(/*late=*/true));
}

TEST(CompareTest, ChromesSignalsBringTheRenderCriticalResourcesForward) {
  for (const char* page : {"wikipedia_mobile", "vk"}) {
    SCOPED_TRACE(page);
    EXPECT_LE(
        MeasureRun(page, "rfc7540", "chrome7540").metrics.render_critical_ns,
        MeasureRun(page, "rr", "chrome7540").metrics.render_critical_ns);
  }
}

}  // namespace
}  // namespace sluice::lab
