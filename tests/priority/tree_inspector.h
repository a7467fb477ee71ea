// Looks inside a priority tree, for tests: its shape as text, every tag, and
// everything that must hold of its data structures.
#ifndef SLUICE_TESTS_PRIORITY_TREE_INSPECTOR_H_
#define SLUICE_TESTS_PRIORITY_TREE_INSPECTOR_H_

#include <sluice/priority/priority_tree.h>
#include <sluice/signals/path_level.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sluice::priority {

class TreeInspector {
 public:
  explicit TreeInspector(const PriorityTree& tree)
      : tree_(tree), shares_(tree.shares_) {}

  // Everything that must hold of the data structures. O(nodes).
  absl::Status CheckInvariants() const;

  // "(1:16(3:8 5:16))": for each stream its id and its weight, then its
  // children in the order in which they came, in parentheses. Weights are
  // rounded to three places. "()" when it is empty.
  std::string Dump() const;

  // The levels from the root to `id`; empty when it is not in the tree.
  std::vector<signals::PathLevel> Explain(StreamId id) const;

  size_t size() const { return tree_.size(); }
  size_t Count(StreamState state) const { return tree_.List(state).size; }
  bool HasReady() const { return shares_.HasActiveChild(internal::kRoot); }
  // Levels with more than eight active children compare keys without these
  // lowest bits; 0 when every level is exact.
  int slot_shift() const { return shares_.queue_.slot_shift(); }

 private:
  using NodeIndex = internal::NodeIndex;

  // The node after `n`, parents first; kNone at the end. Keeps `*depth`.
  NodeIndex NextInPreorder(NodeIndex n, int* depth) const;
  // The first thing that is broken, or null.
  const char* FindBrokenLevel(NodeIndex owner) const;
  const char* FindBrokenPool(size_t nodes, size_t groups) const;
  const char* FindBrokenList(StreamState state) const;

  const PriorityTree& tree_;
  const internal::ShareTree& shares_;
};

inline absl::Status CheckInvariants(const PriorityTree& tree) {
  return TreeInspector(tree).CheckInvariants();
}
inline std::string Dump(const PriorityTree& tree) {
  return TreeInspector(tree).Dump();
}
inline std::vector<signals::PathLevel> Explain(const PriorityTree& tree,
                                               StreamId id) {
  return TreeInspector(tree).Explain(id);
}
inline bool HasReady(const PriorityTree& tree) {
  return TreeInspector(tree).HasReady();
}
inline size_t Size(const PriorityTree& tree) {
  return TreeInspector(tree).size();
}
inline size_t Count(const PriorityTree& tree, StreamState state) {
  return TreeInspector(tree).Count(state);
}

}  // namespace sluice::priority

#endif  // SLUICE_TESTS_PRIORITY_TREE_INSPECTOR_H_
