// The parts of the dependency tree: nodes, and the sibling groups between
// a node and its children. Both live in pools and name each other by index.
#ifndef SLUICE_PRIORITY_INTERNAL_TREE_NODE_H_
#define SLUICE_PRIORITY_INTERNAL_TREE_NODE_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/stream_id.h>

#include <cstdint>

namespace sluice::priority {

using signals::kDefaultWeight;
using signals::kMinWeight;
using signals::Rfc7540Priority;
using signals::StreamId;  // 0 is the root

enum class StreamState : uint32_t { kOpen, kIdle, kClosed };

}  // namespace sluice::priority

namespace sluice::priority::internal {

using NodeIndex = uint32_t;
using GroupIndex = uint32_t;

inline constexpr uint32_t kNone = 0xffffffff;
inline constexpr NodeIndex kRoot = 0;

// Weights are fixed point inside, so that the share of a removed stream can
// be divided among its children without loss (RFC 7540 §5.3.4).
inline constexpr int kWeightFractionBits = 16;
inline constexpr uint32_t kWeightOne = uint32_t{1} << kWeightFractionBits;

// Tags count 1/256 byte per unit of weight.
inline constexpr int kTagFractionBits = 8;

// One stream, on a cache line of its own. What belongs to its place among its
// siblings comes first: a decision touches the first half and the links only.
struct alignas(64) Node {
  int64_t tag = 0;  // S: what it has been charged, on its group's clock
  int64_t key = 0;  // the order of the queue: S plus the quantum 256·L/w
  uint32_t weight : 25 = 0;  // fixed point, 1 … 256·2^16
  uint32_t ready : 1 = 0;    // can send itself
  uint32_t active : 1 = 0;   // it or a descendant is ready
  StreamState state : 2 = StreamState::kOpen;
  uint32_t remainder = 0;  // r < weight: charged, but not in `tag` yet
  NodeIndex link[3] = {kNone, kNone, kNone};  // of its group's queue
  StreamId id = 0;
  GroupIndex group = kNone;     // it is a member of
  GroupIndex children = kNone;  // it owns; kNone when it has no children
  NodeIndex prev = kNone;       // siblings, a ring in insertion order
  NodeIndex next = kNone;
  NodeIndex older = kNone;  // of the nodes of its state
  NodeIndex newer = kNone;
};
static_assert(sizeof(Node) == 64);

// All nodes of a tree, by index.
using Nodes = ResourceVector<Node>;

enum class QueueKind : uint32_t { kList, kSlotList, kSplay, kCalendar };

// A level: the children of one owner and the clock they share. It exists only
// while it has members.
struct Group {
  int64_t clock = 0;  // V
  NodeIndex owner = kNone;
  NodeIndex first = kNone;  // of the siblings' ring
  uint32_t size = 0;
  uint32_t active = 0;
  uint32_t queue = kNone;  // lists: head, splay: root, calendar: its number
  QueueKind kind = QueueKind::kList;
  // Where the run of levels with one active child that starts here ends;
  // true while `run_epoch` is the tree's epoch.
  NodeIndex run_end = kNone;
  uint32_t run_epoch = 0;
};
static_assert(sizeof(Group) == 40);

}  // namespace sluice::priority::internal

#endif  // SLUICE_PRIORITY_INTERNAL_TREE_NODE_H_
