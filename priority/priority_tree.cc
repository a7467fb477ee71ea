#include <sluice/priority/priority_tree.h>
#include <sluice/signals/faults.h>
#include <sluice/signals/path_level.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace sluice::priority {
namespace {

using internal::kNone;
using internal::kRoot;
using internal::kWeightFractionBits;
using internal::kWeightOne;
using internal::NodeIndex;

constexpr uint32_t Fixed(int weight) {
  return static_cast<uint32_t>(weight) << kWeightFractionBits;
}

ABSL_ATTRIBUTE_NOINLINE absl::Status FaultOf(StreamId id,
                                             const Rfc7540Priority& priority) {
  signals::FaultText text;
  return absl::InvalidArgumentError(signals::FindFault(id, priority, &text));
}

ABSL_ATTRIBUTE_NOINLINE absl::Status OpenedBefore(StreamId id) {
  return absl::AlreadyExistsError(
      absl::StrCat("stream ", id, " has been opened before"));
}

ABSL_ATTRIBUTE_NOINLINE absl::Status NotOpen(StreamId id) {
  return absl::NotFoundError(absl::StrCat("stream ", id, " is not open"));
}

}  // namespace

PriorityTree::PriorityTree(const PriorityTreeOptions& options)
    : shares_(options.max_grant, options.large_queues, options.order),
      max_nodes_(options.max_nodes),
      max_closed_(std::min(options.max_closed, options.max_nodes)),
      max_idle_(options.max_idle) {
  if (options.max_nodes == 0 || options.max_nodes > signals::kMaxStreamId ||
      options.max_grant == 0 || options.max_grant > kMaxTreeGrant) {
    std::abort();  // the header states the ranges
  }
}

absl::Status PriorityTree::Insert(
    StreamId id, const std::optional<Rfc7540Priority>& priority) {
  const Rfc7540Priority wanted = priority.value_or(Rfc7540Priority());
  if (!signals::IsValid(id, wanted)) return FaultOf(id, wanted);
  NodeIndex n = Find(id);
  const bool known = n != kNone;
  if (known && shares_.node(n).state != StreamState::kIdle) {
    return OpenedBefore(id);
  }
  StreamId& highest = highest_opened_[id & 1];
  highest = std::max(highest, id);
  if (known) {
    Delist(n);
    Enlist(n, StreamState::kOpen);
    if (!priority.has_value()) return absl::OkStatus();
  } else {
    if (size() >= max_nodes_) MakeRoom(wanted.depends_on);
    n = NewNode(id, StreamState::kOpen);
    if (wanted.depends_on == 0 && !wanted.exclusive) {  // most of them
      shares_.Attach(n, kRoot, Fixed(wanted.weight));
      return absl::OkStatus();
    }
  }
  Place(n, wanted);
  return absl::OkStatus();
}

absl::Status PriorityTree::Reprioritise(StreamId id,
                                        const Rfc7540Priority& priority) {
  if (!signals::IsValid(id, priority)) return FaultOf(id, priority);
  NodeIndex n = Find(id);
  if (n == kNone && !AboveOpened(id)) {
    return absl::Status(absl::StatusCode::kNotFound, "");
  }
  const StreamId parent = priority.depends_on;
  const bool new_parent =
      parent != 0 && Find(parent) == kNone && AboveOpened(parent);
  const size_t needed = (n == kNone) + size_t{new_parent};
  if (needed > 0 && !RoomForIdle(needed)) {
    return absl::Status(absl::StatusCode::kResourceExhausted, "");
  }
  if (n == kNone) n = NewNode(id, StreamState::kIdle);
  Place(n, priority);
  return absl::OkStatus();
}

absl::Status PriorityTree::Close(StreamId id) {
  const NodeIndex n = FindOpen(id);
  if (n == kNone) return NotOpen(id);
  if (max_closed_ == 0) {
    RemoveNode(n);
    return absl::OkStatus();
  }
  shares_.SetBlocked(n);
  Delist(n);
  Enlist(n, StreamState::kClosed);
  if (List(StreamState::kClosed).size > max_closed_ || size() > max_nodes_) {
    EvictOne(StreamState::kClosed, kNone);
  }
  return absl::OkStatus();
}

absl::Status PriorityTree::Remove(StreamId id) {
  const NodeIndex n = Find(id);
  if (n == kNone) {
    return absl::NotFoundError(
        absl::StrCat("stream ", id, " is not in the tree"));
  }
  RemoveNode(n);
  return absl::OkStatus();
}

absl::Status PriorityTree::SetReady(StreamId id) {
  const NodeIndex n = FindOpen(id);
  if (n == kNone) return NotOpen(id);
  shares_.SetReady(n);
  return absl::OkStatus();
}

absl::Status PriorityTree::SetBlocked(StreamId id) {
  const NodeIndex n = FindOpen(id);
  if (n == kNone) return NotOpen(id);
  shares_.SetBlocked(n);
  return absl::OkStatus();
}

inline NodeIndex PriorityTree::FindOpen(StreamId id) const {
  const NodeIndex n = Find(id);
  const bool open = n != kNone && shares_.node(n).state == StreamState::kOpen;
  return open ? n : kNone;
}

// --- States ---------------------------------------------------------------

inline void PriorityTree::Enlist(NodeIndex n, StreamState state) {
  StateList& list = lists_[static_cast<size_t>(state)];
  internal::Node& node = shares_.node(n);
  node.state = state;
  ++list.size;
  if (state == StreamState::kOpen) return;  // nobody asks for the oldest
  node.older = list.last;
  node.newer = kNone;
  (list.last == kNone ? list.first : shares_.node(list.last).newer) = n;
  list.last = n;
}

inline void PriorityTree::Delist(NodeIndex n) {
  const internal::Node& node = shares_.node(n);
  StateList& list = lists_[static_cast<size_t>(node.state)];
  --list.size;
  if (node.state == StreamState::kOpen) return;
  (node.older == kNone ? list.first : shares_.node(node.older).newer) =
      node.newer;
  (node.newer == kNone ? list.last : shares_.node(node.newer).older) =
      node.older;
}

inline NodeIndex PriorityTree::NewNode(StreamId id, StreamState state) {
  const NodeIndex n = shares_.New();
  shares_.node(n).id = id;
  ids_.Insert(id, n);
  Enlist(n, state);
  return n;
}

inline void PriorityTree::RemoveNode(NodeIndex n) {
  Delist(n);
  ids_.Erase(shares_.node(n).id);
  shares_.Splice(n);
  shares_.Delete(n);
}

bool PriorityTree::EvictOne(StreamState state, NodeIndex spared) {
  NodeIndex victim = kNone;
  for (NodeIndex n = List(state).first; n != kNone; n = shares_.node(n).newer) {
    ++shares_.counters().eviction_steps;
    if (n == spared) continue;
    if (shares_.node(n).children == kNone) {
      victim = n;
      break;
    }
    if (victim == kNone) victim = n;
  }
  if (victim == kNone) return false;
  RemoveNode(victim);
  return true;
}

void PriorityTree::MakeRoom(StreamId parent) {
  const NodeIndex spared = parent == 0 ? kNone : Find(parent);
  for (NodeIndex keep : {spared, kNone}) {
    if (EvictOne(StreamState::kClosed, keep) ||
        EvictOne(StreamState::kIdle, keep)) {
      return;
    }
  }
}

// --- Places ---------------------------------------------------------------

inline void PriorityTree::Place(NodeIndex n, const Rfc7540Priority& priority) {
  Rfc7540Priority wanted = priority;
  NodeIndex parent = kRoot;
  if (wanted.depends_on != 0) {
    parent = Find(wanted.depends_on);
    if (parent == kNone && AboveOpened(wanted.depends_on) && RoomForIdle(1)) {
      parent = NewNode(wanted.depends_on, StreamState::kIdle);
      shares_.Attach(parent, kRoot, Fixed(kDefaultWeight));
    }
  }
  if (parent == kNone) {
    // RFC 7540 §5.3.1: not in the tree, so the default priority.
    wanted = Rfc7540Priority();
    parent = kRoot;
  }
  Move(n, parent, Fixed(wanted.weight), wanted.exclusive);
}

inline void PriorityTree::Move(NodeIndex n, NodeIndex parent, uint32_t weight,
                               bool exclusive) {
  if (shares_.node(n).group != kNone) {
    const NodeIndex old_parent = shares_.Parent(n);
    if (old_parent == parent &&
        (!exclusive || shares_.ChildCount(parent) == 1)) {
      shares_.SetWeight(n, weight);
      return;
    }
    // RFC 7540 §5.3.3: the descendant goes to the mover's old parent first.
    if (shares_.node(n).children != kNone && shares_.IsAncestor(n, parent)) {
      const uint32_t kept = shares_.node(parent).weight;
      shares_.Detach(parent);
      shares_.Attach(parent, old_parent, kept);
    }
    shares_.Detach(n);
  }
  if (exclusive) {
    shares_.AttachExclusive(n, parent, weight);
  } else {
    shares_.Attach(n, parent, weight);
  }
}

// --- Looking at it --------------------------------------------------------

std::optional<StreamId> PriorityTree::Parent(StreamId id) const {
  const NodeIndex n = Find(id);
  if (n == kNone) return std::nullopt;
  return shares_.node(shares_.Parent(n)).id;
}

std::optional<int> PriorityTree::Weight(StreamId id) const {
  const NodeIndex n = Find(id);
  if (n == kNone) return std::nullopt;
  const uint32_t rounded =
      (shares_.node(n).weight + kWeightOne / 2) >> kWeightFractionBits;
  return std::max(static_cast<int>(rounded), kMinWeight);
}

signals::PathLevel PriorityTree::LevelOf(NodeIndex n) const {
  const internal::Node& node = shares_.node(n);
  const internal::Group& group = shares_.group(node.group);
  return {.parent = shares_.node(group.owner).id,
          .child = node.id,
          .weight = static_cast<double>(node.weight) / kWeightOne,
          .tag = node.tag,
          .key = node.key,
          .clock = group.clock,
          .active = group.active,
          .child_active = node.active != 0};
}

size_t PriorityTree::ExplainPick(absl::Span<signals::PathLevel> levels) const {
  const auto path = shares_.path();
  const size_t written = std::min(path.size(), levels.size());
  for (size_t i = 0; i < written; ++i) levels[i] = LevelOf(path[i].node);
  return path.size();
}

}  // namespace sluice::priority
