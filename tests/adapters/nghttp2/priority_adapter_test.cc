// A server session under the adapter and a client session of libnghttp2 (or
// frames written by hand), wired back to back.
#include "adapters/nghttp2/priority_adapter.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "priority/rfc7540_priority.h"
#include "scheduler/policy.h"

namespace sluice::adapters {
namespace {

constexpr size_t kFrame = 16384;

struct Body {
  size_t left = 0;
  size_t piece = SIZE_MAX;               // given at once, at most
  size_t available = SIZE_MAX;           // then `error`
  ssize_t error = NGHTTP2_ERR_DEFERRED;  // when `available` is 0
  bool trailers_follow = false;
};

enum class OwnTree { kOn, kOff };

// Stream 1's frames get 255 bytes of padding and their length, so 256.
enum class Padding { kNone, kOnStreamOne };
constexpr size_t kPadding = 256;

// The server of a test: answers nothing by itself.
class Server {
 public:
  explicit Server(absl::string_view policy, OwnTree own_tree = OwnTree::kOn,
                  bool use_adapter = true, bool extension_callbacks = false,
                  Padding padding = Padding::kNone)
      : use_adapter_(use_adapter) {
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
    if (padding == Padding::kOnStreamOne) PadStreamOne(callbacks);
    if (extension_callbacks) {
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
    ASSERT_EQ(nghttp2_session_mem_recv(
                  session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                  bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  void Answer(int32_t id, size_t size) {
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
      std::memset(buffer, 'x', size);
      body->left -= size;
      body->available -= size;
      if (body->left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (body->trailers_follow) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      return static_cast<ssize_t>(size);
    };
    if (use_adapter_) provider = adapter_->Schedule(id, provider);
    std::string name = ":status", value = "200";
    nghttp2_nv status = {reinterpret_cast<uint8_t*>(name.data()),
                         reinterpret_cast<uint8_t*>(value.data()), 7, 3, 0};
    ASSERT_EQ(nghttp2_submit_response(session_, id, &status, 1, &provider), 0);
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

  PriorityAdapter& adapter() { return *adapter_; }
  nghttp2_session* session() { return session_; }
  Body& body(int32_t id) { return bodies_[id]; }

 private:
  const bool use_adapter_;
  std::unique_ptr<PriorityAdapter> adapter_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Body> bodies_;
  size_t socket_room_ = 0;
};

// The client writes its frames by hand, so that every signal can be sent.
class Client {
 public:
  explicit Client(uint32_t window = 1 << 30) {
    out_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    Settings(0x4, window);
    WindowUpdate(0, (1u << 30));
  }

  void Settings(uint16_t id, uint32_t value) {
    Frame(0x4, 0, 0, Number(id, 2) + Number(value, 4));
  }
  void WindowUpdate(uint32_t id, uint32_t bytes) {
    Frame(0x8, 0, id, Number(bytes, 4));
  }
  void Reset(uint32_t id) { Frame(0x3, 0, id, Number(0x8, 4)); }
  void Priority(uint32_t id, priority::Rfc7540Priority priority) {
    Frame(0x2, 0, id, Spec(priority));
  }
  void PriorityUpdate(uint32_t id, const std::string& field) {
    Frame(0x10, 0, 0, Number(id, 4) + field);
  }

  void Request(uint32_t id, const std::string& field = "") {
    Frame(0x1, 0x5, id, Headers(field));
  }
  // RFC 9113 §8.5: no :scheme, no :path, and no END_STREAM.
  void Connect(uint32_t id) {
    Frame(0x1, 0x4, id,
          "\x02\x07"
          "CONNECT\x01\x01"
          "a");
  }
  void RequestWith(uint32_t id, priority::Rfc7540Priority priority) {
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
  static std::string Spec(priority::Rfc7540Priority priority) {
    return Number(priority.depends_on | (priority.exclusive ? 1u << 31 : 0),
                  4) +
           static_cast<char>(priority.weight - 1);
  }
  // RFC 7541: indexed GET, http and "/"; a literal :authority and `priority`.
  static std::string Headers(const std::string& field) {
    std::string block =
        "\x82\x86\x84\x01\x01"
        "a";
    if (!field.empty()) {
      block += std::string("\0\x08priority", 10) +
               static_cast<char>(field.size()) + field;
    }
    return block;
  }
  void Frame(uint8_t type, uint8_t flags, uint32_t id,
             const std::string& payload) {
    out_ += Number(static_cast<uint32_t>(payload.size()), 3) +
            static_cast<char>(type) + static_cast<char>(flags) + Number(id, 4) +
            payload;
  }

  std::string out_;
};

// What the server's DATA frames carry, until `bytes` have come or it stops.
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

Received Pump(Server* server, size_t bytes) {
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

class OwnTreeTest : public testing::TestWithParam<OwnTree> {};

INSTANTIATE_TEST_SUITE_P(OnAndOff, OwnTreeTest,
                         testing::Values(OwnTree::kOn, OwnTree::kOff),
                         [](const auto& info) {
                           return info.param == OwnTree::kOn ? "TreeOn"
                                                             : "TreeOff";
                         });

TEST_P(OwnTreeTest, WeightsOf32And224ShareOneToSeven) {
  Server server("rfc7540", GetParam());
  Client client;
  client.RequestWith(1, {.depends_on = 0, .weight = 32});
  client.RequestWith(3, {.depends_on = 0, .weight = 224});
  server.Receive(client.Take());
  server.Answer(1, 100 << 20);
  server.Answer(3, 100 << 20);
  const Received received = Pump(&server, 800 * kFrame);
  EXPECT_EQ(received.bytes.at(1), 100 * kFrame);
  EXPECT_EQ(received.bytes.at(3), 700 * kFrame);
}

TEST(PriorityAdapterTest, WithoutTheAdapterAndTheTreeWeightsDoNotShare) {
  Server server("rfc7540", OwnTree::kOff, /*use_adapter=*/false);
  Client client;
  client.RequestWith(1, {.depends_on = 0, .weight = 32});
  client.RequestWith(3, {.depends_on = 0, .weight = 224});
  server.Receive(client.Take());
  server.Answer(1, 100 << 20);
  server.Answer(3, 100 << 20);
  const Received received = Pump(&server, 800 * kFrame);
  EXPECT_EQ(received.bytes.count(3), 0u);
}

TEST_P(OwnTreeTest, AnExclusiveResponsePassesThirtyThatFlow) {
  Server server("rfc7540", GetParam());
  Client client;
  for (uint32_t i = 0; i < 30; ++i) {
    client.RequestWith(2 * i + 1, {.depends_on = 0, .weight = 1});
  }
  server.Receive(client.Take());
  for (int32_t i = 0; i < 30; ++i) server.Answer(2 * i + 1, 200000);
  const size_t before = Pump(&server, 1000000).total;
  client.RequestWith(61, {.depends_on = 0, .weight = 256, .exclusive = true});
  server.Receive(client.Take());
  server.Answer(61, 100000);
  const Received received = Pump(&server, 100000);
  EXPECT_EQ(received.bytes.at(61), 100000u);
  EXPECT_EQ(received.bytes.size(), 1u);
  // And then all the rest.
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 6000000 - before);
}

TEST_P(OwnTreeTest, AnyPolicySendsEveryByteOfEveryStream) {
  for (const char* policy : {"rfc7540", "rr", "fifo"}) {
    Server server(policy, GetParam());
    Client client;
    uint32_t parent = 0;
    for (uint32_t id = 1; id < 40; id += 2) {
      client.RequestWith(id, {.depends_on = id % 3 == 0 ? parent : 0,
                              .weight = static_cast<int>(id)});
      parent = id;
    }
    server.Receive(client.Take());
    size_t expected = 0;
    for (int32_t id = 1; id < 40; id += 2) {
      server.Answer(id, static_cast<size_t>(id) * 10000);
      expected += static_cast<size_t>(id) * 10000;
    }
    EXPECT_EQ(Pump(&server, SIZE_MAX).total, expected) << policy;
    EXPECT_EQ(server.adapter().stats().bytes, expected);
    EXPECT_EQ(server.adapter().stats().open_streams, 0u);
  }
}

TEST(PriorityAdapterTest, APriorityFrameMovesAStreamThatFlows) {
  Server server("rfc7540");
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  Pump(&server, 4 * kFrame);
  client.Priority(1, {.depends_on = 3});
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, 5 * kFrame).Order(5), "3 3 3 3 3");
}

// Firefox's placeholders (RFC 7540 §5.3.4).
TEST(PriorityAdapterTest, APriorityFrameForAnIdleStreamIsHeldUntilItsChildren) {
  Server server("rfc7540");
  Client client;
  client.Priority(3, {.depends_on = 0, .weight = 201});
  client.Priority(5, {.depends_on = 0, .weight = 67});
  client.RequestWith(13, {.depends_on = 3, .weight = 1});
  client.RequestWith(15, {.depends_on = 5, .weight = 256});
  server.Receive(client.Take());
  server.Answer(13, 100 << 20);
  server.Answer(15, 100 << 20);
  const Received received = Pump(&server, 400 * kFrame);
  EXPECT_EQ(received.bytes.at(13), 300 * kFrame);
}

class FieldTest : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(BothWays, FieldTest, testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "ByExtensionCallbacks"
                                             : "ReportedByTheLibrary";
                         });

// RFC 9218 §5 and §7.1; fifo would send stream 1 first.
TEST_P(FieldTest, ThePriorityFieldAndItsUpdateReachThePolicy) {
  Server server("rfc9218", OwnTree::kOff, /*use_adapter=*/true, GetParam());
  Client client;
  client.Request(1, "u=5");
  client.Request(3, "u=2");
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server, 3 * kFrame).Order(3), "3 3 3");
  client.PriorityUpdate(1, "u=0");
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, 3 * kFrame).Order(3), "1 1 1");
  client.PriorityUpdate(7, "u=0, i");
  client.PriorityUpdate(1, "u=6");
  client.Request(7);
  server.Receive(client.Take());
  server.Answer(7, 1 << 20);
  EXPECT_EQ(Pump(&server, 3 * kFrame).Order(3), "7 7 7");
}

// RFC 9218 §11; two bodies that are not incremental would go one by one (§4.2).
TEST(PriorityAdapterTest, TunnelsShareWithEachOther) {
  Server server("rfc9218");
  Client client;
  client.Connect(1);
  client.Connect(3);
  server.Receive(client.Take());
  // What the server knows of the response makes it no other request.
  EXPECT_TRUE(server.adapter().SetHints(1, {.bytes_remaining = 1 << 20}).ok());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server, 4 * kFrame).Order(4), "1 3 1 3");
}

// nghttp2 itself drops the frame then: the setting was not announced.
TEST(PriorityAdapterTest, ExtensionCallbacksBringAnUpdateInWithTheTreeOn) {
  Server server("rfc9218", OwnTree::kOn, /*use_adapter=*/true,
                /*extension_callbacks=*/true);
  Client client;
  client.Request(1);
  client.Request(3);
  client.PriorityUpdate(3, "u=0");
  client.PriorityUpdate(3, std::string(2000, 'a'));  // no priority: ignored
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  EXPECT_EQ(Pump(&server, 3 * kFrame).Order(3), "3 3 3");
}

TEST_P(OwnTreeTest, AStreamWithoutWindowLetsTheOthersPassAndComesBack) {
  Server server("fifo", GetParam());
  Client client(/*window=*/20000);
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 60000);
  server.Answer(3, 20000);
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{1, 20000}, {3, 20000}}));
  client.WindowUpdate(1, 30000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 30000u);
  // RFC 9113 §6.9.2: a new initial size moves the windows of open streams.
  client.Settings(0x4, 40000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 10000u);
}

TEST_P(OwnTreeTest, AWindowThatShrinksUnderTheNextStreamDoesNotStallTheRest) {
  Server server("fifo", GetParam());
  Client client(/*window=*/100000);
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 90000);
  server.Answer(3, 10000);
  Pump(&server, 2 * kFrame);
  client.Settings(0x4, 20000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{3, 10000}}));
  client.Settings(0x4, 100000);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 90000u - 2 * kFrame);
}

TEST_P(OwnTreeTest, ABodyThatHasNothingLetsTheOthersPassAndIsResumed) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 50000);
  server.Answer(3, 20000);
  server.body(1).available = 10000;
  const Received received = Pump(&server, SIZE_MAX);
  EXPECT_EQ(received.bytes,
            (std::map<int32_t, size_t>{{1, 10000}, {3, 20000}}));
  server.body(1).available = SIZE_MAX;
  EXPECT_EQ(nghttp2_session_resume_data(server.session(), 1), 0);
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 40000u);
}

// Late binding: the pick was made, and not yet asked for.
TEST_P(OwnTreeTest, AnUrgentRequestBetweenTwoFramesIsServedNext) {
  Server server("rfc7540", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  Pump(&server, 3 * kFrame);
  client.RequestWith(5, {.depends_on = 0, .weight = 256, .exclusive = true});
  server.Receive(client.Take());
  server.Answer(5, kFrame);
  EXPECT_EQ(Pump(&server, 2 * kFrame).Order(2), "5 3");
}

TEST_P(OwnTreeTest, AResetOfTheStreamThatFlowsLeavesTheRestFlowing) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  client.Request(5);
  server.Receive(client.Take());
  for (const int32_t id : {1, 3, 5}) server.Answer(id, 5 * kFrame);
  Pump(&server, kFrame);
  client.Reset(1);
  client.Reset(5);
  server.Receive(client.Take());
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{3, 5 * kFrame}}));
}

TEST_P(OwnTreeTest, ABodyThatFailsIsResetAndLeavesTheRestFlowing) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 50000);
  server.Answer(3, 20000);
  server.body(1).available = 10000;
  server.body(1).error = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  EXPECT_EQ(Pump(&server, SIZE_MAX).bytes,
            (std::map<int32_t, size_t>{{1, 10000}, {3, 20000}}));
  EXPECT_EQ(server.adapter().stats().open_streams, 0u);
}

TEST_P(OwnTreeTest, ABodyThatPausesIsAskedAgain) {
  Server server("fifo", GetParam());
  Client client;
  client.Request(1);
  client.Request(3);
  server.Receive(client.Take());
  server.Answer(1, 50000);
  server.Answer(3, 20000);
  server.body(1).available = 0;
  server.body(1).error = NGHTTP2_ERR_PAUSE;
  EXPECT_EQ(Pump(&server, SIZE_MAX).total, 0u);
  server.body(1).available = SIZE_MAX;
  EXPECT_EQ(Pump(&server, SIZE_MAX).order.front(), 1);
}

// RFC 9113 §6.1: padding counts for flow control, and takes room on the wire.
class PaddingTest : public testing::Test {
 protected:
  // Streams 1, with padding, and 3, each of pieces that make frames of 1000.
  void Start(absl::string_view policy, uint32_t window) {
    server_ = std::make_unique<Server>(policy, OwnTree::kOff,
                                       /*use_adapter=*/true,
                                       /*extension_callbacks=*/false,
                                       Padding::kOnStreamOne);
    client_ = std::make_unique<Client>(window);
    client_->Request(1);
    client_->Request(3);
    server_->Receive(client_->Take());
    server_->Answer(1, 1 << 20);
    server_->Answer(3, 1 << 20);
    server_->body(1).piece = 1000 - kPadding;
    server_->body(3).piece = 1000;
  }

  size_t Payload(int32_t id) { return (1 << 20) - server_->body(id).left; }

  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(PaddingTest, PaddingIsChargedLikePayload) {
  Start("rr", /*window=*/1 << 30);
  const Received received = Pump(server_.get(), 200 * 1000);
  EXPECT_EQ(received.bytes,
            (std::map<int32_t, size_t>{{1, 100 * 1000}, {3, 100 * 1000}}));
  EXPECT_EQ(Payload(1), 100 * (1000 - kPadding));
  EXPECT_EQ(server_->adapter().stats().bytes, received.total);
}

TEST_F(PaddingTest, AWindowThatPaddingUsesUpLetsTheOthersPassAndComesBack) {
  Start("fifo", /*window=*/3000);
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 1 1 3 3 3");
  EXPECT_EQ(Payload(1), 3 * (1000 - kPadding));
  client_->WindowUpdate(1, 1000);
  client_->WindowUpdate(3, 1000);
  server_->Receive(client_->Take());
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 3");
}

TEST_F(PaddingTest, AResetOfAStreamWhoseFrameIsUnderWayLeavesTheRestFlowing) {
  Start("fifo", /*window=*/1 << 30);
  // The socket takes no more within the first frame of stream 1.
  server_->set_socket_room(500);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  EXPECT_LT(server_->body(1).left, 1u << 20);
  EXPECT_EQ(server_->adapter().stats().bytes, 0u);
  client_->Reset(1);
  server_->Receive(client_->Take());
  EXPECT_EQ(server_->adapter().stats().bytes, 1000u - kPadding);
  server_->set_socket_room(10000);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  EXPECT_GT(Payload(3), 8000u);
}

TEST_F(PaddingTest, ASignalWhileAFrameIsUnderWayTakesNoChargeAway) {
  Start("rfc9218", /*window=*/1 << 30);
  server_->body(1).left = 3 * (1000 - kPadding);
  server_->body(3).left = 1000;
  server_->set_socket_room(500);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  client_->PriorityUpdate(3, "u=0");
  client_->Request(5);
  server_->Receive(client_->Take());
  server_->set_socket_room(SIZE_MAX);
  EXPECT_EQ(nghttp2_session_send(server_->session()), 0);
  EXPECT_EQ(server_->adapter().stats().bytes, 4000u);
}

TEST_F(PaddingTest, ABodyThatHasNothingAndOneThatEndsLetTheOthersPass) {
  Start("fifo", /*window=*/1 << 30);
  server_->body(1).available = 2 * (1000 - kPadding);
  server_->body(3).left = 1000;
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1 1 3");
  server_->body(1).available = 1;
  EXPECT_EQ(nghttp2_session_resume_data(server_->session(), 1), 0);
  EXPECT_EQ(Pump(server_.get(), SIZE_MAX).Order(9), "1");
  EXPECT_EQ(server_->adapter().stats().open_streams, 1u);
}

// nghttp2 makes no frame of an empty end that trailers follow, so none is told
// of.
TEST_F(PaddingTest, AnEndThatTrailersFollowLetsTheOthersPass) {
  Start("lifo", /*window=*/1 << 30);
  server_->body(3).left = 0;
  server_->body(3).trailers_follow = true;
  EXPECT_EQ(Pump(server_.get(), 3000).Order(9), "1 1 1");
}

TEST(PriorityAdapterTest, TheServersPriorityGoesOverTheClients) {
  Server server("rfc7540");
  Client client;
  client.Request(1);
  client.RequestWith(3, {.depends_on = 1});
  server.Receive(client.Take());
  server.Answer(1, 1 << 20);
  server.Answer(3, 1 << 20);
  EXPECT_TRUE(
      server.adapter()
          .SetServerPriority(
              3,
              scheduler::ServerPriority{
                  .rfc7540 = priority::Rfc7540Priority{.depends_on = 0,
                                                       .exclusive = true}})
          .ok());
  EXPECT_EQ(Pump(&server, 2 * kFrame).Order(2), "3 3");
  EXPECT_TRUE(server.adapter().SetServerPriority(3, std::nullopt).ok());
  EXPECT_EQ(Pump(&server, 2 * kFrame).Order(2), "1 1");
}

TEST(PriorityAdapterTest, AnUnknownPolicyIsRefused) {
  EXPECT_EQ(PriorityAdapter::Create("none").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace sluice::adapters
