// The queue of a level's active children, smallest key first.
//
// Four kinds, chosen by the number of active children:
//
//   list       up to eight: sorted, exact keys
//   slot list  up to sixteen of one weight, which come back behind all others
//              most often: the same list, keys compared by slot
//   calendar   more: O(1), keys by slot; so many of them at most
//   splay      more, when no calendar is free or a key lies beyond its span (a
//              weight under one half): O(log n) amortised, keys by slot too
//
// so the order does not depend on which of the latter three a level has. From
// them it returns to its list at four active children.
#ifndef SLUICE_PRIORITY_INTERNAL_SIBLING_QUEUE_H_
#define SLUICE_PRIORITY_INTERNAL_SIBLING_QUEUE_H_

#include <sluice/priority/internal/calendar.h>
#include <sluice/priority/internal/tree_node.h>
#include <sluice/priority/resource_allocator.h>

#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"

namespace sluice::priority {

// The order in which a level serves its children. All are self-clocked fair
// queueing: the smallest finish tag F = S + 256·L/w goes first.
enum class TreeOrder : uint8_t {
  // Equals first-in first-out. A level with more than eight active children
  // compares F by slots of 256·L/4095 rounded up to a power of two (8 bytes per
  // unit of weight at the default L), so a decision is O(1).
  kSlots,
  // The same, exact at every level: O(log active).
  kExact,
  // Exact as well; of equals, the lower stream id goes first.
  kExactById,
};

namespace internal {

// link[] of lists and a calendar: before, after; of a splay tree: children, up.
enum Side { kLeft = 0, kRight = 1, kUp = 2 };

inline constexpr uint32_t kMaxListed = 8;
inline constexpr uint32_t kMaxSlotListed = 16;
inline constexpr uint32_t kBackToList = 4;

class SiblingQueue {
 public:
  // `max_quantum` is 256·L: the quantum of weight 1. At most `calendars` levels
  // have one at a time.
  SiblingQueue(int64_t max_quantum, size_t calendars, TreeOrder order);

  // Where the nodes are; again after every move of the pool.
  void SetNodes(Node* nodes) { nodes_ = nodes; }

  // Queues `n` behind its equals. Its `key` must be final.
  void Insert(Group& group, NodeIndex n);
  void Remove(Group& group, NodeIndex n);

  // Gives the queued `n` the key `key`, behind its equals. Its quantum, which
  // is `key` less its tag, may have changed.
  ABSL_ATTRIBUTE_NOINLINE void Rekey(Group& group, NodeIndex n, int64_t key);

  // The same after a charge: a larger key, the quantum as it was. The fast way.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Charged(Group& group, NodeIndex n,
                                            int64_t key);

  // The smallest. The group must have active children.
  NodeIndex Min(Group& group);

  // The same, where it is known without changing anything; else kNone.
  NodeIndex Peek(const Group& group) const {
    switch (group.kind) {
      case QueueKind::kList:
      case QueueKind::kSlotList:
        return group.queue;
      case QueueKind::kCalendar:
        return calendars_[group.queue].Front(group.clock, shift_);
      case QueueKind::kSplay:
        break;
    }
    return kNone;
  }

  // Some active child: the only one, when there is one.
  NodeIndex Any(Group& group) {
    return group.kind == QueueKind::kCalendar ? Min(group) : group.queue;
  }

  // A multiple of it may be taken from the clock and every key of a group
  // without moving anything in its queue.
  int64_t Period() const { return int64_t{Calendar::kSlots} << shift_; }
  int slot_shift() const { return shift_; }

  // Links followed so far.
  uint64_t steps() const { return steps_; }

 private:
  // Whether `a` with `a_key` goes before `b`. Keys count in steps of 2^shift.
  bool Before(int64_t a_key, const Node& a, const Node& b, int shift) const {
    const int64_t a_step = a_key >> shift;
    const int64_t b_step = b.key >> shift;
    return a_step < b_step || (a_step == b_step && ties_by_id_ && a.id < b.id);
  }
  // That of a list.
  int ShiftOf(const Group& group) const {
    return group.kind == QueueKind::kList ? 0 : shift_;
  }

  static bool IsListed(const Group& group) {
    return group.kind == QueueKind::kList || group.kind == QueueKind::kSlotList;
  }
  void ListInsert(Group& group, NodeIndex n);
  void ListRemove(Group& group, NodeIndex n);

  void SplayInsert(Group& group, NodeIndex n);
  void SplayRemove(Group& group, NodeIndex n);
  ABSL_ATTRIBUTE_NOINLINE NodeIndex SplayMin(Group& group);
  // A splay tree that splays only what was found deeper than about twice the
  // logarithm of its size, which keeps the amortised bound: shallow ways cost
  // no more than the bound anyway.
  void SplayIfDeep(Group& group, NodeIndex n, uint32_t depth);
  // Brings `n` to the root of the splay tree whose topmost node has no parent.
  void Splay(NodeIndex n);
  void Rotate(NodeIndex n);

  // Gives a list that is full for `n` another kind.
  void Outgrow(Group& group, NodeIndex n);
  void Link(Group& group, NodeIndex n);
  void Unlink(Group& group, NodeIndex n);
  void Convert(Group& group, QueueKind to, uint32_t linked);
  // One that no level has. Makes it if there is none; the limit must allow it.
  uint32_t TakeCalendar();
  // Whether a calendar's slots span the keys of a child with this quantum: they
  // lie between the clock and the clock plus the quantum plus one.
  bool Spanned(const Node& node) const {
    return node.key - node.tag < (int64_t{Calendar::kSlots - 1} << shift_);
  }

  Node* nodes_ = nullptr;
  int shift_;
  bool ties_by_id_;
  ResourceVector<Calendar> calendars_;
  ResourceVector<uint32_t> free_calendars_;
  size_t max_calendars_ = 0;
  uint64_t steps_ = 0;
};

// The code of every decision; the rest is in sibling_queue.cc.

inline void SiblingQueue::Charged(Group& group, NodeIndex n, int64_t key) {
  if (group.kind == QueueKind::kCalendar) {
    Calendar& calendar = calendars_[group.queue];
    calendar.Remove(nodes_, n, nodes_[n].key, shift_);
    nodes_[n].key = key;
    calendar.PushBack(nodes_, n, key, shift_);
    return;
  }
  if (group.kind != QueueKind::kSplay && group.queue == n) {
    // The head, usually: it stays, or the ring turns, or it goes in between.
    Node& node = nodes_[n];
    node.key = key;
    const int shift = ShiftOf(group);
    const NodeIndex second = node.link[kRight];
    if (Before(key, node, nodes_[second], shift)) return;
    const NodeIndex tail = node.link[kLeft];
    if (!Before(key, node, nodes_[tail], shift)) {
      group.queue = second;
      return;
    }
  }
  Rekey(group, n, key);
}

inline NodeIndex SiblingQueue::Min(Group& group) {
  switch (group.kind) {
    case QueueKind::kList:
    case QueueKind::kSlotList:
      return group.queue;
    case QueueKind::kCalendar:
      return calendars_[group.queue].Front(group.clock, shift_);
    case QueueKind::kSplay:
      return SplayMin(group);
  }
  return kNone;
}

}  // namespace internal
}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_INTERNAL_SIBLING_QUEUE_H_
