// //scheduler:replay as its user runs it.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/record.h>

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/memory_trace.h"

namespace sluice::scheduler {
namespace {

using ::sluice::testing::MemoryTrace;
using ::sluice::trace::CreateRecordedPolicy;

using ::sluice::trace::TraceEventToJson;

const StreamInfo kNothingSaid;

using ::testing::HasSubstr;

struct Outcome {
  int status = 0;
  std::string output;  // both streams
};

Outcome RunReplay(const std::string& arguments) {
  Outcome outcome;
  FILE* pipe =
      popen(absl::StrCat("trace/replay ", arguments, " 2>&1").c_str(), "r");
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

void WriteEvents(absl::Span<const TraceEvent> events) {
  std::ofstream file(LogPath());
  for (const TraceEvent& event : events) {
    file << TraceEventToJson(event) << "\n";
  }
}

// Two streams of 200 bytes, sent by fifo in grants of 100.
void WriteLog() {
  MemoryTrace trace;
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
  WriteEvents(trace.events());
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

TEST(ReplayProgramTest, ShowsTheDecisionsOfAnotherPolicy) {
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
  EXPECT_THAT(outcome.output,
              HasSubstr("decision 4 was 9 0 B (x), and is nothing ready now"));
}

// The policy finds a stream where the log says twice that there was none.
TEST(ReplayProgramTest, ALogWithPicksThatFoundNothingIsPlayed) {
  for (const char* flags : {"", " --policy=rr"}) {
    WriteEvents({TraceMade{"rfc7540", {100, 10, 10}}, TraceOpen{1, {}},
                 TraceReady{1}, TracePick{}, TracePick{}});
    const Outcome outcome = RunReplay(LogPath() + flags);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output,
                HasSubstr("decision 0 was nothing ready, and is 1 0 B ("));
  }
}

TEST(ReplayProgramTest, ABadCommandLineOrFileExitsWith2) {
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
                  HasSubstr("line 16: stream 3 is charged without a pick"));
    }
  }
  WriteLog();
  std::ofstream(LogPath(), std::ios::app)
      << R"({"call":"pick","n":4,"id":3,"max":1,"policy":"fifo",)"
         R"("rule":"x","ready":1})"
      << "\n"
      << R"({"call":"charge","id":3,"bytes":1000000})"
      << "\n";
  EXPECT_THAT(
      RunReplay(LogPath()).output,
      HasSubstr("1000000 bytes charged to stream 3, the largest grant is"));
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
           Case{"", "line 1: a log must begin with \"made\""},
           Case{charge, "line 1: a log must begin with"},
           Case{made + "\n\n\n" + charge,
                "line 4: stream 1 is charged without"},
           Case{"\n" + made + "\n" + made, "line 3: a second \"made\""},
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
