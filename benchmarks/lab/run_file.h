// Runs as files, so that a comparison can be made in parts (by processes,
// machines, build actions) and reported as one.
//
//   compare --pages=vk --policies=rr   --runs=a.runs
//   compare --pages=vk --policies=fifo --runs=b.runs
//   report --html=report.html --json=runs.jsonl a.runs b.runs
//
// A file holds everything that the outputs of this folder read from a Run and a
// PageLoad, so that each run can be handed to any Output again, in the order of
// files and of runs inside them. Of a page it holds what Measure(), reports and
// the HTML report read: not the initiators' details or the hints. Metrics are
// not kept but measured again, by the one version that wrote the file.
//
// Format: the line "sluice-runs/2 VERSION\n" with kLabVersion, then for each
// run its size (LEB128) and as many bytes of zlib (RFC 1950). Inside are the
// numbers of byte_columns.h in the order in which run_file.cc writes them. Same
// runs, same bytes (for one version of zlib).
#ifndef SLUICE_BENCHMARKS_LAB_RUN_FILE_H_
#define SLUICE_BENCHMARKS_LAB_RUN_FILE_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/byte_columns.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"

namespace sluice::lab {

// --runs FILE. `stream` must outlive this; it is the caller's to open (as
// binary) and to close, and to look at for errors.
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

// The timeline of a run: what happened on its connection, when. In this order,
// each a column (byte_columns.h) unless said otherwise; "gap" is the difference
// to the value before, the first to 0; times are nanoseconds:
//
//   timings   stream id, gap of requested, completed - requested
//   requests  resource, gap of time
//   picks     resource, bytes, gap of time
//   arrivals  a number: 1 when resources and bytes are those of the picks, else
//             0 and then both columns; gap of time
//   signals   gap of stream id, gap of time, kind (0: RFC 7540 without, 1: with
//             the exclusive flag, 2: RFC 9218 without, 3: with `i`), dependency
//             (RFC 9218: 0), weight or urgency, 1: in the request's HEADERS
//
// The HTML report embeds the same bytes.
void AppendTimeline(const PageLoad& load, ByteWriter& writer);

// The opposite, for a page of `resources` resources. A mistake is kept in
// `reader`, and `load` is then not to be used.
void ReadTimeline(ByteReader& reader, size_t resources, PageLoad* load);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RUN_FILE_H_
