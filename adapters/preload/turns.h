// Servers that would write all they have before they read again.
//
// Apache's mod_http2 sends until nghttp2_session_want_write() says no, and its
// writes block; so an urgent request is read after all that came before it is
// written. In such a session a turn ends after 16 KB of DATA: until the thread
// polls, the session wants to write nothing. Since the server then believes
// that only an event can give it work, the poll does not wait.
#ifndef SLUICE_ADAPTERS_PRELOAD_TURNS_H_
#define SLUICE_ADAPTERS_PRELOAD_TURNS_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sluice::adapters {

// Whether the sessions that the library makes are sent in turns.
inline bool SendsInTurns(absl::string_view library) {
  return library == "mod_http2.so";
}

// Of this thread.
bool TurnIsOver();
void CountInTurn(size_t bytes);
// Its session ends, and leaves nothing to write.
void EndTurn();

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_PRELOAD_TURNS_H_
