// The callbacks of an application that this library stands in front of. They
// are noted when the application sets them, and a server session is made with
// trampolines in their places, which tell the session's adapter first. A
// callback that this library does not know stays as it is.
#ifndef SLUICE_ADAPTERS_PRELOAD_CALLBACKS_H_
#define SLUICE_ADAPTERS_PRELOAD_CALLBACKS_H_

#include <nghttp2/nghttp2.h>

namespace sluice::adapters {

struct Callbacks {
  nghttp2_on_frame_recv_callback on_frame_recv = nullptr;
  nghttp2_on_header_callback on_header = nullptr;
  nghttp2_on_header_callback2 on_header2 = nullptr;
  nghttp2_on_stream_close_callback on_stream_close = nullptr;
  nghttp2_on_frame_send_callback on_frame_send = nullptr;
  nghttp2_on_frame_not_send_callback on_frame_not_send = nullptr;
  nghttp2_send_data_callback send_data = nullptr;
  bool pads = false;  // it has a select_padding_callback
};

// Those that the application has set in `object` until now.
Callbacks CallbacksOf(const nghttp2_session_callbacks* object);

// While it lives, no other thread makes a session with this library, and the
// object holds trampolines. The sessions that are made of it meanwhile keep
// them; they must be in the session table before they are used.
class Trampolines {
 public:
  Trampolines(const nghttp2_session_callbacks* object,
              const Callbacks& applications);
  ~Trampolines();
  Trampolines(const Trampolines&) = delete;
  Trampolines& operator=(const Trampolines&) = delete;

 private:
  nghttp2_session_callbacks* const object_;
  const Callbacks& applications_;
};

// The lock that Trampolines holds, for sessions that are made without.
class NoTrampolines {
 public:
  NoTrampolines();
  ~NoTrampolines();
  NoTrampolines(const NoTrampolines&) = delete;
  NoTrampolines& operator=(const NoTrampolines&) = delete;
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_PRELOAD_CALLBACKS_H_
