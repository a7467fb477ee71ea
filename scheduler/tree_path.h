// A tree's own explanation in the words of scheduler/policy.h.
#ifndef SLUICE_SCHEDULER_TREE_PATH_H_
#define SLUICE_SCHEDULER_TREE_PATH_H_

#include <vector>

#include "priority/priority_tree.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {

inline std::vector<PathLevel> PathOf(
    const std::vector<priority::ExplainedLevel>& levels) {
  std::vector<PathLevel> path;
  path.reserve(levels.size());
  for (const priority::ExplainedLevel& level : levels) {
    path.push_back({.parent = level.parent,
                    .child = level.child,
                    .weight = level.weight,
                    .tag = level.tag,
                    .key = level.key,
                    .clock = level.clock,
                    .active = level.active_children});
  }
  return path;
}

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TREE_PATH_H_
