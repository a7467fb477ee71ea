#include <sluice/priority/priority_tree.h>
#include <sluice/signals/path_level.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::priority {
namespace {

using internal::kNone;
using internal::kRoot;
using internal::kWeightFractionBits;
using internal::kWeightOne;

constexpr StreamId kMaxStreamId = 0x7fffffff;
constexpr Rfc7540Priority kDefaultPriority;

constexpr uint32_t Fixed(int weight) {
  return static_cast<uint32_t>(weight) << kWeightFractionBits;
}

std::string WeightText(uint32_t fixed) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f",
                static_cast<double>(fixed) / kWeightOne);
  std::string result = text;
  while (result.back() == '0') result.pop_back();
  if (result.back() == '.') result.pop_back();
  return result;
}

}  // namespace

template <class Order>
BasicPriorityTree<Order>::BasicPriorityTree(const PriorityTreeOptions& options)
    : shares_(options.max_nodes, options.max_grant, options.large_queues,
              options.memory),
      ids_(options.memory),
      max_nodes_(options.max_nodes),
      max_closed_(std::min(options.max_closed, options.max_nodes)),
      max_idle_(options.max_idle) {
  if (options.max_nodes == 0 || options.max_nodes > kMaxStreamId ||
      options.max_grant == 0 || options.max_grant > kMaxTreeGrant) {
    std::abort();  // the header states the ranges
  }
  ids_.Reset(options.max_nodes);
}

template <class Order>
std::optional<TreeError> BasicPriorityTree<Order>::Refusal(
    StreamId id, const Rfc7540Priority& priority) {
  if (id == 0 || id > kMaxStreamId || priority.depends_on > kMaxStreamId) {
    return TreeError::kPseudoStream;
  }
  if (priority.weight < kMinWeight || priority.weight > kMaxWeight) {
    return TreeError::kBadWeight;
  }
  if (priority.depends_on == id) return TreeError::kSelfDependency;
  return std::nullopt;
}

template <class Order>
absl::Status BasicPriorityTree<Order>::Insert(
    StreamId id, const std::optional<Rfc7540Priority>& priority) {
  const Rfc7540Priority wanted = priority.value_or(kDefaultPriority);
  if (auto refusal = Refusal(id, wanted)) return TreeErrorStatus(*refusal);
  NodeIndex n = Find(id);
  const bool known = n != kNone;
  if (known && Life{shares_.node(n).life} != Life::kIdle) {
    return TreeErrorStatus(TreeError::kDuplicateStream);
  }
  StreamId& highest = highest_opened_[id & 1];
  highest = std::max(highest, id);
  if (known) {
    SetLife(n, Life::kOpen);
    if (priority.has_value()) Place(n, wanted);
    return absl::OkStatus();
  }
  MakeRoom(wanted.depends_on == 0 ? kNone : Find(wanted.depends_on));
  n = NewNode(id, Life::kOpen);
  Place(n, wanted);
  return absl::OkStatus();
}

template <class Order>
absl::Status BasicPriorityTree<Order>::Reprioritise(
    StreamId id, const Rfc7540Priority& priority) {
  if (auto refusal = Refusal(id, priority)) return TreeErrorStatus(*refusal);
  NodeIndex n = Find(id);
  if (n == kNone && !AboveOpened(id)) {
    return TreeErrorStatus(TreeError::kMissingStream);
  }
  const StreamId parent = priority.depends_on;
  const bool new_parent =
      parent != 0 && Find(parent) == kNone && AboveOpened(parent);
  const size_t needed = (n == kNone) + size_t{new_parent};
  if (needed > 0 && !RoomForIdle(needed)) {
    return TreeErrorStatus(TreeError::kTooManyNodes);
  }
  if (n == kNone) n = NewNode(id, Life::kIdle);
  Place(n, priority);
  return absl::OkStatus();
}

template <class Order>
absl::Status BasicPriorityTree<Order>::Close(StreamId id) {
  const NodeIndex n = FindOpen(id);
  if (n == kNone) return TreeErrorStatus(TreeError::kMissingStream);
  if (max_closed_ == 0) {
    RemoveNode(n);
    return absl::OkStatus();
  }
  shares_.SetBlocked(n);
  SetLife(n, Life::kClosed);
  if (closed_.size > max_closed_ || size() > max_nodes_) {
    EvictOne(closed_, kNone);
  }
  return absl::OkStatus();
}

template <class Order>
absl::Status BasicPriorityTree<Order>::Remove(StreamId id) {
  const NodeIndex n = id == 0 ? kNone : Find(id);
  if (n == kNone) return TreeErrorStatus(TreeError::kMissingStream);
  RemoveNode(n);
  return absl::OkStatus();
}

template <class Order>
absl::Status BasicPriorityTree<Order>::SetReady(StreamId id) {
  const NodeIndex n = FindOpen(id);
  if (n == kNone) return TreeErrorStatus(TreeError::kMissingStream);
  shares_.SetReady(n);
  return absl::OkStatus();
}

template <class Order>
absl::Status BasicPriorityTree<Order>::SetBlocked(StreamId id) {
  const NodeIndex n = FindOpen(id);
  if (n == kNone) return TreeErrorStatus(TreeError::kMissingStream);
  shares_.SetBlocked(n);
  return absl::OkStatus();
}

template <class Order>
bool BasicPriorityTree<Order>::HasReady() const {
  const internal::GroupIndex g = shares_.node(kRoot).children;
  return g != kNone && shares_.group(g).active > 0;
}

template <class Order>
typename BasicPriorityTree<Order>::NodeIndex BasicPriorityTree<Order>::FindOpen(
    StreamId id) const {
  const NodeIndex n = id == 0 ? kNone : Find(id);
  if (n == kNone || Life{shares_.node(n).life} != Life::kOpen) return kNone;
  return n;
}

// --- Lives ----------------------------------------------------------------

template <class Order>
void BasicPriorityTree<Order>::PushBack(LifeList& list, NodeIndex n) {
  shares_.node(n).life_prev = list.last;
  shares_.node(n).life_next = kNone;
  if (list.last == kNone) {
    list.first = n;
  } else {
    shares_.node(list.last).life_next = n;
  }
  list.last = n;
  ++list.size;
}

template <class Order>
void BasicPriorityTree<Order>::Unlink(LifeList& list, NodeIndex n) {
  const NodeIndex prev = shares_.node(n).life_prev;
  const NodeIndex next = shares_.node(n).life_next;
  (prev == kNone ? list.first : shares_.node(prev).life_next) = next;
  (next == kNone ? list.last : shares_.node(next).life_prev) = prev;
  --list.size;
}

template <class Order>
void BasicPriorityTree<Order>::SetLife(NodeIndex n, Life life) {
  const Life old{shares_.node(n).life};
  if (old == Life::kOpen) {
    --open_;
  } else {
    Unlink(ListOf(old), n);
  }
  shares_.node(n).life = static_cast<uint32_t>(life);
  if (life == Life::kOpen) {
    ++open_;
  } else {
    PushBack(ListOf(life), n);
  }
}

// A node without a place yet.
template <class Order>
typename BasicPriorityTree<Order>::NodeIndex BasicPriorityTree<Order>::NewNode(
    StreamId id, Life life) {
  const NodeIndex n = shares_.New();
  shares_.node(n).id = id;
  shares_.node(n).life = static_cast<uint32_t>(life);
  ids_.Insert(shares_.nodes(), n);
  if (life == Life::kOpen) {
    ++open_;
  } else {
    PushBack(ListOf(life), n);
  }
  return n;
}

template <class Order>
typename BasicPriorityTree<Order>::NodeIndex
BasicPriorityTree<Order>::NewPlaceholder(StreamId id) {
  const NodeIndex n = NewNode(id, Life::kIdle);
  shares_.Attach(n, kRoot, Fixed(kDefaultWeight));
  return n;
}

template <class Order>
void BasicPriorityTree<Order>::RemoveNode(NodeIndex n) {
  const Life life{shares_.node(n).life};
  if (life == Life::kOpen) {
    --open_;
  } else {
    Unlink(ListOf(life), n);
  }
  ids_.Erase(shares_.nodes(), n);
  shares_.Splice(n);
  shares_.Delete(n);
}

template <class Order>
bool BasicPriorityTree<Order>::EvictOne(const LifeList& list,
                                        NodeIndex spared) {
  NodeIndex victim = kNone;
  for (NodeIndex n = list.first; n != kNone; n = shares_.node(n).life_next) {
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

template <class Order>
void BasicPriorityTree<Order>::MakeRoom(NodeIndex spared) {
  if (size() < max_nodes_) return;
  for (NodeIndex keep : {spared, kNone}) {
    if (EvictOne(closed_, keep) || EvictOne(idle_, keep)) return;
  }
  if (!shares_.full()) return;
  shares_.Grow();
  ids_.Reset(shares_.nodes().size() - 1);
  for (NodeIndex n = kRoot;;) {
    n = NextInPreorder(n, kRoot, nullptr);
    if (n == kNone) break;
    ids_.Insert(shares_.nodes(), n);
  }
}

// --- Places ---------------------------------------------------------------

// Puts `n`, which may have no place yet, where `priority` says. Cannot fail.
template <class Order>
void BasicPriorityTree<Order>::Place(NodeIndex n,
                                     const Rfc7540Priority& priority) {
  Rfc7540Priority wanted = priority;
  NodeIndex parent = kRoot;
  if (wanted.depends_on != 0) {
    parent = Find(wanted.depends_on);
    if (parent == kNone && AboveOpened(wanted.depends_on) && RoomForIdle(1)) {
      parent = NewPlaceholder(wanted.depends_on);
    }
  }
  if (parent == kNone) {
    // RFC 7540 §5.3.1: not in the tree, so the default priority.
    wanted = kDefaultPriority;
    parent = kRoot;
  }
  Move(n, parent, Fixed(wanted.weight), wanted.exclusive);
}

template <class Order>
void BasicPriorityTree<Order>::Move(NodeIndex n, NodeIndex parent,
                                    uint32_t weight, bool exclusive) {
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

// The node after `n` in the subtree of `top`, parents first; kNone at the end.
// Keeps `*depth`, when given, the depth below `top`.
template <class Order>
typename BasicPriorityTree<Order>::NodeIndex
BasicPriorityTree<Order>::NextInPreorder(NodeIndex n, NodeIndex top,
                                         int* depth) const {
  NodeIndex next = shares_.FirstChild(n);
  if (next != kNone) {
    if (depth != nullptr) ++*depth;
    return next;
  }
  while (n != top) {
    next = shares_.NextSibling(n);
    if (next != kNone) return next;
    n = shares_.Parent(n);
    if (depth != nullptr) --*depth;
  }
  return kNone;
}

// --- Looking at it --------------------------------------------------------

template <class Order>
std::optional<StreamState> BasicPriorityTree<Order>::State(StreamId id) const {
  const NodeIndex n = id == 0 ? kNone : Find(id);
  if (n == kNone) return std::nullopt;
  switch (Life{shares_.node(n).life}) {
    case Life::kOpen:
      return StreamState::kOpen;
    case Life::kIdle:
      return StreamState::kIdle;
    case Life::kClosed:
      return StreamState::kClosed;
  }
  return std::nullopt;
}

template <class Order>
std::optional<StreamId> BasicPriorityTree<Order>::Parent(StreamId id) const {
  const NodeIndex n = id == 0 ? kNone : Find(id);
  if (n == kNone) return std::nullopt;
  return shares_.node(shares_.Parent(n)).id;
}

template <class Order>
std::optional<int> BasicPriorityTree<Order>::Weight(StreamId id) const {
  const NodeIndex n = id == 0 ? kNone : Find(id);
  if (n == kNone) return std::nullopt;
  const uint32_t rounded =
      (shares_.node(n).weight + kWeightOne / 2) >> kWeightFractionBits;
  return std::max(static_cast<int>(rounded), kMinWeight);
}

template <class Order>
signals::PathLevel BasicPriorityTree<Order>::LevelOf(NodeIndex n) const {
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

template <class Order>
std::vector<signals::PathLevel> BasicPriorityTree<Order>::Explain(
    StreamId id) const {
  std::vector<signals::PathLevel> levels;
  NodeIndex n = id == 0 ? kRoot : Find(id);
  if (n == kNone) return levels;
  for (; n != kRoot; n = shares_.Parent(n)) levels.push_back(LevelOf(n));
  std::reverse(levels.begin(), levels.end());
  return levels;
}

template <class Order>
size_t BasicPriorityTree<Order>::ExplainPick(
    absl::Span<signals::PathLevel> levels) const {
  const auto path = shares_.path();
  const size_t written = std::min(path.size(), levels.size());
  for (size_t i = 0; i < written; ++i) levels[i] = LevelOf(path[i].node);
  return path.size();
}

template <class Order>
std::string BasicPriorityTree<Order>::Dump() const {
  std::string text = "(";
  int depth = 0, written = 0;
  for (NodeIndex n = NextInPreorder(kRoot, kRoot, &depth); n != kNone;
       n = NextInPreorder(n, kRoot, &depth)) {
    if (depth > written) {
      if (written > 0) text += '(';
    } else {
      text.append(static_cast<size_t>(written - depth), ')');
      text += ' ';
    }
    written = depth;
    absl::StrAppend(&text, shares_.node(n).id, ":",
                    WeightText(shares_.node(n).weight));
  }
  text.append(static_cast<size_t>(std::max(written, 1)), ')');
  return text;
}

template <class Order>
absl::Status BasicPriorityTree<Order>::CheckInvariants() const {
  if (const char* broken = shares_.FindBrokenInvariant()) {
    return absl::InternalError(broken);
  }
  size_t open = 0, idle = 0, closed = 0;
  for (NodeIndex n = NextInPreorder(kRoot, kRoot, nullptr); n != kNone;
       n = NextInPreorder(n, kRoot, nullptr)) {
    const internal::Node& node = shares_.node(n);
    if (Find(node.id) != n) return absl::InternalError("an id is lost");
    switch (Life{node.life}) {
      case Life::kOpen:
        ++open;
        break;
      case Life::kIdle:
        ++idle;
        break;
      case Life::kClosed:
        ++closed;
        break;
    }
    if (node.ready && Life{node.life} != Life::kOpen) {
      return absl::InternalError("a stream that is not open is ready");
    }
  }
  if (open != open_ || idle != idle_.size || closed != closed_.size) {
    return absl::InternalError("a count of streams is wrong");
  }
  for (const LifeList* list : {&idle_, &closed_}) {
    size_t linked = 0;
    for (NodeIndex n = list->first; n != kNone; n = shares_.node(n).life_next) {
      const NodeIndex next = shares_.node(n).life_next;
      if ((next == kNone ? list->last : shares_.node(next).life_prev) != n ||
          ++linked > list->size) {
        return absl::InternalError("a list by age is broken");
      }
    }
    if (linked != list->size) return absl::InternalError("a list is short");
  }
  if (closed_.size > max_closed_ || idle_.size > max_idle_) {
    return absl::InternalError("too many closed or idle streams");
  }
  if (idle_.size + closed_.size > 0 && size() > max_nodes_) {
    return absl::InternalError("too many nodes");
  }
  return absl::OkStatus();
}

template <class Order>
TreeMemory BasicPriorityTree<Order>::Memory() const {
  return {.nodes = shares_.nodes().capacity() * sizeof(internal::Node),
          .groups = shares_.group_bytes(),
          .id_map = ids_.memory_bytes(),
          .path = shares_.path_bytes(),
          .large_queues = shares_.queue_bytes(),
          .object = sizeof(*this)};
}

template class BasicPriorityTree<ByteFairOrder>;
template class BasicPriorityTree<ExactByteFairOrder>;
template class BasicPriorityTree<ExactByIdOrder>;

}  // namespace sluice::priority
