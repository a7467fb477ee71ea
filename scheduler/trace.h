// The decision log: every call that a policy gets and every decision that it
// makes, as values. They say why a stream went first, and play a connection
// again.
//
// DataScheduler writes TraceFrame events to DataSchedulerOptions::trace;
// trace/record.h records the rest, and trace/ reads, writes and plays them.
#ifndef SLUICE_SCHEDULER_TRACE_H_
#define SLUICE_SCHEDULER_TRACE_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "absl/base/optimization.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

// --- Calls, in the order in which they were made -----------------------------

// The policy was made; the first event of a trace.
struct TraceMade {
  std::string spec;
  PolicyOptions options;

  bool operator==(const TraceMade&) const = default;
};

struct TraceOpen {
  StreamId id = 0;
  StreamInfo info;

  bool operator==(const TraceOpen&) const = default;
};

struct TracePriority {
  StreamId id = 0;
  StreamInfo info;
  Signal changed = Signal::kRfc7540;

  bool operator==(const TracePriority&) const = default;
};

// A PRIORITY frame for a stream that is not open.
struct TraceIdlePriority {
  StreamId id = 0;
  signals::Rfc7540Priority priority;
  bool refused = false;  // by the policy

  bool operator==(const TraceIdlePriority&) const = default;
};

struct TraceUsesRfc9218 {
  bool operator==(const TraceUsesRfc9218&) const = default;
};

struct TraceClose {
  StreamId id = 0;
  bool operator==(const TraceClose&) const = default;
};

struct TraceReady {
  StreamId id = 0;
  bool operator==(const TraceReady&) const = default;
};

struct TraceBlocked {
  StreamId id = 0;
  bool operator==(const TraceBlocked&) const = default;
};

// A short list in place, so that recording a decision allocates nothing.
template <class T, size_t kCapacity>
class TraceList {
 public:
  using value_type = T;
  using const_iterator = const T*;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  const T& operator[](size_t i) const { return items_[i]; }

  void clear() { size_ = 0; }
  // Drops the item when the list is full.
  void push_back(const T& item) {
    if (size_ < kCapacity) items_[size_++] = item;
  }
  // Write items here, then say how many.
  absl::Span<T> room() { return absl::MakeSpan(items_); }
  void set_size(size_t size) { size_ = std::min(size, kCapacity); }

  friend bool operator==(const TraceList& a, const TraceList& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  size_t size_ = 0;
  std::array<T, kCapacity> items_;
};

// A decision and its reason.
struct TracePick {
  uint64_t number = 0;   // 0, 1, 2, …
  StreamId id = 0;       // 0: nothing was ready
  uint32_t ready = 0;    // ready streams, the picked one included
  size_t max_bytes = 0;  // of the grant
  StringView policy;     // its registered name; never dies
  StringView rule;       // never dies: a policy's literal
  // With TraceDetail::kFull: the first ready ids, the levels of choice on the
  // way to the pick, from the top, and how many levels there were.
  uint32_t levels = 0;
  TraceList<StreamId, 8> ready_ids;
  TraceList<PathLevel, 4> path;

  bool operator==(const TracePick&) const = default;
};

struct TraceCharge {
  StreamId id = 0;
  size_t bytes = 0;
  bool operator==(const TraceCharge&) const = default;
};

// The outcome of a pick in the session, or an end without a pick.
enum class TraceOutcome : uint8_t {
  kSent,         // a DATA frame, or the end without one: trailers follow
  kNoWindow,     // the stream's window is used up
  kSmallWindow,  // it is under the minimum useful chunk, and waits
  kNoBytes,      // the body has nothing now
  kNoRoom,       // calls from Read() took the room in the output
  kClosed,       // the stream is closed, perhaps by calls from Read()
  kFailed,       // the body cannot be finished: the stream is reset
};

struct TraceFrame {
  StreamId id = 0;
  size_t bytes = 0;
  bool end_stream = false;
  TraceOutcome outcome = TraceOutcome::kSent;
  int64_t window = 0;             // min(stream, connection), in bytes, before
  int64_t connection_window = 0;  // the frame

  bool operator==(const TraceFrame&) const = default;
};

// The caller's clock: the events that follow happen `ns` nanoseconds after the
// policy was made. Time never goes back. A log without times begins and ends at
// 0.
struct TraceTime {
  int64_t ns = 0;  // 0 … kMaxTraceTime
  bool operator==(const TraceTime&) const = default;
};
inline constexpr int64_t kMaxTraceTime = int64_t{1} << 60;  // 36 years

using TraceEvent =
    std::variant<TraceMade, TraceOpen, TracePriority, TraceIdlePriority,
                 TraceUsesRfc9218, TraceClose, TraceReady, TraceBlocked,
                 TracePick, TraceCharge, TraceFrame, TraceTime>;

// --- Where they go -----------------------------------------------------------

// Hands out places for events, from room that each kind of sink provides. In
// the steady state an event costs no virtual call, no copy and no allocation.
class TraceSink {
 public:
  virtual ~TraceSink() = default;

  // The next event's place: blank, or an old event to write over. The caller
  // has filled it when it asks for the next one. Not to be called from Room().
  TraceEvent& Next() {
    if (ABSL_PREDICT_FALSE(next_ == end_)) Refill();
    return *next_++;
  }

  // The next event's place as a T, whose members may be those of an old one.
  // For the events of every decision: writing over is cheaper.
  template <class T>
  T& Next() {
    TraceEvent& event = Next();
    T* old = std::get_if<T>(&event);
    return ABSL_PREDICT_TRUE(old != nullptr) ? *old : event.emplace<T>();
  }

  void Write(TraceEvent event) { Next() = std::move(event); }

 protected:
  TraceSink() = default;
  TraceSink(TraceSink&&) = default;

  // Called when all room was handed out: takes the events there, and gives room
  // for at least one more.
  virtual absl::Span<TraceEvent> Room() = 0;

  // How many places of the present room were handed out.
  size_t handed_out() const { return static_cast<size_t>(next_ - begin_); }

 private:
  void Refill() {
    const absl::Span<TraceEvent> room = Room();
    begin_ = next_ = room.data();
    end_ = begin_ + room.size();
  }

  TraceEvent* begin_ = nullptr;
  TraceEvent* next_ = nullptr;
  TraceEvent* end_ = nullptr;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TRACE_H_
