// A trace as JSON Lines: one object an event, its kind in "call". For example
//
//   {"call":"open","id":1,"rfc7540":[0,256,true],"rfc9218":[0,true]}
//   {"call":"pick","n":0,"id":1,"max":16384,"rule":"u=0, i","ready":1}
//   {"call":"charge","id":1,"bytes":1400}
//   {"call":"frame","id":1,"bytes":1400,"end":false,"window":65535,…}
//
// The format is Sluice's own; reading what was written gives the same events.
// The rules that are read stay in memory until the process ends, each once: a
// policy has a few.
#ifndef SLUICE_SCHEDULER_TRACE_JSON_H_
#define SLUICE_SCHEDULER_TRACE_JSON_H_

#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/trace.h"

namespace sluice::scheduler {

// Without a line break.
std::string TraceEventToJson(const TraceEvent& event);

// Error: InvalidArgument, saying what is wrong with the line.
absl::StatusOr<TraceEvent> TraceEventFromJson(absl::string_view line);

// Every line of `in`. Error: InvalidArgument with the line's number.
absl::StatusOr<std::vector<TraceEvent>> ReadTrace(std::istream& in);

// Writes each event as a line. `out` must outlive it.
class JsonLinesTrace : public TraceSink {
 public:
  explicit JsonLinesTrace(std::ostream* out) : out_(*out) {}
  void Write(TraceEvent&& event) override {
    out_ << TraceEventToJson(event) << '\n';
  }

 private:
  std::ostream& out_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TRACE_JSON_H_
