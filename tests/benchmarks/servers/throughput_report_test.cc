#include "benchmarks/servers/throughput_report.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::servers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LoadCell Cell(const std::string& server, std::vector<double> cpu_us,
              Load load = {.bytes = 1024, .tls = false, .requests = 100}) {
  LoadCell cell = {.server = server,
                   .threads = 1,
                   .load = load,
                   .runs = {},
                   .system_calls = std::nullopt};
  for (const double us : cpu_us) {
    cell.runs.push_back({.cpu_us = us,
                         .busiest_cpu_us = us / 2,
                         .requests_per_second = 1e6 / us});
  }
  return cell;
}

TEST(ThroughputReportTest, SizesHaveTheLargestWholeUnit) {
  EXPECT_EQ(SizeName(1 << 20), "1 MB");
  EXPECT_EQ(SizeName(1024), "1 KB");
  EXPECT_EQ(SizeName(1536 * 1024), "1536 KB");
  EXPECT_EQ(SizeName(1000), "1000 bytes");
}

TEST(ThroughputReportTest, TheTableComparesUsWithEachPeer) {
  std::vector<LoadCell> cells = {Cell(kOurs, {2, 3, 4}),
                                 Cell("h2o", {4, 6, 9})};
  cells[0].system_calls = 0.25;
  const std::string table = ThroughputTable(cells);
  EXPECT_THAT(table, HasSubstr("1 KB      cleartext  sluice   1        "
                               "3.00 (2.00–4.00)                     "
                               "1.50 (1.00–2.00)"));
  EXPECT_THAT(table, HasSubstr("0.25\n"));
  EXPECT_THAT(table, HasSubstr("6.00 (4.00–9.00)          0.50 "));
  EXPECT_THAT(table, HasSubstr("–\n")) << "not counted";
}

TEST(ThroughputReportTest, OnlyTheSameLoadIsCompared) {
  const std::vector<LoadCell> cells = {
      Cell(kOurs, {3}), Cell("h2o", {6}, {.bytes = 1024, .tls = true})};
  EXPECT_THAT(ThroughputTable(cells), Not(HasSubstr("0.50")));
}

TEST(ThroughputReportTest, TheJsonHasEveryRun) {
  const auto json = nlohmann::json::parse(ThroughputJson(
      10, 20, {Cell(kOurs, {2, 3, 4}), Cell("h2o", {6}), Cell("nghttpd", {})},
      {"nghttpd is left out"}));
  EXPECT_EQ(json["clients"], 10);
  EXPECT_EQ(json["streams"], 20);
  EXPECT_EQ(json["notes"][0], "nghttpd is left out");
  ASSERT_EQ(json["cells"].size(), 2);
  EXPECT_EQ(json["cells"][0]["runs"].size(), 3);
  EXPECT_EQ(json["cells"][0]["cpu_us"]["median"], 3.0);
  EXPECT_EQ(json["cells"][1]["ours_by_its_cpu"], 0.5);
}

}  // namespace
}  // namespace sluice::servers
