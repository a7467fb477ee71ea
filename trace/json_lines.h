// A decision log as JSON Lines: one object an event, its kind in "call". For
// example
//
//   {"call":"open","id":1,"rfc7540":[0,256,true],"rfc9218":[0,true]}
//   {"call":"time","ns":1500000}
//   {"call":"pick","n":0,"id":1,"max":16384,"policy":"rfc9218","rule":"u=0, i",
//    "ready":2,"ready_ids":[1,3],"levels":1,"path":[{"parent":0,"child":1,
//    "group":2,"weight":1.0,"tag":0,"key":4194304,"clock":4194304,"active":2,
//    "child_active":true}]}
//   {"call":"charge","id":1,"bytes":1400}
//   {"call":"frame","id":1,"bytes":1400,"end":false,"outcome":"sent",
//    "window":65535,"connection_window":65535}
//
// The format is Sluice's own. Reading a written line gives the same event.
// Readers ignore fields that they do not know. The names of policies and rules
// that are read stay in memory, each once, until the process ends: a policy has
// few. Thread-safe.
#ifndef SLUICE_TRACE_JSON_LINES_H_
#define SLUICE_TRACE_JSON_LINES_H_

#include <sluice/scheduler/trace.h>

#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::trace {

using scheduler::StringView;
using scheduler::TraceEvent;

// Without a line break.
std::string TraceEventToJson(const TraceEvent& event);

// Error: InvalidArgument names the field, its value and the allowed ones.
absl::StatusOr<TraceEvent> TraceEventFromJson(StringView line);

// Every line of `in`; empty lines are skipped. Error: InvalidArgument with the
// number of a bad line (TraceEventFromJson()) or of a bad call (FindBadCall()).
absl::StatusOr<std::vector<TraceEvent>> ReadTrace(std::istream& in);

}  // namespace sluice::trace

#endif  // SLUICE_TRACE_JSON_LINES_H_
