// The ready streams of one group, in the order (order, stream id).
//
// Two structures, and the smaller of their first entries is the next. A run: a
// linked list that only takes entries that go behind its last one. And a
// four-ary heap for all others (four entries are one cache line). Streams that
// share and send frames of one size are requeued behind all others each time,
// and streams that go one by one come in order, so the run takes nearly
// everything and a decision costs O(1); whatever comes, it is O(log n).
//
// A stream is known by its slot, a small dense number. Where each slot stands
// is written to a table that several queues share, since a slot is in at most
// one of them: that makes removal and re-keying possible without a search.
#ifndef SLUICE_SCHEDULER_READY_QUEUE_H_
#define SLUICE_SCHEDULER_READY_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "scheduler/policy.h"

namespace sluice::scheduler {

class ReadyQueue {
 public:
  struct Entry {
    int64_t order = 0;
    StreamId id = 0;
    uint32_t slot = 0;
  };
  // Where a slot stands: in the heap, at `heap_index`, or in the run.
  struct Place {
    Entry entry;
    uint32_t heap_index = kInRun;
    uint32_t next = kNone;
    uint32_t previous = kNone;
  };
  // By slot; the owner keeps it at least as long as there are slots.
  using Places = std::vector<Place>;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // The first. There must be one. O(1).
  const Entry& top(const Places& places) const {
    if (first_ == kNone) return heap_.front();
    const Entry& run = places[first_].entry;
    return heap_.empty() || Before(run, heap_.front()) ? run : heap_.front();
  }

  // Adds a slot that is in no queue of these places. Allocates only when there
  // were never so many.
  void Insert(const Entry& entry, Places& places);

  // Takes out a slot that is here.
  void Remove(uint32_t slot, Places& places);

  // Gives a slot that is here another order. Never allocates.
  void Update(uint32_t slot, int64_t order, Places& places);

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  static constexpr uint32_t kInRun = kNone;

  static bool Before(const Entry& a, const Entry& b) {
    return a.order != b.order ? a.order < b.order : a.id < b.id;
  }

  bool GoesBehindRun(const Entry& entry, const Places& places) const {
    return last_ == kNone || Before(places[last_].entry, entry);
  }
  void Append(const Entry& entry, Places& places);
  void Unlink(uint32_t slot, Places& places);

  void HeapInsert(const Entry& entry, Places& places);
  void HeapRemove(size_t index, Places& places);
  // Finds the place for `entry`, of which `index` is free, and puts it there.
  void SiftUp(size_t index, const Entry& entry, Places& places);
  void SiftDown(size_t index, const Entry& entry, Places& places);
  void Put(size_t index, const Entry& entry, Places& places) {
    heap_[index] = entry;
    places[entry.slot].heap_index = static_cast<uint32_t>(index);
  }

  size_t size_ = 0;
  uint32_t first_ = kNone;  // of the run
  uint32_t last_ = kNone;
  std::vector<Entry> heap_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_READY_QUEUE_H_
