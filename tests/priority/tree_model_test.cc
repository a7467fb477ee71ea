// The tree against its oracle: thousands of random programs, everything that
// can be seen compared after each operation.
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/priority/tree_program.h"

namespace sluice::priority {
namespace {

// How many operations each test runs; the manual target sets it higher.
#ifndef SLUICE_MODEL_OPERATIONS
#define SLUICE_MODEL_OPERATIONS 20000
#endif

struct Shape {
  StreamId max_id;
  PriorityTreeOptions options;
  int operations;  // a program
};

void RunPrograms(const Shape& shape, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (int done = 0; done < SLUICE_MODEL_OPERATIONS;) {
    TreePair pair(shape.options);
    std::string program;
    for (int i = 0; i < shape.operations; ++i, ++done) {
      const TreeOp op =
          RandomTreeOp(random, shape.max_id, shape.options.max_grant);
      program += ToText(op) + "\n";
      const std::optional<std::string> difference = pair.Run(op);
      ASSERT_EQ(difference, std::nullopt)
          << "after operation " << done << " of seed " << seed << ":\n"
          << program;
    }
  }
}

const Shape kSmall = {.max_id = 12,
                      .options = {.max_nodes = 20, .max_closed = 4},
                      .operations = 300};
const Shape kTight = {.max_id = 30,
                      .options = {.max_nodes = 9,
                                  .max_closed = 3,
                                  .max_idle = 4,
                                  .max_grant = 1000},
                      .operations = 300};
const Shape kWide = {.max_id = 40,
                     .options = {.max_nodes = 60, .max_closed = 2},
                     .operations = 600};
Shape WideWith(TreeOrder order) {
  Shape shape = kWide;
  shape.options.order = order;
  return shape;
}
const Shape kNoLargeQueue = {
    .max_id = 40,
    .options = {.max_nodes = 60, .max_closed = 0, .large_queues = 0},
    .operations = 600};

TEST(TreeModel, SmallTreesAgreeWithTheOracle) { RunPrograms(kSmall, 1); }
TEST(TreeModel, TreesAtTheirLimitsAgreeWithTheOracle) {
  RunPrograms(kTight, 2);
}
TEST(TreeModel, LevelsThatOutgrowTheirListAgreeWithTheOracle) {
  RunPrograms(kWide, 3);
}
TEST(TreeModel, LevelsWithoutALargeQueueAgreeWithTheOracle) {
  RunPrograms(kNoLargeQueue, 4);
}
TEST(TreeModel, TheExactOrderAgreesWithTheOracle) {
  RunPrograms(WideWith(TreeOrder::kExact), 6);
}
TEST(TreeModel, TheExactOrderWithTiesByIdAgreesWithTheOracle) {
  RunPrograms(WideWith(TreeOrder::kExactById), 7);
}

}  // namespace
}  // namespace sluice::priority
