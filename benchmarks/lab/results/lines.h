// Runs for programs: one line each, as JSON Lines or as comma-separated values.
// No line depends on the machine, the clock or a path.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_LINES_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_LINES_H_

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/results/output.h"
#include "nlohmann/json_fwd.hpp"

namespace sluice::lab {

// Milliseconds, rounded to the microsecond.
double ToMilliseconds(int64_t ns);

// A text as a value of a CSV line, in quotes if it has a comma.
std::string CsvText(absl::string_view text);

// The parameters of a run, the first keys of JsonLine(): version … seed.
nlohmann::ordered_json RunParameters(const Run& run);

// One JSON object and a newline, with the keys in this order: version, page,
// page_sha256, edit, edit_sha256, policy, signals, late_signals, network,
// send_buffer_bytes, max_streams, seed; render_critical_ms, atf_ms,
// atf_area_ms, page_load_ms, painted_area_ms, lcp_candidate_ms (virtual
// milliseconds, to the microsecond); lower_first_bytes; of a page that has a
// reaction reaction_ms, low_open, low_left_bytes; class_done_ms, an object with
// the classes that the page has; visual_progress, an array of [ms, per cent],
// one for each step to another whole per cent; resources, an array of objects
// in the page's order without redirects: id, label, type, bytes, requested_ms,
// first_byte_ms (without a body absent), done_ms; picks, an array of
// [resource id, stream id, bytes] of all joined picks.
std::string JsonLine(const Run& run, const PageLoad& load);

// The same without picks as comma-separated values (RFC 4180, but lines end
// with \n): a line of names, then a line for each run. A value that the page
// lacks is empty.
std::string CsvHeader();
std::string CsvLine(const Run& run);

// --json and --csv. `stream` must outlive the output. The caller opens it,
// closes it and checks it for errors.
class JsonOutput : public Output {
 public:
  explicit JsonOutput(std::ostream& stream) : stream_(stream) {}
  absl::Status Write(const Run& run, const PageLoad& load) override;

 private:
  std::ostream& stream_;
};

class CsvOutput : public Output {
 public:
  explicit CsvOutput(std::ostream& stream);
  absl::Status Write(const Run& run, const PageLoad& load) override;

 private:
  std::ostream& stream_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_LINES_H_
