#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "benchmarks/micro/exchange.h"
#include "benchmarks/micro/messages.h"
#include "benchmarks/micro/nghttp2_fields.h"

namespace sluice::benchmarks {
namespace {

using ::sluice::adapters::PriorityAdapter;

constexpr uint32_t kWindow = 0x7fffffff;  // as good as endless

void Check(bool ok) {
  if (!ok) std::abort();
}

// Both ends. A body is read from one string, at a place of its own for
// each stream. With an adapter, its policy orders the bodies.
template <class Face>
class Nghttp2End : public Face {
 public:
  Nghttp2End(const Exchange& exchange, bool no_copy,
             std::unique_ptr<PriorityAdapter> adapter = nullptr)
      : adapter_(std::move(adapter)), exchange_(exchange), no_copy_(no_copy) {}
  ~Nghttp2End() override { nghttp2_session_del(session_); }
  Nghttp2End(const Nghttp2End&) = delete;
  Nghttp2End& operator=(const Nghttp2End&) = delete;

  void Receive(std::string_view bytes) override {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    const auto taken =
        adapter_ == nullptr
            ? nghttp2_session_mem_recv(session_, data, bytes.size())
            : adapter_->Receive(session_, data, bytes.size());
    Check(taken == static_cast<ssize_t>(bytes.size()));
  }

  void Write(const Sink& sink) override {
    sink_ = &sink;
    const uint8_t* data;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(session_, &data)) > 0) {
      sink({reinterpret_cast<const char*>(data), static_cast<size_t>(size)});
    }
    Check(size == 0);
  }

 protected:
  virtual void OnEnd(int32_t stream) = 0;

  void Start(bool client) {
    nghttp2_session_callbacks* calls;
    Check(nghttp2_session_callbacks_new(&calls) == 0);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, OnFrame);
    nghttp2_session_callbacks_set_on_header_callback(calls, OnHeader);
    nghttp2_session_callbacks_set_send_data_callback(calls, SendData);
    nghttp2_option* option;
    Check(nghttp2_option_new(&option) == 0);
    if (adapter_ != nullptr) {
      LetAdapterHear(calls);
      PriorityAdapter::SetOptions(option);
    }
    Check((client ? nghttp2_session_client_new2 : nghttp2_session_server_new2)(
              &session_, calls, this, option) == 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(calls);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 10000}};
    Check(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2) ==
          0);
    Check(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                kWindow) == 0);
  }

  // The source of a body that is the last `length` bytes of `body`.
  nghttp2_data_provider Provider(const std::string& body, size_t length,
                                 const std::vector<nghttp2_nv>* trailers) {
    body_ = &body;
    trailers_ = trailers;
    return {.source = {.ptr = reinterpret_cast<void*>(body.size() - length)},
            .read_callback = Read};
  }

  const std::unique_ptr<PriorityAdapter> adapter_;  // outlives the session
  nghttp2_session* session_ = nullptr;
  const Exchange exchange_;

 private:
  static Nghttp2End& Self(void* user) {
    return *static_cast<Nghttp2End*>(user);
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      Self(user).OnEnd(frame->hd.stream_id);
    }
    return 0;
  }

  // An application looks at each field.
  static int OnHeader(nghttp2_session*, const nghttp2_frame*,
                      const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t,
                      void* user) {
    Self(user).seen_ += name[name_size - 1] + (value_size > 0 ? value[0] : 0);
    return 0;
  }

  // The adapter hears first, as its header asks.
  static void LetAdapterHear(nghttp2_session_callbacks* calls) {
    nghttp2_session_callbacks_set_on_header_callback(
        calls, [](nghttp2_session* session, const nghttp2_frame* frame,
                  const uint8_t* name, size_t name_size, const uint8_t* value,
                  size_t value_size, uint8_t flags, void* user) {
          Self(user).adapter_->OnHeader(
              frame, {reinterpret_cast<const char*>(name), name_size},
              {reinterpret_cast<const char*>(value), value_size});
          return OnHeader(session, frame, name, name_size, value, value_size,
                          flags, user);
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        calls,
        [](nghttp2_session* session, const nghttp2_frame* frame, void* user) {
          Self(user).adapter_->OnFrameRecv(session, frame);
          return OnFrame(session, frame, user);
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        calls,
        [](nghttp2_session* session, int32_t stream, uint32_t, void* user) {
          Self(user).adapter_->OnStreamClose(session, stream);
          return 0;
        });
  }

  static ssize_t Read(nghttp2_session* session, int32_t stream, uint8_t* out,
                      size_t size, uint32_t* flags, nghttp2_data_source* source,
                      void* user) {
    Nghttp2End& self = Self(user);
    // `source` holds how much of the body was read.
    const auto at = reinterpret_cast<uintptr_t>(source->ptr);
    const size_t bytes = std::min(size, self.body_->size() - at);
    if (self.no_copy_) {
      *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    } else {
      std::memcpy(out, self.body_->data() + at, bytes);
    }
    source->ptr = reinterpret_cast<void*>(at + bytes);
    if (at + bytes == self.body_->size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (self.trailers_ != nullptr && !self.trailers_->empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        Check(nghttp2_submit_trailer(session, stream, self.trailers_->data(),
                                     self.trailers_->size()) == 0);
      }
    }
    return static_cast<ssize_t>(bytes);
  }

  static int SendData(nghttp2_session*, nghttp2_frame* frame,
                      const uint8_t* header, size_t size,
                      nghttp2_data_source* source, void* user) {
    const Nghttp2End& self = Self(user);
    Check(frame->data.padlen == 0);
    if (self.adapter_ != nullptr) {
      source = self.adapter_->SourceOf(frame->hd.stream_id);
    }
    const auto end = reinterpret_cast<uintptr_t>(source->ptr);
    (*self.sink_)({reinterpret_cast<const char*>(header), 9});
    (*self.sink_)({self.body_->data() + end - size, size});
    return 0;
  }

  const bool no_copy_;
  const std::string* body_ = nullptr;
  const std::vector<nghttp2_nv>* trailers_ = nullptr;
  const Sink* sink_ = nullptr;
  uint64_t seen_ = 0;
};

class Nghttp2Client final : public Nghttp2End<ClientEnd> {
 public:
  Nghttp2Client(const Exchange& exchange, bool no_copy)
      : Nghttp2End(exchange, no_copy),
        requests_(exchange_.request, ForNghttp2),
        body_(exchange.request_bytes, 'x') {
    Start(true);
  }
  void Request() override {
    nghttp2_data_provider provider = Provider(body_, body_.size(), nullptr);
    const std::vector<nghttp2_nv>& request =
        requests_.Get(number_++, body_.size());
    Check(nghttp2_submit_request(
              session_, nullptr, request.data(), request.size(),
              body_.empty() ? nullptr : &provider, nullptr) > 0);
  }
  uint64_t done() const override { return done_; }

 protected:
  void OnEnd(int32_t) override { ++done_; }

 private:
  Messages<nghttp2_nv> requests_;
  const std::string body_;
  uint64_t number_ = 0;
  uint64_t done_ = 0;
};

class Nghttp2Server final : public Nghttp2End<End> {
 public:
  Nghttp2Server(const Exchange& exchange, bool no_copy,
                std::unique_ptr<PriorityAdapter> adapter)
      : Nghttp2End(exchange, no_copy, std::move(adapter)),
        responses_(exchange_.response, ForNghttp2),
        trailers_(ForNghttp2(exchange_.trailers)),
        body_(exchange.response_bytes + exchange.response_lengths - 1, 'x'),
        unanswered_(exchange.unanswered) {
    Start(false);
  }

 protected:
  void OnEnd(int32_t stream) override {
    if (unanswered_ > 0) {
      --unanswered_;
      return;
    }
    const size_t length =
        exchange_.response_bytes + number_ % exchange_.response_lengths;
    nghttp2_data_provider provider = Provider(body_, length, &trailers_);
    const bool has_body = length > 0 || !trailers_.empty();
    if (has_body && adapter_ != nullptr) {
      provider = adapter_->Schedule(stream, provider);
    }
    const std::vector<nghttp2_nv>& response = responses_.Get(number_++, length);
    Check(nghttp2_submit_response(session_, stream, response.data(),
                                  response.size(),
                                  has_body ? &provider : nullptr) == 0);
  }

 private:
  Messages<nghttp2_nv> responses_;
  const std::vector<nghttp2_nv> trailers_;
  const std::string body_;
  uint64_t unanswered_;
  uint64_t number_ = 0;
};

}  // namespace

std::unique_ptr<ClientEnd> MakeNghttp2Client(const Exchange& exchange,
                                             bool no_copy) {
  return std::make_unique<Nghttp2Client>(exchange, no_copy);
}

std::unique_ptr<End> MakeNghttp2Server(const Exchange& exchange, bool no_copy,
                                       const char* policy) {
  return std::make_unique<Nghttp2Server>(
      exchange, no_copy,
      policy == nullptr ? nullptr : *PriorityAdapter::Create(policy));
}

}  // namespace sluice::benchmarks
