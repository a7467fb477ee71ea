#include "adapters/preload/callbacks.h"

#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <nghttp2/nghttp2.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "adapters/preload/next_definition.h"
#include "adapters/preload/session_table.h"
#include "adapters/preload/turns.h"

namespace sluice::adapters {
namespace {

// The objects of this process. Never destroyed: see session_table.cc.
struct Noted {
  std::mutex mutex;
  std::unordered_map<const nghttp2_session_callbacks*, Callbacks> callbacks;
};
Noted& TheNoted();

// The child of a program with threads gets the locks as other threads held
// them; so nobody holds one while it is made.
std::mutex& MakingMutex();
void LockAll() {
  MakingMutex().lock();
  TheNoted().mutex.lock();
  LockSessions();
}
void UnlockAll() {
  UnlockSessions();
  TheNoted().mutex.unlock();
  MakingMutex().unlock();
}

Noted& TheNoted() {
  static Noted& noted = *[] {
    pthread_atfork(LockAll, UnlockAll, UnlockAll);
    return new Noted;
  }();
  return noted;
}

std::mutex& MakingMutex() {
  static std::mutex& mutex = *[] {
    TheNoted();
    return new std::mutex;
  }();
  return mutex;
}

template <class Callback>
void Note(const nghttp2_session_callbacks* object, Callback Callbacks::*which,
          Callback callback) {
  Noted& noted = TheNoted();
  const std::lock_guard lock(noted.mutex);
  noted.callbacks[object].*which = callback;
}

// Trampolines are in sessions of the table alone.
Session& SessionOf(nghttp2_session* key) { return *FindSession(key); }

absl::string_view Text(const uint8_t* bytes, size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

absl::string_view Text(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return Text(bytes.base, bytes.len);
}

int OnFrameRecv(nghttp2_session* key, const nghttp2_frame* frame,
                void* user_data) {
  Session& session = SessionOf(key);
  session.adapter->OnFrameRecv(key, frame);
  const auto next = session.callbacks.on_frame_recv;
  return next == nullptr ? 0 : next(key, frame, user_data);
}

int OnHeader(nghttp2_session* key, const nghttp2_frame* frame,
             const uint8_t* name, size_t name_length, const uint8_t* value,
             size_t value_length, uint8_t flags, void* user_data) {
  Session& session = SessionOf(key);
  session.adapter->OnHeader(frame, Text(name, name_length),
                            Text(value, value_length));
  const auto next = session.callbacks.on_header;
  return next == nullptr ? 0
                         : next(key, frame, name, name_length, value,
                                value_length, flags, user_data);
}

// Names of HPACK's static table that OnHeader() does not read. Each of them is
// one object as long as nghttp2 is loaded, so it is known again by its address.
constexpr size_t kKnownNames = 64;
constinit std::array<std::atomic<const nghttp2_rcbuf*>, kKnownNames>
    unread_names = {};
std::atomic<const nghttp2_rcbuf*>& PlaceOf(const nghttp2_rcbuf* name) {
  return unread_names[reinterpret_cast<uintptr_t>(name) / 32 % kKnownNames];
}

ABSL_ATTRIBUTE_NOINLINE int TellHeader2(nghttp2_session* key,
                                        const nghttp2_frame* frame,
                                        nghttp2_rcbuf* name,
                                        nghttp2_rcbuf* value, uint8_t flags,
                                        void* user_data) {
  Session& session = SessionOf(key);
  const absl::string_view read = Text(name);
  if (PriorityAdapter::ReadsHeader(read)) {
    session.adapter->OnHeader(frame, read, Text(value));
  } else if (PlaceOf(name).load(std::memory_order_relaxed) == nullptr &&
             SLUICE_NEXT(nghttp2_rcbuf_is_static)(name) != 0) {
    PlaceOf(name).store(name, std::memory_order_relaxed);
  }
  return session.callbacks.on_header2(key, frame, name, value, flags,
                                      user_data);
}

// Five to fifteen times a request, so the usual way saves no registers.
int OnHeader2(nghttp2_session* key, const nghttp2_frame* frame,
              nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags,
              void* user_data) {
  const Session* session = SessionFoundBefore(key);
  const bool unread = PlaceOf(name).load(std::memory_order_relaxed) == name;
  if (ABSL_PREDICT_FALSE(!unread || session == nullptr)) {
    return TellHeader2(key, frame, name, value, flags, user_data);
  }
  return session->callbacks.on_header2(key, frame, name, value, flags,
                                       user_data);
}

int OnStreamClose(nghttp2_session* key, int32_t stream_id, uint32_t error,
                  void* user_data) {
  Session& session = SessionOf(key);
  session.adapter->OnStreamClose(key, stream_id);
  const auto next = session.callbacks.on_stream_close;
  return next == nullptr ? 0 : next(key, stream_id, error, user_data);
}

int OnFrameSend(nghttp2_session* key, const nghttp2_frame* frame,
                void* user_data) {
  Session& session = SessionOf(key);
  session.adapter->OnFrameSend(key, frame);
  const auto next = session.callbacks.on_frame_send;
  return next == nullptr ? 0 : next(key, frame, user_data);
}

int OnFrameNotSend(nghttp2_session* key, const nghttp2_frame* frame, int error,
                   void* user_data) {
  Session& session = SessionOf(key);
  session.adapter->OnFrameNotSend(key, frame);
  const auto next = session.callbacks.on_frame_not_send;
  return next == nullptr ? 0 : next(key, frame, error, user_data);
}

ABSL_ATTRIBUTE_NOINLINE int SendInTurn(nghttp2_send_data_callback send,
                                       nghttp2_session* key,
                                       nghttp2_frame* frame,
                                       const uint8_t* header, size_t length,
                                       nghttp2_data_source* source,
                                       void* user_data) {
  if (TurnIsOver()) return NGHTTP2_ERR_WOULDBLOCK;
  const int result = send(key, frame, header, length, source, user_data);
  if (result == 0) CountInTurn(length);
  return result;
}

// The application finds its own source again.
int SendData(nghttp2_session* key, nghttp2_frame* frame, const uint8_t* header,
             size_t length, nghttp2_data_source* source, void* user_data) {
  Session& session = SessionOf(key);
  nghttp2_data_source* own = session.adapter->SourceOf(frame->hd.stream_id);
  if (own != nullptr) source = own;
  const auto send = session.callbacks.send_data;
  return session.sends_in_turns
             ? SendInTurn(send, key, frame, header, length, source, user_data)
             : send(key, frame, header, length, source, user_data);
}

}  // namespace

#define SET(callback, value) \
  SLUICE_NEXT(nghttp2_session_callbacks_set_##callback)(object_, value)

Callbacks CallbacksOf(const nghttp2_session_callbacks* object) {
  Noted& noted = TheNoted();
  const std::lock_guard lock(noted.mutex);
  const auto at = noted.callbacks.find(object);
  return at == noted.callbacks.end() ? Callbacks() : at->second;
}

Trampolines::Trampolines(const nghttp2_session_callbacks* object,
                         const Callbacks& applications)
    : object_(const_cast<nghttp2_session_callbacks*>(object)),
      applications_(applications) {
  MakingMutex().lock();
  SET(on_frame_recv_callback, OnFrameRecv);
  SET(on_stream_close_callback, OnStreamClose);
  SET(on_frame_not_send_callback, OnFrameNotSend);
  // nghttp2 calls the second one alone when there are both.
  if (applications_.on_header2 != nullptr) {
    SET(on_header_callback2, OnHeader2);
  } else {
    SET(on_header_callback, OnHeader);
  }
  if (applications_.pads) SET(on_frame_send_callback, OnFrameSend);
  if (applications_.send_data != nullptr) SET(send_data_callback, SendData);
}

Trampolines::~Trampolines() {
  SET(on_frame_recv_callback, applications_.on_frame_recv);
  SET(on_stream_close_callback, applications_.on_stream_close);
  SET(on_header_callback2, applications_.on_header2);
  SET(on_header_callback, applications_.on_header);
  SET(on_frame_send_callback, applications_.on_frame_send);
  SET(on_frame_not_send_callback, applications_.on_frame_not_send);
  SET(send_data_callback, applications_.send_data);
  MakingMutex().unlock();
}

#undef SET

NoTrampolines::NoTrampolines() { MakingMutex().lock(); }
NoTrampolines::~NoTrampolines() { MakingMutex().unlock(); }

}  // namespace sluice::adapters

using sluice::adapters::Callbacks;
using sluice::adapters::Note;
using sluice::adapters::TheNoted;

// A setter of nghttp2 that notes the callback as well.
#define NOTE(setter, type, member)                                \
  void setter(nghttp2_session_callbacks* object, type callback) { \
    Note(object, &Callbacks::member, callback);                   \
    SLUICE_NEXT(setter)(object, callback);                        \
  }

extern "C" {

NOTE(nghttp2_session_callbacks_set_on_frame_recv_callback,
     nghttp2_on_frame_recv_callback, on_frame_recv)
NOTE(nghttp2_session_callbacks_set_on_header_callback,
     nghttp2_on_header_callback, on_header)
NOTE(nghttp2_session_callbacks_set_on_header_callback2,
     nghttp2_on_header_callback2, on_header2)
NOTE(nghttp2_session_callbacks_set_on_stream_close_callback,
     nghttp2_on_stream_close_callback, on_stream_close)
NOTE(nghttp2_session_callbacks_set_on_frame_send_callback,
     nghttp2_on_frame_send_callback, on_frame_send)
NOTE(nghttp2_session_callbacks_set_on_frame_not_send_callback,
     nghttp2_on_frame_not_send_callback, on_frame_not_send)
NOTE(nghttp2_session_callbacks_set_send_data_callback,
     nghttp2_send_data_callback, send_data)

void nghttp2_session_callbacks_set_select_padding_callback(
    nghttp2_session_callbacks* object,
    nghttp2_select_padding_callback callback) {
  Note(object, &Callbacks::pads, callback != nullptr);
  SLUICE_NEXT(nghttp2_session_callbacks_set_select_padding_callback)
  (object, callback);
}

// Of later releases than the headers that this is compiled with.
void SetSelectPaddingCallback2(
    nghttp2_session_callbacks* object,
    nghttp2_select_padding_callback
        callback) asm("nghttp2_session_callbacks_set_select_padding_callback2");
void SetSelectPaddingCallback2(nghttp2_session_callbacks* object,
                               nghttp2_select_padding_callback callback) {
  Note(object, &Callbacks::pads, callback != nullptr);
  SLUICE_NEXT_FORM(SetSelectPaddingCallback2,
                   "nghttp2_session_callbacks_set_select_padding_callback2",
                   nghttp2_session_callbacks_set_select_padding_callback)
  (object, callback);
}

void nghttp2_session_callbacks_del(nghttp2_session_callbacks* object) {
  {
    const std::lock_guard lock(TheNoted().mutex);
    TheNoted().callbacks.erase(object);
  }
  SLUICE_NEXT(nghttp2_session_callbacks_del)(object);
}

}  // extern "C"
