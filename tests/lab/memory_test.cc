// A comparison holds one page load at a time, however many it makes. Of a run
// that is over it keeps nothing, of a page its name.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/har_output.h"
#include "benchmarks/lab/results/html_report.h"
#include "benchmarks/lab/results/output.h"
#include "benchmarks/lab/results/result_files.h"
#include "benchmarks/lab/results/summary.h"
#include "benchmarks/lab/results/text_report.h"
#include "benchmarks/lab/results/trace_folder.h"
#include "gtest/gtest.h"
#include "tests/support/allocation_counter.h"

namespace sluice::lab {
namespace {

using ::sluice::testing::ForgetPeak;
using ::sluice::testing::LiveBytes;
using ::sluice::testing::PeakBytes;

constexpr size_t kPolicies = 4;

struct Usage {
  // Between the first run and the last one, and the most at any moment, above
  // what was held before the comparison.
  int64_t growth = 0;
  int64_t peak = 0;
};

// Loads `times` pages with each of kPolicies policies.
Usage UsageOf(size_t times, std::vector<Output*> outputs) {
  absl::StatusOr<Page> page =
      LoadPageFile("benchmarks/lab/pages/filamentgroup_2017_chrome.json");
  EXPECT_TRUE(page.ok()) << page.status();
  Comparison comparison;
  comparison.pages = std::vector<Page>(times, *page);
  for (size_t i = 0; i < times; ++i) {
    absl::StrAppend(&comparison.pages[i].name, i);
  }
  comparison.signals = {*FindSignalSet("chromium_h2_156")};
  comparison.policies = {"rr", "fifo", "auto", "srpt"};
  EXPECT_EQ(comparison.policies.size(), kPolicies);

  const int64_t before = LiveBytes();
  int64_t first = 0;
  int64_t last = 0;
  ForgetPeak();
  TextOutput text({.runs_a_table = comparison.RunsATable()},
                  [](absl::string_view) {});
  outputs.push_back(&text);
  const absl::Status status =
      Compare(comparison, outputs, [&](size_t, size_t, absl::string_view) {
        if (first == 0) first = LiveBytes();
        last = LiveBytes();
      });
  EXPECT_TRUE(status.ok()) << status;
  return {.growth = last - first, .peak = PeakBytes() - before};
}

// Every flag that names a file or folder of results is given one.
void AskForAllResults(absl::string_view folder) {
  size_t flags = 0;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (!absl::EndsWith(flag->Filename(), "results/result_files.cc")) continue;
    std::string error;
    EXPECT_TRUE(flag->ParseFrom(absl::StrCat(folder, "/", name), &error))
        << error;
    ++flags;
  }
  EXPECT_GE(flags, 5u);
}

// Bytes a run, of the difference between few runs and many.
int64_t ARun(int64_t few_bytes, int64_t many_bytes, size_t few, size_t many) {
  return (many_bytes - few_bytes) /
         static_cast<int64_t>((many - few) * kPolicies);
}

constexpr size_t kFew = 6;
constexpr size_t kMany = 38;

// Names of pages, which are four runs each here.
constexpr int64_t kNames = 100;

TEST(MemoryTest, AComparisonKeepsNamesOfPagesAndNoRuns) {
  UsageOf(1, {});  // what is made once is made now
  const Usage few = UsageOf(kFew, {});
  const Usage many = UsageOf(kMany, {});
  EXPECT_LE(ARun(few.growth, many.growth, kFew, kMany), kNames);
  EXPECT_LE(ARun(few.peak, many.peak, kFew, kMany), kNames);
}

// Hands `runs` runs of 16 pages and 18 policies, with as many seeds as that
// takes, to a summary and to an output.
Usage UsageOfRuns(size_t runs, Output* output) {
  constexpr size_t kPages = 16;
  constexpr size_t kManyPolicies = 18;
  absl::StatusOr<Page> page =
      LoadPageFile("benchmarks/lab/pages/synthetic_meenan_bytes.json");
  EXPECT_TRUE(page.ok()) << page.status();
  page->resources.resize(1);
  std::vector<Page> pages(kPages, *page);
  for (size_t i = 0; i < kPages; ++i) absl::StrAppend(&pages[i].name, i);
  PageLoad load;
  load.timings = {{.stream_id = 1, .requested_ns = 0, .completed_ns = 9}};
  load.requests = {{.resource = 0, .stream_id = 1, .at_ns = 1}};
  load.picks = {{.resource = 0, .stream_id = 1, .bytes = 10, .at_ns = 2}};
  load.arrivals = {{.resource = 0, .bytes = 10, .at_ns = 9}};

  const int64_t before = LiveBytes();
  ForgetPeak();
  int64_t first = 0;
  int64_t last = 0;
  Summary summary("rr", /*seed=*/1);
  for (size_t i = 0; i < runs; ++i) {
    Run run;
    run.page = &pages[i / kManyPolicies % kPages];
    const size_t policy = i % kManyPolicies;
    run.policy = policy == 0 ? "rr" : absl::StrCat("policy", policy);
    run.setting.signals = "none";
    run.seed = i / (kPages * kManyPolicies);
    run.metrics = Measure(*run.page, load);
    EXPECT_TRUE(summary.Add(run).ok());
    EXPECT_TRUE(output->Write(run, load).ok());
    if (i == kPages * kManyPolicies - 1) first = LiveBytes();
    last = LiveBytes();
  }
  EXPECT_TRUE(summary.Text().ok());
  EXPECT_TRUE(output->Finish().ok());
  return {.growth = last - first, .peak = PeakBytes() - before};
}

TEST(MemoryTest, WithEveryOutputAComparisonKeepsLittleMore) {
  AskForAllResults(::testing::TempDir());
  const auto run = [](size_t times) {
    // A report keeps timelines up to a limit: here one that few runs reach.
    ResultFiles files("memory_test", "memory_test",
                      HtmlOptions{.max_timelines = 10'000});
    std::vector<Output*> outputs = files.outputs();
    TraceOutput har(
        *TraceFolder::In(absl::StrCat(::testing::TempDir(), "/har"), ".har"),
        HarText);
    outputs.push_back(&har);
    const Usage usage = UsageOf(times, outputs);
    EXPECT_TRUE(files.Close());
    return usage;
  };
  run(1);
  const Usage few = run(kFew);
  const Usage many = run(kMany);
  // The HTML report has the resources of every page.
  constexpr int64_t kTables = 1000;
  EXPECT_LE(ARun(few.growth, many.growth, kFew, kMany), kTables);
  EXPECT_LE(ARun(few.peak, many.peak, kFew, kMany), 2 * kTables);
}

TEST(MemoryTest, AHundredTimesTheRunsOfThePagesTakeNoMoreMemory) {
  constexpr size_t kRuns = 288;
  constexpr int64_t kRunsOfMany = 28'800;
  const auto run = [](size_t runs) {
    std::ofstream stream(absl::StrCat(::testing::TempDir(), "/many.html"));
    HtmlOutput html(stream, HtmlTemplate(), HtmlOptions());
    return UsageOfRuns(runs, &html);
  };
  run(kRuns);
  const Usage few = run(kRuns);
  const Usage many = run(kRunsOfMany);
  EXPECT_LE(many.growth, kRunsOfMany / 10);
  // While sums are made, one metric of two policies: 3,200 numbers.
  EXPECT_LE(many.peak - few.peak, 3'200 * 40);
}

// One that keeps the picks of every run.
class Hoarder : public Output {
 public:
  absl::Status Write(const lab::Run&, const PageLoad& load) override {
    kept_.push_back(load.picks);
    return absl::OkStatus();
  }

 private:
  std::vector<std::vector<Pick>> kept_;
};

TEST(MemoryTest, ThisTestSeesAnOutputThatKeepsRuns) {
  Hoarder hoarder;
  const int64_t growth = UsageOf(kFew, {&hoarder}).growth;
  EXPECT_GT(growth, static_cast<int64_t>(kFew * kPolicies) * 3000);
}

}  // namespace
}  // namespace sluice::lab
