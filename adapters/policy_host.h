// A policy for adapters: streams by id on top of the book of streams, grants
// that are charged once, counts, an observer and a decision log. Rejects
// invalid calls.
//
//   PolicyHost host(*trace::CreateLoggedPolicy("rfc7540", {}, files));
//   host.Open(1, {.rfc7540 = priority});
//   host.SetReady(1);
//   while (std::optional<Grant> grant = host.Pick()) {
//     host.Charge(grant->stream_id, SendUpTo(grant->max_bytes));
//   }
//
// A call that returns another status than Ok has changed nothing. The status
// has a code and no message, so that refusing a peer's signal takes nothing
// from the heap; error_text() has the words. Between Pick() and Charge() any
// other call is allowed, as scheduler/policy.h says. Not thread-safe.
#ifndef SLUICE_ADAPTERS_POLICY_HOST_H_
#define SLUICE_ADAPTERS_POLICY_HOST_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/trace_files.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace sluice::adapters {

// The signals that come with a request.
struct RequestSignals {
  std::optional<signals::Rfc7540Priority> rfc7540 = std::nullopt;
  std::optional<signals::Rfc9218Priority> rfc9218 = std::nullopt;
  bool tunnel = false;  // it is a CONNECT
};

class PolicyHost {
 public:
  // The last two are of now, the others since the host was made.
  struct Stats {
    uint64_t picks = 0;         // that found a stream
    uint64_t empty_picks = 0;   // that found none ready
    uint64_t empty_grants = 0;  // charged with 0 bytes
    uint64_t bytes = 0;         // charged in all
    uint64_t opened = 0;
    uint64_t closed = 0;
    uint64_t refused = 0;  // calls that returned another status than Ok
    uint64_t open_streams = 0;
    uint64_t ready_streams = 0;
  };

  // One grant and its charge.
  struct Decision {
    uint64_t number = 0;  // 0, 1, 2, …
    scheduler::Grant grant;
    size_t bytes = 0;  // charged
  };

  // `max_streams`: see StreamBook; give it that of the policy's PolicyOptions.
  explicit PolicyHost(trace::LoggedPolicy policy,
                      size_t max_streams = scheduler::kDefaultMaxStreams)
      : logged_(std::move(policy)), book_(logged_.policy.get(), max_streams) {}

  // Calls `observer` at the end of each Charge(). It may call everything here
  // but the destructor.
  void SetObserver(std::function<void(const Decision&)> observer);

  // So much time went by since the last call, by the caller's clock: the log
  // says it of the calls that follow.
  void AdvanceTime(absl::Duration elapsed) {
    if (logged_.log != nullptr) logged_.log->AdvanceTime(elapsed);
  }

  // The stream opens, blocked. Errors: InvalidArgument (the id, a value),
  // AlreadyExists (it is open).
  absl::Status Open(scheduler::StreamId id, const RequestSignals& said = {});

  // The client sent a signal by a frame of its own, for an id that is open,
  // idle or closed. Errors: those of StreamBook::SetRfc7540() and SetRfc9218().
  absl::Status SetRfc7540(scheduler::StreamId id,
                          const signals::Rfc7540Priority& priority);
  absl::Status SetRfc9218(scheduler::StreamId id,
                          const signals::Rfc9218Priority& priority);

  // The application's own priority, which holds over the client's; nothing
  // takes it back. New hints replace earlier ones, but a tunnel stays one.
  // Errors: NotFound (not open), InvalidArgument.
  absl::Status SetServerPriority(
      scheduler::StreamId id, std::optional<scheduler::ServerPriority> server);
  absl::Status SetHints(scheduler::StreamId id,
                        const scheduler::ResourceHints& hints);

  // The client sent SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1).
  void OnNoRfc7540Priorities() { book_.OnNoRfc7540Priorities(); }

  // Whether the server should send that setting, see scheduler/policy.h.
  bool AnnouncesNoRfc7540Priorities() const {
    return logged_.policy->AnnouncesNoRfc7540Priorities();
  }

  // Error of the three: NotFound (not open).
  absl::Status SetReady(scheduler::StreamId id);
  absl::Status SetBlocked(scheduler::StreamId id);
  absl::Status Close(scheduler::StreamId id);

  bool IsOpen(scheduler::StreamId id) const { return streams_.contains(id); }

  // The stream to send next, or nothing. Returns nothing while a grant waits
  // for its charge (HasGrant()).
  std::optional<scheduler::Grant> Pick();
  bool HasGrant() const { return grant_.has_value(); }

  // Errors: FailedPrecondition (no grant, or another stream's),
  // InvalidArgument (more than was granted).
  absl::Status Charge(scheduler::StreamId id, size_t bytes);

  Stats stats() const;
  // Counts a call that the adapter refused itself.
  void CountRefusal() { ++stats_.refused; }

  // The reason of the last refusal; empty before.
  const char* error_text() const { return error_text_.data(); }
  // `status`, which the last call returned, with those words.
  absl::Status WithText(const absl::Status& status) const;

 private:
  using StreamRecord = scheduler::StreamRecord;
  StreamRecord* Find(scheduler::StreamId id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
  }
  absl::Status NotOpen(scheduler::StreamId id);
  template <class... Args>
  absl::Status Refuse(absl::StatusCode code,
                      const absl::FormatSpec<Args...>& format,
                      const Args&... args);
  // The book's answer.
  absl::Status Answer(absl::StatusCode code);

  const trace::LoggedPolicy logged_;
  scheduler::StreamBook book_;
  priority::ResourceNodeMap<scheduler::StreamId, StreamRecord>
      streams_;  // open
  std::optional<scheduler::Grant> grant_;
  std::function<void(const Decision&)> observer_;
  Stats stats_;
  std::array<char, 160> error_text_{};
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_POLICY_HOST_H_
