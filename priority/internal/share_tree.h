// The dependency tree by node index: siblings, active nodes, turns and charges.
// priority_tree.h adds ids, limits and the states of streams.
//
// The algorithm, its promise and the proof are in docs/fairness.md. In short,
// for each level (V its clock, S the tag and w the weight of a child, L the
// largest grant; tags in 1/256 byte per unit of weight):
//
//   pick     the child with the smallest F = S + 256·L/w, then V = max(V, F)
//   charge   S += 256·b/w, the division's remainder carried
//   frozen   a level with one active child: no pick, no charge, no reset
//   again    a child that becomes active: S = max(S, V - 256·L/w)
//   new      a child that comes to the level by itself: S = V
//   weight   S = max(S, V - 256·L/w_new)
//   heirs    the children of a removed node take its S
//   merge    S' = max(S - V_from + V_to, V_to - 256·L/w)
#ifndef SLUICE_PRIORITY_INTERNAL_SHARE_TREE_H_
#define SLUICE_PRIORITY_INTERNAL_SHARE_TREE_H_

#include <sluice/priority/internal/sibling_queue.h>
#include <sluice/priority/internal/tree_node.h>
#include <sluice/priority/resource_allocator.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/types/span.h"

namespace sluice::priority {

// The work done so far, in steps. Tests assert complexity by them.
struct WorkCounters {
  uint64_t decisions = 0;         // Pick() calls that found a stream
  uint64_t contended_levels = 0;  // levels with a choice, over all decisions
  uint64_t run_steps = 0;         // levels walked to find where a run ends
  uint64_t activation_steps = 0;  // levels that became active or idle
  uint64_t ancestor_steps = 0;    // levels walked for the §5.3.3 check
  uint64_t relinked = 0;          // nodes that changed their sibling group
  uint64_t queue_steps = 0;       // links followed in queues
  uint64_t eviction_steps = 0;    // nodes looked at to find one to evict

  uint64_t Total() const {
    return decisions + contended_levels + run_steps + activation_steps +
           ancestor_steps + relinked + queue_steps + eviction_steps;
  }
};

class TreeInspector;  // of the tests

namespace internal {

class ShareTree {
 public:
  // A contended level on the path of the pull: the node to charge, its tag and
  // its weight at the pick. An edit made during the pull applies at once, and
  // is made as if the charge had come before it: what an edit does to a tag is
  // max(tag + a, b), so the charged tag is max(`tag` + charge, the tag now),
  // where `tag` has been shifted by every a.
  // The weight has 64 bits, so that no compiler reads it together with the
  // node: a read that spans two writes of just before waits for them.
  struct PathEntry {
    int64_t tag;
    NodeIndex node;
    uint64_t weight;
  };

  // At most `calendars` large queues.
  ShareTree(size_t max_grant, size_t calendars, TreeOrder order);

  // --- The pool ---------------------------------------------------------
  // A blank node without a place. The pool may move; node indices stay.
  NodeIndex New() {
    const NodeIndex n = free_node_;
    if (ABSL_PREDICT_FALSE(n == kNone)) return NewInLargerPool();
    free_node_ = nodes_[n].next;
    // Built in its place: a copy would read in wide pieces what was written in
    // narrow ones just before, and the processor waits for that.
    ::new (&nodes_[n]) Node();
    return n;
  }
  // `n` must be detached and childless.
  void Delete(NodeIndex n);

  Node& node(NodeIndex n) { return nodes_[n]; }
  const Node& node(NodeIndex n) const { return nodes_[n]; }
  const Group& group(GroupIndex g) const { return groups_[g]; }
  NodeIndex Parent(NodeIndex n) const { return groups_[nodes_[n].group].owner; }
  // The first child, or kNone; the next sibling of `n`, or kNone.
  NodeIndex FirstChild(NodeIndex n) const {
    const GroupIndex g = nodes_[n].children;
    return g == kNone ? kNone : groups_[g].first;
  }
  NodeIndex NextSibling(NodeIndex n) const {
    const NodeIndex next = nodes_[n].next;
    return next == groups_[nodes_[n].group].first ? kNone : next;
  }
  uint32_t ChildCount(NodeIndex n) const {
    const GroupIndex g = nodes_[n].children;
    return g == kNone ? 0 : groups_[g].size;
  }
  bool IsAncestor(NodeIndex ancestor, NodeIndex n);

  // --- Places -----------------------------------------------------------
  // Puts the detached `n`, with its subtree, under `parent` as its last child,
  // new to that level. O(1) plus the levels that become active.
  void Attach(NodeIndex n, NodeIndex parent, uint32_t weight);
  // The same as `parent`'s only child: the former ones become `n`'s last
  // children (RFC 7540 §5.3.1). O(min(children of n, children of parent)).
  void AttachExclusive(NodeIndex n, NodeIndex parent, uint32_t weight);
  // Takes `n` with its subtree from its place.
  void Detach(NodeIndex n);
  // Takes `n` from its place and puts its children there, which share its
  // weight in proportion (§5.3.4). O(children).
  void Splice(NodeIndex n);
  void SetWeight(NodeIndex n, uint32_t weight);

  // --- Turns ------------------------------------------------------------
  void SetReady(NodeIndex n) {
    Node& node = nodes_[n];
    if (node.ready) return;
    node.ready = 1;
    if (node.active) {
      BumpEpoch();  // runs that passed through it end here now
    } else {
      Activate(n);
    }
  }
  void SetBlocked(NodeIndex n) {
    Node& node = nodes_[n];
    if (!node.ready) return;
    node.ready = 0;
    if (HasActiveChild(n)) {
      BumpEpoch();
    } else {
      Deactivate(n);
    }
  }
  // The node whose turn it is, or kNone. Starts a pull; Charge() ends it.
  NodeIndex Pick();
  void Charge(size_t bytes);
  // The one on the first level that Pick() would choose, if it is easily found.
  NodeIndex Peek() const {
    const GroupIndex top = nodes_[kRoot].children;
    const bool contended = top != kNone && groups_[top].active > 1;
    return contended ? queue_.Peek(groups_[top]) : kNone;
  }
  // The one that waits behind `n`, which Peek() or this gave; behind the last
  // one stands the first.
  NodeIndex Behind(NodeIndex n) const { return nodes_[n].link[kRight]; }
  // The choices of the pull, from the top.
  absl::Span<const PathEntry> path() const {
    return {path_.data(), path_size_};
  }

  const WorkCounters& work();
  WorkCounters& counters() { return work_; }
  size_t max_grant() const { return max_grant_; }

 private:
  friend class sluice::priority::TreeInspector;

  bool HasActiveChild(NodeIndex n) const {
    const GroupIndex g = nodes_[n].children;
    return g != kNone && groups_[g].active > 0;
  }
  // 256·L/w.
  int64_t Quantum(uint32_t weight) const { return scaled_grant_ / weight; }
  void SetKey(Node& node, int64_t quantum) const {
    node.key = node.tag + quantum;
  }
  // Bounds how far the tag of `node` lies behind the clock of its level.
  static void Clamp(Node& node, int64_t clock) {
    if (node.key >= clock) return;
    node.tag += clock - node.key;
    node.key = clock;
  }

  ABSL_ATTRIBUTE_NOINLINE NodeIndex NewInLargerPool();
  GroupIndex NewGroup(NodeIndex owner);
  void DeleteGroup(GroupIndex g);
  void Activate(NodeIndex n);
  void Deactivate(NodeIndex n);
  NodeIndex EndOfRun(NodeIndex n);
  // Chooses `n` at a contended level: moves its clock and records the choice.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Take(Group& group, NodeIndex n);
  // Goes on from `n`, which is active and not ready. The usual ways of Pick()
  // and Charge() call no function but in their last step, so they save no
  // registers.
  ABSL_ATTRIBUTE_NOINLINE NodeIndex PickBelow(NodeIndex n);
  ABSL_ATTRIBUTE_ALWAYS_INLINE void ChargeEntry(const PathEntry& entry,
                                                uint64_t scaled);
  // Of a charged node: when it is not active, or its level's keys are large.
  ABSL_ATTRIBUTE_NOINLINE void SetKeyRarely(NodeIndex n, int64_t key);
  // A charge of any number of levels, and of any number of bytes.
  ABSL_ATTRIBUTE_NOINLINE void ChargePath(uint64_t scaled);
  // For an entry whose node was edited during the pull.
  ABSL_ATTRIBUTE_NOINLINE void ChargeEdited(const PathEntry& entry,
                                            int64_t charge, uint64_t remainder);
  // Moves the smaller of the groups into the larger one, which `owner` gets;
  // `front`'s members come first.
  void Merge(GroupIndex front, GroupIndex back, NodeIndex owner);
  PathEntry* FindPathEntry(NodeIndex n);
  void DropPathEntry(NodeIndex n);
  void BumpEpoch();
  ABSL_ATTRIBUTE_NOINLINE void Renormalise(GroupIndex g);
  // Puts the ring of `n`'s children in the place of `n` in its ring.
  void RingInChildren(NodeIndex n);
  // Gives them the weight, tag and remainder of `n`, and its place in its
  // level's queue and on the path of the pull.
  void Bequeath(NodeIndex n);

  Nodes nodes_;
  ResourceVector<Group> groups_;
  ResourceVector<PathEntry> path_;  // the first path_size_ are in use
  SiblingQueue queue_;
  WorkCounters work_;
  int64_t scaled_grant_;
  size_t max_grant_;
  NodeIndex free_node_ = kNone;    // linked by `next`
  GroupIndex free_group_ = kNone;  // linked by `first`
  uint32_t path_size_ = 0;
  NodeIndex picked_ = kNone;
  uint32_t epoch_ = 1;
  bool pulling_ = false;
};

// The code of every pick; the rest is in share_tree_turns.cc.

inline void ShareTree::Take(Group& group, NodeIndex n) {
  const Node& node = nodes_[n];
  group.clock = std::max(group.clock, node.key);
  path_[path_size_++] = {node.tag, n, node.weight};
}

inline NodeIndex ShareTree::Pick() {
  if (ABSL_PREDICT_FALSE(pulling_)) std::abort();  // the header forbids it
  const GroupIndex top = nodes_[kRoot].children;
  if (top == kNone || groups_[top].active == 0) return kNone;
  pulling_ = true;
  ++work_.decisions;
  Group& group = groups_[top];
  const NodeIndex n = group.active > 1 ? queue_.Peek(group) : kNone;
  if (ABSL_PREDICT_FALSE(n == kNone)) return PickBelow(kRoot);  // never ready
  Take(group, n);
  if (ABSL_PREDICT_FALSE(!nodes_[n].ready)) return PickBelow(n);
  ++work_.contended_levels;
  return picked_ = n;
}

}  // namespace internal
}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_INTERNAL_SHARE_TREE_H_
