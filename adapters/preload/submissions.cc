// What the application gives a session to send, and its own priorities.
#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"
#include "adapters/preload/next_definition.h"
#include "adapters/preload/response_fields.h"
#include "adapters/preload/session_table.h"

namespace sluice::adapters {

using ::sluice::scheduler::ServerPriority;

namespace {

// Calls `submit` with the provider that nghttp2 should ask. The adapter keeps
// the body only when nghttp2 has taken it.
template <class Submit>
int SubmitBody(Session* session, int32_t stream_id,
               const nghttp2_data_provider* provider, Submit submit) {
  if (session == nullptr || provider == nullptr ||
      provider->read_callback == nullptr) {
    return submit(provider);
  }
  const auto scheduled = session->adapter->Scheduled<nghttp2_data_provider>();
  const int result = submit(&scheduled);
  if (result == 0) session->adapter->OnSubmitted(stream_id, *provider);
  return result;
}

// Of a stream that has closed meanwhile, or never was one, the adapter takes
// nothing.
ABSL_ATTRIBUTE_NOINLINE void TakeFields(Session* session, int32_t stream_id,
                                        const nghttp2_nv* fields,
                                        size_t count) {
  const ResponseFields read = ReadResponseFields(fields, count);
  if (read.hints.has_value()) {
    session->adapter->SetHints(stream_id, *read.hints).IgnoreError();
  }
  if (!read.priority.empty()) {
    session->adapter->SetResponse(stream_id, read.priority).IgnoreError();
  }
}

template <class Next>
int SubmitResponse(nghttp2_session* key, int32_t stream_id,
                   const nghttp2_nv* fields, size_t count,
                   const nghttp2_data_provider* provider, Next next) {
  Session* session = FindSession(key);
  const int result = SubmitBody(
      session, stream_id, provider, [&](const nghttp2_data_provider* given) {
        return next(key, stream_id, fields, count, given);
      });
  if (session != nullptr && result == 0 &&
      MayBeRead(fields, count, session->reads_hints)) {
    TakeFields(session, stream_id, fields, count);
  }
  return result;
}

template <class Next>
ABSL_ATTRIBUTE_NOINLINE int SubmitNewData(nghttp2_session* key, uint8_t flags,
                                          int32_t stream_id,
                                          const nghttp2_data_provider* provider,
                                          Next next) {
  return SubmitBody(FindSession(key), stream_id, provider,
                    [&](const nghttp2_data_provider* given) {
                      return next(key, flags, stream_id, given);
                    });
}

template <class Next>
int SubmitData(nghttp2_session* key, uint8_t flags, int32_t stream_id,
               const nghttp2_data_provider* provider, Next next) {
  // nghttp2 itself makes the call for the body of a response.
  const bool kept =
      provider != nullptr && PriorityAdapter::IsScheduled(*provider);
  return kept ? next(key, flags, stream_id, provider)
              : SubmitNewData(key, flags, stream_id, provider, next);
}

// The last call holds, over all that the client says. nghttp2 too heeds only
// one of the two schemes.
void SetServerPriority(nghttp2_session* key, int32_t stream_id,
                       const ServerPriority& priority) {
  Session* session = FindSession(key);
  if (session == nullptr) return;
  session->adapter->SetServerPriority(stream_id, priority).IgnoreError();
}

}  // namespace
}  // namespace sluice::adapters

using sluice::adapters::FindSession;
using sluice::adapters::Session;
using sluice::adapters::SetServerPriority;
using sluice::adapters::SubmitData;
using sluice::adapters::SubmitResponse;
using sluice::signals::Rfc7540Priority;
using sluice::signals::Rfc9218Priority;

extern "C" {

int nghttp2_submit_response(nghttp2_session* key, int32_t stream_id,
                            const nghttp2_nv* fields, size_t count,
                            const nghttp2_data_provider* provider) {
  return SubmitResponse(key, stream_id, fields, count, provider,
                        SLUICE_NEXT(nghttp2_submit_response));
}

int nghttp2_submit_data(nghttp2_session* key, uint8_t flags, int32_t stream_id,
                        const nghttp2_data_provider* provider) {
  return SubmitData(key, flags, stream_id, provider,
                    SLUICE_NEXT(nghttp2_submit_data));
}

int32_t nghttp2_submit_headers(nghttp2_session* key, uint8_t flags,
                               int32_t stream_id,
                               const nghttp2_priority_spec* priority,
                               const nghttp2_nv* fields, size_t count,
                               void* stream_user_data) {
  const int32_t result = SLUICE_NEXT(nghttp2_submit_headers)(
      key, flags, stream_id, priority, fields, count, stream_user_data);
  Session* session = FindSession(key);
  if (session != nullptr && result == 0 &&
      sluice::adapters::MayBeRead(fields, count, session->reads_hints)) {
    sluice::adapters::TakeFields(session, stream_id, fields, count);
  }
  return result;
}

int32_t nghttp2_submit_push_promise(nghttp2_session* key, uint8_t flags,
                                    int32_t stream_id, const nghttp2_nv* fields,
                                    size_t count, void* stream_user_data) {
  const int32_t promised = SLUICE_NEXT(nghttp2_submit_push_promise)(
      key, flags, stream_id, fields, count, stream_user_data);
  Session* session = FindSession(key);
  if (session != nullptr && promised > 0) {
    session->adapter->OnPushPromise(stream_id, promised);
  }
  return promised;
}

int nghttp2_session_resume_data(nghttp2_session* key, int32_t stream_id) {
  const int result = SLUICE_NEXT(nghttp2_session_resume_data)(key, stream_id);
  // The adapter resumes streams too, and learns nothing from this then.
  Session* session = FindSession(key);
  if (session != nullptr && result == 0) session->adapter->OnResume(stream_id);
  return result;
}

// Both correct what is out of range, as nghttp2 does.

int nghttp2_session_change_stream_priority(nghttp2_session* key,
                                           int32_t stream_id,
                                           const nghttp2_priority_spec* said) {
  const int result =
      SLUICE_NEXT(nghttp2_session_change_stream_priority)(key, stream_id, said);
  if (result == 0) {
    const Rfc7540Priority priority = {
        .depends_on = static_cast<uint32_t>(said->stream_id),
        .weight =
            std::clamp(said->weight, NGHTTP2_MIN_WEIGHT, NGHTTP2_MAX_WEIGHT),
        .exclusive = said->exclusive != 0};
    SetServerPriority(key, stream_id, {.rfc7540 = priority});
  }
  return result;
}

int nghttp2_session_change_extpri_stream_priority(nghttp2_session* key,
                                                  int32_t stream_id,
                                                  const nghttp2_extpri* said,
                                                  int ignores_client) {
  const int result = SLUICE_NEXT(nghttp2_session_change_extpri_stream_priority)(
      key, stream_id, said, ignores_client);
  if (result == 0) {
    const Rfc9218Priority priority = {
        .urgency = static_cast<int>(
            std::min<uint32_t>(said->urgency, NGHTTP2_EXTPRI_URGENCY_LOW)),
        .incremental = said->inc != 0};
    SetServerPriority(key, stream_id, {.rfc9218 = priority});
  }
  return result;
}

// Of later releases than the headers that this is compiled with. Their
// nghttp2_data_provider2 has the same members.
int SubmitResponse2(
    nghttp2_session* key, int32_t stream_id, const nghttp2_nv* fields,
    size_t count,
    const nghttp2_data_provider* provider) asm("nghttp2_submit_response2");
int SubmitResponse2(nghttp2_session* key, int32_t stream_id,
                    const nghttp2_nv* fields, size_t count,
                    const nghttp2_data_provider* provider) {
  return SubmitResponse(
      key, stream_id, fields, count, provider,
      SLUICE_NEXT_FORM(SubmitResponse2, "nghttp2_submit_response2",
                       nghttp2_submit_response));
}

int SubmitData2(
    nghttp2_session* key, uint8_t flags, int32_t stream_id,
    const nghttp2_data_provider* provider) asm("nghttp2_submit_data2");
int SubmitData2(nghttp2_session* key, uint8_t flags, int32_t stream_id,
                const nghttp2_data_provider* provider) {
  return SubmitData(key, flags, stream_id, provider,
                    SLUICE_NEXT_FORM(SubmitData2, "nghttp2_submit_data2",
                                     nghttp2_submit_data));
}

}  // extern "C"
