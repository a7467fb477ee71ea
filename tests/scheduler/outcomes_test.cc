// on_stream_done and log_sink: each stream tells once how it ended, and why.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using ::testing::AllOf;
using testing::Bytes;
using testing::BytesSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScriptSource;
using testing::Session;
using testing::SessionOptions;
using ::testing::StartsWith;

std::string Text(const StreamDone& done) {
  constexpr const char* kNames[] = {"finished", "reset by peer", "reset",
                                    "failed", "connection ended"};
  std::string text =
      absl::StrCat(done.stream_id, " ",
                   kNames[static_cast<size_t>(done.outcome)], " ", done.bytes);
  if (done.code != h2::ErrorCode::kNoError) {
    absl::StrAppend(&text, " ", h2::ErrorCodeName(done.code));
  }
  if (!done.status.ok()) absl::StrAppend(&text, ": ", done.status.message());
  return text;
}

class OutcomesTest : public ::testing::Test {
 protected:
  Session& session() {
    if (!session_.has_value()) Start({});
    return *session_;
  }
  DataScheduler& scheduler() { return session().scheduler(); }

  void Start(SessionOptions options) {
    options.scheduler.on_stream_done = [this](const StreamDone& done) {
      done_.push_back(Text(done));
      if (on_done_) on_done_(done);
    };
    options.server.log_sink = [this](absl::string_view line) {
      log_.emplace_back(line);
    };
    session_.emplace(std::move(options));
  }

  std::vector<std::string> TakeDone() { return std::exchange(done_, {}); }
  std::vector<std::string> TakeLog() { return std::exchange(log_, {}); }

  std::vector<std::string> done_;
  std::vector<std::string> log_;
  std::function<void(const StreamDone&)> on_done_;
  std::optional<Session> session_;
};

// Fails after 100 bytes.
std::unique_ptr<DataSource> Broken(std::string why) {
  return std::make_unique<ScriptSource>(
      [why = std::move(why), first = true](size_t) mutable {
        if (std::exchange(first, false)) return Bytes(100);
        DataSource::Chunk chunk;
        chunk.status = absl::DataLossError(why);
        return chunk;
      });
}

TEST_F(OutcomesTest, AMessageThatIsInTheOutputIsFinished) {
  session().Serve(20000);
  session().Serve(nullptr);
  EXPECT_THAT(TakeDone(), ElementsAre("3 finished 0"));
  session().Serve(std::make_unique<BytesSource>(100, /*end_alone=*/true));
  session().Serve(std::make_unique<BytesSource>(50),
                  {.trailers = {{"checksum", "1"}}});
  session().Drain();
  EXPECT_THAT(TakeDone(), ElementsAre("7 finished 50", "5 finished 100",
                                      "1 finished 20000"));
  EXPECT_THAT(TakeLog(), IsEmpty());
}

TEST_F(OutcomesTest, AnAnswerWithoutABodyIsFinishedAtOnce) {
  session().Serve(nullptr, {.trailers = {{"checksum", "1"}}});
  EXPECT_THAT(TakeDone(), ElementsAre("1 finished 0"));
}

TEST_F(OutcomesTest, AResetSaysWhoseItIs) {
  session().Serve(100000);
  session().Serve(100000);
  session().Serve(100000);
  session().Drain(1, 100);
  ASSERT_TRUE(session().client().ResetStream(1, h2::ErrorCode::kCancel).ok());
  session().ToServer();
  EXPECT_THAT(TakeDone(), ElementsAre("1 reset by peer 100 CANCEL"));
  scheduler().Cancel(3, h2::ErrorCode::kRefusedStream);
  EXPECT_THAT(TakeDone(), ElementsAre("3 reset 0 REFUSED_STREAM"));
  // By a call around the scheduler, which finds out when it picks the stream.
  ASSERT_TRUE(session().server().ResetStream(5, h2::ErrorCode::kCancel).ok());
  session().Drain();
  EXPECT_THAT(TakeDone(), ElementsAre("5 reset 0"));
}

TEST_F(OutcomesTest, AStreamOnWhichThePeerBreaksARuleSaysWhich) {
  session().Serve(100000);
  constexpr char kWindowUpdateOfZero[] = {0, 0, 4, 8, 0, 0, 0,
                                          0, 1, 0, 0, 0, 0};
  std::vector<h2::Event> events;
  ASSERT_TRUE(
      session().server().ReceiveData({kWindowUpdateOfZero, 13}, &events).ok());
  for (const h2::Event& event : events) scheduler().OnEvent(event);
  EXPECT_THAT(TakeDone(),
              ElementsAre("1 reset 0 PROTOCOL_ERROR: 0 bytes in a "
                          "WINDOW_UPDATE; 1 to 2^31-1 are allowed on stream 1 "
                          "(RFC 9113 6.9)"));
  EXPECT_EQ(TakeLog().size(), 1u);
}

TEST_F(OutcomesTest, ABodyThatFailsSaysWhyAndTheLogDoesToo) {
  session().Serve(Broken("the disk is gone"));
  session().Drain();
  EXPECT_EQ(session().Take(), "H1 1:100 R1=2");
  EXPECT_THAT(TakeDone(),
              ElementsAre("1 failed 100 INTERNAL_ERROR: the disk is gone"));
  EXPECT_THAT(TakeLog(),
              ElementsAre("stream 1 error INTERNAL_ERROR: the disk is gone"));
}

TEST_F(OutcomesTest, TextOfOthersMakesNoLineOfItsOwnInTheLog) {
  session().Serve(Broken("no /a\r\nstream 1 error\x01\x7f"));
  session().Drain();
  EXPECT_THAT(TakeLog(), ElementsAre("stream 1 error INTERNAL_ERROR: no "
                                     "/a\\x0d\\x0astream 1 error\\x01\\x7f"));
}

TEST_F(OutcomesTest, AReadThatGivesTooMuchSaysHowMuchWasAsked) {
  session().Serve(std::make_unique<ScriptSource>(
      [](size_t max_bytes) { return Bytes(max_bytes + 1); }));
  session().Drain();
  EXPECT_THAT(TakeLog(), ElementsAre("stream 1 error INTERNAL_ERROR: Read() of "
                                     "the body gave 16385 bytes; at most 16384 "
                                     "were asked for"));
  session().Serve(std::make_unique<ScriptSource>([](size_t) {
    DataSource::Chunk chunk = Bytes(10);
    chunk.shared.bytes = "abc";
    return chunk;
  }));
  session().Drain();
  EXPECT_THAT(TakeLog(),
              ElementsAre("stream 3 error INTERNAL_ERROR: Read() of the body "
                          "gave bytes in `data` and in `shared`; one is "
                          "allowed"));
  EXPECT_EQ(TakeDone().size(), 2u);
}

TEST_F(OutcomesTest, TrailersThatMayNotBeSentSayWhy) {
  SubmitOptions options = {.trailers = {{":path", "/"}}};
  session().Serve(std::make_unique<BytesSource>(9), options);
  session().Drain();
  EXPECT_THAT(TakeDone(), ElementsAre(AllOf(
                              StartsWith("1 failed 9 INTERNAL_ERROR: stream 1"),
                              HasSubstr(":path in trailers"))));
  EXPECT_THAT(TakeLog(),
              ElementsAre(AllOf(StartsWith("stream 1 error INTERNAL_ERROR: "),
                                HasSubstr(":path in trailers"))));
  scheduler().SubmitOrReset(session().Request(), {{":status", "200"}}, nullptr,
                            options);
  EXPECT_EQ(TakeDone().size(), 1u) << "once, though Submit() failed too";
}

TEST_F(OutcomesTest, TheEndOfTheConnectionEndsEachStream) {
  session().Serve(100000);
  session().Serve(100000);
  session().Drain(1, 100);
  ASSERT_TRUE(
      session().client().CloseConnection(h2::ErrorCode::kEnhanceYourCalm).ok());
  session().ToServer();
  EXPECT_THAT(TakeDone(),
              ElementsAre("1 connection ended 100 ENHANCE_YOUR_CALM",
                          "3 connection ended 0 ENHANCE_YOUR_CALM"));
}

// No RST_STREAM follows a GOAWAY with an error.
TEST_F(OutcomesTest, AStreamThatIsCancelledAfterTheEndWasNotReset) {
  session().Serve(100000);
  ASSERT_TRUE(
      session().server().CloseConnection(h2::ErrorCode::kInternalError).ok());
  scheduler().Cancel(1);
  EXPECT_THAT(TakeDone(), ElementsAre(StartsWith("1 connection ended 0")));
}

TEST_F(OutcomesTest, TheEndOfTheSchedulerEndsEachStream) {
  session().Serve(100000);
  session().Request();
  session_.reset();
  EXPECT_THAT(done_,
              ElementsAre("1 connection ended 0", "3 connection ended 0"));
}

TEST_F(OutcomesTest, ARefusedSubmitLeavesTheStreamAsItWas) {
  const h2::StreamId id = session().Request();
  EXPECT_FALSE(scheduler()
                   .Submit(id, {{":status", "200"}, {"a\r\nb", "c"}},
                           std::make_unique<BytesSource>(5))
                   .ok());
  EXPECT_EQ(session().server().OutputSize(), 0u);
  EXPECT_THAT(TakeDone(), IsEmpty());
  EXPECT_THAT(TakeLog(), IsEmpty());
  ASSERT_TRUE(session().Respond(id, 5).ok());
}

TEST_F(OutcomesTest, SubmitOrResetLetsNoClientWait) {
  bool destroyed = false;
  scheduler().SubmitOrReset(session().Request(),
                            {{":status", "200"}, {"a\r\nb", "c"}},
                            std::make_unique<ScriptSource>(
                                [](size_t) { return Bytes(1); }, &destroyed));
  session().Drain();
  EXPECT_EQ(session().Take(), "R1=2");
  EXPECT_TRUE(destroyed);
  EXPECT_THAT(TakeDone(),
              ElementsAre(StartsWith(
                  "1 failed 0 INTERNAL_ERROR: stream 1 has the field a\\r\\nb "
                  "with an illegal name")));
  EXPECT_EQ(TakeLog().size(), 1u);
  EXPECT_EQ(session().server().OpenInboundStreams(), 0u);
  // What is right goes as ever.
  scheduler().SubmitOrReset(session().Request(), {{":status", "200"}},
                            std::make_unique<BytesSource>(5));
  session().Drain();
  EXPECT_EQ(session().Take(), "H3 3:5.");
}

// The scheduler hears of a push by its answer only.
TEST_F(OutcomesTest, APushWhoseAnswerIsRefusedIsResetAndReported) {
  session().Request();
  ASSERT_TRUE(session()
                  .server()
                  .PushStream(1, 2,
                              {{":method", "GET"},
                               {":scheme", "https"},
                               {":authority", "example.org"},
                               {":path", "/style.css"}})
                  .ok());
  scheduler().SubmitOrReset(2, {{":status", "200"}, {"a b", "c"}},
                            std::make_unique<BytesSource>(5));
  session().Drain();
  EXPECT_THAT(session().Take(), HasSubstr("R2=2"));
  EXPECT_THAT(TakeDone(), ElementsAre(StartsWith(
                              "2 failed 0 INTERNAL_ERROR: stream 2 has the "
                              "field a b")));
}

TEST_F(OutcomesTest, ASecondAnswerLeavesTheFirstAlone) {
  const h2::StreamId id = session().Serve(5);
  scheduler().SubmitOrReset(id, {{":status", "500"}}, nullptr);
  EXPECT_THAT(TakeLog(), ElementsAre("stream 1 error INTERNAL_ERROR: stream 1 "
                                     "has a response already"));
  session().Drain();
  EXPECT_EQ(session().Take(), "H1 1:5.");
  EXPECT_THAT(TakeDone(), ElementsAre("1 finished 5"));
}

// Its request goes on after the answer, which was the whole of it.
TEST_F(OutcomesTest, ASecondAnswerWhileTheUploadGoesOnIsNone) {
  ASSERT_TRUE(session()
                  .client()
                  .SendHeaders(1, {{":method", "POST"},
                                   {":scheme", "https"},
                                   {":authority", "example.org"},
                                   {":path", "/"}})
                  .ok());
  session().ToServer();
  on_done_ = [this](const StreamDone& done) {
    scheduler().SubmitOrReset(done.stream_id, {{":status", "500"}}, nullptr);
  };
  scheduler().SubmitOrReset(1, {{":status", "200"}}, nullptr);
  scheduler().SubmitOrReset(1, {{":status", "500"}}, nullptr);
  session().Drain();
  EXPECT_EQ(session().Take(), "H1.");
  EXPECT_THAT(TakeDone(), ElementsAre("1 finished 0"));
}

// Both events come out of one read.
TEST_F(OutcomesTest, AnAnswerAfterThePeersResetIsNoFailure) {
  testing::SendGet(session().client());
  ASSERT_TRUE(session().client().ResetStream(1, h2::ErrorCode::kCancel).ok());
  std::vector<h2::Event> events;
  ASSERT_TRUE(session()
                  .server()
                  .ReceiveData(session().client().DataToSend(), &events)
                  .ok());
  for (const h2::Event& event : events) {
    scheduler().OnEvent(event);
    if (std::holds_alternative<h2::RequestReceived>(event)) {
      scheduler().SubmitOrReset(1, {{":status", "200"}}, nullptr);
    }
  }
  EXPECT_THAT(TakeDone(), ElementsAre("1 reset by peer 0 CANCEL"));
  EXPECT_THAT(TakeLog(), IsEmpty());
}

TEST_F(OutcomesTest, AStreamThatSubmitOpensHasAnOutcomeToo) {
  std::vector<std::string> done;
  h2::Connection client({.side = h2::Side::kClient});
  DataScheduler uploads(&client, *CreatePolicy("rr"),
                        {.on_stream_done = [&](const StreamDone& end) {
                          done.push_back(Text(end));
                        }});
  ASSERT_TRUE(client.InitiateConnection().ok());
  const std::vector<h2::Header> post = {{":method", "POST"},
                                        {":scheme", "https"},
                                        {":authority", "a"},
                                        {":path", "/"}};
  uploads.SubmitOrReset(1, post, nullptr);
  uploads.SubmitOrReset(3, post, std::make_unique<BytesSource>(10));
  uploads.Pull(1000);
  EXPECT_THAT(done, ElementsAre("1 finished 0", "3 finished 10"));
}

TEST_F(OutcomesTest, TheCallBackMayCallTheScheduler) {
  const h2::StreamId first = session().Serve(5);
  const h2::StreamId second = session().Serve(5);
  const h2::StreamId third = session().Request();
  on_done_ = [&](const StreamDone& done) {
    if (done.stream_id != first) return;
    EXPECT_EQ(scheduler().Pull(1000), 0u);
    scheduler().Cancel(first);  // is gone
    scheduler().Cancel(second);
    ASSERT_TRUE(session().Respond(third, 7).ok());
  };
  session().Drain();
  EXPECT_EQ(session().Take(), "H1 H3 1:5. R3=8 H5 5:7.");
  EXPECT_THAT(TakeDone(),
              ElementsAre("1 finished 5", "3 reset 0 CANCEL", "5 finished 7"));
}

TEST_F(OutcomesTest, TheLastFrameIsSeenBeforeTheEnd) {
  session().scheduler().SetObserver(
      [this](const DataScheduler::Decision& decision) {
        done_.push_back(absl::StrCat("frame of ", decision.bytes));
      });
  session().Serve(5);
  session().Serve(std::make_unique<BytesSource>(0, /*end_alone=*/true));
  session().Drain();
  EXPECT_THAT(TakeDone(), ElementsAre("frame of 5", "1 finished 5",
                                      "frame of 0", "3 finished 0"));
}

}  // namespace
}  // namespace sluice::scheduler
