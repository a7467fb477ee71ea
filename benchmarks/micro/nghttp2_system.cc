#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "benchmarks/micro/systems.h"

namespace sluice::benchmarks {
namespace {

// Frames as a client writes them.
std::string Frame(uint8_t type, uint8_t flags, uint32_t stream,
                  const std::string& payload) {
  std::string frame;
  const size_t n = payload.size();
  for (int shift : {16, 8, 0}) frame += static_cast<char>(n >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  return frame + payload;
}

std::string Number(uint32_t value) {
  std::string bytes;
  for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string PriorityFields(uint32_t parent, int weight, bool exclusive) {
  return Number(parent | (exclusive ? 0x80000000u : 0)) +
         static_cast<char>(weight - 1);
}

constexpr uint32_t kWindow = 0x7fffffff;

void Check(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

struct Nghttp2System::Impl {
  nghttp2_session* session = nullptr;
  size_t frame_size = kFrame;
  // The stream that was served last, and whether it stays ready then.
  int32_t served = 0;
  bool stays_ready = true;
  bool defer_next = false;
  uint64_t connection_sent = 0;
  std::vector<uint64_t> sent;  // by stream, since its last WINDOW_UPDATE
  std::vector<bool> ready;     // by stream

  // Stream n has the id 2n - 1.
  static uint32_t Wire(uint32_t stream) {
    return stream == 0 ? 0 : 2 * stream - 1;
  }
  static uint32_t Number(int32_t id) {
    return static_cast<uint32_t>(id + 1) / 2;
  }

  void Receive(const std::string& bytes) {
    const auto taken = nghttp2_session_mem_recv(
        session, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    Check(taken == static_cast<ssize_t>(bytes.size()));
  }

  // Writes everything but DATA.
  void Flush() {
    const uint8_t* data;
    while (nghttp2_session_mem_send(session, &data) > 0) {
    }
  }

  static ssize_t Read(nghttp2_session*, int32_t id, uint8_t*, size_t,
                      uint32_t* flags, nghttp2_data_source*, void* user) {
    Impl* impl = static_cast<Impl*>(user);
    if (!impl->ready[Number(id)]) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<ssize_t>(impl->frame_size);
  }

  static ssize_t ReadLength(nghttp2_session*, uint8_t, int32_t, int32_t,
                            int32_t, uint32_t, void* user) {
    return static_cast<ssize_t>(static_cast<Impl*>(user)->frame_size);
  }

  // Ends the call of mem_send(): one DATA frame is one decision.
  static int SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t*,
                      size_t length, nghttp2_data_source*, void* user) {
    Impl* impl = static_cast<Impl*>(user);
    impl->served = frame->hd.stream_id;
    impl->connection_sent += length;
    impl->sent[Number(frame->hd.stream_id)] += length;
    return NGHTTP2_ERR_PAUSE;
  }

  void ServeOne() {
    served = 0;
    const uint8_t* data;
    Check(nghttp2_session_mem_send(session, &data) == 0);
    // The windows are as good as endless.
    if (connection_sent > kWindow / 2) {
      Receive(Frame(NGHTTP2_WINDOW_UPDATE, 0, 0,
                    ::sluice::benchmarks::Number(
                        static_cast<uint32_t>(connection_sent))));
      connection_sent = 0;
    }
    uint64_t& stream_sent = sent[Number(served)];
    if (stream_sent > kWindow / 2) {
      Receive(Frame(
          NGHTTP2_WINDOW_UPDATE, 0, static_cast<uint32_t>(served),
          ::sluice::benchmarks::Number(static_cast<uint32_t>(stream_sent))));
      stream_sent = 0;
    }
  }

  void Open(uint32_t stream, uint32_t parent, int weight, bool exclusive,
            bool is_ready) {
    // :method GET, :scheme http, :path /, :authority a
    const std::string headers("\x82\x86\x84\x41\x01\x61", 6);
    Receive(Frame(NGHTTP2_HEADERS,
                  NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM |
                      NGHTTP2_FLAG_PRIORITY,
                  Wire(stream),
                  PriorityFields(Wire(parent), weight, exclusive) + headers));
    if (sent.size() <= stream) sent.resize(stream + 1);
    if (ready.size() <= stream) ready.resize(stream + 1);
    sent[stream] = 0;
    ready[stream] = is_ready;
    const auto id = static_cast<int32_t>(Wire(stream));
    uint8_t name[] = ":status", value[] = "200";
    const nghttp2_nv nv = {name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
    nghttp2_data_provider provider = {};
    provider.read_callback = Read;
    Check(nghttp2_submit_response(session, id, &nv, 1, &provider) == 0);
  }
};

Nghttp2System::Nghttp2System(const Shape& shape, uint32_t)
    : impl_(std::make_unique<Impl>()) {
  nghttp2_session_callbacks* callbacks;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_data_source_read_length_callback(
      callbacks, Impl::ReadLength);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Impl::SendData);
  nghttp2_option* option;
  nghttp2_option_new(&option);
  // The peer here is the benchmark itself.
  nghttp2_option_set_max_outbound_ack(option, 1 << 20);
  nghttp2_session_server_new2(&impl_->session, callbacks, impl_.get(), option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry streams = {
      NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0x7fffffff};
  nghttp2_submit_settings(impl_->session, NGHTTP2_FLAG_NONE, &streams, 1);
  std::string settings;
  settings += std::string("\0\x04", 2) + Number(kWindow);
  impl_->Receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                 Frame(NGHTTP2_SETTINGS, 0, 0, settings) +
                 Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
  impl_->Receive(Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, Number(kWindow - 65535)));
  // While they are opened nobody is ready: HEADERS leave, DATA is deferred.
  for (uint32_t i = 0; i < shape.size(); ++i) {
    impl_->Open(i + 1, shape[i].parent, shape[i].weight, false, false);
  }
  impl_->Flush();
  for (uint32_t i = 0; i < shape.size(); ++i) {
    if (!shape[i].ready) continue;
    impl_->ready[i + 1] = true;
    nghttp2_session_resume_data(impl_->session,
                                static_cast<int32_t>(Impl::Wire(i + 1)));
  }
}

Nghttp2System::~Nghttp2System() { nghttp2_session_del(impl_->session); }

uint32_t Nghttp2System::Decide(size_t bytes) {
  impl_->frame_size = bytes;
  impl_->ServeOne();
  return Impl::Number(impl_->served);
}

void Nghttp2System::Toggle(uint32_t stream) {
  impl_->ready[stream] = true;
  nghttp2_session_resume_data(impl_->session,
                              static_cast<int32_t>(Impl::Wire(stream)));
  impl_->ServeOne();
  impl_->ready[stream] = false;
  const uint8_t* data;
  nghttp2_session_mem_send(impl_->session, &data);  // reads, is deferred
}

void Nghttp2System::Move(uint32_t stream, uint32_t parent, int weight,
                         bool exclusive) {
  nghttp2_priority_spec spec;
  nghttp2_priority_spec_init(&spec, static_cast<int32_t>(Impl::Wire(parent)),
                             weight, exclusive);
  nghttp2_session_change_stream_priority(
      impl_->session, static_cast<int32_t>(Impl::Wire(stream)), &spec);
}

void Nghttp2System::Open(uint32_t stream, uint32_t parent, int weight,
                         bool exclusive) {
  impl_->Open(stream, parent, weight, exclusive, true);
}

void Nghttp2System::Close(uint32_t stream) {
  impl_->Receive(Frame(NGHTTP2_RST_STREAM, 0, Impl::Wire(stream), Number(0)));
}

}  // namespace sluice::benchmarks
