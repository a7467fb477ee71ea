#include <sluice/priority/priority_tree.h>
#include <sluice/signals/faults.h>
#include <sluice/signals/path_level.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

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

absl::Status CheckValues(StreamId id, const Rfc7540Priority& priority) {
  signals::FaultText text;
  const char* fault = signals::FindFault(id, priority, &text);
  return fault == nullptr ? absl::OkStatus()
                          : absl::InvalidArgumentError(fault);
}

absl::Status NotOpen(StreamId id) {
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
  absl::Status status = CheckValues(id, wanted);
  if (!status.ok()) return status;
  NodeIndex n = Find(id);
  const bool known = n != kNone;
  if (known && shares_.node(n).state != StreamState::kIdle) {
    return absl::AlreadyExistsError(
        absl::StrCat("stream ", id, " has been opened before"));
  }
  StreamId& highest = highest_opened_[id & 1];
  highest = std::max(highest, id);
  if (known) {
    Delist(n);
    Enlist(n, StreamState::kOpen);
    if (!priority.has_value()) return status;
  } else {
    MakeRoom(wanted.depends_on == 0 ? kNone : Find(wanted.depends_on));
    n = NewNode(id, StreamState::kOpen);
  }
  Place(n, wanted);
  return status;
}

absl::Status PriorityTree::Reprioritise(StreamId id,
                                        const Rfc7540Priority& priority) {
  absl::Status status = CheckValues(id, priority);
  if (!status.ok()) return status;
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
  return status;
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

absl::Status PriorityTree::SetReady(StreamId id, bool ready) {
  const NodeIndex n = FindOpen(id);
  if (n == kNone) return NotOpen(id);
  if (ready) {
    shares_.SetReady(n);
  } else {
    shares_.SetBlocked(n);
  }
  return absl::OkStatus();
}

NodeIndex PriorityTree::FindOpen(StreamId id) const {
  const NodeIndex n = Find(id);
  const bool open = n != kNone && shares_.node(n).state == StreamState::kOpen;
  return open ? n : kNone;
}

// --- States ---------------------------------------------------------------

void PriorityTree::Enlist(NodeIndex n, StreamState state) {
  StateList& list = lists_[static_cast<size_t>(state)];
  internal::Node& node = shares_.node(n);
  node.state = state;
  node.older = list.last;
  node.newer = kNone;
  (list.last == kNone ? list.first : shares_.node(list.last).newer) = n;
  list.last = n;
  ++list.size;
}

void PriorityTree::Delist(NodeIndex n) {
  const internal::Node& node = shares_.node(n);
  StateList& list = lists_[static_cast<size_t>(node.state)];
  (node.older == kNone ? list.first : shares_.node(node.older).newer) =
      node.newer;
  (node.newer == kNone ? list.last : shares_.node(node.newer).older) =
      node.older;
  --list.size;
}

NodeIndex PriorityTree::NewNode(StreamId id, StreamState state) {
  const NodeIndex n = shares_.New();
  shares_.node(n).id = id;
  ids_.Insert(id, n);
  Enlist(n, state);
  return n;
}

void PriorityTree::RemoveNode(NodeIndex n) {
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

void PriorityTree::MakeRoom(NodeIndex spared) {
  if (size() < max_nodes_) return;
  for (NodeIndex keep : {spared, kNone}) {
    if (EvictOne(StreamState::kClosed, keep) ||
        EvictOne(StreamState::kIdle, keep)) {
      return;
    }
  }
}

// --- Places ---------------------------------------------------------------

void PriorityTree::Place(NodeIndex n, const Rfc7540Priority& priority) {
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

void PriorityTree::Move(NodeIndex n, NodeIndex parent, uint32_t weight,
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
