// Results as JSON Lines, one object a server:
//
//   {"url":"https://localhost:8443/big","date":"2026-11-30","version":"3.0.0",
//    "software":"nghttpd nghttp2/1.52.0",
//    "settings":{"MAX_CONCURRENT_STREAMS":100},
//    "connections":9,"bytes":9437184,"seconds":4.2,
//    "experiments":[{"name":"rfc7540-weights","verdict":"honoured",
//                    "figures":{"share":6.94},
//                    "repeats":[{"share":6.9},{"share":6.94},{"share":7}]}]}
//
// `figures` has the medians of `repeats`. Empty texts are left out. The strips
// are not there: qlog has them.
#ifndef SLUICE_BENCHMARKS_PROBE_RESULT_JSON_H_
#define SLUICE_BENCHMARKS_PROBE_RESULT_JSON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/probe/result.h"

namespace sluice::probe {

// It ends with a line break. Numbers are rounded to three decimals.
std::string ResultLine(const ServerResult& result);

// The servers of all lines; `file` is for errors: InvalidArgument,
// "FILE:LINE: FIELD: PROBLEM".
absl::StatusOr<std::vector<ServerResult>> ReadResults(absl::string_view text,
                                                      absl::string_view file);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_RESULT_JSON_H_
