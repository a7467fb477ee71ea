// Checks for fuzzers: the first that does not hold ends the process.
#ifndef SLUICE_TESTS_FUZZ_FUZZ_CHECK_H_
#define SLUICE_TESTS_FUZZ_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>

#include "absl/strings/string_view.h"

namespace sluice::fuzz {

inline void Check(bool holds, absl::string_view expectation) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(expectation.size()),
               expectation.data());
  std::abort();
}

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_FUZZ_CHECK_H_
