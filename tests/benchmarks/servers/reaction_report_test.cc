#include "benchmarks/servers/reaction_report.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "benchmarks/servers/prober.h"
#include "benchmarks/servers/reaction_options.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sluice::servers {
namespace {

constexpr absl::Duration kRoundTrip = absl::Milliseconds(100);

Measurement MakeRun(int kb_before, int kb_between, int last_ms) {
  return {.reaction = {.low_before = kb_before * 1024,
                       .low_between = kb_between * 1024,
                       .to_first = absl::Milliseconds(last_ms - 90),
                       .to_last = absl::Milliseconds(last_ms)},
          .link = {}};
}

std::vector<Cell> Cells() {
  return {{.scenario = {"full", 200, 900},
           .signals = Signals::kRfc7540,
           .runs = {MakeRun(304, 0, 440), MakeRun(272, 16, 390),
                    MakeRun(320, 0, 460)}},
          {.scenario = {"drained", 100, 2500},
           .signals = Signals::kPriorityUpdate,
           .runs = {}}};
}

TEST(ReactionReportTest, TheTableHasMediansAndRanges) {
  EXPECT_EQ(
      ReactionTable(Cells(), kRoundTrip),
      "scenario  signals  low KB before       low KB between    round trips to "
      "the last byte\n"
      "full      7540     304 (272–320)       0 (0–16)          4.4 "
      "(3.9–4.6)\n");
}

TEST(ReactionReportTest, ARunIsOneShortLine) {
  EXPECT_EQ(OneRun(MakeRun(304, 16, 445).reaction, kRoundTrip),
            "304+16 KB, 4.5 round trips");
}

TEST(ReactionReportTest, TheNoteTellsHowLateTheLinkWas) {
  std::vector<Cell> cells = Cells();
  for (Measurement& run : cells[0].runs) run.link.real_time = true;
  cells[0].runs[1].link.up.most_late = absl::Microseconds(1440);
  EXPECT_EQ(LinkNote(cells),
            "The link delivered no packet more than 1.4 ms late.\n");
  cells[0].runs[2].link.real_time = false;
  EXPECT_EQ(LinkNote(cells),
            "The link delivered no packet more than 1.4 ms late. It had no "
            "real-time priority (CAP_SYS_NICE), so other processes add "
            "noise.\n");
}

TEST(ReactionReportTest, TheJsonHasTheOptionsTheSpreadsAndEachRun) {
  ReactionOptions options;
  options.server = {"server", "--policy=auto"};
  options.repeat = 3;
  const std::string text = ReactionJson(options, Cells());
  EXPECT_EQ(text.back(), '\n');
  const nlohmann::json json = nlohmann::json::parse(text);
  EXPECT_EQ(json["server"][1], "--policy=auto");
  EXPECT_EQ(json["bits_per_second"], 8'000'000);
  EXPECT_EQ(json["round_trip_ms"], 100);
  ASSERT_EQ(json["cells"].size(), 1u);
  const nlohmann::json& cell = json["cells"][0];
  EXPECT_EQ(cell["signals"], "7540");
  EXPECT_EQ(cell["low_kb_before"]["median"], 304);
  EXPECT_EQ(cell["low_kb_between"]["most"], 16);
  EXPECT_DOUBLE_EQ(cell["round_trips_to_last_byte"]["least"], 3.9);
  ASSERT_EQ(cell["runs"].size(), 3u);
  EXPECT_EQ(cell["runs"][1]["low_bytes_before"], 272 * 1024);
  EXPECT_EQ(cell["runs"][1]["last_byte_ms"], 390);
  EXPECT_EQ(cell["runs"][1]["down"]["dropped_packets"], 0);
}

}  // namespace
}  // namespace sluice::servers
