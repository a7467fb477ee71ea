#include "examples/server/http_connection.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/trace/trace_files.h>

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/server/access_log.h"
#include "examples/server/priority_rules.h"
#include "examples/server/static_files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/kept_events.h"

namespace sluice::examples {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kBigFile = 40'000;

// A client's connection, the server's, and the wire between them by hand.
class HttpConnectionTest : public ::testing::Test {
 protected:
  HttpConnectionTest()
      : root_(fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::create_directories(root_);
    std::ofstream(root_ / "index.html") << "<p>home";
    std::ofstream(root_ / "big.bin") << std::string(kBigFile, 'b');
    EXPECT_EQ(pipe(pipe_), 0);
    log_ = std::make_unique<AccessLog>(pipe_[1], [] {});
    // Bodies are read from the open file, not from memory.
    absl::StatusOr<std::unique_ptr<StaticFiles>> files =
        StaticFiles::Open(root_.string(), {.max_file_in_memory = 1000});
    EXPECT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
    http_ = std::make_unique<HttpConnection>(
        files_.get(), &rules_, log_.get(), "peer:1", h2::ConnectionOptions{},
        *trace::CreateLoggedPolicy("rr", {}, nullptr),
        scheduler::DataSchedulerOptions{});
    EXPECT_TRUE(client_.InitiateConnection().ok());
  }

  ~HttpConnectionTest() override {
    http_.reset();
    log_.reset();
    close(pipe_[0]);
    close(pipe_[1]);
    fs::remove_all(root_);
  }

  // One exchange of what both have to say; bodies are not pulled.
  void ExchangeBytes() {
    status_ = http_->Receive(client_.DataToSend());
    std::vector<h2::Event> events;
    const std::string bytes = http_->wire().DataToSend();
    EXPECT_TRUE(client_.ReceiveData(bytes, &events).ok());
    for (const h2::Event& event : events) events_.Add(event);
  }

  // Until neither has anything more to say.
  void ExchangeAll() {
    do {
      ExchangeBytes();
      http_->Pull(16384);
    } while (http_->wire().OutputSize() > 0 || client_.OutputSize() > 0);
  }

  h2::StreamId Request(const std::string& method, const std::string& path,
                       bool end_stream = true) {
    const h2::StreamId id = *client_.GetNextAvailableStreamId();
    EXPECT_TRUE(client_
                    .SendHeaders(id,
                                 {{":method", method},
                                  {":scheme", "http"},
                                  {":path", path},
                                  {":authority", "localhost"}},
                                 {.end_stream = end_stream})
                    .ok());
    return id;
  }

  // The bytes that the client received, in order.
  template <typename T>
  std::vector<T> Got() const {
    std::vector<T> found;
    for (const h2::Event& event : events_) {
      if (const T* match = std::get_if<T>(&event)) found.push_back(*match);
    }
    return found;
  }

  std::string Body(h2::StreamId id) const {
    std::string body;
    for (const h2::DataReceived& data : Got<h2::DataReceived>()) {
      if (data.stream_id == id) absl::StrAppend(&body, data.data);
    }
    return body;
  }

  std::string Log() {
    log_->Flush();
    EXPECT_EQ(write(pipe_[1], "\0", 1), 1);
    std::string text;
    for (char c; read(pipe_[0], &c, 1) == 1 && c != '\0';) text.push_back(c);
    return text;
  }

  const fs::path root_;
  int pipe_[2];
  std::unique_ptr<AccessLog> log_;
  std::unique_ptr<StaticFiles> files_;
  PriorityRules rules_;
  std::unique_ptr<HttpConnection> http_;
  h2::Connection client_{
      {.side = h2::Side::kClient, .settings = {}, .limits = {}}};
  h2::tests::KeptEvents events_;
  absl::Status status_;
};

TEST_F(HttpConnectionTest, ARequestIsAnsweredWithTheFile) {
  const h2::StreamId id = Request("GET", "/");
  ExchangeAll();
  ASSERT_EQ(Got<h2::ResponseReceived>().size(), 1);
  EXPECT_EQ(Got<h2::ResponseReceived>()[0].headers[0].value, "200");
  EXPECT_EQ(Body(id), "<p>home");
  EXPECT_EQ(Got<h2::StreamEnded>().size(), 1);
  EXPECT_TRUE(http_->Established());
  EXPECT_THAT(Log(), HasSubstr("peer:1 1 \"GET /\" 200 7 "));
}

TEST_F(HttpConnectionTest, NoByteOfABodyMovesBeforeAPull) {
  const h2::StreamId id = Request("GET", "/big.bin");
  ExchangeBytes();
  ExchangeBytes();
  EXPECT_EQ(Got<h2::ResponseReceived>().size(), 1);
  EXPECT_EQ(Body(id), "");
  EXPECT_TRUE(http_->HasWork());
  http_->Pull(1000);
  ExchangeBytes();
  EXPECT_EQ(Body(id).size(), 1000);
  EXPECT_THAT(Log(), IsEmpty()) << "the response is not finished";
  ExchangeAll();
  EXPECT_EQ(Body(id), std::string(kBigFile, 'b'));
  EXPECT_FALSE(http_->HasWork());
}

TEST_F(HttpConnectionTest, AServersRuleOverridesTheClientsPriority) {
  rules_ = *PriorityRules::Parse("type text/html: weight=256, exclusive");
  http_ = std::make_unique<HttpConnection>(
      files_.get(), &rules_, log_.get(), "peer:1", h2::ConnectionOptions{},
      *trace::CreateLoggedPolicy("rfc7540", {}, nullptr),
      scheduler::DataSchedulerOptions{});
  const h2::StreamId big = Request("GET", "/big.bin");
  const h2::StreamId home = Request("GET", "/");
  ExchangeBytes();
  ExchangeBytes();
  // Exclusive on the root: the earlier, equal stream now depends on this one.
  http_->Pull(1000);
  ExchangeBytes();
  EXPECT_EQ(Body(home), "<p>home");
  EXPECT_EQ(Body(big).size(), 993);
}

TEST_F(HttpConnectionTest, HeadEndsWithItsHeaders) {
  Request("HEAD", "/big.bin");
  ExchangeAll();
  ASSERT_EQ(Got<h2::ResponseReceived>().size(), 1);
  EXPECT_TRUE(Got<h2::ResponseReceived>()[0].stream_ended);
  EXPECT_THAT(Got<h2::DataReceived>(), IsEmpty());
  EXPECT_THAT(Log(), HasSubstr("\"HEAD /big.bin\" 200 0 "));
}

TEST_F(HttpConnectionTest, ASmallUploadIsAnsweredAndAccepted) {
  const h2::StreamId id = Request("POST", "/", /*end_stream=*/false);
  ExchangeAll();
  EXPECT_EQ(Got<h2::ResponseReceived>()[0].headers[0].value, "405");
  EXPECT_EQ(Body(id), "405 Method Not Allowed\n");
  ASSERT_TRUE(client_
                  .SendData(id, absl::Cord("a=1"),
                            {.end_stream = true, .pad_length = std::nullopt})
                  .ok());
  ExchangeAll();
  EXPECT_TRUE(status_.ok()) << status_;
  EXPECT_THAT(Got<h2::StreamReset>(), IsEmpty());
  EXPECT_THAT(Log(), HasSubstr("complete"));
}

// RFC 9113 §8.1: a server that needs no more of a request says so with
// RST_STREAM(NO_ERROR), after the complete response.
TEST_F(HttpConnectionTest, ALongUploadAfterTheResponseIsStopped) {
  const h2::StreamId id = Request("POST", "/", /*end_stream=*/false);
  ExchangeAll();
  size_t sent = 0;
  while (Got<h2::StreamReset>().empty() && sent < 1'000'000) {
    ASSERT_TRUE(client_.SendData(id, absl::Cord(std::string(8192, 'u'))).ok());
    sent += 8192;
    ExchangeAll();
  }
  ASSERT_EQ(Got<h2::StreamReset>().size(), 1);
  EXPECT_EQ(Got<h2::StreamReset>()[0].error_code, h2::ErrorCode::kNoError);
  EXPECT_EQ(sent, 64 * 1024 + 8192);
}

TEST_F(HttpConnectionTest, TheWindowOfARequestsBodyIsReturned) {
  const h2::StreamId id = Request("POST", "/", /*end_stream=*/false);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client_.SendData(id, absl::Cord(std::string(16384, 'u'))).ok());
    ExchangeBytes();
  }
  ExchangeAll();
  bool connection_window_came_back = false;
  for (const h2::WindowUpdated& update : Got<h2::WindowUpdated>()) {
    connection_window_came_back |= update.stream_id == h2::kConnectionStreamId;
  }
  EXPECT_TRUE(connection_window_came_back);
}

TEST_F(HttpConnectionTest, AResetRequestIsLoggedWithItsCode) {
  const h2::StreamId id = Request("GET", "/big.bin");
  ExchangeBytes();
  http_->Pull(1000);
  ExchangeBytes();
  ASSERT_TRUE(client_.ResetStream(id, h2::ErrorCode::kCancel).ok());
  ExchangeBytes();
  EXPECT_FALSE(http_->HasWork());
  EXPECT_THAT(Log(), HasSubstr("\"GET /big.bin\" 200 1000 "));
  EXPECT_THAT(Got<h2::StreamReset>(), IsEmpty());
}

TEST_F(HttpConnectionTest, ARequestMayBeResetWithinTheSameRead) {
  const h2::StreamId id = Request("GET", "/big.bin");
  ASSERT_TRUE(client_.ResetStream(id, h2::ErrorCode::kCancel).ok());
  const h2::StreamId other = Request("GET", "/");
  ExchangeAll();
  EXPECT_TRUE(status_.ok()) << status_;
  EXPECT_EQ(Body(id), "");
  EXPECT_EQ(Body(other), "<p>home");
  EXPECT_THAT(Log(), HasSubstr("\"GET /big.bin\""));
}

TEST_F(HttpConnectionTest, ARequestThatCannotBeAnsweredIsReset) {
  h2::ConnectionOptions full;
  full.limits.output_control_high_water_mark = 1;  // our SETTINGS wait
  http_ = std::make_unique<HttpConnection>(
      files_.get(), &rules_, log_.get(), "peer:1", full,
      *trace::CreateLoggedPolicy("rr", {}, nullptr),
      scheduler::DataSchedulerOptions{});
  Request("GET", "/");
  ExchangeBytes();
  ASSERT_EQ(Got<h2::StreamReset>().size(), 1u);
  EXPECT_EQ(Got<h2::StreamReset>()[0].error_code,
            h2::ErrorCode::kInternalError);
  EXPECT_EQ(http_->wire().OpenInboundStreams(), 0u);
}

TEST_F(HttpConnectionTest, ABodyThatCannotBeReadResetsItsStreamAlone) {
  const h2::StreamId id = Request("GET", "/big.bin");
  ExchangeBytes();
  http_->Pull(1000);
  ExchangeBytes();
  fs::resize_file(root_ / "big.bin", 10);
  ExchangeAll();
  ASSERT_EQ(Got<h2::StreamReset>().size(), 1);
  EXPECT_EQ(Got<h2::StreamReset>()[0].stream_id, id);
  EXPECT_EQ(Got<h2::StreamReset>()[0].error_code,
            h2::ErrorCode::kInternalError);
  EXPECT_THAT(Log(), HasSubstr("200 1000 "));
  const h2::StreamId next = Request("GET", "/");
  ExchangeAll();
  EXPECT_EQ(Body(next), "<p>home");
}

TEST_F(HttpConnectionTest, UnfinishedRequestsAreLoggedAtTheEnd) {
  Request("GET", "/big.bin");
  ExchangeBytes();
  http_.reset();
  EXPECT_THAT(Log(), HasSubstr("closed"));
}

TEST_F(HttpConnectionTest, GarbageEndsTheConnectionWithAGoawayAndALogLine) {
  const absl::Status status = http_->Receive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(http_->wire().IsTerminated());
  EXPECT_GT(http_->wire().OutputSize(), 0);
  EXPECT_THAT(Log(), HasSubstr("peer:1 - connection error: "));
}

// RFC 9113 §6.5.3.
TEST_F(HttpConnectionTest, APeerThatDoesNotAcknowledgeSettingsIsDropped) {
  const absl::Duration timeout = h2::ConnectionOptions{}.settings_timeout;
  EXPECT_TRUE(http_->AdvanceTime(timeout / 2).ok());
  EXPECT_FALSE(http_->AdvanceTime(timeout).ok());
  EXPECT_THAT(Log(), HasSubstr("peer:1 - connection error: "));
}

// RFC 9113 §6.8.
TEST_F(HttpConnectionTest, ADrainAdmitsRequestsUntilItsPingIsAnswered) {
  ExchangeAll();
  http_->Drain();
  // On its way when the GOAWAY is.
  const h2::StreamId late = Request("GET", "/big.bin");
  ExchangeBytes();
  ASSERT_EQ(Got<h2::ConnectionTerminated>().size(), 1);
  EXPECT_EQ(Got<h2::ConnectionTerminated>()[0].last_stream_id,
            h2::kMaxStreamId);
  EXPECT_FALSE(http_->Finished());
  ExchangeBytes();
  EXPECT_FALSE(http_->Finished()) << "its response is not";
  ExchangeAll();
  ASSERT_EQ(Got<h2::ConnectionTerminated>().size(), 2);
  EXPECT_EQ(Got<h2::ConnectionTerminated>()[1].last_stream_id, late);
  EXPECT_EQ(Got<h2::ConnectionTerminated>()[1].error_code,
            h2::ErrorCode::kNoError);
  EXPECT_EQ(Body(late).size(), kBigFile);
  EXPECT_TRUE(http_->Finished());
}

TEST_F(HttpConnectionTest, APeersGoawayWithAnErrorFinishesAtOnce) {
  Request("GET", "/big.bin");
  ExchangeBytes();
  ASSERT_TRUE(client_.CloseConnection(h2::ErrorCode::kProtocolError).ok());
  status_ = http_->Receive(client_.DataToSend());
  EXPECT_TRUE(http_->Finished());
  http_->wire().ClearOutput();
  EXPECT_FALSE(http_->HasWork());
}

TEST_F(HttpConnectionTest, APeersGoawayFinishesWhenItsRequestsAre) {
  Request("GET", "/");
  ExchangeBytes();
  ASSERT_TRUE(client_.CloseConnection().ok());
  ExchangeBytes();
  EXPECT_FALSE(http_->Finished());
  http_->Pull(16384);
  EXPECT_TRUE(http_->Finished());
}

}  // namespace
}  // namespace sluice::examples
