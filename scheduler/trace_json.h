// A trace as JSON Lines: one object an event, its kind in "call". For example
//
//   {"call":"open","id":1,"rfc7540":[0,256,true],"rfc9218":[0,true]}
//   {"call":"pick","n":0,"id":1,"max":16384,"policy":"rfc9218","rule":"u=0, i",
//    "ready":2,"ready_ids":[1,3],"levels":1,"path":[{"parent":0,"child":1,
//    "group":2,"weight":1.0,"tag":0,"key":4194304,"clock":4194304,"active":2,
//    "child_active":true}]}
//   {"call":"charge","id":1,"bytes":1400}
//   {"call":"frame","id":1,"bytes":1400,"end":false,"outcome":"sent",
//    "window":65535,"connection_window":65535}
//
// The format is Sluice's own; reading what was written gives the same events.
// The names that are read stay in memory until the process ends, each once: a
// policy has a few.
#ifndef SLUICE_SCHEDULER_TRACE_JSON_H_
#define SLUICE_SCHEDULER_TRACE_JSON_H_

#include <sluice/scheduler/trace.h>

#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

// Without a line break.
std::string TraceEventToJson(const TraceEvent& event);

// Error: InvalidArgument, saying what is wrong with the line.
absl::StatusOr<TraceEvent> TraceEventFromJson(absl::string_view line);

// Every line of `in`. Error: InvalidArgument with the line's number.
absl::StatusOr<std::vector<TraceEvent>> ReadTrace(std::istream& in);

// Writes each event as a line, as soon as the next one begins; the last one
// when it is destroyed or flushed. `out` must outlive it.
class JsonLinesTrace : public TraceSink {
 public:
  explicit JsonLinesTrace(std::ostream* out) : out_(*out), event_(1) {}
  ~JsonLinesTrace() override { Flush(); }

  void Flush();

 private:
  absl::Span<TraceEvent> Room() override;

  std::ostream& out_;
  std::vector<TraceEvent> event_;
  bool pending_ = false;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TRACE_JSON_H_
