// The ready streams of one group, in the order (order, stream id).
//
// Two structures, and the smaller of their first entries is the next. A run: a
// ring that only takes entries that go behind its last one. And a four-ary heap
// for all others (four entries are one cache line). Streams that share equally
// and send frames of one size are requeued behind all others each time, which
// turns the ring by one and writes no link; streams that go one by one come in
// order. So the run takes nearly everything and a decision costs O(1); whatever
// comes, it is O(log n).
//
// A stream is known by its slot, a small dense number. Where each slot stands
// is written to a table that several queues share, since a slot is in at most
// one of them: that makes removal and re-keying possible without a search.
#ifndef SLUICE_SCHEDULER_READY_QUEUE_H_
#define SLUICE_SCHEDULER_READY_QUEUE_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"

namespace sluice::scheduler {

class ReadyQueue {
 public:
  struct Entry {
    int64_t order = 0;
    StreamId id = 0;
    uint32_t slot = 0;
  };
  // Where a slot stands: in the heap, at `heap_index`, or in the run.
  struct alignas(32) Place {
    int64_t order = 0;
    StreamId id = 0;
    uint32_t heap_index = kInRun;
    uint32_t next = kNone;  // in the run
    uint32_t previous = kNone;
  };
  // By slot; the owner keeps it at least as long as there are slots.
  using Places = priority::ResourceVector<Place>;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // The first. There must be one. O(1).
  Entry top(const Places& places) const {
    if (first_ == kNone) return heap_.front();
    const Place& place = places[first_];
    const Entry run = {place.order, place.id, first_};
    return heap_.empty() || Before(run, heap_.front()) ? run : heap_.front();
  }

  // Adds a slot that is in no queue of these places. Allocates only when there
  // were never so many.
  void Insert(const Entry& entry, Places& places);

  // Takes out a slot that is here.
  void Remove(uint32_t slot, Places& places);

  // Gives a slot that is here another order. Never allocates.
  void Update(uint32_t slot, int64_t order, Places& places) {
    if (ABSL_PREDICT_TRUE(slot == first_)) {
      Place& place = places[slot];
      place.order = order;
      if (!Before(place, places[place.previous])) {
        first_ = place.next;  // from the run's first to its last
        return;
      }
    }
    Requeue(slot, order, places);
  }

  // Entries moved within the heap so far; everything else is O(1).
  uint64_t steps() const { return steps_; }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  static constexpr uint32_t kInRun = kNone;

  template <class A, class B>
  static bool Before(const A& a, const B& b) {
    return a.order != b.order ? a.order < b.order : a.id < b.id;
  }

  bool GoesBehindRun(const Entry& entry, const Places& places) const {
    return first_ == kNone || Before(places[places[first_].previous], entry);
  }
  ABSL_ATTRIBUTE_NOINLINE void Requeue(uint32_t slot, int64_t order,
                                       Places& places);
  void Append(const Entry& entry, Places& places);
  void Unlink(uint32_t slot, Places& places);

  void HeapInsert(const Entry& entry, Places& places);
  void HeapRemove(size_t index, Places& places);
  // Finds the place for `entry`, of which `index` is free, and puts it there.
  void SiftUp(size_t index, const Entry& entry, Places& places);
  void SiftDown(size_t index, const Entry& entry, Places& places);
  void Put(size_t index, const Entry& entry, Places& places) {
    ++steps_;
    heap_[index] = entry;
    places[entry.slot] = {.order = entry.order,
                          .id = entry.id,
                          .heap_index = static_cast<uint32_t>(index)};
  }

  size_t size_ = 0;
  uint32_t first_ = kNone;  // of the run
  priority::ResourceVector<Entry> heap_;
  uint64_t steps_ = 0;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_READY_QUEUE_H_
