#include <sluice/priority/internal/sibling_queue.h>

#include <cstddef>
#include <cstdint>

#include "absl/numeric/bits.h"

namespace sluice::priority::internal {

SiblingQueue::SiblingQueue(int64_t max_quantum, size_t calendars,
                           TreeOrder order)
    : shift_(0), ties_by_id_(order == TreeOrder::kExactById) {
  if (order != TreeOrder::kSlots) return;
  shift_ = Calendar::ShiftFor(max_quantum);
  max_calendars_ = calendars;
}

void SiblingQueue::Insert(Group& group, NodeIndex n) {
  ++group.active;
  const bool fits = group.kind == QueueKind::kList
                        ? group.active <= kMaxListed
                        : group.kind == QueueKind::kSlotList &&
                              group.active <= kMaxSlotListed &&
                              nodes_[group.queue].weight == nodes_[n].weight;
  if (fits) return ListInsert(group, n);
  if (IsListed(group)) Outgrow(group, n);
  Link(group, n);
}

void SiblingQueue::Outgrow(Group& group, NodeIndex n) {
  bool calendar =
      !free_calendars_.empty() || calendars_.size() < max_calendars_;
  bool one_weight = group.kind == QueueKind::kList;
  NodeIndex listed = group.queue;
  do {
    calendar = calendar && Spanned(nodes_[listed]);
    one_weight = one_weight && nodes_[listed].weight == nodes_[n].weight;
    listed = nodes_[listed].link[kRight];
  } while (listed != group.queue);
  if (one_weight) {
    group.kind = QueueKind::kSlotList;  // exact keys are in this order, too
    return;
  }
  Convert(group, calendar ? QueueKind::kCalendar : QueueKind::kSplay,
          group.active - 1);
}

void SiblingQueue::Remove(Group& group, NodeIndex n) {
  if (IsListed(group)) {
    ListRemove(group, n);
  } else {
    Unlink(group, n);
  }
  if (--group.active == kBackToList && group.kind != QueueKind::kList) {
    Convert(group, QueueKind::kList, kBackToList);
  }
}

void SiblingQueue::Rekey(Group& group, NodeIndex n, int64_t key) {
  Unlink(group, n);
  nodes_[n].key = key;
  Link(group, n);
}

void SiblingQueue::Link(Group& group, NodeIndex n) {
  if (group.kind == QueueKind::kCalendar) {
    if (Spanned(nodes_[n])) {
      calendars_[group.queue].PushBack(nodes_, n, nodes_[n].key, shift_);
      return;
    }
    Convert(group, QueueKind::kSplay, group.active - 1);
  }
  if (group.kind == QueueKind::kSplay) {
    SplayInsert(group, n);
  } else {
    ListInsert(group, n);
  }
}

void SiblingQueue::Unlink(Group& group, NodeIndex n) {
  switch (group.kind) {
    case QueueKind::kList:
    case QueueKind::kSlotList:
      ListRemove(group, n);
      break;
    case QueueKind::kCalendar:
      calendars_[group.queue].Remove(nodes_, n, nodes_[n].key, shift_);
      break;
    case QueueKind::kSplay:
      SplayRemove(group, n);
      break;
  }
}

// Moves the `linked` nodes into a queue of another kind, smallest first, so
// that equals keep their order.
void SiblingQueue::Convert(Group& group, QueueKind to, uint32_t linked) {
  Group from = group;
  group.kind = to;
  group.queue = kNone;
  if (to == QueueKind::kCalendar) group.queue = TakeCalendar();
  for (; linked > 0; --linked) {
    const NodeIndex n = Min(from);
    Unlink(from, n);
    Link(group, n);
  }
  if (from.kind == QueueKind::kCalendar) free_calendars_.push_back(from.queue);
}

uint32_t SiblingQueue::TakeCalendar() {
  if (free_calendars_.empty()) {
    calendars_.emplace_back();
    free_calendars_.reserve(calendars_.size());  // for all of them
    return static_cast<uint32_t>(calendars_.size() - 1);
  }
  const uint32_t calendar = free_calendars_.back();
  free_calendars_.pop_back();
  return calendar;
}

void SiblingQueue::ListInsert(Group& group, NodeIndex n) {
  Node& node = nodes_[n];
  if (group.queue == kNone) {
    node.link[kLeft] = node.link[kRight] = n;
    group.queue = n;
    return;
  }
  // From the tail: a charged child usually goes far back.
  const NodeIndex tail = nodes_[group.queue].link[kLeft];
  NodeIndex after = tail;
  const int shift = ShiftOf(group);
  while (Before(node.key, node, nodes_[after], shift)) {
    ++steps_;
    after = nodes_[after].link[kLeft];
    if (after == tail) {  // before all
      group.queue = n;
      break;
    }
  }
  const NodeIndex before = nodes_[after].link[kRight];
  node.link[kLeft] = after;
  node.link[kRight] = before;
  nodes_[after].link[kRight] = n;
  nodes_[before].link[kLeft] = n;
}

inline void SiblingQueue::ListRemove(Group& group, NodeIndex n) {
  const NodeIndex left = nodes_[n].link[kLeft];
  const NodeIndex right = nodes_[n].link[kRight];
  nodes_[left].link[kRight] = right;
  nodes_[right].link[kLeft] = left;
  if (group.queue == n) group.queue = right == n ? kNone : right;
}

void SiblingQueue::Rotate(NodeIndex n) {
  const NodeIndex parent = nodes_[n].link[kUp];
  const NodeIndex above = nodes_[parent].link[kUp];
  const int side = nodes_[parent].link[kRight] == n ? kRight : kLeft;
  const NodeIndex middle = nodes_[n].link[1 - side];
  nodes_[parent].link[side] = middle;
  if (middle != kNone) nodes_[middle].link[kUp] = parent;
  nodes_[n].link[1 - side] = parent;
  nodes_[parent].link[kUp] = n;
  nodes_[n].link[kUp] = above;
  if (above != kNone) {
    const int at = nodes_[above].link[kRight] == parent ? kRight : kLeft;
    nodes_[above].link[at] = n;
  }
}

void SiblingQueue::Splay(NodeIndex n) {
  while (nodes_[n].link[kUp] != kNone) {
    ++steps_;
    const NodeIndex parent = nodes_[n].link[kUp];
    const NodeIndex above = nodes_[parent].link[kUp];
    if (above != kNone) {
      const bool same = (nodes_[parent].link[kLeft] == n) ==
                        (nodes_[above].link[kLeft] == parent);
      Rotate(same ? parent : n);
    }
    Rotate(n);
  }
}

void SiblingQueue::SplayIfDeep(Group& group, NodeIndex n, uint32_t depth) {
  if (depth <= 2u * absl::bit_width(group.active) + 2) return;
  Splay(n);
  group.queue = n;
}

void SiblingQueue::SplayInsert(Group& group, NodeIndex n) {
  Node& node = nodes_[n];
  node.link[kLeft] = node.link[kRight] = node.link[kUp] = kNone;
  if (group.queue == kNone) {
    group.queue = n;
    return;
  }
  uint32_t depth = 0;
  NodeIndex above, at = group.queue;
  int side;
  do {
    above = at;
    ++depth;
    side = Before(node.key, node, nodes_[at], shift_) ? kLeft : kRight;
    at = nodes_[at].link[side];
  } while (at != kNone);
  nodes_[above].link[side] = n;
  node.link[kUp] = above;
  steps_ += depth;
  SplayIfDeep(group, n, depth);
}

void SiblingQueue::SplayRemove(Group& group, NodeIndex n) {
  NodeIndex left = nodes_[n].link[kLeft];
  NodeIndex right = nodes_[n].link[kRight];
  if (left == kNone || right == kNone) {
    // Its only child, if any, takes its place.
    const NodeIndex child = left == kNone ? right : left;
    const NodeIndex above = nodes_[n].link[kUp];
    if (child != kNone) nodes_[child].link[kUp] = above;
    if (above == kNone) {
      group.queue = child;
    } else {
      const int side = nodes_[above].link[kRight] == n ? kRight : kLeft;
      nodes_[above].link[side] = child;
    }
    return;
  }
  Splay(n);
  left = nodes_[n].link[kLeft];
  right = nodes_[n].link[kRight];
  // As the root it has both: what was below it on either side still is.
  nodes_[left].link[kUp] = kNone;
  NodeIndex last = left;
  while (nodes_[last].link[kRight] != kNone) {
    ++steps_;
    last = nodes_[last].link[kRight];
  }
  Splay(last);
  nodes_[last].link[kRight] = right;
  nodes_[right].link[kUp] = last;
  group.queue = last;
}

NodeIndex SiblingQueue::SplayMin(Group& group) {
  NodeIndex n = group.queue;
  uint32_t depth = 0;
  while (nodes_[n].link[kLeft] != kNone) {
    ++depth;
    n = nodes_[n].link[kLeft];
  }
  steps_ += depth;
  SplayIfDeep(group, n, depth);
  return n;
}

}  // namespace sluice::priority::internal
