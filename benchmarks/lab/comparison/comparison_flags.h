// The flags that choose the runs of a comparison, for every program that makes
// runs: --pages, --edit, --policies, --signals, --late_signals, --network,
// --send_buffer, --max_streams, --seed and --baseline.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/page/page.h"
#include "support/command_line.h"

ABSL_DECLARE_FLAG(sluice::support::ListFlag, edit);
ABSL_DECLARE_FLAG(sluice::support::ListFlag, pages);
ABSL_DECLARE_FLAG(sluice::support::ListFlag, policies);

namespace sluice::lab {

// The signal sets, networks and policies with their summaries, for --help.
std::string NamesHelp(absl::Span<const NetworkFamily> families);

// What the flags say. A mistake ends the program with status 2 and a sentence.
// `program` is its name in messages; by `argv0` it finds the bundled pages,
// which must be data of the program.
Comparison ComparisonOrExit(absl::string_view program, absl::string_view argv0,
                            absl::Span<const NetworkFamily> families);

// --baseline. The comparison has it, too, if it is a policy.
Baseline BaselineOrExit(absl::string_view program);

// Comparison::best_order from a flag of the program's own, called `name`, which
// must be at least `least`.
size_t EvaluationsOrExit(absl::string_view program,
                         const absl::Flag<int64_t>& flag,
                         absl::string_view name, int64_t least);

// Prints the notes and warnings of pages to standard error.
void PrintNotes(absl::Span<const Page> pages);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_
