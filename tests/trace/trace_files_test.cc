// Decision logs in files: their names, their lines, and files that fail.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/replay.h>
#include <sluice/trace/trace_files.h>

#include <signal.h>
#include <sys/resource.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using ::sluice::trace::CreateLoggedPolicy;
using ::sluice::trace::LoggedPolicy;
using ::sluice::trace::ReadTrace;
using ::sluice::trace::RecordedPicks;
using ::sluice::trace::Replay;
using ::sluice::trace::ReplayedPick;
using ::sluice::trace::TraceFile;
using ::sluice::trace::TraceFiles;

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TraceFilesTest : public ::testing::Test {
 protected:
  TraceFilesTest()
      : folder_(
            fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name()),
        files_(PathOf("log"), [this](absl::string_view fault) {
          faults_.emplace_back(fault);
        }) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  std::string PathOf(const std::string& name) const {
    return (folder_ / name).string();
  }
  std::string TextOf(const std::string& name) const {
    std::ifstream file(PathOf(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::vector<TraceEvent> EventsOf(const std::string& name) const {
    std::ifstream file(PathOf(name));
    absl::StatusOr<std::vector<TraceEvent>> events = ReadTrace(file);
    EXPECT_TRUE(events.ok()) << events.status();
    return *std::move(events);
  }

  const fs::path folder_;
  std::vector<std::string> faults_;
  TraceFiles files_;
};

// Sends `frames` frames of two streams.
void Serve(LoggedPolicy& logged, int frames) {
  static const StreamInfo kNothingSaid;
  for (const StreamId id : {1, 3}) {
    logged.policy->OnOpen(id, kNothingSaid);
    logged.policy->SetReady(id);
  }
  for (int i = 0; i < frames; ++i) {
    logged.policy->Charge(logged.policy->Pick()->stream_id, 1000);
  }
}

TEST_F(TraceFilesTest, EachConnectionHasAFileThatPlaysToTheSameDecisions) {
  for (int connection = 1; connection <= 3; ++connection) {
    LoggedPolicy logged = *CreateLoggedPolicy("rfc7540", {}, &files_);
    Serve(logged, 100 * connection);
  }
  int frames = 0;
  for (const char* name : {"log", "log.2", "log.3"}) {
    const std::vector<TraceEvent> events = EventsOf(name);
    const std::vector<ReplayedPick> recorded = RecordedPicks(events);
    EXPECT_EQ(recorded.size(), frames += 100);
    const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(events);
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    EXPECT_EQ(*replayed, recorded);
  }
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(TraceFilesTest, NoFileIsOverwritten) {
  std::ofstream(PathOf("log")) << "mine";
  std::ofstream(PathOf("log.3")) << "mine";
  for (int connection = 0; connection < 2; ++connection) {
    ASSERT_TRUE(CreateLoggedPolicy("rr", {}, &files_).ok());
  }
  EXPECT_EQ(TextOf("log"), "mine");
  EXPECT_EQ(TextOf("log.3"), "mine");
  EXPECT_EQ(EventsOf("log.2").size(), 1u);
  EXPECT_EQ(EventsOf("log.4").size(), 1u);
}

TEST_F(TraceFilesTest, NoFilesMeanNoLog) {
  const LoggedPolicy logged = *CreateLoggedPolicy("rr", {}, nullptr);
  EXPECT_EQ(logged.log, nullptr);
  EXPECT_NE(logged.policy, nullptr);
}

TEST_F(TraceFilesTest, AnUnknownPolicyLeavesNoFile) {
  EXPECT_EQ(CreateLoggedPolicy("nobody", {}, &files_).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(PathOf("log")));
}

TEST_F(TraceFilesTest, TimesAreTheCallersAndTheLastOfARowCounts) {
  const std::unique_ptr<TraceFile> log = files_.Create();
  log->Write(TraceMade{"rr", {1, 1, 0}});
  log->AdvanceTime(absl::Milliseconds(1));
  log->AdvanceTime(absl::Milliseconds(2));
  log->AdvanceTime(absl::ZeroDuration());
  log->AdvanceTime(absl::Seconds(-1));
  log->Write(TraceUsesRfc9218{});
  log->AdvanceTime(absl::InfiniteDuration());
  log->Flush();
  EXPECT_EQ(TextOf("log"),
            "{\"call\":\"made\",\"spec\":\"rr\",\"max_grant\":1,"
            "\"max_streams\":1,\"max_closed_streams\":0}\n"
            "{\"call\":\"time\",\"ns\":3000000}\n"
            "{\"call\":\"uses_rfc9218\"}\n"
            "{\"call\":\"time\",\"ns\":1152921504606846976}\n");
}

TEST_F(TraceFilesTest, ALineIsInTheFileASecondLater) {
  const std::unique_ptr<TraceFile> log = files_.Create();
  log->Write(TraceReady{1});
  log->AdvanceTime(absl::Milliseconds(999));
  EXPECT_EQ(TextOf("log"), "");
  log->AdvanceTime(absl::Milliseconds(1));
  EXPECT_THAT(TextOf("log"), HasSubstr("ready"));
}

TEST_F(TraceFilesTest, AFileThatCannotBeCreatedIsReportedOnce) {
  TraceFiles files(PathOf("nowhere/log"), [this](absl::string_view fault) {
    faults_.emplace_back(fault);
  });
  for (int connection = 0; connection < 3; ++connection) {
    LoggedPolicy logged = *CreateLoggedPolicy("rr", {}, &files);
    EXPECT_EQ(logged.log, nullptr);
    Serve(logged, 100);
  }
  EXPECT_THAT(faults_,
              ElementsAre(absl::StrCat(
                  "cannot write the decision log ", PathOf("nowhere/log"),
                  ": No such file or directory; no further log begins")));
}

TEST_F(TraceFilesTest, WhatIsNoFileIsReportedAndNotPassedOver) {
  std::filesystem::create_directory(PathOf("log"));
  EXPECT_EQ(files_.Create(), nullptr);
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("File exists")));
  EXPECT_FALSE(std::filesystem::exists(PathOf("log.2")));
}

// The system takes part of a write, as a full disk does.
TEST_F(TraceFilesTest, AFullFileEndsWithAWholeLineAndIsReportedOnce) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit = {20'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  {
    LoggedPolicy first = *CreateLoggedPolicy("rr", {}, &files_);
    LoggedPolicy second = *CreateLoggedPolicy("rr", {}, &files_);
    Serve(first, 1000);
    Serve(second, 1000);
    EXPECT_EQ(CreateLoggedPolicy("rr", {}, &files_)->log, nullptr);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  for (const char* name : {"log", "log.2"}) {
    EXPECT_EQ(TextOf(name).back(), '\n');
    const std::vector<TraceEvent> events = EventsOf(name);
    EXPECT_GT(events.size(), 50u);
    EXPECT_TRUE(Replay(events).ok());
  }
  ASSERT_EQ(faults_.size(), 1u);
  EXPECT_THAT(faults_[0], HasSubstr("log: File too large; no further log"));
}

TEST_F(TraceFilesTest, ThreadsGetFilesOfTheirOwn) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this] {
      for (int connection = 0; connection < 20; ++connection) {
        LoggedPolicy logged = *CreateLoggedPolicy("rr", {}, &files_);
        Serve(logged, 10);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int number = 1; number <= 80; ++number) {
    const std::string name = number == 1 ? "log" : absl::StrCat("log.", number);
    EXPECT_EQ(RecordedPicks(EventsOf(name)).size(), 10u) << name;
  }
}

}  // namespace
}  // namespace sluice::scheduler
