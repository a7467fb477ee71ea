// The compare program; a program of its own can add networks to it.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_MAIN_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_MAIN_H_

#include "absl/types/span.h"
#include "benchmarks/lab/net/network.h"

namespace sluice::lab {

// The main() of the compare program: its arguments and its result, 0, or 1 when
// a run or a file failed. A bad command line exits with 2 and one sentence on
// standard error. Pages and the report's web part must be data of the program
// (//benchmarks/lab:compare).
int CompareMain(int argc, char** argv,
                absl::Span<const NetworkFamily> families);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_MAIN_H_
