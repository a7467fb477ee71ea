// The compare program, to which a target of its own can add networks.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARE_MAIN_H_
#define SLUICE_BENCHMARKS_LAB_COMPARE_MAIN_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/transport.h"

namespace sluice::lab {

// Networks that are called PREFIX:OPTIONS.
struct NetworkFamily {
  absl::string_view prefix;
  absl::string_view summary;  // one line, for --help
  // Error: InvalidArgument with a sentence for the user.
  std::function<absl::StatusOr<TransportFactory>(absl::string_view options)>
      parse;
};

// Loads pages through the real core at both ends, once per signal set and
// policy, in virtual time, and prints what came when. main()'s arguments and
// result: 0, 1 when a run or a file failed; exits with 2 and one sentence on
// standard error when the command line makes no sense.
int CompareMain(int argc, char** argv,
                absl::Span<const NetworkFamily> families);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARE_MAIN_H_
