#include "priority/internal/sibling_queue.h"

#include "absl/base/optimization.h"

namespace sluice::priority::internal {
namespace {

enum Side { kLeft = 0, kRight = 1, kUp = 2 };

}  // namespace

template <class Order>
SiblingQueue<Order>::SiblingQueue(int64_t max_quantum, size_t calendars)
    : shift_(Order::kSlots ? Calendar::ShiftFor(max_quantum) : 0) {
  if constexpr (Order::kSlots) {
    calendars_.resize(calendars);
    for (size_t i = calendars; i > 0; --i) {
      free_calendars_.push_back(static_cast<uint32_t>(i - 1));
    }
  }
}

template <class Order>
void SiblingQueue<Order>::Insert(Group& group, NodeIndex n) {
  if (++group.active == kMaxListed + 1 && group.kind == QueueKind::kList) {
    const NodeIndex last = nodes_[group.queue].link[kLeft];
    const bool calendar = !free_calendars_.empty() &&
                          Spanned(group, nodes_[last].key) &&
                          Spanned(group, nodes_[n].key);
    Convert(group, calendar ? QueueKind::kCalendar : QueueKind::kSplay,
            kMaxListed);
  }
  Link(group, n);
}

template <class Order>
void SiblingQueue<Order>::Remove(Group& group, NodeIndex n) {
  Unlink(group, n);
  if (--group.active == kBackToList && group.kind != QueueKind::kList) {
    Convert(group, QueueKind::kList, kBackToList);
  }
}

template <class Order>
void SiblingQueue<Order>::Rekey(Group& group, NodeIndex n, int64_t key) {
  Unlink(group, n);
  nodes_[n].key = key;
  Link(group, n);
}

template <class Order>
NodeIndex SiblingQueue<Order>::Min(Group& group) {
  switch (group.kind) {
    case QueueKind::kList:
      return group.queue;
    case QueueKind::kCalendar:
      return calendars_[group.queue].Front(group.clock, shift_);
    case QueueKind::kSplay:
      return SplayMin(group);
  }
  return kNone;
}

template <class Order>
size_t SiblingQueue<Order>::memory_bytes() const {
  return calendars_.capacity() * sizeof(Calendar) +
         free_calendars_.capacity() * sizeof(uint32_t);
}

template <class Order>
bool SiblingQueue<Order>::Spanned(const Group& group, int64_t key) const {
  return (key >> shift_) - (group.clock >> shift_) < Calendar::kSlots;
}

template <class Order>
void SiblingQueue<Order>::Link(Group& group, NodeIndex n) {
  if (group.kind == QueueKind::kCalendar) {
    if (ABSL_PREDICT_TRUE(Spanned(group, nodes_[n].key))) {
      calendars_[group.queue].PushBack(nodes_, n, shift_);
      return;
    }
    Convert(group, QueueKind::kSplay, group.active - 1);
  }
  if (group.kind == QueueKind::kList) {
    ListInsert(group, n);
  } else {
    SplayInsert(group, n);
  }
}

template <class Order>
void SiblingQueue<Order>::Unlink(Group& group, NodeIndex n) {
  switch (group.kind) {
    case QueueKind::kList:
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
template <class Order>
void SiblingQueue<Order>::Convert(Group& group, QueueKind to, uint32_t linked) {
  Group from = group;
  group.kind = to;
  group.queue = kNone;
  if (to == QueueKind::kCalendar) {
    group.queue = free_calendars_.back();
    free_calendars_.pop_back();
  }
  for (; linked > 0; --linked) {
    const NodeIndex n = Min(from);
    Unlink(from, n);
    Link(group, n);
  }
  if (from.kind == QueueKind::kCalendar) free_calendars_.push_back(from.queue);
}

template <class Order>
void SiblingQueue<Order>::ListInsert(Group& group, NodeIndex n) {
  Node& node = nodes_[n];
  if (group.queue == kNone) {
    node.link[kLeft] = node.link[kRight] = n;
    group.queue = n;
    return;
  }
  // From the tail: a charged child usually goes far back.
  const NodeIndex tail = nodes_[group.queue].link[kLeft];
  NodeIndex after = tail;
  while (Less(node.key, node.id, nodes_[after].key, nodes_[after].id)) {
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

template <class Order>
void SiblingQueue<Order>::ListRemove(Group& group, NodeIndex n) {
  const NodeIndex left = nodes_[n].link[kLeft];
  const NodeIndex right = nodes_[n].link[kRight];
  nodes_[left].link[kRight] = right;
  nodes_[right].link[kLeft] = left;
  if (group.queue == n) group.queue = right == n ? kNone : right;
}

template <class Order>
void SiblingQueue<Order>::Rotate(NodeIndex n) {
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

template <class Order>
void SiblingQueue<Order>::Splay(NodeIndex n) {
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

template <class Order>
void SiblingQueue<Order>::SplayInsert(Group& group, NodeIndex n) {
  Node& node = nodes_[n];
  node.link[kLeft] = node.link[kRight] = node.link[kUp] = kNone;
  NodeIndex at = group.queue;
  while (at != kNone) {
    ++steps_;
    const int side = Before(node, nodes_[at]) ? kLeft : kRight;
    node.link[kUp] = at;
    at = nodes_[at].link[side];
    if (at == kNone) nodes_[node.link[kUp]].link[side] = n;
  }
  Splay(n);
  group.queue = n;
}

template <class Order>
void SiblingQueue<Order>::SplayRemove(Group& group, NodeIndex n) {
  Splay(n);
  const NodeIndex left = nodes_[n].link[kLeft];
  const NodeIndex right = nodes_[n].link[kRight];
  if (right != kNone) nodes_[right].link[kUp] = kNone;
  if (left == kNone) {
    group.queue = right;
    return;
  }
  nodes_[left].link[kUp] = kNone;
  NodeIndex last = left;
  while (nodes_[last].link[kRight] != kNone) {
    ++steps_;
    last = nodes_[last].link[kRight];
  }
  Splay(last);
  nodes_[last].link[kRight] = right;
  if (right != kNone) nodes_[right].link[kUp] = last;
  group.queue = last;
}

template <class Order>
NodeIndex SiblingQueue<Order>::SplayMin(Group& group) {
  NodeIndex n = group.queue;
  while (nodes_[n].link[kLeft] != kNone) {
    ++steps_;
    n = nodes_[n].link[kLeft];
  }
  Splay(n);
  group.queue = n;
  return n;
}

template class SiblingQueue<ByteFairOrder>;
template class SiblingQueue<ExactByteFairOrder>;
template class SiblingQueue<ExactByIdOrder>;
template class SiblingQueue<StartTagOrder>;

}  // namespace sluice::priority::internal
