// Which responses have no content (RFC 9110 §6.4.1), and what the
// DataScheduler makes of a content-length (RFC 9113 §8.1.1).
#include <sluice/h2/connection.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::Bytes;
using testing::BytesSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScriptSource;
using testing::Session;
using testing::SessionOptions;
using testing::StreamWindowsOf;

// Must not be read.
std::unique_ptr<DataSource> Unread(bool* destroyed) {
  return std::make_unique<ScriptSource>(
      [](size_t) {
        ADD_FAILURE() << "the body was read";
        return Bytes(1, true);
      },
      destroyed);
}

// `bytes` and no `end`, as a source that does not know it.
std::unique_ptr<DataSource> Endless(uint64_t bytes) {
  return std::make_unique<ScriptSource>([bytes](size_t max_bytes) mutable {
    const size_t size = std::min<uint64_t>(bytes, max_bytes);
    bytes -= size;
    return Bytes(size);
  });
}

class ContentTest : public ::testing::Test {
 protected:
  explicit ContentTest(SessionOptions options = {})
      : session_(WithSinks(std::move(options))) {}

  SessionOptions WithSinks(SessionOptions options) {
    options.scheduler.on_stream_done = [this](const StreamDone& done) {
      if (!done.status.ok()) faults_.emplace_back(done.status.message());
    };
    options.server.log_sink = [this](absl::string_view line) {
      log_.emplace_back(line);
    };
    return options;
  }

  h2::StreamId Request(absl::string_view method) {
    const h2::StreamId id = *session_.client().GetNextAvailableStreamId();
    std::vector<h2::Header> headers = {{":method", std::string(method)},
                                       {":authority", "example.org:443"}};
    if (method != "CONNECT") {
      headers.push_back({":scheme", "https"});
      headers.push_back({":path", "/"});
    }
    EXPECT_TRUE(
        session_.client()
            .SendHeaders(id, headers, {.end_stream = method != "CONNECT"})
            .ok());
    session_.ToServer();
    return id;
  }

  absl::Status Submit(h2::StreamId id, std::vector<h2::Header> headers,
                      std::unique_ptr<DataSource> body,
                      SubmitOptions options = {}) {
    return session_.scheduler().Submit(id, headers, std::move(body), options);
  }

  // What a client gets that asks and is answered so.
  std::string Answer(absl::string_view length, std::unique_ptr<DataSource> body,
                     SubmitOptions options = {}) {
    EXPECT_TRUE(
        Submit(Request("GET"),
               {{":status", "200"}, {"content-length", std::string(length)}},
               std::move(body), std::move(options))
            .ok());
    session_.Drain();
    return session_.Take();
  }

  std::vector<std::string> faults_;
  std::vector<std::string> log_;
  Session session_;
};

TEST_F(ContentTest, AHeadGetsTheHeadersAlone) {
  bool destroyed = false;
  ASSERT_TRUE(Submit(Request("HEAD"),
                     {{":status", "200"}, {"content-length", "1000"}},
                     Unread(&destroyed), {.trailers = {{"checksum", "1"}}})
                  .ok());
  EXPECT_TRUE(destroyed);
  ASSERT_TRUE(Submit(Request("HEAD"),
                     {{":status", "404"}, {"content-length", "9"}}, nullptr)
                  .ok());
  session_.Drain();
  EXPECT_EQ(session_.Take(), "H1. H3.");
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(ContentTest, SomeStatusesHaveNoContent) {
  for (const char* status : {"204", "205", "304", " 304"}) {
    bool destroyed = false;
    ASSERT_TRUE(Submit(Request("GET"),
                       {{":status", status}, {"content-length", "0"}},
                       Unread(&destroyed))
                    .ok());
    EXPECT_TRUE(destroyed);
    session_.Drain();
    EXPECT_THAT(session_.Take(), ::testing::MatchesRegex("H[0-9]+\\."));
  }
  // Of what a GET would have (RFC 9110 §15.4.5).
  ASSERT_TRUE(Submit(Request("GET"),
                     {{":status", "304"}, {"content-length", "1000"}}, nullptr)
                  .ok());
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(ContentTest, InformationalResponsesComeBeforeTheAnswerToAHead) {
  const h2::StreamId id = Request("HEAD");
  ASSERT_TRUE(
      session_.scheduler().SubmitInformational(id, {{":status", "103"}}).ok());
  bool destroyed = false;
  ASSERT_TRUE(Submit(id, {{":status", "200"}}, Unread(&destroyed)).ok());
  session_.Drain();
  EXPECT_EQ(session_.Take(), "H1.");
}

TEST_F(ContentTest, ABodyOfTheAnnouncedLengthIsSentAsEver) {
  EXPECT_EQ(Answer("20000", std::make_unique<BytesSource>(20000)),
            "H1 1:16384 1:3616.");
  EXPECT_EQ(Answer("0", std::make_unique<BytesSource>(0)), "H3 3:0.");
  EXPECT_EQ(Answer("0", nullptr), "H5.");
  EXPECT_EQ(Answer("9", std::make_unique<BytesSource>(9),
                   {.trailers = {{"checksum", "1"}}}),
            "H7 7:9 T7");
  EXPECT_THAT(faults_, IsEmpty());
  EXPECT_THAT(log_, IsEmpty());
}

// So the end needs no frame and no window of its own.
TEST_F(ContentTest, TheAnnouncedLengthEndsABodyThatDoesNotKnowItsEnd) {
  EXPECT_EQ(Answer("100", Endless(100)), "H1 1:100.");
  EXPECT_EQ(Answer("16384", Endless(16384)), "H3 3:16384.");
  EXPECT_EQ(Answer("0", Endless(0)), "H5 5:0.");
  EXPECT_EQ(Answer("9", Endless(9), {.trailers = {{"checksum", "1"}}}),
            "H7 7:9 T7");
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(ContentTest, ASurplusIsNeverSentAndReported) {
  EXPECT_EQ(Answer("5", std::make_unique<BytesSource>(6)), "H1 1:5.");
  EXPECT_EQ(Answer("5", Endless(1000000)), "H3 3:5.");
  EXPECT_EQ(Answer("0", std::make_unique<BytesSource>(1)), "H5 5:0.");
  EXPECT_THAT(faults_, ElementsAre("the body has more than the 5 bytes of its "
                                   "content-length; they were not sent",
                                   HasSubstr("more than the 5"),
                                   HasSubstr("more than the 0")));
  EXPECT_THAT(log_[0],
              "stream 1 error INTERNAL_ERROR: the body has more than the 5 "
              "bytes of its content-length; they were not sent");
  EXPECT_EQ(session_.scheduler().counters().streams_finished, 3u);
}

TEST_F(ContentTest, ASurplusBehindAFullFrameIsSeenToo) {
  EXPECT_EQ(Answer("16384", std::make_unique<BytesSource>(16385)),
            "H1 1:16384.");
  EXPECT_EQ(
      Answer("16384", Endless(1000000), {.trailers = {{"checksum", "1"}}}),
      "H3 3:16384 T3");
  EXPECT_EQ(faults_.size(), 2u);
}

TEST_F(ContentTest, ASourceMayCancelItsStreamWhenItIsAskedForASurplus) {
  size_t reads = 0;
  EXPECT_EQ(Answer("16384", std::make_unique<ScriptSource>([&](size_t) {
                     if (++reads == 1) return Bytes(16384);
                     session_.scheduler().Cancel(1);
                     return Bytes(1);
                   })),
            "H1 R1=8");
  EXPECT_EQ(reads, 2u);
}

TEST_F(ContentTest, ASharedSurplusIsCutOff) {
  EXPECT_EQ(Answer("5", std::make_unique<ScriptSource>([](size_t) {
                     DataSource::Chunk chunk;
                     chunk.shared.bytes = "abcdef";
                     chunk.end = true;
                     return chunk;
                   })),
            "H1 1:5.");
  EXPECT_EQ(faults_.size(), 1u);
}

TEST_F(ContentTest, ABodyThatEndsShortResetsItsStream) {
  EXPECT_EQ(Answer("6", std::make_unique<BytesSource>(5)), "H1 R1=2");
  EXPECT_EQ(Answer("20000", std::make_unique<BytesSource>(19999)),
            "H3 3:16384 R3=2");
  EXPECT_EQ(Answer("6", std::make_unique<BytesSource>(5, /*end_alone=*/true)),
            "H5 5:5 R5=2");
  EXPECT_EQ(Answer("6", std::make_unique<BytesSource>(5),
                   {.trailers = {{"checksum", "1"}}}),
            "H7 R7=2");
  EXPECT_THAT(faults_, ElementsAre("the body ended after 5 bytes; its "
                                   "content-length is 6",
                                   HasSubstr("after 19999 bytes"),
                                   HasSubstr("after 5"), HasSubstr("after 5")));
  EXPECT_EQ(log_.size(), 4u);
}

TEST_F(ContentTest, ALengthThatIsNotOneNumberIsRefused) {
  for (const char* length : {"", "-1", "+5", "5x", "5, 5", "0x5",
                             "9223372036854775808", "99999999999999999999"}) {
    const h2::StreamId id = Request("GET");
    const absl::Status status =
        Submit(id, {{":status", "200"}, {"content-length", length}},
               std::make_unique<BytesSource>(5));
    EXPECT_EQ(status.message(),
              absl::StrCat("the message on stream ", id,
                           " has content-length \"", length,
                           "\"; one number below 2^63 is allowed, repeated or "
                           "not"));
  }
  const h2::StreamId id = Request("GET");
  EXPECT_THAT(Submit(id,
                     {{":status", "200"},
                      {"content-length", "5"},
                      {"Content-Length", "6"}},
                     std::make_unique<BytesSource>(5))
                  .message(),
              HasSubstr("\"6\""));
  EXPECT_EQ(session_.server().OutputSize(), 0u);
  ASSERT_TRUE(Submit(id,
                     {{":status", "200"},
                      {"content-length", " 5"},
                      {"content-length", "5"}},
                     std::make_unique<BytesSource>(5))
                  .ok());
}

// The core sends the names without them.
TEST_F(ContentTest, SpacesAroundANameHideNothing) {
  ASSERT_TRUE(Submit(Request("GET"),
                     {{" :status", "200"}, {"content-length ", "3"}},
                     std::make_unique<BytesSource>(5))
                  .ok());
  ASSERT_TRUE(Submit(Request("HEAD"), {{":status ", "200"}},
                     std::make_unique<BytesSource>(5))
                  .ok());
  ASSERT_TRUE(Submit(Request("GET"), {{":status ", "204"}},
                     std::make_unique<BytesSource>(5))
                  .ok());
  EXPECT_FALSE(Submit(Request("GET"), {{":status ", "103"}}, nullptr).ok());
  session_.Drain();
  EXPECT_EQ(session_.Take(), "H1 H3. H5. 1:3.");
}

// RFC 9110 §15.3.6; of 204 and 304 see SomeStatusesHaveNoContent.
TEST_F(ContentTest, AResetOfContentAnnouncesNothing) {
  EXPECT_FALSE(Submit(Request("GET"),
                      {{":status", "205"}, {"content-length", "4"}},
                      std::make_unique<BytesSource>(4))
                   .ok());
}

TEST_F(ContentTest, AnAnnouncedBodyThatIsNotThereIsRefused) {
  const std::vector<h2::Header> headers = {{":status", "200"},
                                           {"content-length", "5"}};
  const h2::StreamId id = Request("GET");
  EXPECT_EQ(Submit(id, headers, nullptr).message(),
            "the message on stream 1 announces 5 bytes by content-length, and "
            "has no body");
  EXPECT_FALSE(
      Submit(id, headers, nullptr, {.trailers = {{"checksum", "1"}}}).ok());
  EXPECT_EQ(session_.server().OutputSize(), 0u);
  ASSERT_TRUE(Submit(id, headers, std::make_unique<BytesSource>(5)).ok());
}

// RFC 9110 §9.3.6: the client ignores a content-length of a tunnel.
TEST_F(ContentTest, ATunnelHasNoLength) {
  ASSERT_TRUE(Submit(Request("CONNECT"),
                     {{":status", "200"}, {"content-length", "0"}},
                     std::make_unique<BytesSource>(100))
                  .ok());
  session_.Drain();
  EXPECT_EQ(session_.Take(), "H1 1:100.");
  // A refusal is a response as any other.
  ASSERT_TRUE(Submit(Request("CONNECT"),
                     {{":status", "403"}, {"content-length", "5"}},
                     std::make_unique<BytesSource>(4))
                  .ok());
  session_.Drain();
  EXPECT_EQ(session_.Take(), "H3 R3=2");
}

TEST_F(ContentTest, TheLengthOfARequestIsKeptLikewise) {
  std::vector<std::string> faults;
  h2::Connection client({.side = h2::Side::kClient});
  DataScheduler uploads(&client, *CreatePolicy("rr"),
                        {.on_stream_done = [&](const StreamDone& done) {
                          faults.emplace_back(done.status.message());
                        }});
  ASSERT_TRUE(client.InitiateConnection().ok());
  const std::vector<h2::Header> post = {{":method", "POST"},
                                        {":scheme", "https"},
                                        {":authority", "a"},
                                        {":path", "/"},
                                        {"content-length", "10"}};
  EXPECT_FALSE(uploads.Submit(1, post, nullptr).ok());
  ASSERT_TRUE(uploads.Submit(1, post, std::make_unique<BytesSource>(9)).ok());
  uploads.Pull(1000);
  EXPECT_THAT(faults, ElementsAre("the body ended after 9 bytes; its "
                                  "content-length is 10"));
}

class NoWindowTest : public ContentTest {
 protected:
  NoWindowTest() : ContentTest(StreamWindowsOf(5)) {}
};

TEST_F(NoWindowTest, TheAnnouncedEndWaitsForNoWindow) {
  EXPECT_EQ(Answer("5", Endless(5)), "H1 1:5.");
  EXPECT_EQ(Answer("5", Endless(6)), "H3 3:5.");
  EXPECT_EQ(faults_.size(), 1u);
}

TEST_F(NoWindowTest, AShortEndIsFoundWithoutAWindow) {
  EXPECT_EQ(Answer("6", std::make_unique<BytesSource>(5, /*end_alone=*/true)),
            "H1 1:5 R1=2");
  EXPECT_EQ(faults_.size(), 1u);
}

class ClosedWindowTest : public ContentTest {
 protected:
  ClosedWindowTest() : ContentTest(StreamWindowsOf(0)) {}
};

TEST_F(ClosedWindowTest, ALengthOfZeroNeedsNone) {
  EXPECT_EQ(Answer("0", Endless(1)), "H1 1:0.");
}

}  // namespace
}  // namespace sluice::scheduler
