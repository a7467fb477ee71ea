// Stream id → node: open addressing over node indices, ids compared in the
// nodes themselves.
#ifndef SLUICE_PRIORITY_INTERNAL_ID_MAP_H_
#define SLUICE_PRIORITY_INTERNAL_ID_MAP_H_

#include <sluice/priority/internal/tree_node.h>
#include <sluice/priority/resource_allocator.h>

#include <cstddef>

namespace sluice::priority::internal {

// Linear probing with backward-shift deletion. Never allocates after Reset().
class IdMap {
 public:
  // Room for `nodes` entries at a load of at most 4/5; forgets all entries.
  void Reset(size_t nodes) {
    int bits = 3;
    while ((size_t{4} << bits) < 5 * nodes) ++bits;
    shift_ = 32 - bits;
    slots_.assign(size_t{1} << bits, kNone);
  }

  // Or kNone. The root, which has the id 0, is not in the map.
  NodeIndex Find(const Nodes& nodes, StreamId id) const {
    for (size_t i = Home(id);; i = Next(i)) {
      if (slots_[i] == kNone || nodes[slots_[i]].id == id) return slots_[i];
    }
  }

  // `nodes[node].id` must not be in the map.
  void Insert(const Nodes& nodes, NodeIndex node) {
    size_t i = Home(nodes[node].id);
    while (slots_[i] != kNone) i = Next(i);
    slots_[i] = node;
  }

  // `nodes[node].id` must be in the map.
  void Erase(const Nodes& nodes, NodeIndex node) {
    size_t hole = Home(nodes[node].id);
    while (slots_[hole] != node) hole = Next(hole);
    for (size_t i = Next(hole); slots_[i] != kNone; i = Next(i)) {
      // An entry may fill the hole unless its home lies after it.
      const size_t home = Home(nodes[slots_[i]].id);
      const size_t mask = slots_.size() - 1;
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = kNone;
  }

 private:
  size_t Home(StreamId id) const { return (id * 0x9e3779b1u) >> shift_; }
  size_t Next(size_t i) const { return (i + 1) & (slots_.size() - 1); }

  ResourceVector<NodeIndex> slots_;
  int shift_ = 0;
};

}  // namespace sluice::priority::internal

#endif  // SLUICE_PRIORITY_INTERNAL_ID_MAP_H_
