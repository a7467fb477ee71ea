// For tests of PriorityAdapter: an nghttp2 server session with an adapter in
// charge, a client that writes its frames by hand, and what the server sent.
#ifndef SLUICE_TESTS_ADAPTERS_NGHTTP2_TEST_SERVER_H_
#define SLUICE_TESTS_ADAPTERS_NGHTTP2_TEST_SERVER_H_

#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/signals/rfc7540_priority.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::adapters {

inline constexpr size_t kFrame = 16384;

// For nghttp2 to copy; the texts are the caller's.
inline nghttp2_nv Field(absl::string_view name, absl::string_view value) {
  const auto bytes = [](absl::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

struct Body {
  size_t left = 0;
  size_t piece = SIZE_MAX;               // given at once, at most
  size_t available = SIZE_MAX;           // then `error`
  ssize_t error = NGHTTP2_ERR_DEFERRED;  // when `available` is 0
  bool trailers_follow = false;
  bool no_copy = false;  // its bytes go by the send_data_callback
};

enum class OwnTree { kOn, kOff };

// Stream 1's frames get 255 bytes of padding and their length, so 256.
enum class Padding { kNone, kOnStreamOne };
inline constexpr size_t kPadding = 256;

// The server of a test: answers nothing by itself.
class Server {
 public:
  explicit Server(absl::string_view policy, OwnTree own_tree = OwnTree::kOn,
                  bool use_adapter = true, bool extension_callbacks = false,
                  Padding padding = Padding::kNone)
      : use_adapter_(use_adapter), hands_bytes_on_(use_adapter) {
    adapter_ = *PriorityAdapter::Create(policy);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
           size_t name_length, const uint8_t* value, size_t value_length,
           uint8_t, void* user_data) {
          static_cast<Server*>(user_data)->adapter_->OnHeader(
              frame, {reinterpret_cast<const char*>(name), name_length},
              {reinterpret_cast<const char*>(value), value_length});
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session* session, const nghttp2_frame* frame,
                      void* user_data) {
          static_cast<Server*>(user_data)->adapter_->OnFrameRecv(session,
                                                                 frame);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks,
        [](nghttp2_session* session, int32_t id, uint32_t, void* user_data) {
          static_cast<Server*>(user_data)->adapter_->OnStreamClose(session, id);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_not_send_callback(
        callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, int,
                      void* user_data) {
          AdapterOf(user_data)->OnFrameNotSend(session, frame);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t, const uint8_t*, size_t,
           void* user_data) -> int {
          return static_cast<Server*>(user_data)->pauses_uploads_
                     ? NGHTTP2_ERR_PAUSE
                     : 0;
        });
    nghttp2_session_callbacks_set_send_data_callback(callbacks, SendData);
    if (padding == Padding::kOnStreamOne) PadStreamOne(callbacks);
    if (extension_callbacks) {
      PriorityAdapter::SetOptions(option);
      PriorityAdapter::SetExtensionCallbacks<&Server::AdapterOf>(callbacks,
                                                                 option);
    } else {
      nghttp2_option_set_builtin_recv_extension_type(option,
                                                     NGHTTP2_PRIORITY_UPDATE);
    }
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    const nghttp2_settings_entry off = {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES,
                                        1};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &off,
                            own_tree == OwnTree::kOff ? 1 : 0);
  }
  ~Server() { nghttp2_session_del(session_); }

  void Receive(const std::string& bytes) {
    ASSERT_EQ(ReceiveSome(bytes), static_cast<ssize_t>(bytes.size()));
  }
  ssize_t ReceiveSome(const std::string& bytes) {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    return hands_bytes_on_
               ? adapter_->Receive(session_, data, bytes.size())
               : nghttp2_session_mem_recv(session_, data, bytes.size());
  }

  // `more`: a header field's value.
  void Answer(int32_t id, size_t size, const std::string& more = "") {
    const nghttp2_data_provider provider = Provide(id, size);
    const nghttp2_nv fields[] = {Field(":status", "200"), Field("more", more)};
    ASSERT_EQ(nghttp2_submit_response(session_, id, fields,
                                      more.empty() ? 1 : 2, &provider),
              0);
  }
  // Headers first, and the body by nghttp2_submit_data().
  void AnswerInParts(int32_t id, size_t size) {
    const nghttp2_nv status = Field(":status", "200");
    ASSERT_EQ(nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr,
                                     &status, 1, nullptr),
              0);
    SubmitData(id, size);
  }
  void SubmitData(int32_t id, size_t size) {
    const nghttp2_data_provider provider = Provide(id, size);
    ASSERT_EQ(
        nghttp2_submit_data(session_, NGHTTP2_FLAG_END_STREAM, id, &provider),
        0);
  }

  // One frame for the client; empty when there is none.
  std::string Send() {
    const uint8_t* data = nullptr;
    const ssize_t length = nghttp2_session_mem_send(session_, &data);
    EXPECT_GE(length, 0);
    if (length <= 0) return std::string();
    return std::string(reinterpret_cast<const char*>(data),
                       static_cast<size_t>(length));
  }

  static PriorityAdapter* AdapterOf(void* user_data) {
    return static_cast<Server*>(user_data)->adapter_.get();
  }

  static int SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t*,
                      size_t length, nghttp2_data_source*, void* user_data) {
    auto* server = static_cast<Server*>(user_data);
    if (server->busy_) return NGHTTP2_ERR_WOULDBLOCK;
    const nghttp2_data_source* source =
        server->adapter_->SourceOf(frame->hd.stream_id);
    server->sent_[static_cast<const Body*>(source->ptr)] += length;
    return 0;
  }

  static void PadStreamOne(nghttp2_session_callbacks* callbacks) {
    nghttp2_session_callbacks_set_send_callback(
        callbacks,
        [](nghttp2_session*, const uint8_t*, size_t length, int,
           void* user_data) -> ssize_t {
          size_t& room = static_cast<Server*>(user_data)->socket_room_;
          const size_t taken = std::min(room, length);
          room -= taken;
          if (taken == 0) return NGHTTP2_ERR_WOULDBLOCK;
          return static_cast<ssize_t>(taken);
        });
    nghttp2_session_callbacks_set_select_padding_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, size_t max,
           void*) -> ssize_t {
          if (frame->hd.stream_id != 1) return frame->hd.length;
          return std::min(max, frame->hd.length + kPadding);
        });
    nghttp2_session_callbacks_set_on_frame_send_callback(
        callbacks, [](nghttp2_session* session, const nghttp2_frame* frame,
                      void* user_data) {
          AdapterOf(user_data)->OnFrameSend(session, frame);
          return 0;
        });
  }

  // Bytes that nghttp2_session_send() gets rid of; Send() takes all.
  void set_socket_room(size_t bytes) { socket_room_ = bytes; }

  // nghttp2_session_mem_recv() instead of the adapter's Receive().
  void set_hands_bytes_on(bool whether) { hands_bytes_on_ = whether; }
  // NGHTTP2_ERR_PAUSE for each piece of a request's content.
  void set_pauses_uploads(bool whether) { pauses_uploads_ = whether; }
  // Bytes that the send_data_callback sent. While it is busy it sends none.
  std::map<const Body*, size_t>& sent() { return sent_; }
  void set_busy(bool whether) { busy_ = whether; }

  PriorityAdapter& adapter() { return *adapter_; }
  nghttp2_session* session() { return session_; }
  Body& body(int32_t id) { return bodies_[id]; }

 private:
  nghttp2_data_provider Provide(int32_t id, size_t size) {
    bodies_[id] = Body{.left = size};
    nghttp2_data_provider provider;
    provider.source.ptr = &bodies_[id];
    provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* buffer,
                                size_t length, uint32_t* flags,
                                nghttp2_data_source* source, void*) -> ssize_t {
      Body* body = static_cast<Body*>(source->ptr);
      if (body->left > 0 && body->available == 0) {
        return body->error;
      }
      const size_t size =
          std::min({length, body->left, body->available, body->piece});
      if (body->no_copy) {
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
      } else {
        std::memset(buffer, 'x', size);
      }
      body->left -= size;
      body->available -= size;
      if (body->left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (body->trailers_follow) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      return static_cast<ssize_t>(size);
    };
    return use_adapter_ ? adapter_->Schedule(id, provider) : provider;
  }

  const bool use_adapter_;
  bool hands_bytes_on_;
  bool pauses_uploads_ = false;
  bool busy_ = false;
  std::map<const Body*, size_t> sent_;
  std::unique_ptr<PriorityAdapter> adapter_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Body> bodies_;
  size_t socket_room_ = 0;
};

// The client writes its frames by hand, so that every signal can be sent.
class Client {
 public:
  // `setting`: one more of its first SETTINGS, to be 1.
  explicit Client(uint32_t window = 1 << 30, uint16_t setting = 0) {
    out_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    Frame(0x4, 0, 0,
          Number(0x4, 2) + Number(window, 4) +
              (setting == 0 ? "" : Number(setting, 2) + Number(1, 4)));
    WindowUpdate(0, (1u << 30));
  }

  void Settings(uint16_t id, uint32_t value) {
    Frame(0x4, 0, 0, Number(id, 2) + Number(value, 4));
  }
  void WindowUpdate(uint32_t id, uint32_t bytes) {
    Frame(0x8, 0, id, Number(bytes, 4));
  }
  void Reset(uint32_t id) { Frame(0x3, 0, id, Number(0x8, 4)); }
  void Priority(uint32_t id, signals::Rfc7540Priority priority) {
    Frame(0x2, 0, id, Spec(priority));
  }
  void PriorityUpdate(uint32_t id, const std::string& field) {
    Frame(0x10, 0, 0, Number(id, 4) + field);
  }
  void ShortPriorityUpdate() { Frame(0x10, 0, 0, Number(1, 3)); }

  void Data(uint32_t id, const std::string& content) {
    Frame(0x0, 0, id, content);
  }
  void Goaway() { Frame(0x7, 0, 0, Number(0, 4) + Number(0, 4)); }

  // The fields are lines of `priority`.
  void Request(uint32_t id, const std::string& field = "",
               const std::string& another = "") {
    Frame(
        0x1, 0x5, id,
        Headers(field) + (another.empty() ? "" : Literal("priority", another)));
  }
  void RequestVia(uint32_t id, const std::string& via) {
    Frame(0x1, 0x5, id, Headers("u=0") + Literal("via", via));
  }
  // RFC 9113 §8.5: no :scheme, no :path, and no END_STREAM.
  void Connect(uint32_t id) {
    Frame(0x1, 0x4, id,
          "\x02\x07"
          "CONNECT\x01\x01"
          "a");
  }
  void RequestWith(uint32_t id, signals::Rfc7540Priority priority) {
    Frame(0x1, 0x25, id, Spec(priority) + Headers(""));
  }

  std::string Take() { return std::exchange(out_, std::string()); }

 private:
  static std::string Number(uint32_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) {
      out += static_cast<char>(value >> (8 * i));
    }
    return out;
  }
  static std::string Spec(signals::Rfc7540Priority priority) {
    return Number(priority.depends_on | (priority.exclusive ? 1u << 31 : 0),
                  4) +
           static_cast<char>(priority.weight - 1);
  }
  // RFC 7541: indexed GET, http and "/"; a literal :authority and `priority`.
  static std::string Headers(const std::string& field) {
    std::string block =
        "\x82\x86\x84\x01\x01"
        "a";
    if (!field.empty()) block += Literal("priority", field);
    return block;
  }
  static std::string Literal(const std::string& name,
                             const std::string& value) {
    return std::string(1, '\0') + static_cast<char>(name.size()) + name +
           static_cast<char>(value.size()) + value;
  }
  void Frame(uint8_t type, uint8_t flags, uint32_t id,
             const std::string& payload) {
    out_ += Number(static_cast<uint32_t>(payload.size()), 3) +
            static_cast<char>(type) + static_cast<char>(flags) + Number(id, 4) +
            payload;
  }

  std::string out_;
};

// The payload of the server's DATA frames, until `bytes` have come or it stops.
struct Received {
  std::map<int32_t, size_t> bytes;
  std::vector<int32_t> order;  // the stream of each DATA frame
  size_t total = 0;

  std::string Order(size_t count) const {
    std::string out;
    for (size_t i = 0; i < std::min(count, order.size()); ++i) {
      out += (i == 0 ? "" : " ") + std::to_string(order[i]);
    }
    return out;
  }
};

inline Received Pump(Server* server, size_t bytes) {
  Received received;
  while (received.total < bytes) {
    const std::string frame = server->Send();
    if (frame.empty()) break;
    if (frame.size() < 9 || frame[3] != 0) continue;
    const size_t payload = frame.size() - 9;
    const int32_t id =
        (static_cast<uint8_t>(frame[7]) << 8) | static_cast<uint8_t>(frame[8]);
    received.bytes[id] += payload;
    received.total += payload;
    received.order.push_back(id);
  }
  return received;
}

}  // namespace sluice::adapters

#endif  // SLUICE_TESTS_ADAPTERS_NGHTTP2_TEST_SERVER_H_
