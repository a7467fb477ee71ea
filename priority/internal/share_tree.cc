#include <sluice/priority/internal/share_tree.h>

#include <algorithm>
#include <cstdlib>

#include "absl/base/optimization.h"

namespace sluice::priority::internal {
namespace {

// A level where a key passes this has its tags taken back, long before 2^63:
// one decision moves a key by at most 2^48.
constexpr int64_t kMaxKey = int64_t{1} << 60;

}  // namespace

ShareTree::ShareTree(size_t nodes, size_t max_grant, size_t calendars,
                     TreeOrder order)
    : queue_(static_cast<int64_t>(max_grant) << kTagFractionBits, calendars,
             order),
      scaled_grant_(static_cast<int64_t>(max_grant)
                    << (kTagFractionBits + kWeightFractionBits)),
      max_grant_(max_grant) {
  Grow(nodes + 1);
  New();  // the root
}

void ShareTree::Grow(size_t size) {
  const size_t before = nodes_.size();
  nodes_.resize(size);
  groups_.resize(size);
  // A contended level has two members at least.
  path_.resize(size / 2 + 1);
  queue_.SetNodes(nodes_.data());
  for (size_t i = size; i > before; --i) {
    nodes_[i - 1].next = free_node_;
    free_node_ = static_cast<NodeIndex>(i - 1);
    groups_[i - 1].first = free_group_;
    free_group_ = static_cast<GroupIndex>(i - 1);
  }
}

NodeIndex ShareTree::New() {
  const NodeIndex n = free_node_;
  free_node_ = nodes_[n].next;
  nodes_[n] = Node();
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

void ShareTree::Clamp(Node& node, int64_t clock) const {
  const int64_t quantum = node.key - node.tag;
  if (node.tag < clock - quantum) {
    node.tag = clock - quantum;
    node.key = clock;
  }
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
  const GroupIndex g = free_group_;
  free_group_ = groups_[g].first;
  groups_[g] = Group();
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

void ShareTree::Activate(NodeIndex n) {
  for (;;) {
    ++work_.activation_steps;
    Node& node = nodes_[n];
    Group& group = groups_[node.group];
    node.active = 1;
    Clamp(node, group.clock);
    queue_.Insert(group, n);
    if (group.active > 1) {
      if (group.active == 2) BumpEpoch();  // the run through here ends here now
      return;
    }
    group.run_epoch = 0;
    n = group.owner;
    if (n == kRoot || nodes_[n].active) return;
  }
}

void ShareTree::Deactivate(NodeIndex n) {
  for (;;) {
    ++work_.activation_steps;
    Group& group = GroupOf(n);
    nodes_[n].active = 0;
    queue_.Remove(group, n);
    if (group.active > 0) {
      if (group.active == 1) BumpEpoch();  // a run goes on through here now
      return;
    }
    group.run_epoch = 0;
    n = group.owner;
    if (n == kRoot || nodes_[n].ready) return;
  }
}

void ShareTree::SetReady(NodeIndex n) {
  Node& node = nodes_[n];
  if (node.ready) return;
  node.ready = 1;
  if (node.active) {
    BumpEpoch();  // runs that passed through it end here now
  } else {
    Activate(n);
  }
}

void ShareTree::SetBlocked(NodeIndex n) {
  Node& node = nodes_[n];
  if (!node.ready) return;
  node.ready = 0;
  if (HasActiveChild(n)) {
    BumpEpoch();
  } else {
    Deactivate(n);
  }
}

// From `n`, which is active and not ready: the first node that is ready or has
// several active children.
NodeIndex ShareTree::EndOfRun(NodeIndex n) {
  Group& start = groups_[nodes_[n].children];
  if (start.run_epoch == epoch_) return start.run_end;
  NodeIndex end = n;
  for (Group* group = &start; group->active == 1;) {
    ++work_.run_steps;
    end = queue_.Any(*group);
    if (nodes_[end].ready) break;
    group = &groups_[nodes_[end].children];
  }
  start.run_end = end;
  start.run_epoch = epoch_;
  return end;
}

inline NodeIndex ShareTree::Choose(Group& group) {
  const NodeIndex n = queue_.Min(group);
  const Node& node = nodes_[n];
  group.clock = std::max(group.clock, node.key);
  path_[path_size_++] = {node.tag, n, node.weight};
  return n;
}

NodeIndex ShareTree::Pick() {
  if (ABSL_PREDICT_FALSE(pulling_)) std::abort();  // the header forbids it
  const GroupIndex top = nodes_[kRoot].children;
  if (top == kNone || groups_[top].active == 0) return kNone;
  pulling_ = true;
  ++work_.decisions;
  NodeIndex n = kRoot;  // never ready
  if (groups_[top].active > 1) {
    n = Choose(groups_[top]);
    if (ABSL_PREDICT_TRUE(nodes_[n].ready)) {
      ++work_.contended_levels;
      return picked_ = n;
    }
  }
  return PickBelow(n);
}

NodeIndex ShareTree::PickBelow(NodeIndex n) {
  do {
    Group* group = &groups_[nodes_[n].children];
    if (group->active == 1) {
      n = EndOfRun(n);
      if (nodes_[n].ready) break;
      group = &groups_[nodes_[n].children];
    }
    n = Choose(*group);
  } while (!nodes_[n].ready);
  work_.contended_levels += path_size_;
  return picked_ = n;
}

inline void ShareTree::ChargeEntry(const PathEntry& entry, uint64_t scaled) {
  Node& node = nodes_[entry.node];
  const uint64_t sum = scaled + node.remainder;
  const auto charge = static_cast<int64_t>(sum / entry.weight);
  const uint64_t remainder = sum % entry.weight;
  if (ABSL_PREDICT_FALSE(node.tag != entry.tag ||
                         node.weight != entry.weight)) {
    ChargeEdited(entry, charge, remainder);
    return;
  }
  node.remainder = static_cast<uint32_t>(remainder);
  node.tag += charge;
  const int64_t key = node.key + charge;
  if (ABSL_PREDICT_TRUE(node.active)) {
    queue_.Charged(groups_[node.group], entry.node, key);
  } else {
    node.key = key;
  }
  if (ABSL_PREDICT_FALSE(key > kMaxKey)) Renormalise(node.group);
}

void ShareTree::ChargeEdited(const PathEntry& entry, int64_t charge,
                             uint64_t remainder) {
  Node& node = nodes_[entry.node];
  // 0 when the edit put it ahead of the charge.
  charge = std::max(entry.tag + charge - node.tag, int64_t{0});
  node.remainder =
      static_cast<uint32_t>(remainder * node.weight / entry.weight);
  node.tag += charge;
  const int64_t key = node.key + charge;
  if (node.active) {
    queue_.Rekey(groups_[node.group], entry.node, key);
  } else {
    node.key = key;
  }
}

void ShareTree::ChargePath(uint64_t scaled) {
  for (uint32_t i = 0; i < path_size_; ++i) ChargeEntry(path_[i], scaled);
}

void ShareTree::Charge(size_t bytes) {
  if (ABSL_PREDICT_FALSE(!pulling_ || bytes > max_grant_)) std::abort();
  const uint64_t scaled = uint64_t{bytes}
                          << (kTagFractionBits + kWeightFractionBits);
  if (ABSL_PREDICT_TRUE(path_size_ == 1)) {
    ChargeEntry(path_[0], scaled);
  } else {
    ChargePath(scaled);
  }
  path_size_ = 0;
  pulling_ = false;
  // It had nothing to send: until its next SetReady(), nobody waits for it.
  if (ABSL_PREDICT_FALSE(bytes == 0) && picked_ != kNone) SetBlocked(picked_);
}

ShareTree::PathEntry* ShareTree::FindPathEntry(NodeIndex n) {
  for (uint32_t i = 0; i < path_size_; ++i) {
    if (path_[i].node == n) return &path_[i];
  }
  return nullptr;
}

void ShareTree::DropPathEntry(NodeIndex n) {
  PathEntry* entry = FindPathEntry(n);
  if (entry == nullptr) return;
  std::copy(entry + 1, path_.data() + path_size_, entry);
  --path_size_;
}

void ShareTree::BumpEpoch() {
  if (++epoch_ != 0) return;
  for (Group& group : groups_) group.run_epoch = 0;
  epoch_ = 1;
}

// Takes a multiple of the queue's period from every tag of the level. A tag far
// behind the clock is brought to where its next activation would bring it.
void ShareTree::Renormalise(GroupIndex g) {
  Group& group = groups_[g];
  const int64_t period = queue_.Period();
  const int64_t base = group.clock / period * period;
  for (uint32_t i = 0, m = group.first; i < group.size;
       ++i, m = nodes_[m].next) {
    Node& member = nodes_[m];
    if (!member.active) Clamp(member, group.clock);
    member.tag -= base;
    member.key -= base;
  }
  group.clock -= base;
}

const WorkCounters& ShareTree::work() {
  work_.queue_steps = queue_.steps();
  return work_;
}

}  // namespace sluice::priority::internal
