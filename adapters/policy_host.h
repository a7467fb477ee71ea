// A policy for adapters: on top of the book of streams, grants that are charged
// once, counts, an observer and a decision log. Rejects invalid calls.
//
//   PolicyHost host(*trace::CreateLoggedPolicy("rfc7540", {}, files));
//   host.Open(1, &stream.record, {.rfc7540 = priority});
//   host.SetReady(&stream.record);
//   while (const Grant* grant = host.Pick()) {
//     host.Charge(grant->stream_id, &record, SendUpTo(grant->max_bytes));
//   }
//
// The adapter owns its streams; each holds a StreamRecord, blank until Open(),
// which ends with Close(). A null or blank one is of a stream that is not open.
//
// A call that returns another code than Ok has changed nothing, and took
// nothing from the heap; error_text() has the words. Between Pick() and
// Charge() any other call is allowed, as scheduler/policy.h says. Not
// thread-safe.
#ifndef SLUICE_ADAPTERS_POLICY_HOST_H_
#define SLUICE_ADAPTERS_POLICY_HOST_H_

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
#include <new>
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
  bool via = false;     // it has a `via` field
};

class PolicyHost {
 public:
  using StreamRecord = scheduler::StreamRecord;

  // The last two are of now, the others since the host was made.
  struct Stats {
    uint64_t picks = 0;         // that found a stream
    uint64_t empty_picks = 0;   // that found none ready
    uint64_t empty_grants = 0;  // charged with 0 bytes
    uint64_t bytes = 0;         // charged in all
    uint64_t opened = 0;
    uint64_t closed = 0;
    uint64_t refused = 0;  // calls that returned another code than Ok
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

  // The stream opens, blocked. Errors: InvalidArgument (the id).
  // A signal that is refused (its value) is left out.
  absl::StatusCode Open(scheduler::StreamId id, StreamRecord* record,
                        const RequestSignals& said = {});
  // Whether Open() would take the id and all signals. Error: InvalidArgument.
  absl::StatusCode CheckOpen(scheduler::StreamId id,
                             const RequestSignals& said);

  // The client sent a signal by a frame of its own, for an id that is open,
  // idle or closed. Errors: those of StreamBook::SetRfc7540() and SetRfc9218().
  absl::StatusCode SetRfc7540(scheduler::StreamId id, StreamRecord* record,
                              const signals::Rfc7540Priority& priority);
  absl::StatusCode SetRfc9218(scheduler::StreamId id, StreamRecord* record,
                              const signals::Rfc9218Priority& priority);

  // The application's own priority, which holds over the client's; nothing
  // takes it back. New hints replace earlier ones, but `tunnel` and `via` stay.
  // Errors: NotFound (not open), InvalidArgument.
  absl::StatusCode SetServerPriority(
      scheduler::StreamId id, StreamRecord* record,
      const std::optional<scheduler::ServerPriority>& server);
  absl::StatusCode SetHints(scheduler::StreamId id, StreamRecord* record,
                            const scheduler::ResourceHints& hints);
  // The `priority` field of the response, see StreamBook. Error: NotFound.
  absl::StatusCode SetResponse(
      scheduler::StreamId id, StreamRecord* record,
      const std::optional<signals::Rfc9218Parameters>& response);

  // The client sent SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1).
  void OnNoRfc7540Priorities() { book_.OnNoRfc7540Priorities(); }

  // Whether the server should send that setting, see scheduler/policy.h.
  bool AnnouncesNoRfc7540Priorities() const {
    return logged_.policy->AnnouncesNoRfc7540Priorities();
  }

  // Whether the policy, or the log, has a use for the hints of a response.
  bool ReadsHints() const { return logged_.policy->ReadsHints(); }

  // Error of the three: NotFound (not open).
  absl::StatusCode SetReady(scheduler::StreamId id, StreamRecord* record) {
    if (!IsOpen(record)) return NotOpen(id);
    book_.SetReady(record);
    return absl::StatusCode::kOk;
  }
  absl::StatusCode SetBlocked(scheduler::StreamId id, StreamRecord* record) {
    if (!IsOpen(record)) return NotOpen(id);
    book_.SetBlocked(record);
    return absl::StatusCode::kOk;
  }
  absl::StatusCode Close(scheduler::StreamId id, StreamRecord* record) {
    if (!IsOpen(record)) return NotOpen(id);
    book_.Close(record);
    ++stats_.closed;
    return absl::StatusCode::kOk;
  }

  // The stream to send next, until its Charge(); null: none. Call it only when
  // no grant waits for its charge.
  const scheduler::Grant* Pick() {
    // Built in its place: a copy would read in 16 bytes what the policy has
    // just written in 8, and the processor waits for that.
    ::new (&grant_) std::optional<scheduler::Grant>(book_.Pick());
    if (!grant_.has_value()) {
      ++stats_.empty_picks;
      return nullptr;
    }
    ++stats_.picks;
    return &*grant_;
  }
  // The one that waits for its charge; null: none does.
  const scheduler::Grant* grant() const {
    return grant_.has_value() ? &*grant_ : nullptr;
  }

  // `record` is null when the stream closed since the pick. Errors:
  // FailedPrecondition (no grant, or another stream's), InvalidArgument (more
  // than was granted).
  absl::StatusCode Charge(scheduler::StreamId id, StreamRecord* record,
                          size_t bytes) {
    if (!grant_.has_value() || grant_->stream_id != id ||
        bytes > grant_->max_bytes) {
      return RefuseCharge(id, bytes);
    }
    book_.Charge(id, IsOpen(record) ? record : nullptr, bytes);
    stats_.bytes += bytes;
    if (bytes == 0) ++stats_.empty_grants;
    if (observer_ == nullptr) {
      grant_.reset();
    } else {
      Observe(bytes);
    }
    return absl::StatusCode::kOk;
  }

  Stats stats() const;
  // Counts a call that the adapter refused itself.
  void CountRefusal() { ++stats_.refused; }

  // The reason of the last refusal; empty before.
  const char* error_text() const { return error_text_.data(); }
  // A code that the last call returned, as a status with those words.
  absl::Status StatusOf(absl::StatusCode code) const;

 private:
  static bool IsOpen(const StreamRecord* record) {
    return record != nullptr && record->id != 0;
  }
  absl::StatusCode NotOpen(scheduler::StreamId id);
  absl::StatusCode RefuseCharge(scheduler::StreamId id, size_t bytes);
  // Ends the grant, and tells the observer.
  void Observe(size_t bytes);
  template <class... Args>
  absl::StatusCode Refuse(absl::StatusCode code,
                          const absl::FormatSpec<Args...>& format,
                          const Args&... args);
  // The book's answer.
  absl::StatusCode Answer(absl::StatusCode code) {
    return code == absl::StatusCode::kOk ? code : RefuseAsBook(code);
  }
  absl::StatusCode RefuseAsBook(absl::StatusCode code);

  const trace::LoggedPolicy logged_;
  scheduler::StreamBook book_;
  std::optional<scheduler::Grant> grant_;
  std::function<void(const Decision&)> observer_;
  Stats stats_;
  std::array<char, 160> error_text_{};
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_POLICY_HOST_H_
