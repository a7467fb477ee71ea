// What must hold of a ShareTree, checked from the root down.
#include <sluice/priority/internal/share_tree.h>

namespace sluice::priority::internal {

template <class Order>
const char* ShareTree<Order>::FindBrokenInvariant() const {
  size_t reached = 1, groups = 0;
  NodeIndex n = kRoot;
  for (;;) {
    const GroupIndex g = nodes_[n].children;
    if (g != kNone) {
      const Group& group = groups_[g];
      ++groups;
      if (group.owner != n) return "a group is not its owner's";
      if (group.size == 0) return "a group is empty";
      uint32_t size = 0, active = 0;
      NodeIndex m = group.first;
      do {
        const Node& member = nodes_[m];
        if (++size > group.size) return "a sibling ring is too long";
        if (member.group != g) return "a member is in another group";
        if (nodes_[member.next].prev != m) return "a sibling ring is broken";
        if (member.weight == 0) return "a weight is 0";
        const bool should = member.ready || HasActiveChild(m);
        if (should != (member.active != 0)) return "an active flag is wrong";
        active += should;
        const int64_t quantum = Quantum(member.weight);
        if (member.key != member.tag + quantum) {
          return "a key is not its tag plus the quantum";
        }
        if (!pulling_ && member.remainder >= member.weight) {
          return "a remainder is not less than its weight";
        }
        // S ≤ V, up to the rounding of one remainder.
        if (member.tag > group.clock + 1) {
          return "a tag is ahead";
        }
        if (should && (member.key >> queue_.slot_shift()) <
                          (group.clock >> queue_.slot_shift())) {
          return "a key is behind its clock";
        }
        m = member.next;
      } while (m != group.first);
      if (size != group.size) return "a group's size is wrong";
      if (active != group.active) return "a group's active count is wrong";
    }
    // Preorder without recursion.
    NodeIndex next = FirstChild(n);
    while (next == kNone && n != kRoot) {
      next = NextSibling(n);
      n = Parent(n);
    }
    if (next == kNone) break;
    n = next;
    if (++reached > nodes_.size()) return "the tree has a cycle";
  }
  size_t free_nodes = 0, free_groups = 0;
  for (NodeIndex i = free_node_; i != kNone; i = nodes_[i].next) ++free_nodes;
  for (GroupIndex i = free_group_; i != kNone; i = groups_[i].first) {
    ++free_groups;
  }
  if (reached + free_nodes != nodes_.size()) return "a node is unreachable";
  if (groups + free_groups != groups_.size()) return "a group is lost";
  return nullptr;
}

template const char* ShareTree<ByteFairOrder>::FindBrokenInvariant() const;
template const char* ShareTree<ExactByteFairOrder>::FindBrokenInvariant() const;
template const char* ShareTree<ExactByIdOrder>::FindBrokenInvariant() const;

}  // namespace sluice::priority::internal
