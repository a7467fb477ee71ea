// libnghttp2's side of judging_core.h.
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/fuzz/judging_core.h"
#include "tests/h2/frame_builder.h"

namespace sluice::fuzz {
namespace {

using h2::StreamId;

absl::string_view Text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::vector<nghttp2_nv> FieldsOf(const std::vector<h2::Header>& headers) {
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  std::vector<nghttp2_nv> fields;
  for (const h2::Header& header : headers) {
    fields.push_back({bytes(header.name), bytes(header.value),
                      header.name.size(), header.value.size(),
                      NGHTTP2_NV_FLAG_NONE});
  }
  return fields;
}

class Theirs : public JudgingCore {
 public:
  Theirs(h2::Side side, const std::vector<h2::Setting>& settings)
      : JudgingCore(side) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    SetCallbacks(callbacks);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_builtin_recv_extension_type(option,
                                                   NGHTTP2_PRIORITY_UPDATE);
    nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_ALTSVC);
    if (side == h2::Side::kServer) {
      nghttp2_session_server_new2(&session_, callbacks, this, option);
    } else {
      nghttp2_session_client_new2(&session_, callbacks, this, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    std::vector<nghttp2_settings_entry> entries;
    for (const h2::Setting& setting : settings) {
      entries.push_back({static_cast<int32_t>(setting.id), setting.value});
    }
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(),
                            entries.size());
  }
  ~Theirs() override { nghttp2_session_del(session_); }

  void Receive(absl::string_view bytes) override {
    if (failed_) return;
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (taken >= 0) return;
    failed_ = true;
    why_ = nghttp2_strerror(static_cast<int>(taken));
  }

  bool Ask(StreamId id, const std::vector<h2::Header>& request,
           bool end_stream) override {
    if (nghttp2_session_get_next_stream_id(session_) != id) return false;
    return Submit(-1, request, end_stream);
  }
  bool Answer(StreamId id, bool end_stream) override {
    return Submit(static_cast<int32_t>(id), {{":status", "200"}}, end_stream);
  }
  bool Promise(StreamId parent, StreamId promised) override {
    if (nghttp2_session_get_next_stream_id(session_) != promised) return false;
    const std::vector<h2::Header> request = h2::tests::Get();
    const std::vector<nghttp2_nv> fields = FieldsOf(request);
    wrote_ = false;
    nghttp2_submit_push_promise(session_, NGHTTP2_FLAG_NONE,
                                static_cast<int32_t>(parent), fields.data(),
                                fields.size(), nullptr);
    return Write();
  }
  bool Reset(StreamId id) override {
    wrote_ = false;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE,
                              static_cast<int32_t>(id), NGHTTP2_CANCEL);
    return Write();
  }
  bool IsDone() const override {
    return nghttp2_session_want_read(session_) == 0;
  }

 private:
  bool Submit(int32_t id, const std::vector<h2::Header>& headers,
              bool end_stream) {
    const std::vector<nghttp2_nv> fields = FieldsOf(headers);
    wrote_ = false;
    nghttp2_submit_headers(
        session_, end_stream ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, id,
        nullptr, fields.data(), fields.size(), nullptr);
    return Write();
  }

  // Whether the frame that was submitted went out.
  bool Write() {
    output_ += TakeOutput();
    return wrote_;
  }

  std::string TakeOutput() override {
    std::string output = std::exchange(output_, {});
    const uint8_t* data = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_, &data)) > 0) {
      output += std::string(Text(data, static_cast<size_t>(size)));
    }
    return output;
  }

  static void SetCallbacks(nghttp2_session_callbacks* callbacks) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, void* user_data) {
          Of(user_data)->fields_.clear();
          return 0;
        });
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame*, const uint8_t* name,
           size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
           void* user_data) {
          Of(user_data)->fields_.push_back(
              {std::string(Text(name, name_size)),
               std::string(Text(value, value_size))});
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, uint8_t, int32_t id,
                      const uint8_t* data, size_t size, void* user_data) {
          Of(user_data)->Deliver(static_cast<StreamId>(id), Text(data, size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_send_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
          const uint8_t type = frame->hd.type;
          Of(user_data)->wrote_ |= type == NGHTTP2_HEADERS ||
                                   type == NGHTTP2_PUSH_PROMISE ||
                                   type == NGHTTP2_RST_STREAM;
          return 0;
        });
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame*, int error, void* user_data) {
          Of(user_data)->why_ += nghttp2_strerror(error);
          return 0;
        });
    nghttp2_session_callbacks_set_error_callback2(
        callbacks, [](nghttp2_session*, int, const char* message, size_t size,
                      void* user_data) {
          Of(user_data)->why_ += std::string(message, size) + "; ";
          return 0;
        });
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame,
                     void* user_data) {
    Theirs* self = Of(user_data);
    const nghttp2_frame_hd& hd = frame->hd;
    if (hd.type != NGHTTP2_HEADERS && hd.type != NGHTTP2_DATA &&
        hd.type != NGHTTP2_PUSH_PROMISE) {
      return 0;
    }
    const auto id = static_cast<StreamId>(
        hd.type == NGHTTP2_PUSH_PROMISE ? frame->push_promise.promised_stream_id
                                        : hd.stream_id);
    if (hd.type != NGHTTP2_DATA) {  // else they are of a message refused before
      for (const h2::Header& field : std::exchange(self->fields_, {})) {
        self->DeliverHeaders(id, field.name, field.value);
      }
    }
    const bool ends = hd.type != NGHTTP2_PUSH_PROMISE &&
                      (hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (ends) self->Deliver(id, "[end]");
    return 0;
  }

  static Theirs* Of(void* user_data) { return static_cast<Theirs*>(user_data); }

  nghttp2_session* session_ = nullptr;
  std::vector<h2::Header> fields_;
  std::string output_;
  bool wrote_ = false;
};

}  // namespace

std::unique_ptr<JudgingCore> Nghttp2Core(
    h2::Side side, const std::vector<h2::Setting>& settings) {
  return std::make_unique<Theirs>(side, settings);
}

}  // namespace sluice::fuzz
