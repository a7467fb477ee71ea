#include "tests/adapters/preload/peers.h"

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace sluice::preload_test {
namespace {

std::vector<nghttp2_nv> Views(const Fields& fields) {
  std::vector<nghttp2_nv> views;
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  for (const auto& [name, value] : fields) {
    views.push_back({bytes(name), bytes(value), name.size(), value.size(),
                     NGHTTP2_NV_FLAG_NONE});
  }
  return views;
}

std::string Text(const uint8_t* bytes, size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

ssize_t ReadBody(nghttp2_session*, int32_t stream_id, uint8_t* buffer,
                 size_t length, uint32_t* flags, nghttp2_data_source* source,
                 void* user_data) {
  return static_cast<Server*>(user_data)->Read(
      stream_id, static_cast<Body*>(source->ptr), buffer, length, flags);
}

int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame,
                   void* user_data) {
  static_cast<Peer*>(user_data)->log(frame->hd.stream_id) += "begin\n";
  return 0;
}

int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
             size_t name_length, const uint8_t* value, size_t value_length,
             uint8_t, void* user_data) {
  static_cast<Peer*>(user_data)->log(frame->hd.stream_id) +=
      Text(name, name_length) + "=" + Text(value, value_length) + "\n";
  return 0;
}

int OnHeader2(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
              nghttp2_rcbuf* value, uint8_t, void* user_data) {
  const nghttp2_vec a = nghttp2_rcbuf_get_buf(name);
  const nghttp2_vec b = nghttp2_rcbuf_get_buf(value);
  static_cast<Peer*>(user_data)->log(frame->hd.stream_id) +=
      "2 " + Text(a.base, a.len) + "=" + Text(b.base, b.len) + "\n";
  return 0;
}

int OnStreamClose(nghttp2_session*, int32_t stream_id, uint32_t error,
                  void* user_data) {
  static_cast<Peer*>(user_data)->log(stream_id) +=
      "closed, error " + std::to_string(error) + "\n";
  return 0;
}

// Not of DATA, whose frames the order of streams may cut otherwise.
int OnFrameSend(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  if (frame->hd.type == NGHTTP2_DATA &&
      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
    return 0;
  }
  static_cast<Peer*>(user_data)->log(frame->hd.stream_id) +=
      "sent frame of type " + std::to_string(frame->hd.type) + "\n";
  return 0;
}

int OnFrameNotSend(nghttp2_session*, const nghttp2_frame* frame, int error,
                   void* user_data) {
  static_cast<Peer*>(user_data)->log(frame->hd.stream_id) +=
      "did not send frame of type " + std::to_string(frame->hd.type) +
      ", error " + std::to_string(error) + "\n";
  return 0;
}

int OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header,
               size_t length, nghttp2_data_source* source, void* user_data) {
  return static_cast<Server*>(user_data)->SendData(*frame, header, length,
                                                   *source);
}

// A socket takes 1000 bytes, and no more until it is asked again.
ssize_t OnSend(nghttp2_session*, const uint8_t* data, size_t length, int,
               void* user_data) {
  auto* server = static_cast<Server*>(user_data);
  const size_t taken = std::min<size_t>(length, 1000);
  server->out += Text(data, taken);
  return static_cast<ssize_t>(taken);
}

ssize_t OnRecv(nghttp2_session*, uint8_t* buffer, size_t length, int,
               void* user_data) {
  auto* server = static_cast<Server*>(user_data);
  if (server->in.empty()) return NGHTTP2_ERR_WOULDBLOCK;
  const size_t given = std::min({length, server->in.size(), size_t{700}});
  std::memcpy(buffer, server->in.data(), given);
  server->in.erase(0, given);
  return static_cast<ssize_t>(given);
}

ssize_t SelectPadding(nghttp2_session*, const nghttp2_frame* frame, size_t most,
                      void* user_data) {
  return static_cast<ssize_t>(std::min(
      most,
      frame->hd.length + static_cast<Server*>(user_data)->options.padding));
}

}  // namespace

uint32_t Hash(const std::string& bytes, uint32_t hash) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<uint8_t>(byte)) * 16777619u;
  }
  return hash;
}

std::string Peer::Send() { return SendAll(nghttp2_session_mem_send); }

std::string Peer::SendAll(decltype(&nghttp2_session_mem_send) send) {
  std::string all;
  const uint8_t* data = nullptr;
  ssize_t length = 0;
  while ((length = send(session_, &data)) > 0) {
    all += Text(data, static_cast<size_t>(length));
  }
  if (length < 0) Log(0, "send returns " + std::to_string(length));
  return all;
}

ssize_t Peer::Receive(const std::string& bytes) {
  return nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

void Peer::EndContent(int32_t stream_id) {
  const auto [bytes, hash] = std::exchange(content_[stream_id], {0, 0});
  if (bytes == 0) return;
  Log(stream_id,
      std::to_string(bytes) + " bytes, hash " + std::to_string(hash));
}

int Peer::OnFrameRecv(nghttp2_session*, const nghttp2_frame* frame,
                      void* user_data) {
  Peer* peer = static_cast<Peer*>(user_data);
  const int32_t id = frame->hd.stream_id;
  const bool is_data = frame->hd.type == NGHTTP2_DATA;
  const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!is_data || ends) {
    peer->EndContent(id);
    // Credit comes with the pieces of DATA.
    if (frame->hd.type != NGHTTP2_WINDOW_UPDATE) {
      // Where frames of DATA are cut, there is padding or no room for it.
      const int flags = frame->hd.flags & ~(is_data ? NGHTTP2_FLAG_PADDED : 0);
      peer->Log(id, "frame of type " + std::to_string(frame->hd.type) +
                        ", flags " + std::to_string(flags));
    }
  }
  peer->HandleFrame(*frame);
  return 0;
}

void Peer::SetSharedCallbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                          OnBeginHeaders);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrameRecv);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                         OnStreamClose);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* data,
         size_t length, void* user_data) -> int {
        auto* peer = static_cast<Peer*>(user_data);
        auto& [bytes, hash] = peer->content_[stream_id];
        if (bytes == 0) hash = Hash("");
        hash = Hash(Text(data, length), hash);
        bytes += length;
        const auto* server = dynamic_cast<const Server*>(peer);
        return server != nullptr && server->options.pauses_uploads
                   ? NGHTTP2_ERR_PAUSE
                   : 0;
      });
}

// --- The server --------------------------------------------------------------

nghttp2_session_callbacks* Server::MakeCallbacks(const ServerOptions& options) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  SetSharedCallbacks(callbacks);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSend);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks,
                                                           OnFrameNotSend);
  if (options.header2) {
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, OnHeader2);
  }
  if (!options.no_header) {
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  }
  if (options.send_data) {
    nghttp2_session_callbacks_set_send_data_callback(callbacks, OnSendData);
  }
  if (options.padding > 0) {
    nghttp2_session_callbacks_set_select_padding_callback(callbacks,
                                                          SelectPadding);
  }
  if (options.by_callbacks) {
    nghttp2_session_callbacks_set_send_callback(callbacks, OnSend);
    nghttp2_session_callbacks_set_recv_callback(callbacks, OnRecv);
  }
  return callbacks;
}

Server::Server(const ServerOptions& given, Handler handler)
    : Server(given, std::move(handler), nullptr) {}

Server::Server(const ServerOptions& given, Handler handler,
               const nghttp2_session_callbacks* shared)
    : options(given), handler_(std::move(handler)) {
  nghttp2_session_callbacks* own =
      shared == nullptr ? MakeCallbacks(options) : nullptr;
  const nghttp2_session_callbacks* callbacks = own == nullptr ? shared : own;
  Peer* peer = this;
  nghttp2_option* option = nullptr;
  if (options.sees_updates || options.no_closed_streams) {
    nghttp2_option_new(&option);
    if (options.sees_updates) {
      nghttp2_option_set_builtin_recv_extension_type(option,
                                                     NGHTTP2_PRIORITY_UPDATE);
    }
    nghttp2_option_set_no_closed_streams(option, options.no_closed_streams);
    nghttp2_session_server_new2(&session_, callbacks, peer, option);
    nghttp2_option_del(option);
  } else if (options.memory != nullptr) {
    nghttp2_session_server_new3(&session_, callbacks, peer, nullptr,
                                options.memory);
  } else {
    nghttp2_session_server_new(&session_, callbacks, peer);
  }
  nghttp2_session_callbacks_del(own);
  const nghttp2_settings_entry setting = {
      NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting,
                          options.sees_updates ? 1 : 0);
}

std::string Server::Send() {
  if (options.by_callbacks) {
    const int result = nghttp2_session_send(session_);
    if (result != 0) Log(0, "send returns " + std::to_string(result));
    return std::exchange(out, std::string());
  }
  const std::string sent =
      SendAll(Form(nghttp2_session_mem_send, "nghttp2_session_mem_send2"));
  return sent + std::exchange(out, std::string());
}

ssize_t Server::Receive(const std::string& bytes) {
  if (options.by_callbacks) {
    in += bytes;
    const int result = nghttp2_session_recv(session_);
    return result == 0 ? static_cast<ssize_t>(bytes.size()) : result;
  }
  return Form(nghttp2_session_mem_recv, "nghttp2_session_mem_recv2")(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

void Server::HandleFrame(const nghttp2_frame& frame) {
  const bool is_message =
      frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
  if (is_message && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    handler_(this, frame.hd.stream_id);
  }
}

namespace {

nghttp2_data_provider ProviderOf(Body* body) {
  nghttp2_data_provider provider = {};
  provider.source.ptr = body;
  provider.read_callback = ReadBody;
  return provider;
}

}  // namespace

void Server::Answer(int32_t stream_id, const Body& body, const Fields& more) {
  Fields fields = {{":status", "200"}};
  fields.insert(fields.end(), more.begin(), more.end());
  const std::vector<nghttp2_nv> views = Views(fields);
  const nghttp2_data_provider provider =
      ProviderOf(&(bodies_[stream_id] = body));
  const int result = Form(nghttp2_submit_response, "nghttp2_submit_response2")(
      session_, stream_id, views.data(), views.size(), &provider);
  Log(stream_id, "response: " + std::to_string(result));
}

void Server::AnswerInParts(int32_t stream_id, const Body& body) {
  const Fields fields = {{":status", "200"}, {"content-type", "text/css"}};
  const std::vector<nghttp2_nv> views = Views(fields);
  const int32_t result =
      nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream_id, nullptr,
                             views.data(), views.size(), nullptr);
  Log(stream_id, "headers: " + std::to_string(result));
  SubmitData(stream_id, NGHTTP2_FLAG_END_STREAM, &(bodies_[stream_id] = body));
}

void Server::SubmitData(int32_t stream_id, uint8_t flags, Body* body) {
  const nghttp2_data_provider provider = ProviderOf(body);
  const int result = Form(nghttp2_submit_data, "nghttp2_submit_data2")(
      session_, flags, stream_id, &provider);
  Log(stream_id, "data: " + std::to_string(result));
}

void Server::Resume(int32_t stream_id) {
  bodies_[stream_id].available = SIZE_MAX;
  Log(stream_id, "resume: " + std::to_string(nghttp2_session_resume_data(
                                  session_, stream_id)));
}

void Server::SetUrgency(int32_t stream_id, uint32_t urgency) {
  const nghttp2_extpri priority = {.urgency = urgency, .inc = 0};
  Log(stream_id,
      "urgency: " +
          std::to_string(nghttp2_session_change_extpri_stream_priority(
              session_, stream_id, &priority, 1)));
}

void Server::SetWeight(int32_t stream_id, int32_t weight) {
  nghttp2_priority_spec priority;
  nghttp2_priority_spec_init(&priority, 0, weight, 0);
  Log(stream_id,
      "weight: " + std::to_string(nghttp2_session_change_stream_priority(
                       session_, stream_id, &priority)));
}

ssize_t Server::Read(int32_t stream_id, Body* body, uint8_t* buffer,
                     size_t length, uint32_t* flags) {
  if (body->left > 0 && body->available == 0) {
    const ssize_t result = body->when_empty;
    // The next time there are bytes again.
    if (result == NGHTTP2_ERR_PAUSE) body->available = 3000;
    if (result != NGHTTP2_ERR_PAUSE) {
      Log(stream_id, "the body returns " + std::to_string(result));
    }
    return result;
  }
  const size_t size =
      std::min({length, body->left, body->available, body->piece});
  if (body->no_copy) {
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  } else {
    for (size_t i = 0; i < size; ++i) {
      buffer[i] = static_cast<uint8_t>(body->next);
      body->next = static_cast<char>(body->next == 'z' ? 'a' : body->next + 1);
    }
  }
  body->left -= size;
  body->available -= size;
  if (body->left > 0) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!body->trailers.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const std::vector<nghttp2_nv> views = Views(body->trailers);
    Log(stream_id,
        "trailers: " + std::to_string(nghttp2_submit_trailer(
                           session_, stream_id, views.data(), views.size())));
  }
  return static_cast<ssize_t>(size);
}

int Server::SendData(const nghttp2_frame& frame, const uint8_t* header,
                     size_t length, const nghttp2_data_source& source) {
  busy_ = !busy_;
  if (busy_) return NGHTTP2_ERR_WOULDBLOCK;
  const int32_t id = frame.hd.stream_id;
  if (source.ptr != &bodies_[id]) Log(id, "another stream's source");
  out += Text(header, 9);
  if (frame.data.padlen > 0) out += static_cast<char>(frame.data.padlen - 1);
  out += std::string(length, 'n');
  if (frame.data.padlen > 0) out += std::string(frame.data.padlen - 1, '\0');
  return 0;
}

// --- The client --------------------------------------------------------------

nghttp2_session_callbacks* Client::MakeCallbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  SetSharedCallbacks(callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  return callbacks;
}

Client::Client(uint32_t window, const nghttp2_session_callbacks* shared) {
  nghttp2_session_callbacks* own =
      shared == nullptr ? MakeCallbacks() : nullptr;
  Peer* peer = this;
  nghttp2_session_client_new(&session_, own == nullptr ? shared : own, peer);
  nghttp2_session_callbacks_del(own);
  const nghttp2_settings_entry setting = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                          window};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting, 1);
}

int32_t Client::Get(const std::string& path, const Fields& more) {
  Fields fields = {{":method", "GET"},
                   {":scheme", "http"},
                   {":authority", "localhost"},
                   {":path", path}};
  fields.insert(fields.end(), more.begin(), more.end());
  const std::vector<nghttp2_nv> views = Views(fields);
  return nghttp2_submit_request(session_, nullptr, views.data(), views.size(),
                                nullptr, nullptr);
}

int32_t Client::Post(const std::string& path, size_t bytes) {
  const Fields fields = {{":method", "POST"},
                         {":scheme", "http"},
                         {":authority", "localhost"},
                         {":path", path}};
  const std::vector<nghttp2_nv> views = Views(fields);
  nghttp2_data_provider provider = {};
  // One upload at a time.
  static thread_local size_t left;
  left = bytes;
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* buffer,
                              size_t length, uint32_t* flags,
                              nghttp2_data_source*, void*) -> ssize_t {
    const size_t size = std::min({length, left, size_t{1000}});
    std::memset(buffer, 'u', size);
    left -= size;
    if (left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  };
  return nghttp2_submit_request(session_, nullptr, views.data(), views.size(),
                                &provider, nullptr);
}

std::string Exchange(Server* server, Client* client, size_t step) {
  std::string wire;
  while (true) {
    const std::string up = client->Send();
    size_t at = 0;
    while (at < up.size()) {
      const ssize_t taken = server->Receive(up.substr(at, step));
      if (taken < 0) {
        server->log(0) += "receive returns " + std::to_string(taken) + "\n";
        break;
      }
      at += static_cast<size_t>(taken);
    }
    const std::string down = server->Send();
    wire += down;
    if (!down.empty()) client->Receive(down);
    if (up.empty() && down.empty()) return wire;
  }
}

}  // namespace sluice::preload_test
