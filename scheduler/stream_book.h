// The book of streams: the facts about each stream, kept once for a session and
// its policy. It validates and merges signals, bounds the number of ids that
// are not open and have signals, and tells the policy of each change.
//
// The session owns its streams; each holds a StreamRecord that the book fills.
//
//   StreamBook book(policy.get());
//   book.Open(1, &stream.record);                       // a request came
//   book.SetRfc7540(1, &stream.record, priority, SignalSource::kHeader);
//   book.SetReady(&stream.record);
//   while (std::optional<Grant> grant = book.Pick()) {
//     … book.Charge(grant->stream_id, &stream.record, bytes) …
//   }
//   book.Close(&stream.record);
//
// A stream opens in the policy with every signal of its HEADERS: the book
// delays Policy::OnOpen() until the session's next call about anything else.
//
// A call that returns another code than Ok has changed nothing; error_text()
// says why, and takes nothing from the heap. Not thread-safe. Between Pick()
// and Charge() any other call is allowed, as policy.h says.
#ifndef SLUICE_SCHEDULER_STREAM_BOOK_H_
#define SLUICE_SCHEDULER_STREAM_BOOK_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <array>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

// An open stream. The book writes it; the session keeps it in one place from
// Open() to Close().
struct StreamRecord {
  StreamRecord() {}  // writes each member once: the implicit one zeroes all

  StreamId id = 0;
  bool ready = false;
  bool has_length = false;  // info.hints.bytes_remaining is counted down
  StreamInfo info;

  // The two sources of info.server: the application's call, and the `priority`
  // field of its response.
  std::optional<ServerPriority> application;
  std::optional<signals::Rfc9218Parameters> response;
  // A PRIORITY_UPDATE said `info.rfc9218`. It goes over the request's field,
  // whichever came first (RFC 9218 §7).
  bool updated_by_frame = false;
};

class StreamBook {
 public:
  // `policy` must outlive the book. Open streams and ids that are not open but
  // have signals are at most `max_streams` together; opening a stream always
  // succeeds, and makes the lowest ids that are not open give way.
  explicit StreamBook(Policy* policy, size_t max_streams = kDefaultMaxStreams)
      : policy_(policy), max_streams_(max_streams) {}

  // --- The client ----------------------------------------------------------

  // The stream opens, blocked, with the signals that came before it. Those that
  // come with its HEADERS follow by the next two calls. `*record` is blank.
  // Error: InvalidArgument (the id). O(log n) for n ids with signals.
  absl::StatusCode Open(StreamId id, StreamRecord* record);

  // The errors of Open(), without opening.
  absl::StatusCode CheckOpen(StreamId id);

  // Tells the policy of the stream that opened last, if it does not know yet.
  void Settle() {
    if (opening_ != nullptr) TellOpening();
  }

  // A signal of the client for a stream that is open (`record` is its record),
  // or idle or closed (`record` is null). An id that can never open any more is
  // ignored, except by the tree (RFC 7540 §5.3.4). Errors: InvalidArgument (the
  // id, the value, a dependency on itself), ResourceExhausted (too many ids
  // that are not open). O(log n).
  absl::StatusCode SetRfc7540(StreamId id, StreamRecord* record,
                              const signals::Rfc7540Priority& priority,
                              signals::SignalSource source);
  absl::StatusCode SetRfc9218(StreamId id, StreamRecord* record,
                              const signals::Rfc9218Priority& priority,
                              signals::SignalSource source);

  // The client sent SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1).
  void OnNoRfc7540Priorities() { UseRfc9218(); }

  // --- The application -----------------------------------------------------

  // The override; nothing takes it back. Error: InvalidArgument.
  absl::StatusCode SetServerPriority(
      StreamRecord* record, const std::optional<ServerPriority>& server);

  // The `priority` field of the response: it changes what it names (RFC 9218
  // §8), as the application's word where SetServerPriority() named no RFC 9218
  // priority.
  void SetResponse(StreamRecord* record,
                   const std::optional<signals::Rfc9218Parameters>& response);

  // New hints replace earlier ones, but `tunnel` and `via` stay.
  void SetHints(StreamRecord* record, const ResourceHints& hints);

  // --- Sending -------------------------------------------------------------

  // Call SetReady() again after a charge of 0 bytes: the policy may block then.
  void SetReady(StreamRecord* record) {
    SettleUnless(record);
    ready_streams_ += !record->ready;
    record->ready = true;
    if (opening_ != record) policy_->SetReady(record->id);
  }
  void SetBlocked(StreamRecord* record) {
    SettleUnless(record);
    ready_streams_ -= record->ready;
    record->ready = false;
    if (opening_ != record) policy_->SetBlocked(record->id);
  }
  size_t ready_streams() const { return ready_streams_; }
  size_t open_streams() const { return open_streams_; }

  std::optional<Grant> Pick() {
    if (opening_ != nullptr) Settle();
    return policy_->Pick();
  }
  // `record` is the picked stream's, null when it was closed since.
  void Charge(StreamId id, StreamRecord* record, size_t bytes) {
    if (record != nullptr && record->has_length) {
      CountDown(bytes, &record->info.hints);
    }
    policy_->Charge(id, bytes);
  }

  // Policy::LikelyNext().
  size_t LikelyNext(absl::Span<StreamId> picks) const {
    return policy_->LikelyNext(picks);
  }

  // The stream will send no more. Afterwards `*record` may be destroyed.
  void Close(StreamRecord* record) {
    Settle();
    ready_streams_ -= record->ready;
    record->ready = false;
    --open_streams_;
    policy_->OnClose(record->id);
  }

  // --- Errors --------------------------------------------------------------

  // Why the last call was refused.
  const char* error_text() const { return error_text_.data(); }
  // The same as a status with that text; OK stays OK.
  absl::Status ErrorOf(absl::StatusCode code) const;

 private:
  struct Idle {
    std::optional<signals::Rfc7540Priority> rfc7540;
    std::optional<signals::Rfc9218Priority> rfc9218;
  };
  using IdleStreams = priority::ResourceMap<StreamId, Idle>;

  void SettleUnless(const StreamRecord* record) {
    if (opening_ != nullptr && opening_ != record) Settle();
  }
  void TellOpening();
  void Tell(StreamRecord* record, Signal changed);
  void UseRfc9218();
  // The application's own word, else the response's field over the client's
  // signal (RFC 9218 §8).
  static std::optional<ServerPriority> ServerWord(const StreamRecord& record);
  // Puts it into `record->info`, and tells the policy the kinds that changed.
  void UpdateServerWord(StreamRecord* record);

  // Whether `id` or a higher id of the same side has opened: it can never open
  // any more (RFC 9113 §5.1.1).
  bool Passed(StreamId id) const { return id <= highest_opened_[id & 1]; }
  size_t idle_count() const { return idle_[0].size() + idle_[1].size(); }
  absl::StatusCode CheckRoom(StreamId id);
  // The signals of before its opening, which end its being idle.
  void TakeIdle(StreamId id, StreamRecord* record);
  void ShrinkIdle();

  Policy* const policy_;
  const size_t max_streams_;
  StreamRecord* opening_ = nullptr;
  bool uses_rfc9218_ = false;
  size_t open_streams_ = 0;
  size_t ready_streams_ = 0;
  std::array<IdleStreams, 2> idle_;  // by id & 1: the server's, the client's
  std::array<StreamId, 2> highest_opened_{};
  FaultText error_text_{};
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_BOOK_H_
