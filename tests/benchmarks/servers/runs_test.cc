#include "benchmarks/servers/runs.h"

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/servers/child_process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::servers {
namespace {

using ::testing::ElementsAre;

constexpr int kNoInterrupt = -1;

// A plan of two cells, and a run that counts its calls.
class RunsTest : public testing::Test {
 protected:
  RunsTest() : path_(testing::TempDir() + "/runs.jsonl") {
    std::remove(path_.c_str());
    plan_.options = {{"rate", 8}};
    plan_.cells = {{{"server", "a"}}, {{"server", "b"}}};
    plan_.repeat = 3;
  }

  absl::StatusOr<std::vector<Cell>> Run() {
    return RunAll(
        plan_, path_, kNoInterrupt,
        [&](size_t cell) -> absl::StatusOr<Json> {
          calls_.push_back(cell);
          if (calls_.size() == fails_at_) return failure_;
          return Json{{"figure", calls_.size()}, {"says", "it says"}};
        },
        [&](const std::string& line) { lines_.push_back(line); });
  }

  const std::string path_;
  Plan plan_;
  size_t fails_at_ = 0;
  absl::Status failure_ = absl::UnavailableError("it broke");
  std::vector<size_t> calls_;
  std::vector<std::string> lines_;
};

TEST_F(RunsTest, ARoundHasOneRunOfEachCell) {
  const auto cells = Run();
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_THAT(calls_, ElementsAre(0, 1, 0, 1, 0, 1));
  ASSERT_EQ((*cells)[1].runs.size(), 3u);
  EXPECT_EQ((*cells)[1].runs[0]["figure"], 2);
  EXPECT_FALSE((*cells)[1].runs[0].contains("says"));
  EXPECT_GT((*cells)[1].runs[0]["when"], 0);
  EXPECT_EQ(lines_.back(), "[6/6] b: it says");
}

TEST_F(RunsTest, AnInterruptedPlanGoesOnWhereItWas) {
  fails_at_ = 4;
  failure_ = absl::CancelledError("interrupted");
  EXPECT_EQ(Run().status(), failure_);
  std::ofstream(path_, std::ios::app) << "{\"cell\": {\"ser";  // cut off
  const auto cells = Run();
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_THAT(calls_, ElementsAre(0, 1, 0, 1, 1, 0, 1));
  EXPECT_THAT(lines_, testing::Contains("goes on: 3 of 6 runs are done"));
  for (const Cell& cell : *cells) EXPECT_EQ(cell.runs.size(), 3u);
}

TEST_F(RunsTest, RunsUnderOtherOptionsDoNotCount) {
  ASSERT_TRUE(Run().ok());
  plan_.options["rate"] = 9;
  calls_.clear();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(calls_.size(), 6u);
}

TEST_F(RunsTest, AFailedRunIsKeptAndTheOthersGoOn) {
  fails_at_ = 2;
  const auto cells = Run();
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_EQ((*cells)[1].runs.size(), 2u);
  EXPECT_THAT((*cells)[1].errors, ElementsAre("it broke"));
  EXPECT_EQ(lines_[1], "[2/6] b: it broke");
  Run().IgnoreError();
  EXPECT_EQ(calls_.size(), 6u) << "a failure counts as a run";
}

TEST_F(RunsTest, ARefusalEndsAll) {
  fails_at_ = 1;
  failure_ = absl::FailedPreconditionError("no namespaces");
  EXPECT_EQ(Run().status(), failure_);
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(RunsTest, AFileThatCannotBeWrittenIsNamed) {
  const auto cells = RunAll(
      plan_, "/no/such/folder/x", kNoInterrupt,
      [](size_t) -> absl::StatusOr<Json> { return Json(); },
      [](const std::string&) {});
  EXPECT_EQ(cells.status(),
            absl::UnavailableError("cannot write /no/such/folder/x"));
}

std::vector<Cell> SomeCells() {
  return {{.labels = {{"server", "nginx"}, {"threads", 1}},
           .runs = {{{"round_trips", 4.4}, {"when", 1}, {"deep", {{"x", 1}}}},
                    {{"round_trips", 3.9}, {"when", 2}, {"deep", {{"x", 1}}}},
                    {{"round_trips", 4.6}, {"when", 3}, {"calls", 7}}}},
          {.labels = {{"server", "apache"}, {"threads", 2}},
           .runs = {},
           .errors = {"it broke"}}};
}

TEST(ResultTableTest, HasMediansRangesAndErrors) {
  EXPECT_EQ(ResultTable(SomeCells(), {{"server", "server"},
                                      {"threads", "threads"},
                                      {"calls", "calls", 0},
                                      {"round_trips", "round trips", 1}}),
            "server  threads  calls    round trips\n"
            "nginx   1        7 (7–7)  4.4 (3.9–4.6)\n"
            "apache  2        –        it broke\n");
}

TEST(ResultJsonTest, HasTheSpreadsEachRunAndTheErrors) {
  const Json json = ResultJson({{"benchmark", "x"}}, SomeCells());
  EXPECT_EQ(json["benchmark"], "x");
  ASSERT_EQ(json["cells"].size(), 2u);
  const Json& cell = json["cells"][0];
  EXPECT_EQ(cell["labels"]["server"], "nginx");
  EXPECT_EQ(cell["figures"],
            Json::parse("{\"round_trips\": {\"median\": 4.4, \"least\": 3.9, "
                        "\"most\": 4.6}, \"calls\": {\"median\": 7.0, "
                        "\"least\": 7.0, \"most\": 7.0}}"));
  EXPECT_EQ(cell["runs"].size(), 3u);
  EXPECT_EQ(json["cells"][1]["errors"][0], "it broke");
}

TEST(ChildProcessTest, ReadsOfOneDropWhatAnotherWrites) {
  const std::string done = testing::TempDir() + "/done";
  std::remove(done.c_str());
  const auto writer = ChildProcess::Start(
      {"/bin/sh", "-c", "head -c 1000000 /dev/zero; touch " + done});
  const auto reader = ChildProcess::Start(
      {"/bin/sh", "-c",
       "until [ -e " + done + " ]; do sleep 0.01; done; echo read"});
  ASSERT_TRUE(writer.ok() && reader.ok());
  EXPECT_EQ(**(*reader)->ReadLine(kNoInterrupt, writer->get()), "read");
}

}  // namespace
}  // namespace sluice::servers
