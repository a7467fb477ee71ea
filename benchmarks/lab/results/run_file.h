// Runs as files: processes, machines or build actions can each make a part of a
// comparison, and a report joins them.
//
//   compare --pages=vk --policies=rr   --runs=a.runs
//   compare --pages=vk --policies=fifo --runs=b.runs
//   report --html=report.html --json=runs.jsonl a.runs b.runs
//
// A file holds all that the outputs of this folder (but har_output) read from a
// Run and a PageLoad, so that a reader can give each run to any Output again.
// Of a page it leaves out the details of discovery and the hints. It leaves out
// the metrics: the reader, which has the same version of the lab, measures
// again.
//
// Format: the line "sluice-runs/3 VERSION\n" with kLabVersion, then for each
// run its size (LEB128) and as many bytes of zlib (RFC 1950). Inside are the
// numbers of byte_columns.h in the order in which run_file.cc writes them. Same
// runs, same bytes (for one version of zlib).
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_RUN_FILE_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_RUN_FILE_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/byte_columns.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/results/output.h"

namespace sluice::lab {

// --runs FILE. `stream` must outlive this. The caller opens it (as binary),
// closes it and checks it for errors.
class RunFileOutput : public Output {
 public:
  explicit RunFileOutput(std::ostream& stream);
  absl::Status Write(const Run& run, const PageLoad& load) override;

 private:
  std::ostream& stream_;
};

// Calls `sink` with every run of `bytes`, the contents of a file. The run's
// page lives as long as the call. Errors: InvalidArgument, a sentence with
// `file` (written by another version, cut off, or no such file at all), after
// the runs before the damage; or the first error of `sink`.
absl::Status ReadRuns(
    absl::string_view bytes, absl::string_view file,
    const std::function<absl::Status(const Run&, const PageLoad&)>& sink);

// Appends the timeline of a run: the events of its connection and their times.
// Each part is a column (byte_columns.h), or gaps, unless said otherwise; times
// are nanoseconds:
//
//   timings   stream id, gap of requested, completed - requested
//   requests  resource, gap of time
//   picks     resource, bytes, gap of time
//   arrivals  a number: 1 when resources and bytes equal those of the picks,
//             else 0 and then both columns; gap of time
//   signals   gap of stream id, gap of time, kind (0: RFC 7540 without, 1: with
//             the exclusive flag, 2: RFC 9218 without, 3: with `i`), dependency
//             (RFC 9218: 0), weight or urgency, 1: in the request's HEADERS
//
// The HTML report embeds the same bytes.
void AppendTimeline(const PageLoad& load, ByteWriter& writer);

// Reads a timeline of a page of `resources` resources. `reader` keeps a
// mistake; `load` is then unusable.
void ReadTimeline(ByteReader& reader, size_t resources, PageLoad* load);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_RUN_FILE_H_
