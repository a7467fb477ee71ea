// The flags that choose the runs of a comparison, for every program that makes
// some: all of Comparison but its pages.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_

#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/page/page.h"
#include "support/command_line.h"

ABSL_DECLARE_FLAG(sluice::support::ListFlag, edit);
ABSL_DECLARE_FLAG(sluice::support::ListFlag, policies);

namespace sluice::lab {

// What --help says of signals, networks and policies.
std::string ChoicesInWords(absl::Span<const NetworkFamily> families);

// The pages of a list as SelectPages() reads it, among the bundled ones of the
// program `argv0`. Ends the program with status 2 and a sentence after a
// mistake, like the next two; `program` is its name there.
std::vector<Page> PagesOrExit(absl::string_view program,
                              absl::string_view argv0, absl::string_view list);

// --baseline.
std::string BaselineOrExit(absl::string_view program);

// The comparison that the flags choose. Comparison::best_order is 0.
Comparison ComparisonOrExit(absl::string_view program, std::vector<Page> pages,
                            absl::Span<const NetworkFamily> families);

// Prints the notes and warnings of pages to standard error.
void PrintNotes(absl::Span<const Page> pages);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARISON_FLAGS_H_
