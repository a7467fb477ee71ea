// The plugin interface: what decides which stream's DATA goes on the wire next.
//
// A Policy sees stream ids and byte counts, never frames. For one DATA frame
// the session calls Pick() once and Charge() once:
//
//   while (std::optional<Grant> grant = policy.Pick()) {
//     size_t sent = SendUpTo(grant->stream_id, grant->max_bytes);
//     policy.Charge(grant->stream_id, sent);
//     if (sent == 0) policy.SetBlocked(grant->stream_id);
//   }
//
// Flow control is the session's: a stream that cannot send (no data, no window)
// is SetBlocked(), one that can is SetReady(). A stream is born blocked.
//
// Between Pick() and Charge() any other call is allowed, for any stream, the
// picked one included (a body's read callback may close, reprioritise, block or
// open streams). The charge goes to the path that Pick() took; what those calls
// changed takes effect after it. Pick() is never called twice without a
// Charge() between.
//
// A policy is deterministic (no clock, no randomness), not thread-safe, and
// does not allocate in Pick() or Charge(). What it keeps lives in a memory
// resource of its maker's, and so does the object itself (MakePolicy()).
#ifndef SLUICE_SCHEDULER_POLICY_H_
#define SLUICE_SCHEDULER_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "priority/rfc7540_priority.h"
#include "priority/rfc9218_priority.h"

namespace sluice::scheduler {

// A 31-bit HTTP/2 stream identifier; never 0 here.
using StreamId = uint32_t;

// The largest grant, in bytes, that a policy of this process hands out, and so
// the largest charge: the L of docs/fairness.md. A constant of the connection,
// never the peer's SETTINGS_MAX_FRAME_SIZE.
inline constexpr size_t kDefaultMaxGrant = 16384;
// The largest L that may be asked for: the largest HTTP/2 frame (RFC 9113
// §6.5.2). Bounds the fair queues' tags.
inline constexpr size_t kMaxMaxGrant = 16777215;

// What the application says of a stream over the client's head. Whichever kind
// is set replaces the client's signal of that kind; the client's is kept and
// returns when the override is taken back.
struct ServerPriority {
  std::optional<priority::Rfc7540Priority> rfc7540 = std::nullopt;
  std::optional<priority::Rfc9218Priority> rfc9218 = std::nullopt;

  friend bool operator==(const ServerPriority&,
                         const ServerPriority&) = default;
};

// What a resource is to a page. Policies of the research literature sort by it.
enum class ResourceClass : uint8_t {
  kUnknown,
  kHtml,
  kCss,
  kJs,
  kFont,
  kImage,
  kFetch,
  kMedia,
  kOther,
};

// Facts about a response that no client signal carries: set by server rules
// (content type, path, length) or by the lab from the page. All optional.
struct ResourceHints {
  ResourceClass resource_class = ResourceClass::kUnknown;
  bool in_head = false;            // js, css: in the head, so it blocks
  bool after_first_image = false;  // js: discovered after the first image
  bool async_or_defer = false;     // js
  bool above_the_fold = false;     // image: in the viewport
  bool preload = false;            // found by preload or the preload scanner
  bool tunnel = false;             // a CONNECT request's
  // Of the body, when it is known.
  std::optional<uint64_t> bytes_remaining = std::nullopt;

  friend bool operator==(const ResourceHints&, const ResourceHints&) = default;
};

// Everything known about a stream. Browsers send both kinds of signals in one
// HEADERS frame, so both are kept, always; a policy reads what it understands.
struct StreamInfo {
  std::optional<priority::Rfc7540Priority> rfc7540 = std::nullopt;
  std::optional<priority::Rfc9218Priority> rfc9218 = std::nullopt;
  std::optional<ServerPriority> server = std::nullopt;
  ResourceHints hints = {};

  friend bool operator==(const StreamInfo&, const StreamInfo&) = default;
};

// The part of a StreamInfo that was said just now. It matters for the tree: a
// PRIORITY frame acts even when it repeats what was said before (others may
// have moved the stream since, and an exclusive one adopts its new siblings,
// RFC 7540 §5.3.1), while a change of the hints must move nothing.
enum class Signal : uint8_t { kRfc7540, kRfc9218, kServer, kHints };

// Why a stream was picked. `rule` points to a string literal of the policy's.
struct PickReason {
  absl::string_view rule;
};

// Permission to send up to `max_bytes` (≥ 1) bytes of DATA of one stream.
// The session may send less: windows, frame size and buffers are its business.
struct Grant {
  StreamId stream_id = 0;
  size_t max_bytes = 0;
  PickReason reason;
};

// One level of choice on the way to a stream, for traces. Tags count 1/256 byte
// per unit of weight; what does not apply is 0.
struct PathLevel {
  StreamId parent = 0;  // the group's stream; 0 is the root
  StreamId child = 0;   // on the way to the stream, or the stream itself
  double weight = 0;    // of the child among its siblings
  int64_t tag = 0;      // of the child: what it was served, S
  int64_t key = 0;      // what the level orders it by
  int64_t clock = 0;    // of the level, V
  uint32_t active = 0;  // children that can send, themselves or below

  friend bool operator==(const PathLevel&, const PathLevel&) = default;
};

class Policy {
 public:
  virtual ~Policy() = default;

  // The object lives in `memory`, and `delete` gives it back there: whoever
  // owns a policy by std::unique_ptr<Policy> need not know of it.
  static void* operator new(size_t size, std::pmr::memory_resource* memory);
  static void* operator new(size_t size) {
    return operator new(size, std::pmr::get_default_resource());
  }
  static void operator delete(void* policy, size_t size);
  // No policy wants more than the alignment of any plain type.
  static void* operator new(size_t size, std::align_val_t) = delete;

  // A stream opens (HEADERS were received, or sent). It is blocked until
  // SetReady(). `info` is what was said with that. What OnPriority() said of
  // the id before stays in force where `info` says nothing, and an RFC 9218
  // signal in any case: a PRIORITY_UPDATE goes over a field (RFC 9218 §7).
  // Errors: InvalidArgument (id 0, bad weight or urgency), AlreadyExists (open
  // already); nothing is changed then. Opening never fails for lack of room.
  virtual absl::Status OnOpen(StreamId id, const StreamInfo& info) = 0;

  // `changed` was said just now; `info` is the whole new state, not a
  // difference. The id may be idle (not open yet) or closed. Errors:
  // InvalidArgument (id 0, self dependency, bad weight or urgency),
  // ResourceExhausted (too many idle ids); nothing is changed then.
  virtual absl::Status OnPriority(StreamId id, const StreamInfo& info,
                                  Signal changed) = 0;

  // The client sent SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1).
  virtual void OnNoRfc7540Priorities() {}

  // Whether a server with this policy should send that setting itself, since
  // RFC 7540 signals would be lost on it.
  virtual bool AnnouncesNoRfc7540Priorities() const { return false; }

  // Whether every ready stream is served within a bounded number of bytes,
  // whatever the others do. Most policies let some wait for others to end, and
  // say so by leaving this alone; the conformance suite holds the others to it.
  virtual bool ServesEveryReadyStream() const { return false; }

  // The stream will send no more DATA. Unknown ids are ignored.
  virtual void OnClose(StreamId id) = 0;

  // The stream has something to send and may send it. Unknown ids are ignored,
  // a second call changes nothing.
  virtual void SetReady(StreamId id) = 0;

  // The opposite. Unknown ids are ignored, a second call changes nothing.
  virtual void SetBlocked(StreamId id) = 0;

  // The stream to send next, or nothing when none is ready.
  virtual std::optional<Grant> Pick() = 0;

  // `bytes` (≤ the grant's max_bytes) of the picked stream were taken: payload
  // and padding, not the frame header. 0 is allowed, and may block the stream:
  // say SetReady() after it of a stream that can still send.
  virtual void Charge(StreamId id, size_t bytes) = 0;

  // How the pick that waits for its Charge() came about: the levels of choice
  // on the way to it, from the top. Writes as many as `levels` holds and
  // returns how many there were; a level with a single candidate may be left
  // out. For traces: changes nothing and allocates nothing.
  virtual size_t ExplainPick(absl::Span<PathLevel> levels) const {
    static_cast<void>(levels);
    return 0;
  }
};

// A policy of class T that lives in `memory`, which must outlive it.
template <class T, class... Args>
std::unique_ptr<T> MakePolicy(std::pmr::memory_resource* memory,
                              Args&&... args) {
  return std::unique_ptr<T>(new (memory) T(std::forward<Args>(args)...));
}

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_POLICY_H_
