// Where h2::Connection means to do otherwise than hyper-h2 4.4.1. A rule covers
// the recordings that its pattern names, and says exactly what ours does there;
// nothing else may differ.
#ifndef SLUICE_TESTS_H2_TRANSCRIPT_RULES_H_
#define SLUICE_TESTS_H2_TRANSCRIPT_RULES_H_

#include <sluice/h2/options.h>

#include <string>
#include <vector>

#include "tests/h2/transcript.h"

namespace sluice::h2::tests {

struct DifferenceRule {
  const char* name;
  const char* justification;  // the section of an RFC, or of docs/core.md
  const char* tests;          // parts of their names, with '|' between
  // Turns what was recorded of `call` into what ours does; returns whether it
  // had anything to turn.
  bool (*rewrite)(const RecordedCall& call, Side side,
                  std::vector<std::string>* outcome);
  int recordings;  // that it covers: no more and no fewer
};

const std::vector<DifferenceRule>& DifferenceRules();

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_TRANSCRIPT_RULES_H_
