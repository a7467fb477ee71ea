// //scheduler:replay as its user runs it.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>
#include <sluice/scheduler/trace_json.h>

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

const StreamInfo kNothingSaid;

using ::testing::HasSubstr;

struct Outcome {
  int status = 0;
  std::string output;  // both streams
};

Outcome RunReplay(const std::string& arguments) {
  Outcome outcome;
  FILE* pipe =
      popen(absl::StrCat("scheduler/replay ", arguments, " 2>&1").c_str(), "r");
  char buffer[4096];
  size_t size = 0;
  while ((size = fread(buffer, 1, sizeof(buffer), pipe)) > 0) {
    outcome.output.append(buffer, size);
  }
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

std::string LogPath() {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/calls.jsonl");
}

// Two streams of 200 bytes, sent by fifo in grants of 100.
void WriteLog() {
  std::ofstream file(LogPath());
  JsonLinesTrace trace(&file);
  std::unique_ptr<Policy> policy = *CreateRecordedPolicy("fifo", {}, &trace);
  for (const StreamId id : {1, 3}) {
    policy->OnOpen(id, kNothingSaid);
    policy->SetReady(id);
  }
  for (int i = 0; i < 4; ++i) {
    const StreamId id = policy->Pick()->stream_id;
    policy->Charge(id, 100);
    if (i % 2 == 1) policy->OnClose(id);
  }
}

TEST(ReplayProgramTest, PrintsTheDecisionsOfALog) {
  WriteLog();
  const Outcome outcome = RunReplay(LogPath());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output,
            "     0  1 100 B (first come)\n"
            "     1  1 100 B (first come)\n"
            "     2  3 100 B (first come)\n"
            "     3  3 100 B (first come)\n");
}

TEST(ReplayProgramTest, ShowsWhatAnotherPolicyWouldHaveDone) {
  WriteLog();
  const Outcome outcome = RunReplay(LogPath() + " --policy=rr");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.output, HasSubstr("1 100 B (first come)"));
  EXPECT_THAT(outcome.output, HasSubstr("3 100 B (least served)"));
  EXPECT_THAT(outcome.output,
              HasSubstr("     1               200               300\n"
                        "     3               400               400\n"));
}

TEST(ReplayProgramTest, ALogThatNoLongerPlaysExitsWith1) {
  WriteLog();
  std::ofstream(LogPath(), std::ios::app)
      << R"({"call":"pick","n":4,"id":9,"max":1,"policy":"rr",)"
         R"("rule":"x","ready":1})"
      << "\n";
  const Outcome outcome = RunReplay(LogPath());
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, HasSubstr("decision 4 is another one now"));
}

// The policy finds a stream where the log says twice that there was none.
TEST(ReplayProgramTest, ALogWithPicksThatFoundNothingIsPlayed) {
  for (const char* flags : {"", " --policy=rr"}) {
    std::ofstream file(LogPath());
    JsonLinesTrace trace(&file);
    trace.Write(TraceMade{"rfc7540", 100, 10, 10});
    trace.Write(TraceOpen{1, {}});
    trace.Write(TraceReady{1});
    trace.Write(TracePick{});
    trace.Write(TracePick{});
    trace.Flush();
    file.close();
    const Outcome outcome = RunReplay(LogPath() + flags);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("decision 0 is another one now"));
  }
}

TEST(ReplayProgramTest, WhatCannotBeReadExitsWith2) {
  WriteLog();
  EXPECT_EQ(RunReplay("").status, 2);
  EXPECT_EQ(RunReplay("/nowhere/calls.jsonl").status, 2);
  EXPECT_EQ(RunReplay(LogPath() + " --colour=red").status, 2);
  EXPECT_EQ(RunReplay(LogPath() + " --policy=nobody").status, 2);
  std::ofstream(LogPath()) << "nonsense\n";
  EXPECT_EQ(RunReplay(LogPath()).status, 2);
}

// A policy would end the process on such calls.
TEST(ReplayProgramTest, ALogThatNoSessionCanHaveWrittenExitsWith2) {
  for (const char* line : {R"({"call":"charge","id":3,"bytes":100})",
                           R"({"call":"charge","id":3,"bytes":1000000})"}) {
    WriteLog();
    std::ofstream(LogPath(), std::ios::app) << line << "\n";
    for (const char* flags : {"", " --policy=rfc7540"}) {
      const Outcome outcome = RunReplay(LogPath() + flags);
      EXPECT_EQ(outcome.status, 2) << outcome.output;
      EXPECT_THAT(outcome.output,
                  HasSubstr("line 16: a charge that no pick waits for"));
    }
  }
  WriteLog();
  std::ofstream(LogPath(), std::ios::app)
      << R"({"call":"pick","n":4,"id":3,"max":1,"policy":"fifo",)"
         R"("rule":"x","ready":1})"
      << "\n"
      << R"({"call":"charge","id":3,"bytes":1000000})"
      << "\n";
  EXPECT_THAT(RunReplay(LogPath()).output,
              HasSubstr("a charge of 1000000 bytes, and a grant has at most"));
}

// Empty lines hold no call, and count as lines.
TEST(ReplayProgramTest, NamesTheLineOfABadCall) {
  const std::string made =
      R"({"call":"made","spec":"fifo","max_grant":9,"max_streams":1,)"
      R"("max_closed_streams":0})";
  const std::string charge = R"({"call":"charge","id":1,"bytes":1})";
  struct Case {
    std::string log;
    std::string says;
  };
  for (const Case& c : {
           Case{"", "line 1: a trace begins with how its policy was made"},
           Case{charge, "line 1: a trace begins with how"},
           Case{made + "\n\n\n" + charge, "line 4: a charge that no pick"},
           Case{"\n" + made + "\n" + made, "line 3: another policy is made"},
           Case{R"({"call":"made","spec":"nobody","max_grant":9,)"
                R"("max_streams":1,"max_closed_streams":0})",
                "line 1: no policy 'nobody'"},
       }) {
    std::ofstream(LogPath()) << c.log << "\n";
    const Outcome outcome = RunReplay(LogPath());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.output, HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace sluice::scheduler
