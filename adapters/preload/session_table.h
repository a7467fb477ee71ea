// The server sessions that a policy schedules, by nghttp2's pointers to them.
#ifndef SLUICE_ADAPTERS_PRELOAD_SESSION_TABLE_H_
#define SLUICE_ADAPTERS_PRELOAD_SESSION_TABLE_H_

#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <memory>
#include <utility>

#include "adapters/preload/callbacks.h"

namespace sluice::adapters {

struct Session {
  Session(std::unique_ptr<PriorityAdapter> its_adapter,
          const Callbacks& applications)
      : adapter(std::move(its_adapter)), callbacks(applications) {}

  // What `adapter` gives nghttp2 in place of a body's own provider.
  bool IsScheduled(const nghttp2_data_provider& provider) const {
    return provider.source.ptr == adapter.get();
  }
  // Tells the decision log the time, if IsLogged().
  void AdvanceTime();

  const std::unique_ptr<PriorityAdapter> adapter;
  const Callbacks callbacks;  // the application's
  bool receiving = false;     // Receive() is under way
  std::chrono::steady_clock::time_point told_time =
      std::chrono::steady_clock::now();
};

// Whether sessions write decision logs.
bool IsLogged();

// All are thread-safe; a Session is not: it belongs to the thread that owns its
// nghttp2_session, which may change.

void AddSession(nghttp2_session* key, std::unique_ptr<Session> session);
// Null when it is none of these. Takes no lock when this thread found it
// before, and none has come or gone since.
Session* FindSession(nghttp2_session* key);
// Null as before.
std::unique_ptr<Session> RemoveSession(nghttp2_session* key);

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_PRELOAD_SESSION_TABLE_H_
