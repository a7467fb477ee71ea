// The ready streams of one group, the next one on top: a four-ary heap in one
// array (four entries are one cache line), ordered by (order, stream id).
//
// A stream is known by its slot, a small dense number. Where each slot stands
// is written to a table that several heaps share, since a slot is in at most
// one of them: that makes removal and re-keying O(log n) without a search.
#ifndef SLUICE_SCHEDULER_READY_HEAP_H_
#define SLUICE_SCHEDULER_READY_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduler/policy.h"

namespace sluice::scheduler {

class ReadyHeap {
 public:
  struct Entry {
    int64_t order = 0;
    StreamId id = 0;
    uint32_t slot = 0;
  };
  // By slot; the owner keeps it at least as long as there are slots.
  using Positions = std::vector<uint32_t>;

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  const Entry& top() const { return entries_.front(); }

  // Adds a slot that is in no heap of these positions. O(log n); allocates only
  // when there were never so many.
  void Insert(const Entry& entry, Positions& positions);

  // Takes out a slot that is here. O(log n).
  void Remove(uint32_t slot, Positions& positions);

  // Gives a slot that is here another order. O(log n).
  void Update(uint32_t slot, int64_t order, Positions& positions);

 private:
  static bool Before(const Entry& a, const Entry& b) {
    return a.order != b.order ? a.order < b.order : a.id < b.id;
  }
  // Finds the place for `entry`, of which `index` is free, and puts it there.
  void SiftUp(size_t index, const Entry& entry, Positions& positions);
  void SiftDown(size_t index, const Entry& entry, Positions& positions);
  void Place(size_t index, const Entry& entry, Positions& positions) {
    entries_[index] = entry;
    positions[entry.slot] = static_cast<uint32_t>(index);
  }

  std::vector<Entry> entries_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_READY_HEAP_H_
