#include "adapters/preload/turns.h"

#include <dlfcn.h>
#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

#include "adapters/preload/next_definition.h"
#include "adapters/preload/session_table.h"

namespace sluice::adapters {
namespace {

constexpr size_t kTurn = 16384;  // bytes

// A thread serves one connection between two polls.
struct Turn {
  size_t bytes = 0;
  bool left_early = false;  // the session would have written more
};
constinit thread_local Turn turn __attribute__((tls_model("initial-exec")));

}  // namespace

bool TurnIsOver() { return turn.bytes >= kTurn; }
void CountInTurn(size_t bytes) { turn.bytes += bytes; }
void EndTurn() { turn = {}; }

}  // namespace sluice::adapters

using sluice::adapters::FindSession;
using sluice::adapters::Session;
using sluice::adapters::turn;

extern "C" int apr_pollset_poll(void* pollset, int64_t timeout, int32_t* count,
                                const void** descriptors);

namespace {

constexpr int kNotImplemented = 70023;  // APR_ENOTIMPL

// In a program that loads APR with a plugin (a Java server does), the function
// is not behind this library: the plugin alone sees it.
decltype(&apr_pollset_poll) PollOf(const void* caller) {
  Dl_info info;
  if (dladdr(caller, &info) == 0) return nullptr;
  void* const plugin = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (plugin == nullptr) return nullptr;
  const auto found = reinterpret_cast<decltype(&apr_pollset_poll)>(
      dlsym(plugin, "apr_pollset_poll"));
  dlclose(plugin);
  return found == &apr_pollset_poll ? nullptr : found;
}

}  // namespace

extern "C" {

int nghttp2_session_want_write(nghttp2_session* key) {
  const int wants = SLUICE_NEXT(nghttp2_session_want_write)(key);
  const Session* session = FindSession(key);
  if (session == nullptr || !session->sends_in_turns) return wants;
  turn.left_early = wants != 0 && sluice::adapters::TurnIsOver();
  return turn.left_early ? 0 : wants;
}

// Of APR, in mod_http2's loop. `timeout` is in microseconds.
int apr_pollset_poll(void* pollset, int64_t timeout, int32_t* count,
                     const void** descriptors) {
  static const auto behind = reinterpret_cast<decltype(&apr_pollset_poll)>(
      sluice::adapters::NextDefinition("apr_pollset_poll"));
  auto* next = behind;
  if (next == nullptr) next = PollOf(__builtin_return_address(0));
  if (next == nullptr) return kNotImplemented;
  // It may poll again before it asks the session.
  if (turn.left_early) timeout = 0;
  turn.bytes = 0;
  return next(pollset, timeout, count, descriptors);
}

}  // extern "C"
