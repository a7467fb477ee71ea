// Decision logs in milliseconds, worked out by hand.
//
// A segment of 1,400 bytes holds a DATA frame of 1,391 bytes. At 8 Mbit/s it
// takes 1.4 ms. With a round trip of 100 ms the request arrives at 50 ms, and
// a segment that is wholly on the wire 50 ms later.
#include "benchmarks/lab/net/play.h"

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/record.h>

#include <sys/wait.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "benchmarks/lab/net/link.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/memory_trace.h"

namespace sluice::lab {

void PrintTo(const PlayedStream& stream, std::ostream* out) {
  *out << stream.id << ": " << stream.bytes << " bytes, "
       << stream.first_byte_ns << " to " << stream.last_byte_ns << " ns";
}

namespace {

using scheduler::StreamId;
using scheduler::TraceEvent;
using scheduler::TraceTime;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;
constexpr size_t kFrame = 1391;

LinkOptions Options() {
  LinkOptions options;
  options.down_bits_per_second = 8'000'000;
  options.round_trip_ns = 100 * kMs;
  options.send_buffer_bytes = 0;  // a segment
  return options;
}

// Makes a log as a server does.
class Recording {
 public:
  explicit Recording(const std::string& spec)
      : policy_(*trace::CreateRecordedPolicy(spec, {}, &trace_)) {}

  void At(int64_t ms) { trace_.Write(TraceTime{ms * kMs}); }
  void Open(StreamId id) {
    static const scheduler::StreamInfo kNothingSaid;
    policy_->OnOpen(id, kNothingSaid);
    policy_->SetReady(id);
  }
  void Send(size_t bytes) {
    policy_->Charge(policy_->Pick()->stream_id, bytes);
  }
  void Close(StreamId id) { policy_->OnClose(id); }
  absl::Span<const TraceEvent> log() const { return trace_.events(); }

 private:
  ::sluice::testing::MemoryTrace trace_;
  const std::unique_ptr<scheduler::Policy> policy_;
};

// Two streams of two frames each, asked for at once, sent in order.
std::vector<TraceEvent> TwoStreams() {
  Recording recording("fifo");
  recording.At(7);
  recording.Open(1);
  recording.Open(3);
  for (const StreamId id : {1, 3}) {
    recording.Send(2 * kFrame);
    recording.Close(id);
  }
  return {recording.log().begin(), recording.log().end()};
}

TEST(PlayTest, TheLogsOwnPolicySendsOneStreamAfterTheOther) {
  const std::vector<TraceEvent> log = TwoStreams();
  // Segments at 51.4, 52.8, 54.2 and 55.6 ms, and half a round trip.
  EXPECT_THAT(
      *PlayLog(log, "", Options()),
      ElementsAre(PlayedStream{1, 2 * kFrame, 101'400'000, 102'800'000},
                  PlayedStream{3, 2 * kFrame, 104'200'000, 105'600'000}));
}

TEST(PlayTest, AnotherPolicySendsThemInTurn) {
  const std::vector<TraceEvent> log = TwoStreams();
  EXPECT_THAT(
      *PlayLog(log, "rr", Options()),
      ElementsAre(PlayedStream{1, 2 * kFrame, 101'400'000, 104'200'000},
                  PlayedStream{3, 2 * kFrame, 102'800'000, 105'600'000}));
}

TEST(PlayTest, AtATenthOfTheRateEachSegmentTakesTenTimesAsLong) {
  const std::vector<TraceEvent> log = TwoStreams();
  LinkOptions options = Options();
  options.down_bits_per_second = 800'000;
  options.round_trip_ns = 20 * kMs;
  EXPECT_THAT(*PlayLog(log, "", options),
              ElementsAre(PlayedStream{1, 2 * kFrame, 34 * kMs, 48 * kMs},
                          PlayedStream{3, 2 * kFrame, 62 * kMs, 76 * kMs}));
}

// Stream 3 is asked for 2 ms after stream 1. The second segment of stream 1 is
// on the wire from 51.4 to 52.8 ms: lifo puts stream 3 before the third.
TEST(PlayTest, ALaterRequestPassesTheSegmentsThatWereNotChosenYet) {
  Recording recording("fifo");
  recording.Open(1);
  recording.At(2);
  recording.Open(3);
  recording.Send(3 * kFrame);
  recording.Close(1);
  recording.Send(kFrame);
  recording.Close(3);
  EXPECT_THAT(*PlayLog(recording.log(), "lifo", Options()),
              ElementsAre(PlayedStream{1, 3 * kFrame, 101'400'000, 105'600'000},
                          PlayedStream{3, kFrame, 104'200'000, 104'200'000}));
}

// With room for four segments, all of stream 1 was chosen before stream 3 came.
TEST(PlayTest, ASendBufferLetsNoLaterRequestPass) {
  Recording recording("fifo");
  recording.Open(1);
  recording.At(2);
  recording.Open(3);
  recording.Send(3 * kFrame);
  recording.Close(1);
  recording.Send(kFrame);
  recording.Close(3);
  LinkOptions options = Options();
  options.send_buffer_bytes = 4 * kSegmentBytes;
  EXPECT_THAT(*PlayLog(recording.log(), "lifo", options),
              ElementsAre(PlayedStream{1, 3 * kFrame, 101'400'000, 104'200'000},
                          PlayedStream{3, kFrame, 105'600'000, 105'600'000}));
}

// A frame of 100 bytes and its header take 0.109 ms.
TEST(PlayTest, AShortFrameTakesTheTimeOfItsBytes) {
  Recording recording("rr");
  recording.Open(1);
  recording.Send(100);
  recording.Close(1);
  EXPECT_THAT(*PlayLog(recording.log(), "", Options()),
              ElementsAre(PlayedStream{1, 100, 100'109'000, 100'109'000}));
}

TEST(PlayTest, AResetEndsAStreamAtItsTime) {
  Recording recording("fifo");
  recording.Open(1);
  recording.Open(3);
  recording.Send(4 * kFrame);
  recording.At(2);
  recording.Close(1);  // ready, and no charge just before
  recording.Send(kFrame);
  recording.Close(3);
  // Two segments of stream 1 were chosen by 52 ms.
  EXPECT_THAT(*PlayLog(recording.log(), "", Options()),
              ElementsAre(PlayedStream{1, 2 * kFrame, 101'400'000, 102'800'000},
                          PlayedStream{3, kFrame, 104'200'000, 104'200'000}));
}

TEST(PlayTest, ALogWithoutBytesHasNoStreams) {
  const Recording recording("rr");
  EXPECT_THAT(*PlayLog(recording.log(), "", Options()), ElementsAre());
}

TEST(PlayTest, AnUnknownPolicyIsRefused) {
  const Recording recording("rr");
  EXPECT_EQ(PlayLog(recording.log(), "nobody", Options()).status().code(),
            absl::StatusCode::kNotFound);
}

// --- The program -------------------------------------------------------------

struct Outcome {
  int status = 0;
  std::string output;
};

Outcome RunPlay(const std::string& arguments) {
  Outcome outcome;
  FILE* pipe = popen(
      absl::StrCat("benchmarks/lab/net/play ", arguments, " 2>&1").c_str(),
      "r");
  char buffer[4096];
  while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) {
    outcome.output.append(buffer, size);
  }
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

std::string WriteLog(absl::Span<const TraceEvent> log) {
  const std::string path = ::testing::TempDir() + "/calls.jsonl";
  std::ofstream file(path);
  for (const TraceEvent& event : log) {
    file << trace::TraceEventToJson(event) << "\n";
  }
  return path;
}

TEST(PlayProgramTest, PrintsATableAndWritesJson) {
  const std::string log = WriteLog(TwoStreams());
  const std::string json = ::testing::TempDir() + "/table.json";
  const Outcome outcome =
      RunPlay(absl::StrCat(log, " --rate=8mbit --rtt=100ms --send_buffer=0 ",
                           "--policies=rr,rfc9218:mixed=alternate,"
                           "starvation_guard=1 --json=",
                           json));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              HasSubstr("\nstream       bytes   first ms    last ms"));
  EXPECT_THAT(outcome.output,
              HasSubstr("\n     1        2782      101.4      102.8      101.4 "
                        "     104.2"));
  std::ifstream file(json);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("\"rate_bits_per_second\": 8000000"));
  EXPECT_THAT(text.str(), HasSubstr("\"policy\": \"rfc9218:mixed=alternate,"
                                    "starvation_guard=1\""));
  EXPECT_THAT(text.str(), HasSubstr("\"first_byte_ms\": 102.8"));
}

TEST(PlayProgramTest, ABadCommandLineOrLogExitsWith2) {
  const std::string log = WriteLog(TwoStreams());
  struct Case {
    std::string arguments;
    std::string says;
  };
  for (const Case& c : std::vector<Case>{
           {"", "0 logs are given"},
           {"/nowhere/log", "cannot read /nowhere/log"},
           {log + " --rate=8", "--rate is 8; it must be from 1k to 1000G bits"},
           {log + " --rate=-1mbit", "--rate is -1mbit; it must be"},
           {log + " --rtt=2h", "--rtt is 2h; it must be from 0 to 1m"},
           {log + " --policies=nobody", "no policy 'nobody'"},
           {log + " --json=/nowhere/table", "cannot write /nowhere/table"},
           {log + " --json=" + log, ", which is read; name another"},
       }) {
    const Outcome outcome = RunPlay(c.arguments);
    EXPECT_EQ(outcome.status, 2) << c.arguments;
    EXPECT_THAT(outcome.output, HasSubstr(c.says));
  }
  std::ofstream(log, std::ios::app) << "torn";
  const Outcome outcome = RunPlay(log);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr("\"torn\" is no JSON object"));
}

}  // namespace
}  // namespace sluice::lab
