// Programs that try to break the promise: random ones, and a hill climb that
// mutates the worst found so far.
#ifndef SLUICE_TESTS_PRIORITY_FAIRNESS_SEARCH_H_
#define SLUICE_TESTS_PRIORITY_FAIRNESS_SEARCH_H_

#include <cstddef>
#include <random>

#include "tests/priority/fairness_meter.h"

namespace sluice::priority {

struct FairnessWorld {
  StreamId max_id = 8;
  // Everything on the root: contended levels only. Else random trees.
  bool flat = false;
  bool slots = false;  // the bound includes them
  TreeOrder order = TreeOrder::kSlots;
};

FairnessStep RandomFairnessStep(std::mt19937_64& random,
                                const FairnessWorld& world);

FairnessProgram RandomFairnessProgram(std::mt19937_64& random,
                                      const FairnessWorld& world, size_t steps);

// Climbs for `evaluations` programs; returns the worst one found.
FairnessProgram ClimbToWorst(std::mt19937_64& random,
                             const FairnessWorld& world, size_t steps,
                             int evaluations);

}  // namespace sluice::priority

#endif  // SLUICE_TESTS_PRIORITY_FAIRNESS_SEARCH_H_
