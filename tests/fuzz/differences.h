// docs/beside-libnghttp2.md as data: where our core and libnghttp2 may judge a
// frame differently.
#ifndef SLUICE_TESTS_FUZZ_DIFFERENCES_H_
#define SLUICE_TESTS_FUZZ_DIFFERENCES_H_

#include <sluice/h2/options.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/fuzz/judging_core.h"

namespace sluice::fuzz {

// A judgement as the table has it: the verdict, and words that the core says
// with it.
struct Expected {
  std::string verdict;
  std::string words;
};

struct Difference {
  int line = 0;      // of the page
  std::string role;  // "server", "client", "both": who judges
  std::string frame;
  Expected ours;
  Expected theirs;
};

const std::vector<Difference>& Differences();

// The row that has it; null: none.
const Difference* FindDifference(h2::Side side, absl::string_view frame,
                                 const Judgement& ours,
                                 const Judgement& theirs);

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_DIFFERENCES_H_
