// The server sessions that a policy schedules, by nghttp2's pointers to them.
#ifndef SLUICE_ADAPTERS_PRELOAD_SESSION_TABLE_H_
#define SLUICE_ADAPTERS_PRELOAD_SESSION_TABLE_H_

#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <nghttp2/nghttp2.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "adapters/preload/callbacks.h"

namespace sluice::adapters {

namespace internal {
extern constinit std::atomic<bool> is_logged;
}  // namespace internal

struct Session {
  Session(std::unique_ptr<PriorityAdapter> its_adapter,
          const Callbacks& applications, bool in_turns)
      : adapter(std::move(its_adapter)),
        callbacks(applications),
        reads_hints(adapter->ReadsHints()),
        sends_in_turns(in_turns) {}

  // Tells the decision log the time, if IsLogged().
  void AdvanceTime();

  const std::unique_ptr<PriorityAdapter> adapter;
  const Callbacks callbacks;  // the application's
  const bool reads_hints;     // of responses
  const bool sends_in_turns;  // see turns.h
  bool receiving = false;     // Receive() is under way
  std::chrono::steady_clock::time_point told_time =
      std::chrono::steady_clock::now();
};

// Whether sessions write decision logs. False before the first is made.
inline bool IsLogged() {
  return internal::is_logged.load(std::memory_order_relaxed);
}

// All are thread-safe; a Session is not: it belongs to the thread that owns its
// nghttp2_session, which may change.

void AddSession(nghttp2_session* key, std::unique_ptr<Session> session);
// Null when it is none of these. Takes no lock when this thread found it
// before, and none has come or gone since.
Session* FindSession(nghttp2_session* key);
// The same where it takes no lock and calls nothing, else null.
Session* SessionFoundBefore(nghttp2_session* key);
// Null as before.
std::unique_ptr<Session> RemoveSession(nghttp2_session* key);

// For a fork(): meanwhile no other thread is in the functions above.
void LockSessions();
void UnlockSessions();

// --- Implementation ----------------------------------------------------------

namespace internal {

// Grows when a session comes or goes. A thread that reads the number of before
// owns no session of that address: the application hands its sessions over by
// means of its own, which order these reads too.
extern constinit std::atomic<uint64_t> session_generation;

// What this thread found last.
struct FoundSession {
  nghttp2_session* key;
  Session* session;
  uint64_t generation;
};
extern constinit thread_local FoundSession found_session
    __attribute__((tls_model("initial-exec")));

// Sets found_session.
Session* LookUpSession(nghttp2_session* key);

inline bool IsFound(nghttp2_session* key) {
  return found_session.key == key &&
         found_session.generation ==
             session_generation.load(std::memory_order_relaxed);
}

}  // namespace internal

inline Session* SessionFoundBefore(nghttp2_session* key) {
  return internal::IsFound(key) ? internal::found_session.session : nullptr;
}
inline Session* FindSession(nghttp2_session* key) {
  return internal::IsFound(key) ? internal::found_session.session
                                : internal::LookUpSession(key);
}

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_PRELOAD_SESSION_TABLE_H_
