// A policy for adapters: streams by id on top of the book of streams, grants
// that are charged once, counts, and an observer. Rejects invalid calls.
//
//   PolicyHost host(std::move(policy));
//   host.Open(1, {.rfc7540 = priority});
//   host.SetReady(1);
//   while (std::optional<Grant> grant = host.Pick()) {
//     host.Charge(grant->stream_id, SendUpTo(grant->max_bytes));
//   }
//
// Every status other than Ok means that nothing was changed. It is a code
// without a message, so that what a peer gets refused takes nothing from the
// heap; error_text() has the words. Not thread-safe.
// Between Pick() and Charge() any other call is allowed, see
// scheduler/policy.h.
#ifndef SLUICE_ADAPTERS_POLICY_HOST_H_
#define SLUICE_ADAPTERS_POLICY_HOST_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace sluice::adapters {

// The signals that come with a request.
struct RequestSignals {
  std::optional<signals::Rfc7540Priority> rfc7540 = std::nullopt;
  std::optional<signals::Rfc9218Priority> rfc9218 = std::nullopt;
  bool tunnel = false;  // it is a CONNECT
};

class PolicyHost {
 public:
  // Since the host was made, but for the last two, which are of now.
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

  // One grant and what became of it.
  struct Decision {
    uint64_t number = 0;  // 0, 1, 2, …
    scheduler::Grant grant;
    size_t bytes = 0;  // charged
  };

  // `max_streams`: see StreamBook; give it that of the policy's PolicyOptions.
  explicit PolicyHost(std::unique_ptr<scheduler::Policy> policy,
                      size_t max_streams = scheduler::kDefaultMaxStreams)
      : policy_(std::move(policy)), book_(policy_.get(), max_streams) {}

  // Called at the end of each Charge(), and copied for it. It may call anything
  // but the destructor.
  void SetObserver(std::function<void(const Decision&)> observer);

  // The stream opens, blocked. Errors: InvalidArgument (the id, a value),
  // AlreadyExists (it is open).
  absl::Status Open(scheduler::StreamId id, const RequestSignals& said = {});

  // The client said something, by a frame of its own: for open, idle and closed
  // ids. Errors: those of StreamBook::SetRfc7540() and SetRfc9218().
  absl::Status SetRfc7540(scheduler::StreamId id,
                          const signals::Rfc7540Priority& priority);
  absl::Status SetRfc9218(scheduler::StreamId id,
                          const signals::Rfc9218Priority& priority);

  // The application said something; no override takes the last one back, and
  // hints replace earlier ones, but a tunnel stays one. Errors: NotFound (not
  // open), InvalidArgument.
  absl::Status SetServerPriority(
      scheduler::StreamId id, std::optional<scheduler::ServerPriority> server);
  absl::Status SetHints(scheduler::StreamId id,
                        const scheduler::ResourceHints& hints);

  // The client sent SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1).
  void OnNoRfc7540Priorities() { book_.OnNoRfc7540Priorities(); }

  // Whether the server should send it, see scheduler/policy.h.
  bool AnnouncesNoRfc7540Priorities() const {
    return policy_->AnnouncesNoRfc7540Priorities();
  }

  // Error of the three: NotFound (not open).
  absl::Status SetReady(scheduler::StreamId id);
  absl::Status SetBlocked(scheduler::StreamId id);
  absl::Status Close(scheduler::StreamId id);

  bool IsOpen(scheduler::StreamId id) const { return streams_.contains(id); }

  // The stream to send next, or nothing. While a grant is not charged, returns
  // nothing and changes nothing (see HasGrant()).
  std::optional<scheduler::Grant> Pick();
  bool HasGrant() const { return grant_.has_value(); }

  // Errors: FailedPrecondition (no grant, or another stream's),
  // InvalidArgument (more than was granted).
  absl::Status Charge(scheduler::StreamId id, size_t bytes);

  Stats stats() const;
  // The adapter refused a call itself.
  void CountRefusal() { ++stats_.refused; }

  // What was wrong with the last call that was refused; empty before.
  const char* error_text() const { return error_text_.data(); }
  // The status of the call made last, with those words.
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

  std::unique_ptr<scheduler::Policy> policy_;
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
