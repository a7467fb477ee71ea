// Results to read on a terminal.
#ifndef SLUICE_BENCHMARKS_PROBE_RESULT_TEXT_H_
#define SLUICE_BENCHMARKS_PROBE_RESULT_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/probe/result.h"

namespace sluice::probe {

// "share 6.9 (6.8–7.0)", "committed 32 KB".
std::string FigureText(absl::string_view name, const servers::Spread& spread);

// Who the server is, a table of the experiments, and the cost.
std::string ResultText(const ServerResult& result);

// The verdicts that changed from `before` to `after` and the figures that moved
// beyond their spread: the ranges of the repeats are farther from each other
// than either is wide. Servers belong together by their URLs; where both sides
// have one server, these two do.
std::string CompareText(const std::vector<ServerResult>& before,
                        const std::vector<ServerResult>& after);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_RESULT_TEXT_H_
