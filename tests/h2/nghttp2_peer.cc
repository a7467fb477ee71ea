#include "tests/h2/nghttp2_peer.h"

#include <sluice/signals/rfc7540_priority.h>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>
#include <variant>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/h2/event_text.h"

namespace sluice::h2::tests {
namespace {

uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

// `result` of a call that must not fail.
int Must(int result) {
  if (result < 0) {
    std::cerr << "nghttp2: " << nghttp2_strerror(result) << "\n";
    std::abort();
  }
  return result;
}

std::vector<nghttp2_nv> Fields(const std::vector<Header>& headers) {
  std::vector<nghttp2_nv> fields;
  for (const Header& header : headers) {
    fields.push_back(
        {Bytes(header.name), Bytes(header.value), header.name.size(),
         header.value.size(),
         static_cast<uint8_t>(header.never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX
                                                   : NGHTTP2_NV_FLAG_NONE)});
  }
  return fields;
}

nghttp2_priority_spec Spec(const signals::Rfc7540Priority& priority) {
  nghttp2_priority_spec spec;
  nghttp2_priority_spec_init(&spec, priority.depends_on, priority.weight,
                             priority.exclusive);
  return spec;
}

signals::Rfc7540Priority FromSpec(const nghttp2_priority_spec& spec) {
  return {.depends_on = static_cast<StreamId>(spec.stream_id),
          .weight = spec.weight,
          .exclusive = spec.exclusive != 0};
}

std::vector<nghttp2_settings_entry> Entries(
    const std::vector<Setting>& settings) {
  std::vector<nghttp2_settings_entry> entries;
  for (const Setting& setting : settings) {
    entries.push_back({static_cast<int32_t>(setting.id), setting.value});
  }
  return entries;
}

std::string Code(uint32_t code) {
  return CodeText(static_cast<ErrorCode>(code));
}

}  // namespace

struct Nghttp2Callbacks {
  static Nghttp2Peer* Peer(void* user_data) {
    return static_cast<Nghttp2Peer*>(user_data);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame*,
                      const uint8_t* name, size_t name_length,
                      const uint8_t* value, size_t value_length, uint8_t flags,
                      void* user_data) {
    Peer(user_data)->headers_.push_back(
        {std::string(reinterpret_cast<const char*>(name), name_length),
         std::string(reinterpret_cast<const char*>(value), value_length),
         (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0});
    return 0;
  }

  static int OnDataChunk(nghttp2_session*, uint8_t, int32_t id,
                         const uint8_t* data, size_t length, void* user_data) {
    Peer(user_data)->bodies_[id].append(reinterpret_cast<const char*>(data),
                                        length);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame,
                     void* user_data) {
    Nghttp2Peer* peer = Peer(user_data);
    const auto id = static_cast<StreamId>(frame->hd.stream_id);
    const auto log = [&](auto... parts) {
      peer->log_.push_back(absl::StrCat(parts...));
    };
    const auto opaque = [&] {
      return PayloadText(absl::string_view(
          reinterpret_cast<const char*>(frame->ping.opaque_data), 8));
    };
    const char* ack = frame->hd.flags & NGHTTP2_FLAG_ACK ? " ACK" : "";
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: {
        const std::vector<Header> headers = std::exchange(peer->headers_, {});
        const bool trailers = frame->headers.cat == NGHTTP2_HCAT_HEADERS &&
                              (headers.empty() || headers[0].name[0] != ':');
        log(trailers ? "TRAILERS " : "HEADERS ", id, " ", HeadersText(headers),
            frame->hd.flags & NGHTTP2_FLAG_PRIORITY
                ? " " + PriorityText(FromSpec(frame->headers.pri_spec))
                : "");
        break;
      }
      case NGHTTP2_PRIORITY:
        log("PRIORITY ", id, " ",
            PriorityText(FromSpec(frame->priority.pri_spec)));
        break;
      case NGHTTP2_RST_STREAM:
        log("RST_STREAM ", id, " ", Code(frame->rst_stream.error_code));
        break;
      case NGHTTP2_SETTINGS:
        log("SETTINGS", ack);
        break;
      case NGHTTP2_PUSH_PROMISE:
        log("PUSH_PROMISE ", id, " promises ",
            frame->push_promise.promised_stream_id, " ",
            HeadersText(std::exchange(peer->headers_, {})));
        break;
      case NGHTTP2_PING:
        log("PING", ack, " ", opaque());
        break;
      case NGHTTP2_GOAWAY:
        log("GOAWAY last ", frame->goaway.last_stream_id, " ",
            Code(frame->goaway.error_code));
        break;
      default:
        break;  // DATA by chunks; WINDOW_UPDATE is nghttp2's own matter
    }
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
      log("END ", id, " ", PayloadText(peer->bodies_[id]));
    }
    return 0;
  }

  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame* frame,
                            int error, void* user_data) {
    Peer(user_data)->log_.push_back(
        absl::StrCat("INVALID FRAME type ", static_cast<int>(frame->hd.type),
                     " ", nghttp2_strerror(error)));
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t code,
                           void* user_data) {
    Peer(user_data)->log_.push_back(
        absl::StrCat("CLOSE ", id, " ", Code(code)));
    return 0;
  }

  static ssize_t SelectPadding(nghttp2_session*, const nghttp2_frame* frame,
                               size_t max_length, void* user_data) {
    return std::min(max_length,
                    frame->hd.length + Peer(user_data)->pad_length_);
  }

  static ssize_t ReadBody(nghttp2_session* session, int32_t id, uint8_t* buffer,
                          size_t length, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto& outgoing = *static_cast<Nghttp2Peer::Outgoing*>(source->ptr);
    const size_t size = std::min(length, outgoing.body.size() - outgoing.sent);
    std::memcpy(buffer, outgoing.body.data() + outgoing.sent, size);
    outgoing.sent += size;
    if (outgoing.sent == outgoing.body.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!outgoing.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const std::vector<nghttp2_nv> fields = Fields(outgoing.trailers);
        Must(nghttp2_submit_trailer(session, id, fields.data(), fields.size()));
      }
    }
    return size;
  }
};

void Nghttp2Peer::Delete::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

Nghttp2Peer::Nghttp2Peer(Side side, const std::vector<Setting>& settings) {
  nghttp2_session_callbacks* callbacks;
  Must(nghttp2_session_callbacks_new(&callbacks));
  using C = Nghttp2Callbacks;
  nghttp2_session_callbacks_set_on_header_callback(callbacks, C::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                            C::OnDataChunk);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, C::OnFrame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      callbacks, C::OnInvalidFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                         C::OnStreamClose);
  nghttp2_session_callbacks_set_select_padding_callback(callbacks,
                                                        C::SelectPadding);
  nghttp2_session* session;
  Must(side == Side::kClient
           ? nghttp2_session_client_new(&session, callbacks, this)
           : nghttp2_session_server_new(&session, callbacks, this));
  nghttp2_session_callbacks_del(callbacks);
  session_.reset(session);
  Settings(settings);
}

Nghttp2Peer::~Nghttp2Peer() = default;

std::vector<std::string> Nghttp2Peer::TakeLog() {
  return std::exchange(log_, {});
}

StreamId Nghttp2Peer::Request(
    const Message& message, std::optional<signals::Rfc7540Priority> priority) {
  const auto id =
      static_cast<StreamId>(nghttp2_session_get_next_stream_id(session_.get()));
  Outgoing& outgoing = outgoing_[id];
  outgoing = {message.body, 0, message.trailers};
  nghttp2_data_provider provider;
  provider.source.ptr = &outgoing;
  provider.read_callback = Nghttp2Callbacks::ReadBody;
  const nghttp2_priority_spec spec =
      Spec(priority.value_or(signals::Rfc7540Priority{}));
  const std::vector<nghttp2_nv> fields = Fields(message.headers);
  const bool has_body = !message.body.empty() || !message.trailers.empty();
  return Must(nghttp2_submit_request(session_.get(), priority ? &spec : nullptr,
                                     fields.data(), fields.size(),
                                     has_body ? &provider : nullptr, nullptr));
}

void Nghttp2Peer::Respond(StreamId id, const Message& message) {
  Outgoing& outgoing = outgoing_[id];
  outgoing = {message.body, 0, message.trailers};
  nghttp2_data_provider provider;
  provider.source.ptr = &outgoing;
  provider.read_callback = Nghttp2Callbacks::ReadBody;
  const std::vector<nghttp2_nv> fields = Fields(message.headers);
  const bool has_body = !message.body.empty() || !message.trailers.empty();
  Must(nghttp2_submit_response(session_.get(), id, fields.data(), fields.size(),
                               has_body ? &provider : nullptr));
}

void Nghttp2Peer::Inform(StreamId id, const std::vector<Header>& headers) {
  const std::vector<nghttp2_nv> fields = Fields(headers);
  Must(nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr,
                              fields.data(), fields.size(), nullptr));
}

StreamId Nghttp2Peer::Promise(StreamId parent,
                              const std::vector<Header>& request) {
  const std::vector<nghttp2_nv> fields = Fields(request);
  return Must(nghttp2_submit_push_promise(session_.get(), NGHTTP2_FLAG_NONE,
                                          parent, fields.data(), fields.size(),
                                          nullptr));
}

bool Nghttp2Peer::HasRfc7540Priorities() {
  return nghttp2_version(0)->version_num < 0x014100;
}

void Nghttp2Peer::Prioritize(StreamId id,
                             const signals::Rfc7540Priority& priority) {
  const nghttp2_priority_spec spec = Spec(priority);
  Must(nghttp2_submit_priority(session_.get(), NGHTTP2_FLAG_NONE, id, &spec));
}

void Nghttp2Peer::Reset(StreamId id, ErrorCode code) {
  Must(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id,
                                 static_cast<uint32_t>(code)));
}

void Nghttp2Peer::Settings(const std::vector<Setting>& settings) {
  const std::vector<nghttp2_settings_entry> entries = Entries(settings);
  Must(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE,
                               entries.data(), entries.size()));
}

void Nghttp2Peer::Ping(absl::string_view data) {
  Must(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, Bytes(data)));
}

void Nghttp2Peer::GoAway(StreamId last, ErrorCode code) {
  Must(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last,
                             static_cast<uint32_t>(code), nullptr, 0));
}

void Nghttp2Peer::WindowUpdate(StreamId id, int increment) {
  Must(nghttp2_submit_window_update(session_.get(), NGHTTP2_FLAG_NONE, id,
                                    increment));
}

void Nghttp2Peer::Exchange(Player* ours) {
  for (;;) {
    const std::string from_us = (*ours)->DataToSend();
    Receive(from_us);
    const std::string from_peer = TakeOutput();
    EXPECT_EQ(StatusText(ours->Receive(from_peer)), "OK");
    if (from_us.empty() && from_peer.empty()) return;
  }
}

void Nghttp2Peer::ReceiveBody(Player* ours, StreamId id, absl::string_view body,
                              SendDataOptions options) {
  Connection& connection = **ours;
  const size_t padding =
      options.pad_length ? size_t{1} + *options.pad_length : 0;
  const bool ends = options.end_stream;
  for (int round = 0; !body.empty(); ++round) {
    ASSERT_LT(round, 100000) << body.size() << " bytes are stuck";
    const int64_t room = std::min<int64_t>(
        {*connection.LocalFlowControlWindow(id),
         static_cast<int64_t>(connection.CapacityFor(0).frame_size),
         static_cast<int64_t>(connection.CapacityFor(0).output_room)});
    if (room > static_cast<int64_t>(padding)) {
      const absl::string_view piece = body.substr(0, room - padding);
      body.remove_prefix(piece.size());
      options.end_stream = ends && body.empty();
      ASSERT_EQ(StatusText(connection.SendData(id, absl::Cord(piece), options)),
                "OK");
    }
    Exchange(ours);
  }
}

std::string Nghttp2Peer::SendBody(Player* ours, StreamId id) {
  std::string body;
  for (;;) {
    Exchange(ours);
    bool any = false;
    for (const Event& event : ours->TakeRawEvents()) {
      const auto* data = std::get_if<DataReceived>(&event);
      if (data == nullptr || data->stream_id != id) continue;
      any = true;
      absl::StrAppend(&body, data->data);
      EXPECT_EQ(StatusText((*ours)->AcknowledgeReceivedData(
                    id, data->flow_controlled_length)),
                "OK");
    }
    if (!any) return body;
  }
}

bool Nghttp2Peer::done() const {
  return !nghttp2_session_want_read(session_.get()) &&
         !nghttp2_session_want_write(session_.get());
}

std::string Nghttp2Peer::TakeOutput() {
  std::string output;
  for (;;) {
    const uint8_t* data;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    Must(static_cast<int>(size));
    if (size == 0) return output;
    output.append(reinterpret_cast<const char*>(data), size);
  }
}

void Nghttp2Peer::Receive(absl::string_view bytes) {
  if (bytes.empty()) return;
  const ssize_t used =
      nghttp2_session_mem_recv(session_.get(), Bytes(bytes), bytes.size());
  EXPECT_EQ(used, static_cast<ssize_t>(bytes.size()))
      << nghttp2_strerror(static_cast<int>(used));
}

void AgainstNghttp2(
    const ConnectionOptions& options, const std::vector<Setting>& peer_settings,
    const std::function<void(Player& ours, Nghttp2Peer& peer)>& body) {
  for (const Feeding& feeding : Feeding::All()) {
    SCOPED_TRACE(feeding.name());
    Player ours(options, feeding);
    Nghttp2Peer peer(
        options.side == Side::kServer ? Side::kClient : Side::kServer,
        peer_settings);
    ASSERT_TRUE(ours->InitiateConnection().ok());
    peer.Exchange(&ours);
    ours.TakeEvents();
    peer.TakeLog();
    body(ours, peer);
    if (::testing::Test::HasFailure()) return;
  }
}

std::string Pattern(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text.push_back('a' + i % 26);
  return text;
}

}  // namespace sluice::h2::tests
