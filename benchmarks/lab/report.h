// What one run of the lab says, as a table for people and as JSON Lines for
// programs. Nothing in either depends on the machine, the clock or a path.
#ifndef SLUICE_BENCHMARKS_LAB_REPORT_H_
#define SLUICE_BENCHMARKS_LAB_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "benchmarks/lab/metrics.h"
#include "benchmarks/lab/origin.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/page_load.h"
#include "nlohmann/json_fwd.hpp"

namespace sluice::lab {

// One run and what it was made of. `page` must outlive it.
struct Run {
  const Page* page = nullptr;
  std::string policy;
  std::string signals;
  std::string network;
  bool late_signals = false;
  size_t send_buffer_bytes = 0;
  uint32_t max_streams = 100;
  uint64_t seed = 1;  // of the network's losses and of the summary
  Metrics metrics;
  std::vector<Pick> picks;        // JoinPicks() of the load's
  std::vector<size_t> completed;  // CompletionOrder() of the load's
};

// Picks of one stream in a row as one, at the time of the first: a stream that
// owns the wire for 100 frames says as much as for one, and the order is easier
// to see. O(picks).
std::vector<Pick> JoinPicks(absl::Span<const Pick> picks);

// The resources in the order of their last bytes, redirects left out; among
// equals the page's order. O(n log n).
std::vector<size_t> CompletionOrder(const Page& page, const PageLoad& load);

// The runs of one page: a table of the metrics in virtual milliseconds, then,
// of up to 12 runs, the first 20 joined picks of each and the first 20
// resources to complete, by their labels.
std::string TextReport(absl::Span<const Run> runs);

// Drops what TextReport() does not show.
void KeepWhatTextShows(Run* run);

// What the run was made of, the first keys of JsonLine(): version … seed.
nlohmann::ordered_json RunParameters(const Run& run);

// One JSON object and a newline, with the keys in this order: version, page,
// page_sha256, policy, signals, late_signals, network, send_buffer_bytes,
// max_streams, seed; render_critical_ms, atf_ms, atf_area_ms, page_load_ms
// (virtual milliseconds, to the microsecond); lower_first_bytes; of a page that
// has a reaction reaction_ms, low_open, low_left_bytes; class_done_ms, an
// object with the classes that the page has; picks, an array of [resource id,
// stream id, bytes] of all joined picks.
std::string JsonLine(const Run& run);

// The same without picks as comma-separated values (RFC 4180, but lines end
// with \n): a line of names, a line a run. What the page lacks is
// empty.
std::string CsvHeader();
std::string CsvLine(const Run& run);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_REPORT_H_
