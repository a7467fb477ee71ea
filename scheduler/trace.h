// Everything that is asked of a policy and everything it decides, as values: to
// see why a stream went first, and to play a connection again.
//
//   MemoryTrace trace;
//   DataSchedulerOptions options{.trace = &trace};   // frames, with windows
//   DataScheduler scheduler(&connection,
//                           *CreateRecordedPolicy("rr", {}, &trace), options);
//   … trace.events() …
//
// A recorded policy is another object around the policy, so a trace that is off
// costs nothing: there is no such object. One that is on writes each event
// where the sink keeps it and allocates nothing itself. scheduler/replay.h
// plays the events again, scheduler/trace_json.h writes and reads them as JSON
// Lines.
#ifndef SLUICE_SCHEDULER_TRACE_H_
#define SLUICE_SCHEDULER_TRACE_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

// --- Calls, in the order in which they were made -----------------------------

// The policy was made; the first event of a trace.
struct TraceMade {
  std::string spec;
  size_t max_grant = 0;
  size_t max_streams = 0;
  size_t max_closed_streams = 0;

  friend bool operator==(const TraceMade&, const TraceMade&) = default;
};

struct TraceOpen {
  StreamId id = 0;
  StreamInfo info;

  friend bool operator==(const TraceOpen&, const TraceOpen&) = default;
};

struct TracePriority {
  StreamId id = 0;
  StreamInfo info;
  Signal changed = Signal::kRfc7540;

  friend bool operator==(const TracePriority&, const TracePriority&) = default;
};

// A PRIORITY frame for a stream that is not open.
struct TraceIdlePriority {
  StreamId id = 0;
  signals::Rfc7540Priority priority;
  bool ok = true;  // the policy took it

  friend bool operator==(const TraceIdlePriority&,
                         const TraceIdlePriority&) = default;
};

struct TraceUsesRfc9218 {
  friend bool operator==(const TraceUsesRfc9218&,
                         const TraceUsesRfc9218&) = default;
};

struct TraceClose {
  StreamId id = 0;
  friend bool operator==(const TraceClose&, const TraceClose&) = default;
};

struct TraceReady {
  StreamId id = 0;
  friend bool operator==(const TraceReady&, const TraceReady&) = default;
};

struct TraceBlocked {
  StreamId id = 0;
  friend bool operator==(const TraceBlocked&, const TraceBlocked&) = default;
};

// A short list in place: a record of a decision allocates nothing.
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
  // What does not fit is left out.
  void push_back(const T& item) {
    if (size_ < kCapacity) items_[size_++] = item;
  }
  // To write items in place, then say how many.
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
  uint64_t number = 0;       // 0, 1, 2, …
  StreamId id = 0;           // 0: nothing was ready
  uint32_t ready = 0;        // streams that were, the picked one included
  size_t max_bytes = 0;      // of the grant
  absl::string_view policy;  // its registered name; never dies
  absl::string_view rule;    // never dies: a policy's literal
  // TraceDetail::kFull: the first of the ready ids, the picked one perhaps
  // among them; the levels of choice on the way to the pick, from the top; and
  // how many of these there were.
  uint32_t levels = 0;
  TraceList<StreamId, 8> ready_ids;
  TraceList<PathLevel, 4> path;

  friend bool operator==(const TracePick&, const TracePick&) = default;
};

struct TraceCharge {
  StreamId id = 0;
  size_t bytes = 0;
  friend bool operator==(const TraceCharge&, const TraceCharge&) = default;
};

// What the session made of a pick. Windows are in bytes, before it.
enum class TraceOutcome : uint8_t {
  kSent,         // a DATA frame, or the end without one: trailers follow
  kNoWindow,     // the stream's window is used up
  kSmallWindow,  // it is under the minimum useful chunk, and waits
  kNoBytes,      // the body has nothing now
  kNoRoom,       // calls from Read() took the room in the output
  kClosed,       // the stream is closed, by calls from Read() perhaps
  kFailed,       // the body cannot be finished: the stream is reset
};

struct TraceFrame {
  StreamId id = 0;
  size_t bytes = 0;
  bool end_stream = false;
  TraceOutcome outcome = TraceOutcome::kSent;
  int64_t window = 0;  // min(stream, connection)
  int64_t connection_window = 0;

  friend bool operator==(const TraceFrame&, const TraceFrame&) = default;
};

using TraceEvent =
    std::variant<TraceMade, TraceOpen, TracePriority, TraceIdlePriority,
                 TraceUsesRfc9218, TraceClose, TraceReady, TraceBlocked,
                 TracePick, TraceCharge, TraceFrame>;

// --- Where they go -----------------------------------------------------------

// Hands out places for events, from room that a kind of sink provides: in the
// steady state no call, no copy and no allocation for an event.
class TraceSink {
 public:
  virtual ~TraceSink() = default;

  // The next event's place: blank, or an old event to write over. It is taken
  // as complete when the next one is asked for. Must not be asked for from a
  // call that the sink makes.
  TraceEvent& Next() {
    if (ABSL_PREDICT_FALSE(next_ == end_)) Refill();
    return *next_++;
  }

  // The place of the next event as a T, whose members may be those of an old
  // one. For the events of every decision: writing over is cheaper.
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

  // Called when all room was handed out: takes what was written there, and
  // gives room for at least one event.
  virtual absl::Span<TraceEvent> Room() = 0;

  // Events of the room that were handed out.
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

// Keeps the first `limit` events and counts all of them.
class MemoryTrace : public TraceSink {
 public:
  explicit MemoryTrace(size_t limit = size_t{1} << 20) : limit_(limit) {}
  MemoryTrace(MemoryTrace&&) = default;

  // Invalid after the next event.
  absl::Span<const TraceEvent> events() const {
    return {events_.data(),
            static_cast<size_t>(std::min<uint64_t>(written(), limit_))};
  }
  uint64_t written() const { return before_room_ + handed_out(); }

 private:
  absl::Span<TraceEvent> Room() override;

  const size_t limit_;
  std::vector<TraceEvent> events_;
  std::vector<TraceEvent> beyond_;  // the limit: counted and written over
  uint64_t before_room_ = 0;        // events before those of the present room
};

// Keeps the last `limit` events: a flight recorder.
class LastEventsTrace : public TraceSink {
 public:
  explicit LastEventsTrace(size_t limit)
      : events_(std::max<size_t>(limit, 1)) {}

  // The oldest first.
  std::vector<TraceEvent> events() const;

 private:
  absl::Span<TraceEvent> Room() override;

  std::vector<TraceEvent> events_;
  bool wrapped_ = false;
};

// --- What records them -------------------------------------------------------

enum class TraceDetail {
  kCalls,  // enough to play the connection again; cheap
  kFull,   // what else was ready and the path of tags as well
};

// CreatePolicy(), with everything that the policy is asked and decides written
// to `sink`, which must outlive it. Errors: those of CreatePolicy().
absl::StatusOr<std::unique_ptr<Policy>> CreateRecordedPolicy(
    absl::string_view spec, const PolicyOptions& options, TraceSink* sink,
    TraceDetail detail = TraceDetail::kFull);

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TRACE_H_
