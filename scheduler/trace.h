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
// costs nothing: there is no such object. scheduler/replay.h plays the events
// again, scheduler/trace_json.h writes and reads them as JSON Lines.
#ifndef SLUICE_SCHEDULER_TRACE_H_
#define SLUICE_SCHEDULER_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"

namespace sluice::scheduler {

// --- Calls, in the order in which they were made -----------------------------

// The policy was made; the first event of a trace.
struct TraceMade {
  std::string spec;
  size_t max_grant = 0;
  size_t max_streams = 0;
  size_t max_closed_streams = 0;
  std::map<std::string, std::string> values;

  friend bool operator==(const TraceMade&, const TraceMade&) = default;
};

struct TraceOpen {
  StreamId id = 0;
  StreamInfo info;
  bool ok = true;  // the policy took it

  friend bool operator==(const TraceOpen&, const TraceOpen&) = default;
};

struct TracePriority {
  StreamId id = 0;
  StreamInfo info;
  Signal changed = Signal::kRfc7540;
  bool ok = true;

  friend bool operator==(const TracePriority&, const TracePriority&) = default;
};

struct TraceNoRfc7540 {
  friend bool operator==(const TraceNoRfc7540&,
                         const TraceNoRfc7540&) = default;
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

// A decision and its reason.
struct TracePick {
  uint64_t number = 0;     // 0, 1, 2, …
  StreamId id = 0;         // 0: nothing was ready
  size_t max_bytes = 0;    // of the grant
  absl::string_view rule;  // never dies: a policy's literal
  size_t ready = 0;        // streams that were, the picked one included
  // TraceDetail::kFull: some of the others that were, by id; and how the picked
  // stream stood, from the top.
  std::vector<StreamId> also_ready;
  std::vector<PathLevel> path;

  friend bool operator==(const TracePick&, const TracePick&) = default;
};

struct TraceCharge {
  StreamId id = 0;
  size_t bytes = 0;
  friend bool operator==(const TraceCharge&, const TraceCharge&) = default;
};

// A DATA frame went into the output. Windows are in bytes, before the frame.
struct TraceFrame {
  StreamId id = 0;
  size_t bytes = 0;
  bool end_stream = false;
  int64_t window = 0;  // min(stream, connection)
  int64_t connection_window = 0;

  friend bool operator==(const TraceFrame&, const TraceFrame&) = default;
};

using TraceEvent =
    std::variant<TraceMade, TraceOpen, TracePriority, TraceNoRfc7540,
                 TraceClose, TraceReady, TraceBlocked, TracePick, TraceCharge,
                 TraceFrame>;

// --- Where they go -----------------------------------------------------------

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // May move from `event`. Must not call the policy or the data scheduler.
  virtual void Write(TraceEvent&& event) = 0;
};

// Keeps the first `limit` events and counts all of them.
class MemoryTrace : public TraceSink {
 public:
  explicit MemoryTrace(size_t limit = size_t{1} << 20) : limit_(limit) {}

  void Write(TraceEvent&& event) override {
    ++written_;
    if (events_.size() < limit_) events_.push_back(std::move(event));
  }

  const std::vector<TraceEvent>& events() const { return events_; }
  uint64_t written() const { return written_; }

 private:
  const size_t limit_;
  std::vector<TraceEvent> events_;
  uint64_t written_ = 0;
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
