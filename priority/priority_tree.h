// The dependency tree of RFC 7540 §5.3: which stream sends next, and how
// siblings share.
//
//   PriorityTree tree;
//   tree.Insert(1, Rfc7540Priority{.depends_on = 0, .weight = 200});
//   tree.Insert(3, Rfc7540Priority{.depends_on = 0, .weight = 100});
//   tree.SetReady(1);
//   tree.SetReady(3);
//   std::optional<StreamId> id = tree.Pick();   // nothing when none is ready
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
// The caller counts the bytes: Sluice charges payload and padding, not the
// 9-byte frame header.
//
// Streams: open (may be ready), idle (a placeholder: it was named before it was
// opened) and closed (kept for a while, since others may depend on it, §5.3.4).
// Idle and closed ones only route bandwidth.
//
// A call that fails leaves the tree as it was. Errors:
//
//   InvalidArgument    an id outside 1…2^31-1, a weight outside 1…256, a
//                      dependency on itself
//   AlreadyExists      the stream has been opened before
//   NotFound           it is not in the tree, or not open
//   ResourceExhausted  no room for another idle stream
//
// The last two of Reprioritise(), which a peer can cause at will, have no text:
// they take nothing from the heap.
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
// O(depth of the parent). Nothing recurses.
//
// Memory follows use: tables double when there were never so many nodes, levels
// or large queues, so an edit costs O(1) amortised for it. A call gets all its
// memory before it changes anything. Tables do not shrink; the limits below
// bound them. Pick() and Charge() never allocate; other calls do not either,
// once there were as many nodes, levels and contended levels on a path before,
// but for errors.
//
// Not thread-safe. Deterministic.
#ifndef SLUICE_PRIORITY_PRIORITY_TREE_H_
#define SLUICE_PRIORITY_PRIORITY_TREE_H_

#include <sluice/priority/internal/share_tree.h>
#include <sluice/priority/internal/tree_node.h>
#include <sluice/priority/resource_allocator.h>
#include <sluice/signals/id_map.h>
#include <sluice/signals/path_level.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
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
  // Large queues of 16.5 KiB each, made when they are needed. A level with more
  // than eight active children, or sixteen of one weight, takes one if one is
  // free and costs O(1) a decision, else O(log active).
  size_t large_queues = 1;
  TreeOrder order = TreeOrder::kSlots;
};

class PriorityTree {
 public:
  explicit PriorityTree(const PriorityTreeOptions& options = {});
  PriorityTree(const PriorityTree&) = delete;
  PriorityTree& operator=(const PriorityTree&) = delete;

  // Opens stream `id`, blocked. Without `priority`: an idle stream keeps its
  // place, a new one gets the default (§5.3.5). An idle stream keeps its
  // children either way. A parent that is not in the tree becomes an idle
  // stream when its id is above every opened one of its parity and there is
  // room; else the whole dependency becomes the default one (§5.3.1). When the
  // tree is full, the oldest closed stream gives way (childless ones first),
  // then the oldest idle one, then the tree grows: opening never fails for
  // lack of room. Errors: InvalidArgument, AlreadyExists.
  absl::Status Insert(StreamId id,
                      const std::optional<Rfc7540Priority>& priority = {});

  // Gives stream `id` a new place and weight, with its subtree (§5.3.3). An id
  // above every opened one of its parity that is not in the tree yet becomes
  // an idle stream. A new parent that is a descendant of `id` moves, with its
  // subtree and its weight, to `id`'s old parent first. What changes nothing
  // touches nothing. Errors: InvalidArgument, NotFound, ResourceExhausted.
  absl::Status Reprioritise(StreamId id, const Rfc7540Priority& priority);

  // The open stream `id` will send no more. It stays in the tree, routing
  // bandwidth, until max_closed newer ones are closed or room is needed (the
  // oldest childless one goes first). Error: NotFound.
  absl::Status Close(StreamId id);

  // Takes `id` out at once, whatever its state. Its children take its place
  // and share its weight in proportion (§5.3.4). Error: NotFound.
  absl::Status Remove(StreamId id);

  // The open stream `id` can send, or cannot. A second call changes nothing.
  // Error: NotFound.
  absl::Status SetReady(StreamId id);
  absl::Status SetBlocked(StreamId id);

  // The stream that sends next; Charge() must follow before the next Pick().
  // Returns nothing when no stream is ready; then no Charge() follows.
  std::optional<StreamId> Pick() {
    const NodeIndex n = shares_.Pick();
    if (ABSL_PREDICT_FALSE(n == internal::kNone)) return std::nullopt;
    return shares_.node(n).id;
  }

  // The pick's `bytes` (≤ max_grant) were sent. With 0 the stream is blocked
  // until its next SetReady().
  void Charge(size_t bytes) { shares_.Charge(bytes); }

  // A guess of the next picks in their order. Writes at most as many as `picks`
  // holds, and returns how many it wrote. O(guesses).
  size_t LikelyNext(absl::Span<StreamId> picks) const {
    const NodeIndex first = shares_.Peek();
    NodeIndex n = first;
    size_t guesses = 0;
    while (n != internal::kNone && guesses < picks.size()) {
      picks[guesses++] = shares_.node(n).id;
      n = shares_.Behind(n);
      if (n == first) return guesses;
    }
    // The next call reads it.
    if (n != internal::kNone) __builtin_prefetch(&shares_.node(n));
    return guesses;
  }

  size_t max_grant() const { return shares_.max_grant(); }

  // --- Looking at it -----------------------------------------------------
  // 0 is the root. Nothing when `id` is not in the tree. Weights are rounded,
  // and at least 1.
  std::optional<StreamState> State(StreamId id) const {
    const NodeIndex n = Find(id);
    if (n == internal::kNone) return std::nullopt;
    return shares_.node(n).state;
  }
  std::optional<StreamId> Parent(StreamId id) const;
  std::optional<int> Weight(StreamId id) const;

  // The contended levels on the path of the pick that waits for its Charge(),
  // from the top. Writes as many as `levels` holds and returns how many there
  // were. For traces: allocates nothing, O(levels).
  size_t ExplainPick(absl::Span<signals::PathLevel> levels) const;

  const WorkCounters& work() { return shares_.work(); }

 private:
  using NodeIndex = internal::NodeIndex;
  friend class TreeInspector;

  // The nodes of one state, oldest first, linked through the nodes; of the open
  // ones only how many they are.
  struct StateList {
    NodeIndex first = internal::kNone;
    NodeIndex last = internal::kNone;
    size_t size = 0;
  };

  signals::PathLevel LevelOf(NodeIndex n) const;
  NodeIndex Find(StreamId id) const { return ids_.Find(id); }
  NodeIndex FindOpen(StreamId id) const;
  const StateList& List(StreamState state) const {
    return lists_[static_cast<size_t>(state)];
  }
  size_t size() const {
    return lists_[0].size + lists_[1].size + lists_[2].size;
  }
  bool AboveOpened(StreamId id) const { return id > highest_opened_[id & 1]; }
  bool RoomForIdle(size_t count) const {
    return List(StreamState::kIdle).size + count <= max_idle_ &&
           size() + count <= max_nodes_;
  }

  void Enlist(NodeIndex n, StreamState state);
  void Delist(NodeIndex n);
  // A node without a place yet.
  NodeIndex NewNode(StreamId id, StreamState state);
  void RemoveNode(NodeIndex n);
  // Removes the oldest one, if possible a childless one; never `spared`.
  bool EvictOne(StreamState state, NodeIndex spared);
  // For a stream that opens in a full tree: evicts one, its `parent` last.
  void MakeRoom(StreamId parent);

  // Puts `n`, which may have no place yet, where `priority` says.
  void Place(NodeIndex n, const Rfc7540Priority& priority);
  void Move(NodeIndex n, NodeIndex parent, uint32_t weight, bool exclusive);

  internal::ShareTree shares_;
  signals::IdMap<NodeIndex, internal::kNone, ResourceAllocator> ids_;
  StateList lists_[3];                   // by StreamState
  StreamId highest_opened_[2] = {0, 0};  // by parity
  size_t max_nodes_;
  size_t max_closed_;
  size_t max_idle_;
};

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_PRIORITY_TREE_H_
