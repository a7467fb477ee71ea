// Records every call that a policy gets and every decision that it makes, as
// the events of scheduler/trace.h.
//
//   LastEventsTrace trace(/*limit=*/1000);
//   DataSchedulerOptions options{.trace = &trace};   // frames, with windows
//   DataScheduler scheduler(&connection,
//                           *CreateRecordedPolicy("rr", {}, &trace), options);
//   … trace.events() …
//
// A recorded policy wraps the policy, so a trace that is off costs nothing. One
// that is on writes each event where the sink keeps it and allocates nothing
// itself. replay.h plays the events again, json_lines.h writes and reads them
// as JSON Lines, trace_files.h writes a file for each connection.
#ifndef SLUICE_TRACE_RECORD_H_
#define SLUICE_TRACE_RECORD_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace sluice::trace {

using scheduler::Policy;
using scheduler::PolicyOptions;
using scheduler::StringView;
using scheduler::TraceEvent;
using scheduler::TraceSink;

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

enum class TraceDetail {
  kCalls,  // enough to play the connection again; cheap
  kFull,   // also the other ready streams and the path of tags
};

// CreatePolicy(), with every call and decision written to `sink`, which must
// outlive the policy. Errors: those of CreatePolicy().
absl::StatusOr<std::unique_ptr<Policy>> CreateRecordedPolicy(
    StringView spec, const PolicyOptions& options, TraceSink* sink,
    TraceDetail detail = TraceDetail::kFull);

}  // namespace sluice::trace

#endif  // SLUICE_TRACE_RECORD_H_
