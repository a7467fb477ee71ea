// The flags that choose the runs of a comparison, for every program that makes
// runs: --pages, --edit, --policies, --signals, --late_signals, --network,
// --send_buffer, --max_streams, --seed and --baseline.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/net/network.h"

namespace sluice::lab {

// The signal sets, networks and policies with their summaries, for --help.
std::string NamesHelp(absl::Span<const NetworkFamily> families);

// What the flags say. A mistake ends the program with status 2 and a sentence.
// `program` is its name in messages; by `argv0` it finds the bundled pages,
// which must be data of the program.
Comparison ComparisonOrExit(absl::string_view program, absl::string_view argv0,
                            absl::Span<const NetworkFamily> families);

// --baseline.
Baseline BaselineOrExit(absl::string_view program);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_
