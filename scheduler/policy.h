// The plugin interface: a policy orders streams, and nothing else.
//
// It sees stream ids and byte counts, never frames. For one DATA frame the
// session calls Pick() once and Charge() once:
//
//   while (std::optional<Grant> grant = policy.Pick()) {
//     size_t sent = SendUpTo(grant->stream_id, grant->max_bytes);
//     policy.Charge(grant->stream_id, sent);
//     if (sent == 0) policy.SetBlocked(grant->stream_id);
//   }
//
// Flow control is the session's: it blocks a stream that cannot send (no data,
// no window), and makes one that can ready. A stream is born blocked.
//
// The calls come from the book of streams (stream_book.h), which has checked
// them: ids and values are valid, a stream opens once, and every call but
// OnIdlePriority() is for a stream that is open.
//
// Between Pick() and Charge() any other call is allowed, for any stream, the
// picked one included: a body's read callback may close, reprioritise, block or
// open streams. The charge goes to the path that Pick() took; the changes take
// effect after it. Pick() is never called twice without a Charge() between.
//
// A policy is deterministic (no clock, no randomness), not thread-safe, and
// does not allocate in Pick() or Charge().
#ifndef SLUICE_SCHEDULER_POLICY_H_
#define SLUICE_SCHEDULER_POLICY_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/path_level.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/stream_id.h>
#include <sluice/signals/views.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

using signals::PathLevel;
using signals::StreamId;  // never 0 here
using signals::StringView;

// The 16 highest even ids name no stream here: a policy may use them for groups
// of streams. A server would push for years to reach them.
inline constexpr StreamId kFirstReservedId = 0x7fffffe0;

// The largest grant, in bytes, that a policy of this process hands out, and so
// the largest charge: the L of docs/fairness.md. A constant of the connection,
// never the peer's SETTINGS_MAX_FRAME_SIZE.
inline constexpr size_t kDefaultMaxGrant = 16384;
// The largest L that may be asked for: the largest HTTP/2 frame (RFC 9113
// §6.5.2). Bounds the fair queues' tags.
inline constexpr size_t kMaxMaxGrant = 16777215;

// Open streams, and ids that are not open but have signals, together: the
// default of every limit of that kind.
inline constexpr size_t kDefaultMaxStreams = 1000;

// The part of a StreamInfo that changed. A tree needs to know: a PRIORITY frame
// acts even when it repeats what was said before (others may have moved the
// stream since, and an exclusive one adopts its new siblings, RFC 7540 §5.3.1),
// while other changes must move nothing.
enum class Signal : uint8_t {
  kRfc7540,        // the client's RFC 7540 priority
  kServerRfc7540,  // the application's
  kRfc9218,        // the RFC 9218 priority, the client's or the application's
  kHints,
};

// Why a stream was picked. `rule` points to a string literal of the policy's.
struct PickReason {
  StringView rule;
};

// Permission to send up to `max_bytes` (≥ 1) bytes of DATA of one stream.
// The session may send less: windows, frame size and buffers are its business.
struct Grant {
  StreamId stream_id = 0;
  size_t max_bytes = 0;
  PickReason reason;
};

// Its session destroys it at the end, without OnClose() of the streams that are
// open, and without their `info`.
class Policy : public priority::LivesInScope {
 public:
  virtual ~Policy() = default;

  // A stream opens, blocked. `info` stays where it is, and is kept up to date,
  // until OnClose().
  virtual void OnOpen(StreamId id, const StreamInfo& info) = 0;

  // `info`, which the policy knows from OnOpen(), has changed.
  virtual void OnPriority(StreamId id, const StreamInfo& info,
                          Signal changed) = 0;

  // A PRIORITY frame for a stream that is idle or closed. Only a tree has a
  // place for it (RFC 7540 §5.3.4, §6.3). The signal is in `info` when the
  // stream opens, too. Error: ResourceExhausted; nothing is changed then.
  virtual absl::Status OnIdlePriority(
      StreamId id, const signals::Rfc7540Priority& priority) {
    static_cast<void>(id);
    static_cast<void>(priority);
    return absl::OkStatus();
  }

  // The client sent its first RFC 9218 signal, which follows, or
  // SETTINGS_NO_RFC7540_PRIORITIES = 1 (§2.1). Called at most once.
  virtual void OnClientUsesRfc9218() {}

  // Whether a server with this policy should send that setting itself, since
  // RFC 7540 signals would be lost on it.
  virtual bool AnnouncesNoRfc7540Priorities() const { return false; }

  // Whether it reads the hints of a response, which are all but `tunnel` and
  // `via`. If not, nobody needs to look for them.
  virtual bool ReadsHints() const { return true; }

  // The stream will send no more DATA.
  virtual void OnClose(StreamId id) = 0;

  // The stream has something to send and may send it. A second call changes
  // nothing.
  virtual void SetReady(StreamId id) = 0;

  // The opposite. A second call changes nothing.
  virtual void SetBlocked(StreamId id) = 0;

  // The stream to send next, or nothing when none is ready.
  virtual std::optional<Grant> Pick() = 0;

  // `bytes` (≤ the grant's max_bytes) of the picked stream were taken: payload
  // and padding, not the frame header. 0 is allowed, and may block the stream:
  // SetReady() must follow if it can still send.
  virtual void Charge(StreamId id, size_t bytes) = 0;

  // A guess of the next picks in their order, so that the session can bring
  // what it keeps about them into the cache. Writes at most as many as `picks`
  // holds, and returns how many it wrote. A wrong guess costs time only. Called
  // between Charge() and Pick(). O(guesses), and changes nothing.
  virtual size_t LikelyNext(absl::Span<StreamId> picks) const {
    static_cast<void>(picks);
    return 0;
  }

  // How the pick that waits for its Charge() came about: the levels of choice
  // on the way to it, from the top. Writes as many as `levels` holds and
  // returns how many there were; a level with a single candidate may be left
  // out. For traces: changes nothing and allocates nothing.
  virtual size_t ExplainPick(absl::Span<PathLevel> levels) const {
    static_cast<void>(levels);
    return 0;
  }
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_POLICY_H_
