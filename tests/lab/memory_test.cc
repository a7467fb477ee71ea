// A comparison holds one page load at a time, however many it makes: of a run
// that is over it keeps the numbers that go into the sums over pages.
#include <cstddef>
#include <cstdint>
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
#include "benchmarks/lab/compare.h"
#include "benchmarks/lab/har_output.h"
#include "benchmarks/lab/html_report.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"
#include "benchmarks/lab/result_files.h"
#include "benchmarks/lab/signals.h"
#include "benchmarks/lab/trace_folder.h"
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

// Loads one page `times` times with each of kPolicies policies.
Usage UsageOf(size_t times, std::vector<Output*> outputs) {
  absl::StatusOr<Page> page =
      LoadPageFile("benchmarks/lab/pages/filamentgroup_2017_chrome.json");
  EXPECT_TRUE(page.ok()) << page.status();
  Comparison comparison;
  comparison.pages = std::vector<Page>(times, *page);
  comparison.signals = {*FindSignalSet("chromium_h2_156")};
  comparison.policies = {"rr", "fifo", "auto", "srpt"};
  EXPECT_EQ(comparison.policies.size(), kPolicies);

  const int64_t before = LiveBytes();
  int64_t first = 0;
  int64_t last = 0;
  ForgetPeak();
  Sinks sinks;
  sinks.progress = [&](size_t, size_t, absl::string_view) {
    if (first == 0) first = LiveBytes();
    last = LiveBytes();
  };
  sinks.text = [](absl::string_view) {};
  sinks.outputs = std::move(outputs);
  const absl::Status status = Compare(comparison, sinks);
  EXPECT_TRUE(status.ok()) << status;
  return {.growth = last - first, .peak = PeakBytes() - before};
}

// Every flag that names a file or folder of results is given one.
void AskForAllResults(absl::string_view folder) {
  size_t flags = 0;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (!absl::EndsWith(flag->Filename(), "lab/result_files.cc")) continue;
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

TEST(MemoryTest, AComparisonKeepsSomeNumbersOfARunAndNoMore) {
  UsageOf(1, {});  // what is made once is made now
  const Usage few = UsageOf(kFew, {});
  const Usage many = UsageOf(kMany, {});
  EXPECT_LE(ARun(few.growth, many.growth, kFew, kMany), 300);
  EXPECT_LE(ARun(few.peak, many.peak, kFew, kMany), 300);
}

TEST(MemoryTest, WithEveryOutputItKeepsLittleMore) {
  AskForAllResults(::testing::TempDir());
  const auto run = [](size_t times) {
    // A report keeps timelines up to a limit: here one that few runs reach.
    ResultFiles files("memory_test", "memory_test",
                      HtmlOptions{.max_timelines = 10'000});
    std::vector<Output*> outputs = files.outputs();
    HarOutput har(
        *TraceFolder::In(absl::StrCat(::testing::TempDir(), "/har"), ".har"));
    outputs.push_back(&har);
    const Usage usage = UsageOf(times, outputs);
    EXPECT_TRUE(files.Close());
    return usage;
  };
  run(1);
  const Usage few = run(kFew);
  const Usage many = run(kMany);
  EXPECT_LE(ARun(few.growth, many.growth, kFew, kMany), 1000);
  EXPECT_LE(ARun(few.peak, many.peak, kFew, kMany), 2000);
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

TEST(MemoryTest, AnOutputThatKeepsRunsWouldBeSeen) {
  Hoarder hoarder;
  const int64_t growth = UsageOf(kFew, {&hoarder}).growth;
  EXPECT_GT(growth, static_cast<int64_t>(kFew * kPolicies) * 3000);
}

}  // namespace
}  // namespace sluice::lab
