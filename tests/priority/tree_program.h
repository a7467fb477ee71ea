// Programs for the priority tree: operations as data, run on the tree and on
// the oracle side by side.
#ifndef SLUICE_TESTS_PRIORITY_TREE_PROGRAM_H_
#define SLUICE_TESTS_PRIORITY_TREE_PROGRAM_H_

#include <sluice/priority/priority_tree.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "tests/priority/tree_oracle.h"

namespace sluice::priority {

struct InsertOp {
  StreamId id;
  std::optional<Rfc7540Priority> priority;
};
struct ReprioritiseOp {
  StreamId id;
  Rfc7540Priority priority;
};
struct CloseOp {
  StreamId id;
};
struct RemoveOp {
  StreamId id;
};
struct ReadyOp {
  StreamId id;
};
struct BlockedOp {
  StreamId id;
};
// Picks; the operations up to the next ChargeOp happen inside the pull.
struct PickOp {};
struct ChargeOp {
  size_t bytes;
};
using TreeOp = std::variant<InsertOp, ReprioritiseOp, CloseOp, RemoveOp,
                            ReadyOp, BlockedOp, PickOp, ChargeOp>;

std::string ToText(const TreeOp& op);

// A random operation on ids 1…max_id: mostly valid, sometimes refused.
TreeOp RandomTreeOp(std::mt19937_64& random, StreamId max_id, size_t max_grant);

// Runs one operation on both and compares everything that can be seen.
class TreePair {
 public:
  explicit TreePair(const PriorityTreeOptions& options);

  // The difference, if any. A PickOp inside a pull and a ChargeOp outside
  // one do nothing.
  std::optional<std::string> Run(const TreeOp& op);

 private:
  PriorityTree tree_;
  TreeOracle oracle_;
};

}  // namespace sluice::priority

#endif  // SLUICE_TESTS_PRIORITY_TREE_PROGRAM_H_
