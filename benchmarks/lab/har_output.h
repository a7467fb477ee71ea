// A page load as HAR 1.2, as the browser saw it: one file a run. PerfCascade
// and WebPageTest's viewers open it.
//
// One entry a resource, by the time of its request. Times are virtual, from an
// arbitrary date. Beside what HAR demands, under the names that WebPageTest,
// chrome-har or Chrome's DevTools gave them:
//
//   _resourceType, _initialPriority, _priority      Chrome's words
//   _initiator, _initiator_type                     address; parser, script,
//                                                   redirect, preload or other
//   _chunks: [{ts, bytes}]       DATA as it arrived; ms from the page's start,
//                                arrivals at one instant as one
//   _http2_stream_id             of the request
//   _http2_stream_dependency, _weight, _exclusive   as HEADERS said (RFC 7540
//                                §5.3.2); without them its defaults: 0, 16, 0
//   _http_priority               where HEADERS had a `priority` (RFC 9218 §5)
//   _renderBlocking              blocking, in_body_parser_blocking; else
//                                non_blocking, of css and js
//
// and of later signals `_priority_signals`: [{ts, dependency, weight,
// exclusive} or {ts, priority}], when each reached the server. Addresses are
// those of the page's HAR; a page without has https://PAGE.invalid/LABEL. A
// redirect is answered at once, and leads to what it discovers.
//
// `log._page_fixture` is the page itself (page_fixture.h), so that the file
// read as --pages is the same page. `log._run` holds the run's parameters.
#ifndef SLUICE_BENCHMARKS_LAB_HAR_OUTPUT_H_
#define SLUICE_BENCHMARKS_LAB_HAR_OUTPUT_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"
#include "benchmarks/lab/trace_folder.h"

namespace sluice::lab {

// The same run gives the same text. `run.page` must be as it was read, with its
// initiators. O(resources + arrivals + signals).
std::string HarText(const Run& run, const PageLoad& load);

// One file a run.
class HarOutput : public Output {
 public:
  explicit HarOutput(TraceFolder folder) : folder_(std::move(folder)) {}
  absl::Status Write(const Run& run, const PageLoad& load) override {
    return folder_.Write(run, HarText(run, load));
  }

 private:
  TraceFolder folder_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HAR_OUTPUT_H_
