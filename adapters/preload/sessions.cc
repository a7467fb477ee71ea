// The life of a session, and the bytes that it receives.
#include <sluice/adapters/nghttp2/priority_adapter.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "absl/status/statusor.h"
#include "adapters/preload/callbacks.h"
#include "adapters/preload/next_definition.h"
#include "adapters/preload/scope.h"
#include "adapters/preload/session_table.h"
#include "adapters/preload/turns.h"

namespace sluice::adapters {
namespace {

// Null: nghttp2 serves the session as it would alone. So it does without
// memory.
std::unique_ptr<PriorityAdapter> AdapterFor(const void* caller) {
  if (!IsServed(caller) || PolicySpec().empty()) return nullptr;
  try {
    absl::StatusOr<std::unique_ptr<PriorityAdapter>> adapter =
        PriorityAdapter::Create(PolicySpec());
    if (adapter.ok()) return *std::move(adapter);
  } catch (const std::bad_alloc&) {
  }
  return nullptr;
}

// For a server that gives none. Never destroyed.
const nghttp2_option* DefaultOption() {
  static const nghttp2_option* const option = [] {
    nghttp2_option* made = nullptr;
    if (SLUICE_NEXT(nghttp2_option_new)(&made) == 0) {
      PriorityAdapter::SetOptions(made);
    }
    return made;
  }();
  return option;
}

// The three functions that make server sessions differ in what they leave out.
int MakeServer(nghttp2_session** made,
               const nghttp2_session_callbacks* callbacks, void* user_data,
               const nghttp2_option* option, nghttp2_mem* memory,
               const void* caller) {
  const auto make = SLUICE_NEXT(nghttp2_session_server_new3);
  std::unique_ptr<PriorityAdapter> adapter = AdapterFor(caller);
  if (adapter == nullptr) {
    const NoTrampolines lock;
    return make(made, callbacks, user_data, option, memory);
  }
  const Callbacks applications = CallbacksOf(callbacks);
  const Trampolines trampolines(callbacks, applications);
  const int result = make(made, callbacks, user_data,
                          option == nullptr ? DefaultOption() : option, memory);
  if (result != 0) return result;
  try {
    AddSession(*made,
               std::make_unique<Session>(std::move(adapter), applications,
                                         SendsInTurns(FileOf(caller))));
  } catch (const std::bad_alloc&) {
    SLUICE_NEXT(nghttp2_session_del)(std::exchange(*made, nullptr));
    return NGHTTP2_ERR_NOMEM;
  }
  return 0;
}

int MakeClient(nghttp2_session** made,
               const nghttp2_session_callbacks* callbacks, void* user_data,
               const nghttp2_option* option, nghttp2_mem* memory) {
  const NoTrampolines lock;
  return SLUICE_NEXT(nghttp2_session_client_new3)(made, callbacks, user_data,
                                                  option, memory);
}

// nghttp2_session_recv() calls nghttp2_session_mem_recv(), and so does
// Receive().
template <class Next>
ssize_t Receive(nghttp2_session* key, const uint8_t* data, size_t length,
                Next next) {
  Session* session = FindSession(key);
  if (session == nullptr || session->receiving) return next(key, data, length);
  session->AdvanceTime();
  session->receiving = true;
  const ssize_t taken = session->adapter->Receive(key, data, length);
  session->receiving = false;
  return taken;
}

// Before the session sends: the policy's decisions are of now.
void TellTime(nghttp2_session* key) {
  if (!IsLogged()) return;
  if (Session* session = FindSession(key)) session->AdvanceTime();
}

}  // namespace
}  // namespace sluice::adapters

using sluice::adapters::MakeClient;
using sluice::adapters::MakeServer;
using sluice::adapters::PriorityAdapter;
using sluice::adapters::Receive;
using sluice::adapters::TellTime;

extern "C" {

// The default of the option; the application may set it otherwise.
int nghttp2_option_new(nghttp2_option** made) {
  const int result = SLUICE_NEXT(nghttp2_option_new)(made);
  if (result == 0 && sluice::adapters::IsServed(__builtin_return_address(0))) {
    PriorityAdapter::SetOptions(*made);
  }
  return result;
}

int nghttp2_session_server_new(nghttp2_session** made,
                               const nghttp2_session_callbacks* callbacks,
                               void* user_data) {
  return MakeServer(made, callbacks, user_data, nullptr, nullptr,
                    __builtin_return_address(0));
}

int nghttp2_session_server_new2(nghttp2_session** made,
                                const nghttp2_session_callbacks* callbacks,
                                void* user_data, const nghttp2_option* option) {
  return MakeServer(made, callbacks, user_data, option, nullptr,
                    __builtin_return_address(0));
}

int nghttp2_session_server_new3(nghttp2_session** made,
                                const nghttp2_session_callbacks* callbacks,
                                void* user_data, const nghttp2_option* option,
                                nghttp2_mem* memory) {
  return MakeServer(made, callbacks, user_data, option, memory,
                    __builtin_return_address(0));
}

int nghttp2_session_client_new(nghttp2_session** made,
                               const nghttp2_session_callbacks* callbacks,
                               void* user_data) {
  return MakeClient(made, callbacks, user_data, nullptr, nullptr);
}

int nghttp2_session_client_new2(nghttp2_session** made,
                                const nghttp2_session_callbacks* callbacks,
                                void* user_data, const nghttp2_option* option) {
  return MakeClient(made, callbacks, user_data, option, nullptr);
}

int nghttp2_session_client_new3(nghttp2_session** made,
                                const nghttp2_session_callbacks* callbacks,
                                void* user_data, const nghttp2_option* option,
                                nghttp2_mem* memory) {
  return MakeClient(made, callbacks, user_data, option, memory);
}

void nghttp2_session_del(nghttp2_session* key) {
  // The adapter outlives the session.
  const auto session = sluice::adapters::RemoveSession(key);
  if (session != nullptr && session->sends_in_turns) {
    sluice::adapters::EndTurn();
  }
  SLUICE_NEXT(nghttp2_session_del)(key);
}

ssize_t nghttp2_session_mem_recv(nghttp2_session* key, const uint8_t* data,
                                 size_t length) {
  return Receive(key, data, length, SLUICE_NEXT(nghttp2_session_mem_recv));
}

ssize_t nghttp2_session_mem_send(nghttp2_session* key, const uint8_t** data) {
  TellTime(key);
  return SLUICE_NEXT(nghttp2_session_mem_send)(key, data);
}

int nghttp2_session_send(nghttp2_session* key) {
  TellTime(key);
  return SLUICE_NEXT(nghttp2_session_send)(key);
}

// Of later releases than the headers that this is compiled with. Their
// nghttp2_ssize is a ssize_t.
ssize_t MemRecv2(nghttp2_session* key, const uint8_t* data,
                 size_t length) asm("nghttp2_session_mem_recv2");
ssize_t MemRecv2(nghttp2_session* key, const uint8_t* data, size_t length) {
  return Receive(key, data, length,
                 SLUICE_NEXT_FORM(MemRecv2, "nghttp2_session_mem_recv2",
                                  nghttp2_session_mem_recv));
}

ssize_t MemSend2(nghttp2_session* key,
                 const uint8_t** data) asm("nghttp2_session_mem_send2");
ssize_t MemSend2(nghttp2_session* key, const uint8_t** data) {
  TellTime(key);
  return SLUICE_NEXT_FORM(MemSend2, "nghttp2_session_mem_send2",
                          nghttp2_session_mem_send)(key, data);
}

}  // extern "C"
