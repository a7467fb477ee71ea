// A page load as HAR 1.2, from the browser's side. PerfCascade and
// WebPageTest's viewers open it.
//
// One entry for each resource, by the time of its request. Times are virtual,
// from an arbitrary date. Beside the fields that HAR demands there are these of
// WebPageTest, chrome-har or Chrome's DevTools:
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
// and `_priority_signals` for later signals: [{ts, dependency, weight,
// exclusive} or {ts, priority}], with the time at which each reached the
// server. Addresses are those of the page's HAR; a page without has
// https://PAGE.invalid/LABEL. A redirect takes no time and leads to the
// resource that it discovers.
//
// `log._page_fixture` is the page itself (page_fixture.h), so --pages reads the
// same page from the file. `log._run` holds the run's parameters.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_HAR_OUTPUT_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_HAR_OUTPUT_H_

#include <string>

#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"

namespace sluice::lab {

// The same run gives the same text. `run.page` must be as it was read, with its
// initiators. O(resources + arrivals + signals).
std::string HarText(const Run& run, const PageLoad& load);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_HAR_OUTPUT_H_
