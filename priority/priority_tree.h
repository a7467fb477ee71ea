// The dependency tree of RFC 7540 §5.3: which stream sends next, and how
// siblings share.
//
//   PriorityTree tree;
//   tree.Insert(1, Rfc7540Priority{.depends_on = 0, .weight = 200});
//   tree.Insert(3, Rfc7540Priority{.depends_on = 0, .weight = 100});
//   tree.SetReady(1);
//   tree.SetReady(3);
//   absl::StatusOr<StreamId> id = tree.Pick();  // Unavailable: nothing ready
//   size_t sent = …                             // at most tree.max_grant()
//   tree.Charge(sent);
//
// A stream that is ready goes before everything that depends on it (§5.3.1).
// The children of one parent share in proportion to their weights (§5.3.2),
// byte by byte: while two of them stay backlogged, and keep weight and place,
// the bytes W of their subtrees satisfy, over any interval,
//
//   | W_i/w_i - W_j/w_j | ≤ L/w_i + L/w_j
//
// plus 4/256 byte per unit of weight of rounding, plus two slots (16 bytes per
// unit of weight at the default L) where a level has more than eight active
// children. L is the largest grant. docs/fairness.md proves it and shows how
// close the search for a worst case came.
//
// Bytes are what the caller says they are: Sluice charges payload and padding,
// not the 9-byte frame header.
//
// Streams: open (may be ready), idle (a placeholder: it was named before it was
// opened) and closed (kept for a while, since others may depend on it, §5.3.4).
// Idle and closed ones only route bandwidth.
//
// Errors are absl::Status values that tree_error.h tells apart. A call that
// fails leaves the tree as it was.
//
// Re-entrancy: every call but Pick() is allowed between Pick() and Charge().
// Edits show at once, yet the tags become what they would be had the charge
// come first: closing a stream inside its own pull does not make the last frame
// free. The remainder of a node whose weight changes several times within one
// pull is scaled once, from the first weight to the last.
//
// Cost: Pick() and Charge() are O(contended levels on the path), a contended
// level being one with at least two active children. When an otherwise idle
// chain becomes ready or idle, that is O(its depth), and so is the first
// decision after; the check whether a new parent is a descendant (§5.3.3) is
// O(depth of the parent). Nothing recurses. After construction nothing
// allocates but errors, Explain(), Dump(), an Insert() that finds every node
// open, and the removal, from inside a pull, of a picked stream's ancestor that
// has more than max_nodes / 2 children.
//
// Not thread-safe. Deterministic.
#ifndef SLUICE_PRIORITY_PRIORITY_TREE_H_
#define SLUICE_PRIORITY_PRIORITY_TREE_H_

#include <sluice/priority/internal/id_map.h>
#include <sluice/priority/internal/share_tree.h>
#include <sluice/priority/internal/tree_node.h>
#include <sluice/priority/tree_error.h>
#include <sluice/priority/tree_order.h>
#include <sluice/signals/path_level.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace sluice::priority {

// The largest `max_grant`, in bytes: keeps every sum of tags within 64 bits.
inline constexpr size_t kMaxTreeGrant = size_t{1} << 24;

// A tree made with options outside their ranges ends the program.
struct PriorityTreeOptions {
  // Open, idle and closed streams together, 1…2^31-1. Only open streams may
  // exceed it (the session bounds them by SETTINGS_MAX_CONCURRENT_STREAMS).
  size_t max_nodes = 1100;
  // Closed streams kept, out of max_nodes. 0: a closed stream goes at once.
  size_t max_closed = 100;
  // Idle streams, out of max_nodes.
  size_t max_idle = 1000;
  // L: the largest grant and so the largest charge, in bytes, 1…2^24. A
  // constant of the connection, never the peer's SETTINGS_MAX_FRAME_SIZE.
  size_t max_grant = 16384;
  // Large queues of 16.5 KiB each. A level with more than eight active children
  // takes one if one is free and costs O(1) a decision, else O(log active).
  size_t large_queues = 1;
  // Where everything but the object itself lives; must outlive the tree.
  std::pmr::memory_resource* memory = std::pmr::get_default_resource();
};

// How much memory a tree holds, in bytes.
struct TreeMemory {
  size_t nodes = 0;   // 64 each
  size_t groups = 0;  // sibling groups
  size_t id_map = 0;
  size_t path = 0;          // what a pull records
  size_t large_queues = 0;  // calendars
  size_t object = 0;        // the tree itself

  size_t Total() const {
    return nodes + groups + id_map + path + large_queues + object;
  }
};

enum class StreamState : uint8_t { kOpen, kIdle, kClosed };

template <class Order>
class BasicPriorityTree {
 public:
  explicit BasicPriorityTree(const PriorityTreeOptions& options = {});
  BasicPriorityTree(const BasicPriorityTree&) = delete;
  BasicPriorityTree& operator=(const BasicPriorityTree&) = delete;

  // Opens stream `id`, blocked. Without `priority`: an idle stream keeps its
  // place, a new one gets the default (§5.3.5). An idle stream keeps its
  // children either way. A parent that is not in the tree becomes an idle
  // stream when its id is above every opened one of its parity and there is
  // room; else the whole dependency becomes the default one (§5.3.1). When the
  // tree is full, the oldest closed stream gives way (childless ones first),
  // then the oldest idle one, then the tree grows: opening never fails for
  // lack of room. Errors: duplicate, pseudo-stream, bad weight,
  // self-dependency.
  absl::Status Insert(StreamId id,
                      const std::optional<Rfc7540Priority>& priority = {});

  // Gives stream `id` a new place and weight, with its subtree (§5.3.3). An id
  // above every opened one of its parity that is not in the tree yet becomes
  // an idle stream. A new parent that is a descendant of `id` moves, with its
  // subtree and its weight, to `id`'s old parent first. What changes nothing
  // touches nothing. Errors: missing, pseudo-stream, bad weight,
  // self-dependency, too many nodes.
  absl::Status Reprioritise(StreamId id, const Rfc7540Priority& priority);

  // The open stream `id` will send no more. It stays in the tree, routing
  // bandwidth, until max_closed newer ones are closed or room is needed (the
  // oldest childless one goes first). Errors: missing (also: not open).
  absl::Status Close(StreamId id);

  // Takes `id` out at once, whatever its state. Its children take its place
  // and share its weight in proportion (§5.3.4). Errors: missing.
  absl::Status Remove(StreamId id);

  // The open stream `id` can send, or cannot. A second call changes nothing.
  // Errors: missing (also: not open).
  absl::Status SetReady(StreamId id);
  absl::Status SetBlocked(StreamId id);

  // The stream that sends next. Charge() must follow before the next Pick().
  // Errors: nothing ready (then no Charge() follows).
  absl::StatusOr<StreamId> Pick() {
    const StreamId id = TryPick();
    if (ABSL_PREDICT_TRUE(id != 0)) return id;
    return TreeErrorStatus(TreeError::kNothingReady);
  }

  // The same; 0 when nothing is ready.
  StreamId TryPick() {
    const NodeIndex n = shares_.Pick();
    return ABSL_PREDICT_TRUE(n != internal::kNone) ? shares_.node(n).id : 0;
  }

  // The pick's `bytes` (≤ max_grant) were sent. With 0 the stream is blocked
  // until its next SetReady().
  void Charge(size_t bytes) { shares_.Charge(bytes); }

  bool HasReady() const;
  size_t max_grant() const { return shares_.max_grant(); }
  // Levels with more than eight active children compare keys without these
  // lowest bits; 0 when every level is exact.
  int slot_shift() const { return shares_.slot_shift(); }

  // --- Looking at it -----------------------------------------------------
  size_t size() const { return open_ + idle_.size + closed_.size; }
  size_t open_count() const { return open_; }
  size_t idle_count() const { return idle_.size; }
  size_t closed_count() const { return closed_.size; }
  std::optional<StreamState> State(StreamId id) const;
  // 0 is the root; nothing when `id` is not in the tree.
  std::optional<StreamId> Parent(StreamId id) const;
  // Rounded, at least 1; nothing when `id` is not in the tree.
  std::optional<int> Weight(StreamId id) const;

  // The levels from the root to `id`; empty when it is not in the tree.
  std::vector<signals::PathLevel> Explain(StreamId id) const;

  // The contended levels on the path of the pick that waits for its Charge(),
  // from the top. Writes as many as `levels` holds and returns how many there
  // were. For traces: allocates nothing, O(levels).
  size_t ExplainPick(absl::Span<signals::PathLevel> levels) const;

  // "(1:16(3:8 5:16))": for each stream its id and its weight, then its
  // children in the order in which they came, in parentheses. Weights are
  // rounded to three places. "()" when it is empty.
  std::string Dump() const;

  // Everything that must hold of the data structures. O(nodes).
  absl::Status CheckInvariants() const;

  const WorkCounters& work() { return shares_.work(); }
  TreeMemory Memory() const;

 private:
  using NodeIndex = internal::NodeIndex;
  using Life = internal::Life;

  // Idle or closed nodes, oldest first, linked through the nodes.
  struct LifeList {
    NodeIndex first = internal::kNone;
    NodeIndex last = internal::kNone;
    size_t size = 0;
  };

  signals::PathLevel LevelOf(NodeIndex n) const;
  NodeIndex Find(StreamId id) const { return ids_.Find(shares_.nodes(), id); }
  NodeIndex FindOpen(StreamId id) const;
  bool AboveOpened(StreamId id) const { return id > highest_opened_[id & 1]; }
  static std::optional<TreeError> Refusal(StreamId id,
                                          const Rfc7540Priority& priority);

  LifeList& ListOf(Life life) { return life == Life::kIdle ? idle_ : closed_; }
  bool RoomForIdle(size_t count) const {
    return idle_.size + count <= max_idle_ && size() + count <= max_nodes_;
  }
  void PushBack(LifeList& list, NodeIndex n);
  void Unlink(LifeList& list, NodeIndex n);
  void SetLife(NodeIndex n, Life life);

  NodeIndex NewNode(StreamId id, Life life);
  NodeIndex NewPlaceholder(StreamId id);
  void RemoveNode(NodeIndex n);
  // The oldest of `list`, a childless one if there is one; never `spared`.
  bool EvictOne(const LifeList& list, NodeIndex spared);
  // Room for one open stream, by eviction (of `spared` last) or growth.
  void MakeRoom(NodeIndex spared);

  void Place(NodeIndex n, const Rfc7540Priority& priority);
  void Move(NodeIndex n, NodeIndex parent, uint32_t weight, bool exclusive);
  NodeIndex NextInPreorder(NodeIndex n, NodeIndex top, int* depth) const;

  internal::ShareTree<Order> shares_;
  internal::IdMap ids_;
  LifeList idle_;
  LifeList closed_;
  size_t open_ = 0;
  StreamId highest_opened_[2] = {0, 0};  // by parity
  size_t max_nodes_;
  size_t max_closed_;
  size_t max_idle_;
};

using PriorityTree = BasicPriorityTree<ByteFairOrder>;

extern template class BasicPriorityTree<ByteFairOrder>;
extern template class BasicPriorityTree<ExactByteFairOrder>;
extern template class BasicPriorityTree<ExactByIdOrder>;

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_PRIORITY_TREE_H_
