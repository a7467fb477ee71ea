// Code of docs/plugging-in.md that no example has: it compiles here, and does
// what the page says.
#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/h2/connection.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "adapters/c/sluice.h"
#include "gtest/gtest.h"

namespace {

using namespace std::chrono_literals;

// --- NO_COPY -----------------------------------------------------------------

struct File {
  std::string bytes;
  size_t sent = 0;
};

class Nghttp2Server {
 public:
  Nghttp2Server() {
    adapter_ = *sluice::adapters::PriorityAdapter::Create("rfc7540");
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, SendData);
    nghttp2_session_callbacks_set_send_callback(
        callbacks, [](nghttp2_session*, const uint8_t* data, size_t size, int,
                      void* user_data) {
          return static_cast<Nghttp2Server*>(user_data)->Write(data, size);
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session* session, const nghttp2_frame* frame,
                      void* user_data) {
          auto* server = static_cast<Nghttp2Server*>(user_data);
          server->adapter_->OnFrameRecv(session, frame);
          if (frame->hd.type != NGHTTP2_HEADERS) return 0;
          return server->Answer(frame->hd.stream_id);
        });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Nghttp2Server() { nghttp2_session_del(session_); }

  // What the server writes on `bytes` of a client's.
  std::string Serve(const std::string& bytes) {
    adapter_->Receive(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                      bytes.size());
    EXPECT_EQ(nghttp2_session_send(session_), 0);
    return written_;
  }

 private:
  int Answer(int32_t stream_id) {
    File& file = files_[stream_id];
    file.bytes = "a body of stream " + std::to_string(stream_id);
    nghttp2_data_provider provider;
    provider.source.ptr = &file;
    provider.read_callback = ReadFile;
    static uint8_t name[] = ":status", value[] = "200";
    const nghttp2_nv status = {name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
    provider = adapter_->Schedule(stream_id, provider);
    return nghttp2_submit_response(session_, stream_id, &status, 1, &provider);
  }

  static ssize_t ReadFile(nghttp2_session*, int32_t, uint8_t*, size_t size,
                          uint32_t* flags, nghttp2_data_source* source, void*) {
    const File* file = static_cast<const File*>(source->ptr);
    const size_t left = file->bytes.size() - file->sent;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (left <= size) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(std::min(left, size));
  }

  static int SendData(nghttp2_session*, nghttp2_frame* frame,
                      const uint8_t* header, size_t size, nghttp2_data_source*,
                      void* user_data) {
    auto* server = static_cast<Nghttp2Server*>(user_data);
    const nghttp2_data_source* source =
        server->adapter_->SourceOf(frame->hd.stream_id);
    File* file = static_cast<File*>(source->ptr);
    server->Write(header, 9);
    server->Write(&file->bytes[file->sent], size);
    file->sent += size;
    return 0;
  }

  ssize_t Write(const void* data, size_t size) {
    written_.append(static_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
  }

  nghttp2_session* session_ = nullptr;
  std::unique_ptr<sluice::adapters::PriorityAdapter> adapter_;
  std::map<int32_t, File> files_;
  std::string written_;
};

std::string RequestOf(const std::string& path) {
  sluice::h2::Connection client({.side = sluice::h2::Side::kClient});
  EXPECT_TRUE(client.InitiateConnection().ok());
  EXPECT_TRUE(client
                  .SendHeaders(1,
                               {{":method", "GET"},
                                {":scheme", "http"},
                                {":authority", "a.example"},
                                {":path", path}},
                               {.end_stream = true})
                  .ok());
  return client.DataToSend();
}

TEST(PluggingInTest, ABodyGoesOutWithoutACopyOfNghttp2s) {
  Nghttp2Server server;
  EXPECT_NE(server.Serve(RequestOf("/")).find("a body of stream 1"),
            std::string::npos);
}

// --- Time-outs ---------------------------------------------------------------

using Clock = std::chrono::steady_clock;

// Whether a client takes its bytes: one clock for the connection, which any
// stream's progress sets back.
class SendTimeout {
 public:
  explicit SendTimeout(Clock::duration limit) : limit_(limit) {}

  // After each write, and once a second. `written`: the bytes that the socket
  // took since the last call.
  bool Expired(size_t written, bool waiting, Clock::time_point now) {
    if (written > 0 || !waiting) progress_at_ = now;
    return now - progress_at_ > limit_;
  }

 private:
  const Clock::duration limit_;
  Clock::time_point progress_at_ = Clock::now();
};

TEST(PluggingInTest, AStreamThatWaitsIsNoReasonToEndTheConnection) {
  SendTimeout timeout(10s);
  Clock::time_point now = Clock::now();
  // Others send for a minute.
  for (int second = 0; second < 60; ++second) {
    EXPECT_FALSE(timeout.Expired(/*written=*/1, /*waiting=*/true, now += 1s));
  }
  // Nothing is left to send for a minute.
  for (int second = 0; second < 60; ++second) {
    EXPECT_FALSE(timeout.Expired(0, /*waiting=*/false, now += 1s));
  }
  // The client takes nothing.
  for (int second = 0; second < 10; ++second) {
    EXPECT_FALSE(timeout.Expired(0, /*waiting=*/true, now += 1s));
  }
  EXPECT_TRUE(timeout.Expired(0, /*waiting=*/true, now += 1s));
}

// --- Intermediaries ----------------------------------------------------------

TEST(PluggingInTest, EachWayToSayViaSharesTheConnection) {
  // C++, with a DataScheduler: nothing to say but the spec.
  auto policy = *sluice::scheduler::CreatePolicy("auto:via=share");
  // C++, on a stack of one's own.
  sluice::scheduler::StreamBook book(policy.get());
  sluice::scheduler::StreamRecord record;
  ASSERT_EQ(book.Open(1, &record), absl::StatusCode::kOk);
  book.SetHints(&record, {.via = true});
  book.SetReady(&record);
  const auto grant = book.Pick();
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(grant->reason.rule, "equal shares behind an intermediary");
  book.Charge(1, &record, 1);
  book.Close(&record);

  sluice_policy* c_policy = nullptr;
  ASSERT_EQ(
      sluice_create(SLUICE_ABI_VERSION, "auto:via=share", nullptr, &c_policy),
      SLUICE_OK);
  const sluice_rfc9218 urgent = {0, 0};
  ASSERT_EQ(sluice_open(c_policy, 1, nullptr, &urgent), SLUICE_OK);
  {
    sluice_hints hints = SLUICE_HINTS_INIT;
    hints.flags = SLUICE_HINT_VIA; /* the request has a `via` field */
    sluice_set_hints(c_policy, 1, &hints);
  }
  ASSERT_EQ(sluice_ready(c_policy, 1), SLUICE_OK);
  sluice_grant c_grant;
  ASSERT_EQ(sluice_pick(c_policy, &c_grant), SLUICE_OK);
  EXPECT_EQ(std::string(c_grant.reason, c_grant.reason_length),
            "equal shares behind an intermediary");
  sluice_destroy(c_policy);
}

}  // namespace
