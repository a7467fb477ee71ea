// Actions of servers, and of their clients, on sessions: late answers, resets,
// small windows, trailers, pushes, uploads.
#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/scheduler/policy.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/adapters/nghttp2/test_server.h"

namespace sluice::adapters {
namespace {

const scheduler::ServerPriority kUrgent = {.rfc9218 = {{.urgency = 0}}};

class SessionsTest : public testing::TestWithParam<OwnTree> {
 protected:
  using Sizes = std::map<int32_t, size_t>;

  // Streams 1, 3, … that have been asked for and not answered.
  void Start(absl::string_view policy, int streams, uint32_t window = 1 << 30) {
    server_ = std::make_unique<Server>(policy, GetParam());
    client_ = std::make_unique<Client>(window);
    for (int i = 0; i < streams; ++i) client_->Request(2 * i + 1);
    Receive();
  }
  void Receive() { server_->Receive(client_->Take()); }
  void Answer(const Sizes& sizes) {
    for (const auto& [id, size] : sizes) server_->Answer(id, size);
  }
  // Of a response on stream 1. The id of the pushed stream.
  int32_t Promise() {
    const nghttp2_nv path = Field(":path", "/a");
    return nghttp2_submit_push_promise(server_->session(), NGHTTP2_FLAG_NONE, 1,
                                       &path, 1, nullptr);
  }
  // Sends all that may go.
  Sizes Rest() { return Pump(server_.get(), SIZE_MAX).bytes; }
  std::string Order(size_t frames) {
    std::string order;
    for (size_t i = 0; i < frames; ++i) {
      order += Pump(server_.get(), 1).Order(1) + " ";
    }
    return order;
  }

  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

INSTANTIATE_TEST_SUITE_P(OnAndOff, SessionsTest,
                         testing::Values(OwnTree::kOn, OwnTree::kOff),
                         [](const auto& info) {
                           return info.param == OwnTree::kOn ? "TreeOn"
                                                             : "TreeOff";
                         });

TEST_P(SessionsTest, EventsBetweenTwoFramesKeepTheOrderOfEquals) {
  for (const char* policy : {"rr", "rfc7540"}) {
    Start(policy, 5);
    Answer({{1, kFrame}, {3, kFrame}, {5, kFrame}, {7, kFrame}, {9, kFrame}});
    EXPECT_EQ(Order(1), "1 ") << policy;  // and it is closed
    client_->Priority(101, {.depends_on = 0, .weight = 7});
    Receive();
    EXPECT_EQ(Order(1), "3 ") << policy;
    client_->PriorityUpdate(103, "u=0");
    client_->WindowUpdate(7, 1);
    Receive();
    EXPECT_EQ(Order(1), "5 ") << policy;
    client_->Request(11);
    Receive();
    Answer({{11, kFrame}});
    EXPECT_EQ(Order(1), "7 ") << policy;
    client_->Settings(0x4, 100000);
    Receive();
    EXPECT_EQ(Order(2), "9 11 ") << policy;
    EXPECT_EQ(server_->adapter().stats().empty_grants, 0u) << policy;
  }
}

TEST_P(SessionsTest, AnAnswerAfterTheResetIsForgottenAndDelaysNoOther) {
  Start("fifo", 3);
  Answer({{3, 5 * kFrame}, {5, 5 * kFrame}});
  Pump(server_.get(), kFrame);
  client_->Reset(1);
  Receive();
  server_->Answer(1, 5 * kFrame);
  // nghttp2 was to ask for it next.
  client_->Reset(3);
  Receive();
  EXPECT_EQ(Rest(), (Sizes{{5, 5 * kFrame}}));
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

// Whatever it takes back must not be served: the charge, which it hears of, of
// a frame and of a pick that a signal made stale.
TEST_P(SessionsTest, AnObserverMayCloseTheStreamThatItHearsOf) {
  for (const bool stale : {false, true}) {
    Start("fifo", 4);
    Answer({{1, 100}, {3, 5 * kFrame}, {5, 5 * kFrame}, {7, 100}});
    EXPECT_EQ(Pump(server_.get(), 100).Order(9), "1");
    if (stale) {
      server_->body(3).available = 0;
      server_->body(3).error = NGHTTP2_ERR_PAUSE;
      Pump(server_.get(), 1);
      client_->Priority(101, {.depends_on = 0, .weight = 7});
      Receive();
    }
    size_t closed = 0;
    server_->adapter().SetObserver([&](const PolicyHost::Decision& decision) {
      if (decision.grant.stream_id != 3 || closed > 0) return;
      closed = 1;
      server_->adapter().OnStreamClose(server_->session(), 3);
    });
    EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9),
              stale ? "5 5 5 5 5 7" : "3 5 5 5 5 5 7");
    EXPECT_EQ(closed, 1u);
    EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
    EXPECT_EQ(server_->adapter().stats().ready_streams, 0u);
  }
}

// CVE-2023-44487, and a server that answers late.
TEST_P(SessionsTest, LateAnswersAreForgottenEvenIfNoBodyIsEverRead) {
  Start("rr", 0);
  for (int32_t id = 1; id < 400; id += 2) {
    client_->Request(static_cast<uint32_t>(id));
    client_->Reset(static_cast<uint32_t>(id));
    Receive();
    server_->Answer(id, 1000);
    EXPECT_EQ(Pump(server_.get(), 1).total, 0u);
  }
  EXPECT_LT(server_->adapter().stats().open_streams, 50u);
}

// nghttp2 asks no stream without a window.
TEST_P(SessionsTest, AnAnswerWithoutAWindowDelaysNoOther) {
  Start("fifo", 2);
  Answer({{1, 5 * kFrame}, {3, 5 * kFrame}});
  Pump(server_.get(), kFrame);
  client_->Settings(0x4, 0);
  client_->Request(5);
  client_->WindowUpdate(1, 1 << 20);
  client_->WindowUpdate(3, 1 << 20);
  Receive();
  Pump(server_.get(), kFrame);
  server_->Answer(5, 1000);
  client_->Reset(1);
  Receive();
  EXPECT_EQ(Rest(), (Sizes{{3, 5 * kFrame}}));
  client_->WindowUpdate(5, 1);
  Receive();
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).total, 1u);
  client_->WindowUpdate(5, 999);
  Receive();
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).total, 999u);
}

TEST_P(SessionsTest, WindowsThatOpenByOneByteServeEveryStream) {
  Start("rfc7540", 10, /*window=*/0);
  for (int32_t id = 1; id < 20; id += 2) server_->Answer(id, 20);
  std::map<int32_t, size_t> bytes;
  for (int round = 0; round < 20; ++round) {
    for (uint32_t id = 1; id < 20; id += 2) client_->WindowUpdate(id, 1);
    Receive();
    const Received received = Pump(server_.get(), SIZE_MAX);
    EXPECT_EQ(received.order.size(), 10u);
    for (const auto& [id, size] : received.bytes) bytes[id] += size;
  }
  EXPECT_EQ(bytes.size(), 10u);
  for (const auto& [id, size] : bytes) EXPECT_EQ(size, 20u) << id;
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

TEST_P(SessionsTest, AnEmptyPieceDoesNotEndTheBody) {
  Start("rfc7540", 2);
  Answer({{1, 3000}, {3, 3000}});
  server_->body(1).piece = 0;
  EXPECT_EQ(Pump(server_.get(), 1).Order(9), "1 3");
  server_->body(1).piece = 1000;
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 1 1");
}

// RFC 9113 §8.1.
TEST_P(SessionsTest, TrailersEndAResponseAndOthersContinue) {
  Start("fifo", 2);
  Answer({{1, 2 * kFrame}, {3, kFrame}});
  server_->body(1).trailers_follow = true;
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 1 3");
  EXPECT_EQ(server_->adapter().stats().open_streams, 1u);
  const nghttp2_nv trailer = Field("a", "b");
  ASSERT_EQ(nghttp2_submit_trailer(server_->session(), 1, &trailer, 1), 0);
  const std::string frame = server_->Send();
  ASSERT_GT(frame.size(), 9u);
  EXPECT_EQ(frame[3], NGHTTP2_HEADERS);
  EXPECT_EQ(frame[4] & NGHTTP2_FLAG_END_STREAM, NGHTTP2_FLAG_END_STREAM);
  server_->Send();
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

TEST_P(SessionsTest, ASecondBodyOfAStreamFollowsTheFirst) {
  Start("fifo", 2);
  Answer({{1, kFrame}, {3, 2 * kFrame}});
  server_->body(1).trailers_follow = true;  // an end, and not the stream's
  EXPECT_EQ(Order(2), "1 3 ");
  Body more{.left = kFrame};
  nghttp2_data_provider provider;
  provider.source.ptr = &more;
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t*,
                              size_t length, uint32_t* flags,
                              nghttp2_data_source* source, void*) -> ssize_t {
    auto* body = static_cast<Body*>(source->ptr);
    const size_t size = std::min(length, body->left);
    body->left -= size;
    if (body->left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  };
  const nghttp2_data_provider scheduled =
      server_->adapter().Schedule(1, provider);
  ASSERT_EQ(nghttp2_submit_data(server_->session(), NGHTTP2_FLAG_END_STREAM, 1,
                                &scheduled),
            0);
  EXPECT_EQ(Order(2), "1 3 ");
  EXPECT_EQ(more.left, 0u);
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

TEST_P(SessionsTest, ARefusedBodyLeavesTheOneThatTheStreamHas) {
  Start("fifo", 1);
  Answer({{1, 2 * kFrame}});
  EXPECT_EQ(Order(1), "1 ");
  const auto scheduled = server_->adapter().Scheduled<nghttp2_data_provider>();
  EXPECT_EQ(nghttp2_submit_data(server_->session(), NGHTTP2_FLAG_END_STREAM, 1,
                                &scheduled),
            NGHTTP2_ERR_DATA_EXIST);
  EXPECT_EQ(Order(1), "1 ");
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

// nghttp2's own order has stream 3 before 1, and 3 always has bytes.
TEST_P(SessionsTest, AResumedBodyIsPickedBeforeNghttp2AsksForIt) {
  Start("rfc9218", 0);
  client_->RequestWith(1, {.weight = 1});
  client_->RequestWith(3, {.weight = 256});
  client_->PriorityUpdate(1, "u=0");
  Receive();
  Answer({{1, 2 * kFrame}, {3, 8 * kFrame}});
  server_->body(1).available = 0;
  EXPECT_EQ(Order(2), "3 3 ");
  server_->body(1).available = SIZE_MAX;
  ASSERT_EQ(nghttp2_session_resume_data(server_->session(), 1), 0);
  server_->adapter().OnResume(1);
  server_->adapter().OnResume(3);  // it was not waiting
  server_->adapter().OnResume(5);  // it is no stream
  EXPECT_EQ(Order(3), "1 1 3 ");
}

// The policy's order is 1, 7, 5, 3; by the queues of its own nghttp2 asks 3 and
// 5 before 7, so the adapter has deferred both.
TEST_P(SessionsTest, AServerMayResumeAStreamThatHasBytes) {
  Start("rfc7540", 4);
  client_->Priority(7, {.depends_on = 1});
  client_->Priority(5, {.depends_on = 7});
  client_->Priority(3, {.depends_on = 5});
  for (const uint32_t id : {1, 3, 5}) {
    client_->PriorityUpdate(id, "u=" + std::to_string(id / 2));
  }
  Receive();
  Answer({{1, kFrame}, {3, kFrame}, {5, kFrame}, {7, 2 * kFrame}});
  server_->body(1).available = 0;
  EXPECT_EQ(Order(1), "7 ");
  server_->body(1).available = SIZE_MAX;
  for (const int32_t id : {1, 3, 5}) {
    if (nghttp2_session_resume_data(server_->session(), id) == 0) {
      server_->adapter().OnResume(id);
    }
  }
  client_->Reset(7);
  Receive();
  EXPECT_EQ(Order(3), "1 5 3 ");
}

// RFC 9218 §8.
TEST_P(SessionsTest, TheResponsesPriorityFieldChangesWhatItNames) {
  Start("rfc9218", 2);
  EXPECT_TRUE(server_->adapter().SetResponse(3, "u=0").ok());
  EXPECT_TRUE(server_->adapter().SetResponse(3, "u=0,").ok());  // no dictionary
  EXPECT_TRUE(server_->adapter().SetResponse(1, "u=1").ok());
  EXPECT_EQ(server_->adapter().SetResponse(5, "u=0").code(),
            absl::StatusCode::kNotFound);
  Answer({{1, kFrame}, {3, kFrame}});
  EXPECT_EQ(Order(2), "1 3 ");
}

#if NGHTTP2_VERSION_NUM >= 0x013c00
TEST_P(SessionsTest, ProvidersOfNewerReleasesAreScheduledLikeOlderOnes) {
  Start("fifo", 2);
  Body body{.left = 2 * kFrame};
  nghttp2_data_provider2 provider;
  provider.source.ptr = &body;
  provider.read_callback =
      [](nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags,
         nghttp2_data_source* source, void*) -> nghttp2_ssize {
    auto* body = static_cast<Body*>(source->ptr);
    const size_t size = std::min(length, body->left);
    body->left -= size;
    if (body->left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<nghttp2_ssize>(size);
  };
  provider = server_->adapter().Schedule(1, provider);
  const nghttp2_nv status = Field(":status", "200");
  ASSERT_EQ(
      nghttp2_submit_response2(server_->session(), 1, &status, 1, &provider),
      0);
  Answer({{3, kFrame}});
  EXPECT_EQ(Order(3), "1 1 3 ");
}
#endif

// To HEAD, and 204 and 304: RFC 9110 §9.3.2, §6.4.1.
TEST_P(SessionsTest, AResponseWithoutABodyNeedsNoCallToTheAdapter) {
  Start("fifo", 2);
  const nghttp2_nv status = Field(":status", "204");
  ASSERT_EQ(nghttp2_submit_response(server_->session(), 1, &status, 1, nullptr),
            0);
  Answer({{3, 100000}});
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).total, 100000u);
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

// RFC 9113 §8.4; it depends on nothing (RFC 7540 §5.3.5 gives it a parent, and
// nghttp2 tells of none).
TEST_P(SessionsTest, APushedResponseIsScheduledLikeOthers) {
  Start("rr", 1);
  Answer({{1, 4 * kFrame}});
  Pump(server_.get(), kFrame);
  const int32_t pushed = Promise();
  ASSERT_EQ(pushed, 2);
  server_->Answer(pushed, 3 * kFrame);
  server_->Send();
  client_->PriorityUpdate(2, "u=0");  // RFC 9218 §7.1 allows it
  Receive();
  EXPECT_EQ(Rest(), (Sizes{{1, 3 * kFrame}, {2, 3 * kFrame}}));
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

// RFC 7540 §5.3.5.
TEST_P(SessionsTest, APromiseThatIsReportedDependsOnItsRequest) {
  Start("rfc7540", 1);
  Answer({{1, 2 * kFrame}});
  const int32_t pushed = Promise();
  ASSERT_EQ(pushed, 2);
  server_->adapter().OnPushPromise(1, pushed);
  server_->Answer(pushed, 2 * kFrame);
  EXPECT_EQ(Order(4), "1 1 2 2 ");
}

// RFC 9113 §5.1.2: the client's limit counts pushed streams, but not promises.
TEST_P(SessionsTest, APushThatTheLimitHoldsBackDelaysNoOther) {
  Start("rr", 1);
  client_->Settings(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0);
  Receive();
  ASSERT_EQ(Promise(), 2);
  Answer({{1, 3 * kFrame}, {2, 2 * kFrame}});
  EXPECT_EQ(Rest(), (Sizes{{1, 3 * kFrame}}));
  client_->Settings(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1);
  Receive();
  EXPECT_EQ(Rest(), (Sizes{{2, 2 * kFrame}}));
}

// nghttp2 alone loses the body of nghttp2_submit_data() when it comes to it
// before the HEADERS that the limit holds back, and so does the adapter.
TEST_P(SessionsTest, APushWhoseBodyNghttp2HasLostDelaysNoOther) {
  Start("rr", 1);
  client_->Settings(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0);
  Receive();
  const int32_t lost = Promise();
  server_->AnswerInParts(lost, 2 * kFrame);
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).total, 0u);
  client_->Settings(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2);
  Receive();
  const int32_t held = Promise();
  server_->AnswerInParts(held, 2 * kFrame);
  Answer({{1, 3 * kFrame}});
  EXPECT_EQ(Rest(), (Sizes{{1, 3 * kFrame}, {held, 2 * kFrame}}));
  // The stream is open, and takes another body.
  server_->SubmitData(lost, kFrame);
  EXPECT_EQ(Rest(), (Sizes{{lost, kFrame}}));
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

TEST_P(SessionsTest, ThePriorityOfAPromiseHoldsForItsResponse) {
  Start("rfc9218", 1);
  Answer({{1, 2 * kFrame}});
  const int32_t pushed = Promise();
  server_->adapter().OnPushPromise(1, pushed);
  EXPECT_TRUE(server_->adapter().SetServerPriority(pushed, kUrgent).ok());
  server_->Answer(pushed, 2 * kFrame);
  EXPECT_EQ(Order(4), "2 2 1 1 ");
}

TEST_P(SessionsTest, AResponseThatNghttp2RefusesDelaysNoOther) {
  Start("fifo", 3);
  server_->Answer(1, kFrame, std::string(70000, 'x'));
  Answer({{3, 2 * kFrame}, {5, 2 * kFrame}});
  EXPECT_EQ(Order(4), "3 3 5 5 ");
  // While a body is paused, nghttp2 asks before it sends more HEADERS.
  client_->Request(7);
  client_->Request(9);
  Receive();
  server_->Answer(7, 2 * kFrame);
  server_->body(7).available = kFrame;
  server_->body(7).error = NGHTTP2_ERR_PAUSE;
  EXPECT_EQ(Order(1), "7 ");
  EXPECT_EQ(server_->Send(), "");
  server_->Answer(9, kFrame, std::string(70000, 'x'));
  EXPECT_EQ(server_->Send(), "");
  server_->body(7).available = SIZE_MAX;
  EXPECT_EQ(Order(1), "7 ");
  server_->Answer(9, kFrame);
  EXPECT_EQ(Order(1), "9 ");
}

// RFC 9113 §6.8.
TEST_P(SessionsTest, StreamsBelowAGoawaysLimitFinish) {
  Start("fifo", 3);
  Answer({{1, 3 * kFrame}, {3, 3 * kFrame}, {5, 3 * kFrame}});
  Pump(server_.get(), kFrame);
  client_->Goaway();
  Receive();
  ASSERT_EQ(nghttp2_submit_goaway(server_->session(), NGHTTP2_FLAG_NONE, 3,
                                  NGHTTP2_NO_ERROR, nullptr, 0),
            0);
  EXPECT_EQ(Rest(), (Sizes{{1, 2 * kFrame}, {3, 3 * kFrame}}));
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
}

TEST_P(SessionsTest, Nghttp2KeepsNoClosedStreamAfterSetOptions) {
  Server server("rfc7540", GetParam(), /*use_adapter=*/true,
                /*extension_callbacks=*/true);
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 10);
  Pump(&server, SIZE_MAX);
  EXPECT_EQ(nghttp2_session_find_stream(server.session(), 1), nullptr);
  EXPECT_NE(nghttp2_session_find_stream(server.session(), 3), nullptr);
}

TEST_P(SessionsTest, ASessionMayEndInTheMiddleOfEveryBody) {
  Start("rfc7540", 50);
  for (int32_t id = 1; id < 100; id += 2) server_->Answer(id, 1 << 20);
  Pump(server_.get(), 10 * kFrame);
  ASSERT_EQ(
      nghttp2_session_terminate_session(server_->session(), NGHTTP2_NO_ERROR),
      0);
  server_->Send();
  EXPECT_EQ(server_->adapter().stats().bytes, 10 * kFrame);
  server_.reset();
}

TEST_P(SessionsTest, UncopiedBytesAreSentFromTheServersOwnSource) {
  Start("rr", 2);
  Answer({{1, 2 * kFrame}, {3, 2 * kFrame}});
  server_->body(1).no_copy = true;
  server_->set_busy(true);  // NGHTTP2_ERR_WOULDBLOCK
  while (!server_->Send().empty()) {
  }
  EXPECT_EQ(server_->body(1).left, kFrame);
  server_->set_busy(false);
  while (!server_->Send().empty()) {
  }
  EXPECT_EQ(server_->sent(),
            (std::map<const Body*, size_t>{{&server_->body(1), 2 * kFrame}}));
  EXPECT_EQ(server_->adapter().stats().bytes, 4 * kFrame);
  EXPECT_EQ(server_->adapter().stats().open_streams, 0u);
  EXPECT_EQ(server_->adapter().SourceOf(1), nullptr);
}

// NGHTTP2_ERR_PAUSE ends nghttp2_session_mem_recv() within the bytes it got.
TEST_P(SessionsTest, APausedReadContinuesWhereItStopped) {
  Start("rfc7540", 0);
  client_->Connect(1);
  client_->Request(3);
  client_->Data(1, std::string(100, 'a'));
  client_->Priority(1, {.depends_on = 3});
  client_->Data(1, std::string(100, 'b'));
  client_->Priority(3, {.depends_on = 0, .weight = 2});
  std::string bytes = client_->Take();
  server_->set_pauses_uploads(true);
  int pauses = 0;
  for (; !bytes.empty(); ++pauses) {
    const ssize_t taken = server_->ReceiveSome(bytes);
    ASSERT_GT(taken, 0);
    bytes.erase(0, static_cast<size_t>(taken));
  }
  EXPECT_EQ(pauses, 3);
  Answer({{1, 2 * kFrame}, {3, 2 * kFrame}});
  EXPECT_EQ(Order(4), "3 3 1 1 ");
}

TEST_P(SessionsTest, APauseAtTheEndOfEarlierBytesEndsTheReadToo) {
  Start("rfc7540", 0);
  client_->Connect(1);
  client_->Data(1, "a");
  client_->Data(1, "b");
  std::string bytes = client_->Take();
  server_->set_pauses_uploads(true);
  bytes.erase(0, static_cast<size_t>(server_->ReceiveSome(bytes)));
  const auto of_b = static_cast<ssize_t>(bytes.size());
  client_->Data(1, "c");
  EXPECT_EQ(server_->ReceiveSome(bytes + client_->Take()), of_b);
}

TEST_P(SessionsTest, BytesThatNghttp2RefusesAreRefused) {
  Start("rfc7540", 1);
  const std::string bytes("no preface, no frames; longer than nine bytes");
  Server server("rfc7540", GetParam());
  EXPECT_EQ(server.ReceiveSome(bytes), NGHTTP2_ERR_BAD_CLIENT_MAGIC);
}

// The other side of a connection: uploads, one at a time by the server's limit.
TEST(ClientSessionTest, UploadsAreScheduledAndThoseHeldBackDelayNoOther) {
  struct Ends {
    std::unique_ptr<PriorityAdapter> adapter =
        *PriorityAdapter::Create("rfc9218");
    std::map<int32_t, size_t> left;
  } ends;
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks,
      [](nghttp2_session* session, const nghttp2_frame* frame, void* data) {
        static_cast<Ends*>(data)->adapter->OnFrameRecv(session, frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks,
      [](nghttp2_session* session, int32_t id, uint32_t, void* data) {
        static_cast<Ends*>(data)->adapter->OnStreamClose(session, id);
        return 0;
      });
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new(&session, callbacks, &ends);
  nghttp2_session_callbacks_del(callbacks);
  ASSERT_EQ(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0), 0);
  const auto receive = [&](const std::string& bytes) {
    EXPECT_EQ(ends.adapter->Receive(
                  session, reinterpret_cast<const uint8_t*>(bytes.data()),
                  bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  };
  // SETTINGS_MAX_CONCURRENT_STREAMS = 2.
  receive(std::string("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\2", 15));
  const std::vector<nghttp2_nv> request = {
      Field(":method", "POST"), Field(":scheme", "http"), Field(":path", "/"),
      Field(":authority", "a")};
  for (int i = 0; i < 3; ++i) {
    const auto id =
        static_cast<int32_t>(nghttp2_session_get_next_stream_id(session));
    ends.left[id] = 2000;
    nghttp2_data_provider provider;
    provider.source.ptr = &ends.left[id];
    provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* buffer,
                                size_t length, uint32_t* flags,
                                nghttp2_data_source* source, void*) -> ssize_t {
      auto* left = static_cast<size_t*>(source->ptr);
      const size_t size = std::min({length, *left, size_t{1000}});
      std::memset(buffer, 'x', size);
      *left -= size;
      if (*left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(size);
    };
    provider = ends.adapter->Schedule(id, provider);
    ASSERT_EQ(nghttp2_submit_request(session, nullptr, request.data(),
                                     request.size(), &provider, nullptr),
              id);
  }
  // The second goes first.
  EXPECT_TRUE(ends.adapter->SetServerPriority(3, kUrgent).ok());
  std::string order;
  const auto send = [&] {
    const uint8_t* data = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session, &data)) > 0) {
      if (data[3] == NGHTTP2_DATA) absl::StrAppend(&order, data[8], " ");
    }
    EXPECT_EQ(size, 0);
  };
  send();
  EXPECT_EQ(order, "3 3 1 1 ");
  // 200 to the first, and the third may go.
  receive(std::string("\0\0\1\1\5\0\0\0\1\x88", 10));
  send();
  EXPECT_EQ(order, "3 3 1 1 5 5 ");
  nghttp2_session_del(session);
}

}  // namespace
}  // namespace sluice::adapters
