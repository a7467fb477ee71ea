// Where nodes stand: the pool, and the edits of the tree.
#include <sluice/priority/internal/share_tree.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace sluice::priority::internal {
ShareTree::ShareTree(size_t max_grant, size_t calendars, TreeOrder order)
    : queue_(static_cast<int64_t>(max_grant) << kTagFractionBits, calendars,
             order),
      scaled_grant_(static_cast<int64_t>(max_grant)
                    << (kTagFractionBits + kWeightFractionBits)),
      max_grant_(max_grant) {
  nodes_.reserve(4);
  New();  // the root
}

NodeIndex ShareTree::NewInLargerPool() {
  const auto n = static_cast<NodeIndex>(nodes_.size());
  nodes_.emplace_back();
  queue_.SetNodes(nodes_.data());
  return n;
}

void ShareTree::Delete(NodeIndex n) {
  if (n == picked_) picked_ = kNone;
  nodes_[n].group = nodes_[n].children = kNone;
  nodes_[n].next = free_node_;
  free_node_ = n;
}

bool ShareTree::IsAncestor(NodeIndex ancestor, NodeIndex n) {
  while (n != kRoot) {
    ++work_.ancestor_steps;
    n = Parent(n);
    if (n == ancestor) return true;
  }
  return false;
}

void ShareTree::Attach(NodeIndex n, NodeIndex parent, uint32_t weight) {
  GroupIndex g = nodes_[parent].children;
  if (g == kNone) g = NewGroup(parent);
  Group& group = groups_[g];
  Node& node = nodes_[n];
  node.weight = weight;
  node.tag = group.clock;
  node.remainder = 0;
  SetKey(node, Quantum(weight));
  node.group = g;
  if (group.first == kNone) {
    group.first = node.prev = node.next = n;
  } else {
    node.next = group.first;
    node.prev = nodes_[group.first].prev;
    nodes_[node.prev].next = n;
    nodes_[node.next].prev = n;
  }
  ++group.size;
  ++work_.relinked;
  if (node.ready || HasActiveChild(n)) Activate(n);
}

void ShareTree::AttachExclusive(NodeIndex n, NodeIndex parent,
                                uint32_t weight) {
  const GroupIndex adopted = nodes_[parent].children;
  if (adopted != kNone) {
    nodes_[parent].children = kNone;
    if (nodes_[n].children == kNone) {
      nodes_[n].children = adopted;
      groups_[adopted].owner = n;
    } else {
      Merge(nodes_[n].children, adopted, n);
    }
    BumpEpoch();
  }
  Attach(n, parent, weight);
}

void ShareTree::Detach(NodeIndex n) {
  Node& node = nodes_[n];
  if (node.active) Deactivate(n);
  DropPathEntry(n);
  Group& group = groups_[node.group];
  if (--group.size == 0) {
    nodes_[group.owner].children = kNone;
    DeleteGroup(node.group);
  } else {
    nodes_[node.prev].next = node.next;
    nodes_[node.next].prev = node.prev;
    if (group.first == n) group.first = node.next;
  }
  node.group = kNone;
}

void ShareTree::Splice(NodeIndex n) {
  const GroupIndex children = nodes_[n].children;
  if (children == kNone) return Detach(n);
  Node& node = nodes_[n];
  Group& group = groups_[node.group];
  const bool was_active = node.active;
  if (was_active) {
    queue_.Remove(group, n);
    node.active = 0;
  } else {
    Clamp(node, group.clock);
  }
  RingInChildren(n);
  Bequeath(n);
  DeleteGroup(children);
  node.group = node.children = kNone;
  BumpEpoch();
  if (was_active && group.active == 0) {
    group.run_epoch = 0;
    const NodeIndex owner = group.owner;
    if (owner != kRoot && !nodes_[owner].ready) Deactivate(owner);
  }
}

void ShareTree::RingInChildren(NodeIndex n) {
  const Node& node = nodes_[n];
  Group& group = groups_[node.group];
  const Group& children = groups_[node.children];
  const NodeIndex first = children.first;
  const NodeIndex last = nodes_[first].prev;
  if (group.size > 1) {
    nodes_[node.prev].next = first;
    nodes_[first].prev = node.prev;
    nodes_[last].next = node.next;
    nodes_[node.next].prev = last;
  }
  if (group.first == n) group.first = first;
  group.size += children.size - 1;
}

void ShareTree::Bequeath(NodeIndex n) {
  const Node& node = nodes_[n];
  const Group& children = groups_[node.children];
  uint64_t sum = 0;
  for (uint32_t i = 0, c = children.first; i < children.size; ++i) {
    sum += nodes_[c].weight;
    c = nodes_[c].next;
  }
  const PathEntry* found = FindPathEntry(n);
  const bool on_path = found != nullptr;
  const PathEntry entry = on_path ? *found : PathEntry{};
  DropPathEntry(n);
  // Shares are differences of rounded running sums: they add up to the removed
  // weight exactly, and each is within one unit of its exact value.
  __extension__ using Wide = unsigned __int128;
  uint64_t before = 0, given = 0;
  NodeIndex c = children.first;
  for (uint32_t i = 0; i < children.size; ++i, c = nodes_[c].next) {
    Node& child = nodes_[c];
    before += child.weight;
    const uint64_t upto =
        static_cast<uint64_t>(Wide{node.weight} * before / sum);
    child.weight = static_cast<uint32_t>(std::max<uint64_t>(upto - given, 1));
    given = upto;
    child.group = node.group;
    child.tag = node.tag;
    DropPathEntry(c);
    if (on_path) {
      child.remainder = node.remainder;  // of entry.weight, until the charge
      if (path_size_ == path_.size()) path_.resize(2 * path_size_ + 1);
      path_[path_size_++] = {entry.tag, c, entry.weight};
    } else {
      child.remainder = static_cast<uint32_t>(uint64_t{node.remainder} *
                                              child.weight / node.weight);
    }
    SetKey(child, Quantum(child.weight));
    if (child.active) queue_.Insert(groups_[node.group], c);
    ++work_.relinked;
  }
}

void ShareTree::SetWeight(NodeIndex n, uint32_t weight) {
  Node& node = nodes_[n];
  if (node.weight == weight) return;
  // During a pull the remainder is still of the weight that will be charged.
  if (FindPathEntry(n) == nullptr) {
    node.remainder =
        static_cast<uint32_t>(uint64_t{node.remainder} * weight / node.weight);
  }
  Group& group = groups_[node.group];
  node.weight = weight;
  Node changed = node;
  SetKey(changed, Quantum(weight));
  Clamp(changed, group.clock);
  node.tag = changed.tag;
  if (node.active) {
    queue_.Rekey(group, n, changed.key);
  } else {
    node.key = changed.key;
  }
}

void ShareTree::Merge(GroupIndex front, GroupIndex back, NodeIndex owner) {
  const bool back_moves = groups_[back].size <= groups_[front].size;
  const GroupIndex from = back_moves ? back : front;
  const GroupIndex to = back_moves ? front : back;
  Group& source = groups_[from];
  Group& target = groups_[to];
  const int64_t shift = target.clock - source.clock;
  for (uint32_t i = 0; i < path_size_; ++i) {
    if (nodes_[path_[i].node].group == from) path_[i].tag += shift;
  }
  for (uint32_t i = 0, m = source.first; i < source.size;
       ++i, m = nodes_[m].next) {
    Node& member = nodes_[m];
    if (member.active) queue_.Remove(source, m);
    member.tag += shift;
    member.key += shift;
    Clamp(member, target.clock);
    member.group = to;
    if (member.active) queue_.Insert(target, m);
    ++work_.relinked;
  }
  // front's ring, then back's.
  const NodeIndex first = groups_[front].first;
  const NodeIndex middle = groups_[back].first;
  const NodeIndex front_last = nodes_[first].prev;
  const NodeIndex last = nodes_[middle].prev;
  nodes_[front_last].next = middle;
  nodes_[middle].prev = front_last;
  nodes_[last].next = first;
  nodes_[first].prev = last;
  target.first = first;
  target.size += source.size;
  target.owner = owner;
  nodes_[owner].children = to;
  DeleteGroup(from);
}

GroupIndex ShareTree::NewGroup(NodeIndex owner) {
  GroupIndex g = free_group_;
  if (g == kNone) {
    g = static_cast<GroupIndex>(groups_.size());
    groups_.emplace_back();
    // Each contended level on a path is another group.
    if (path_.size() < groups_.size()) path_.resize(groups_.capacity());
  } else {
    free_group_ = groups_[g].first;
    ::new (&groups_[g]) Group();
  }
  groups_[g].owner = owner;
  nodes_[owner].children = g;
  return g;
}

void ShareTree::DeleteGroup(GroupIndex g) {
  groups_[g].size = 0;
  groups_[g].owner = kNone;
  groups_[g].first = free_group_;
  free_group_ = g;
}

}  // namespace sluice::priority::internal
