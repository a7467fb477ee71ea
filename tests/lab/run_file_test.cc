#include "benchmarks/lab/results/run_file.h"

#include <sluice/scheduler/registry.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/byte_columns.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/text_report.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ByteColumnsTest, NumbersOfEverySizeComeBack) {
  const std::vector<int64_t> numbers = {0,
                                        1,
                                        -1,
                                        63,
                                        -64,
                                        64,
                                        1 << 20,
                                        -(1 << 20),
                                        std::numeric_limits<int64_t>::max(),
                                        std::numeric_limits<int64_t>::min()};
  ByteWriter writer;
  for (const int64_t number : numbers) writer.Signed(number);
  writer.Unsigned(std::numeric_limits<uint64_t>::max());
  writer.Text("a\0b");
  ByteReader reader(writer.bytes());
  for (const int64_t number : numbers) EXPECT_EQ(reader.Signed(), number);
  EXPECT_EQ(reader.Unsigned(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.Text(), "a");
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.AtEnd());
}

TEST(ByteColumnsTest, SmallNumbersTakeOneByte) {
  ByteWriter writer;
  writer.Signed(-64);
  writer.Unsigned(127);
  EXPECT_EQ(writer.bytes(), "\x7f\x7f");
}

TEST(ByteColumnsTest, MillionsOfEqualValuesTakeNoMoreBytesThanOne) {
  const std::vector<int64_t> values(1'000'000, 1391);
  ByteWriter writer;
  writer.Column(values);
  EXPECT_LT(writer.bytes().size(), 10u);
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.Column(values.size()), values);
}

TEST(ByteColumnsTest, ColumnsOfMixedValuesAndEmptyOnesComeBack) {
  ByteWriter writer;
  writer.Column({3, 3, 3, -2, 7, 7});
  writer.Column({});
  ByteReader reader(writer.bytes());
  EXPECT_THAT(reader.Column(6), ElementsAre(3, 3, 3, -2, 7, 7));
  EXPECT_THAT(reader.Column(6), IsEmpty());
  EXPECT_TRUE(reader.ok());
}

TEST(ByteColumnsTest, AColumnOfMoreValuesThanAllowedIsAMistake) {
  ByteWriter writer;
  writer.Column({1, 2, 3});
  ByteReader reader(writer.bytes());
  EXPECT_THAT(reader.Column(2), IsEmpty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteColumnsTest, ARunLongerThanItsColumnIsAMistake) {
  ByteWriter writer;
  writer.Unsigned(2);  // values
  writer.Signed(5);
  writer.Unsigned(2);  // … and 2 more: 3
  ByteReader reader(writer.bytes());
  EXPECT_THAT(reader.Column(100), IsEmpty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteColumnsTest, NumbersThatAreCutOffOrPast64BitsAreMistakes) {
  for (const absl::string_view bytes :
       {absl::string_view(""), absl::string_view("\x80"),
        absl::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        absl::string_view("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.Unsigned(), 0u);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(DeflateTest, OnlyDeflatedBytesInflate) {
  const std::string text(100'000, 'x');
  const std::string deflated = Deflate(text);
  EXPECT_LT(deflated.size(), 1000u);
  EXPECT_EQ(Inflate(deflated, text.size()).value(), text);
  EXPECT_EQ(Inflate(Deflate(""), 0).value(), "");
  EXPECT_FALSE(Inflate(deflated, text.size() - 1).ok()) << "too large";
  EXPECT_FALSE(Inflate(deflated.substr(0, 50), text.size()).ok());
  EXPECT_FALSE(Inflate(deflated + "x", text.size()).ok());
  EXPECT_FALSE(Inflate("nonsense", text.size()).ok());
}

// A page with everything that a run file keeps.
Page SmallPage() {
  Page page;
  page.name = "small";
  page.sha256 = "abc";
  for (int i = 0; i < 4; ++i) {
    Resource resource;
    resource.id = 100 - i;
    resource.label = absl::StrCat("r", i);
    resource.type = static_cast<ResourceType>(i);
    resource.bytes = i == 3 ? 0 : 5000u * (i + 1);
    if (i > 0) resource.initiator = 0;
    resource.level = static_cast<ChromeLevel>(i);
    resource.above_the_fold = i != 2;
    resource.lcp_candidate = i == 1;
    page.resources.push_back(resource);
  }
  page.resources[0].render_critical = true;
  page.resources[2].change_of_mind = ChangeOfMind{.level = ChromeLevel::kHigh};
  page.resources[2].role = "high";
  page.resources[2].url = "https://example.org/a?b";
  page.resources[3].redirect = true;
  return page;
}

PageLoad LoadOf(const Page& page, absl::string_view signals) {
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  Link link(LinkOptions{});
  absl::StatusOr<PageLoad> load =
      RunPageLoad(page, *FindSignalSet(signals)->make({}),
                  scheduler::CreatePolicy("rr", options).value(), link);
  return load.value();
}

Run RunOf(const Page& page, const PageLoad& load, std::string policy) {
  return Run{.page = &page,
             .policy = std::move(policy),
             .setting = {.signals = "some",
                         .edit = "hero",
                         .edit_sha256 = "abc",
                         .network = "net:a=1,b=2",
                         .send_buffer_bytes = 123'456,
                         .max_streams = 7,
                         .late_signals = true},
             .seed = std::numeric_limits<uint64_t>::max(),
             .metrics = Measure(page, load)};
}

std::string FileOf(const std::vector<std::pair<Run, PageLoad>>& runs) {
  std::ostringstream stream;
  RunFileOutput output(stream);
  for (const auto& [run, load] : runs) {
    EXPECT_TRUE(output.Write(run, load).ok());
  }
  EXPECT_TRUE(output.Finish().ok());
  return stream.str();
}

std::string TextOf(const lab::Run& run, const PageLoad& load) {
  std::string all;
  TextOutput output({.runs_a_table = 1}, [&all](absl::string_view text) {
    absl::StrAppend(&all, text);
  });
  EXPECT_TRUE(output.Write(run, load).ok());
  return all;
}

constexpr auto kIgnore = [](const Run&, const PageLoad&) {
  return absl::OkStatus();
};

void ExpectSamePage(const Page& is_page, const Page& was_page) {
  ASSERT_EQ(is_page.resources.size(), was_page.resources.size());
  for (size_t i = 0; i < was_page.resources.size(); ++i) {
    const Resource& was = was_page.resources[i];
    const Resource& is = is_page.resources[i];
    EXPECT_EQ(
        std::tie(is.id, is.label, is.type, is.bytes, is.redirect, is.initiator,
                 is.role, is.url, is.level, is.render_critical,
                 is.above_the_fold, is.lcp_candidate),
        std::tie(was.id, was.label, was.type, was.bytes, was.redirect,
                 was.initiator, was.role, was.url, was.level,
                 was.render_critical, was.above_the_fold, was.lcp_candidate));
    EXPECT_EQ(is.FinalLevel(), was.FinalLevel());
  }
}

auto Values(const ResourceTiming& t) {
  return std::tie(t.stream_id, t.requested_ns, t.completed_ns);
}
auto Values(const ReceivedRequest& r) {
  return std::tie(r.resource, r.stream_id, r.at_ns);
}
auto Values(const Pick& p) {
  return std::tie(p.resource, p.stream_id, p.bytes, p.at_ns);
}
auto Values(const Arrival& a) { return std::tie(a.resource, a.bytes, a.at_ns); }
auto Values(const ReceivedSignal& s) {
  return std::tie(s.stream_id, s.at_ns, s.signal, s.with_request);
}

template <typename Item>
void ExpectSame(const std::vector<Item>& is, const std::vector<Item>& was) {
  ASSERT_EQ(is.size(), was.size());
  for (size_t i = 0; i < was.size(); ++i) {
    EXPECT_TRUE(Values(is[i]) == Values(was[i])) << i;
  }
}

class RunFileTest : public testing::TestWithParam<const char*> {};

TEST_P(RunFileTest, ARunComesBackAsItWas) {
  const Page page = SmallPage();
  const PageLoad load = LoadOf(page, GetParam());
  const lab::Run run = RunOf(page, load, "rr");
  ASSERT_FALSE(load.picks.empty());
  int runs = 0;
  const absl::Status status =
      ReadRuns(FileOf({{run, load}}), "file",
               [&](const lab::Run& is, const PageLoad& read) {
                 ++runs;
                 EXPECT_EQ(JsonLine(is, read), JsonLine(run, load));
                 EXPECT_EQ(CsvLine(is), CsvLine(run));
                 EXPECT_EQ(TextOf(is, read), TextOf(run, load));
                 ExpectSamePage(*is.page, page);
                 ExpectSame(read.timings, load.timings);
                 ExpectSame(read.requests, load.requests);
                 ExpectSame(read.picks, load.picks);
                 ExpectSame(read.arrivals, load.arrivals);
                 ExpectSame(read.signals, load.signals);
                 return absl::OkStatus();
               });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 1);
}

INSTANTIATE_TEST_SUITE_P(AllKindsOfSignals, RunFileTest,
                         testing::Values("none", "chrome7540", "firefox7540",
                                         "chrome9218_2023", "chromium_h2_156"));

TEST(RunFileTest, ArrivalsThatDifferFromThePicksComeBackToo) {
  const Page page = SmallPage();
  PageLoad load = LoadOf(page, "none");
  load.arrivals.pop_back();
  load.arrivals.front().bytes += 1;
  const absl::Status status = ReadRuns(
      FileOf({{RunOf(page, load, "rr"), load}}), "file",
      [&](const lab::Run&, const PageLoad& read) {
        EXPECT_EQ(read.arrivals.size(), load.arrivals.size());
        EXPECT_EQ(read.arrivals.front().bytes, load.arrivals.front().bytes);
        EXPECT_EQ(read.picks.size(), load.picks.size());
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
}

TEST(RunFileTest, RunsComeInTheirOrderUntilTheSinkRefuses) {
  const Page page = SmallPage();
  const PageLoad load = LoadOf(page, "none");
  const std::string file = FileOf({{RunOf(page, load, "one"), load},
                                   {RunOf(page, load, "two"), load},
                                   {RunOf(page, load, "three"), load}});
  std::vector<std::string> policies;
  const absl::Status status =
      ReadRuns(file, "file", [&](const lab::Run& run, const PageLoad&) {
        policies.push_back(run.policy);
        return run.policy == "two" ? absl::AbortedError("enough")
                                   : absl::OkStatus();
      });
  EXPECT_EQ(status, absl::AbortedError("enough"));
  EXPECT_THAT(policies, ElementsAre("one", "two"));
}

TEST(RunFileTest, SameRunsMakeTheSameBytes) {
  const Page page = SmallPage();
  const PageLoad load = LoadOf(page, "chrome7540");
  const lab::Run run = RunOf(page, load, "rr");
  EXPECT_EQ(FileOf({{run, load}}), FileOf({{run, load}}));
}

TEST(RunFileTest, AFileMayHaveNoRuns) {
  EXPECT_TRUE(ReadRuns(FileOf({}), "file", kIgnore).ok());
}

TEST(RunFileTest, AnotherFileIsRefusedByName) {
  for (const absl::string_view bytes : {"", "sluice", "{\"a\": 1}\n"}) {
    const absl::Status status = ReadRuns(bytes, "x.runs", kIgnore);
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("x.runs: is not a file of runs"));
  }
}

TEST(RunFileTest, AFileOfAnotherVersionIsRefused) {
  const absl::Status status =
      ReadRuns("sluice-runs/3 0.1\n", "x.runs", kIgnore);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 0.1"));
}

TEST(RunFileTest, AFileCutAnywhereIsRefusedUnlessItEndsBetweenRuns) {
  const Page page = SmallPage();
  const PageLoad load = LoadOf(page, "chrome7540");
  const lab::Run run = RunOf(page, load, "rr");
  const std::string one = FileOf({{run, load}});
  const std::string two = FileOf({{run, load}, {run, load}});
  const size_t line = one.find('\n') + 1;
  for (size_t size = 0; size < two.size(); ++size) {
    const absl::Status status =
        ReadRuns(absl::string_view(two).substr(0, size), "file", kIgnore);
    EXPECT_EQ(status.ok(), size == line || size == one.size()) << size;
  }
}

TEST(RunFileTest, DamagedRunsAreRefusedOrReadWithoutHarm) {
  const Page page = SmallPage();
  const PageLoad load = LoadOf(page, "chromium_h2_156");
  ByteWriter writer;
  AppendTimeline(load, writer);
  int refused = 0;
  // Past the checksum of zlib: the reader's own checks.
  for (size_t i = 0; i < writer.bytes().size(); ++i) {
    for (const char flip : {'\x01', '\x40', '\x7f', '\x80'}) {
      std::string bytes = writer.bytes();
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      ByteReader reader(bytes);
      PageLoad read;
      ReadTimeline(reader, page.resources.size(), &read);
      if (!reader.ok() || !reader.AtEnd()) {
        ++refused;
        continue;
      }
      for (const Pick& pick : read.picks) {
        ASSERT_LT(pick.resource, page.resources.size());
      }
      for (const Arrival& arrival : read.arrivals) {
        ASSERT_LT(arrival.resource, page.resources.size());
        ASSERT_GE(arrival.at_ns, 0);
      }
      Measure(page, read);  // overflows nothing
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace sluice::lab
