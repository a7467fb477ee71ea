// The ready streams of one group, in the order (order, stream id).
//
// Two structures, and the smaller of their first entries is the next. A run: a
// ring that only takes entries that go behind its last one. And a four-ary heap
// for all others. Streams that share equally
// and send frames of one size are requeued behind all others each time, which
// turns the ring by one and writes no link; streams that go one by one come in
// order. So the run takes nearly everything and a decision costs O(1); whatever
// comes, it is O(log n).
//
// The entries lie in the streams themselves, so removal and re-keying need no
// search.
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
  // It stays where it is while it is queued. `id` and `order` are the owner's,
  // but `order` changes by Update() then.
  struct Entry {
    int64_t order = 0;
    StreamId id = 0;
    uint32_t heap_index = kInRun;
    Entry* next = nullptr;  // in the run
    Entry* previous = nullptr;
  };

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // The first. There must be one. O(1).
  Entry* top() const {
    if (first_ == nullptr) return heap_.front().entry;
    return heap_.empty() || Before(*first_, heap_.front())
               ? first_
               : heap_.front().entry;
  }

  // The one behind an entry that is here, if that is easily found, or null.
  // O(1).
  const Entry* After(const Entry& entry) const {
    const bool followed = entry.heap_index == kInRun && entry.next != first_;
    return followed ? entry.next : nullptr;
  }

  // Adds an entry that is in no queue. Allocates only when there were never so
  // many.
  void Insert(Entry* entry);

  // Takes out an entry that is here.
  void Remove(Entry* entry);

  // Gives an entry that is here another order. Never allocates.
  void Update(Entry* entry, int64_t order) {
    if (ABSL_PREDICT_TRUE(entry == first_)) {
      entry->order = order;
      if (!Before(*entry, *entry->previous)) {
        first_ = entry->next;  // from the run's first to its last
        return;
      }
    }
    Requeue(entry, order);
  }

  // Entries moved within the heap so far; everything else is O(1).
  uint64_t steps() const { return steps_; }

 private:
  static constexpr uint32_t kInRun = std::numeric_limits<uint32_t>::max();

  // The order of an entry beside it, so that a comparison follows no pointer.
  struct HeapEntry {
    int64_t order = 0;
    StreamId id = 0;
    Entry* entry = nullptr;
  };

  template <class A, class B>
  static bool Before(const A& a, const B& b) {
    return a.order != b.order ? a.order < b.order : a.id < b.id;
  }

  ABSL_ATTRIBUTE_NOINLINE void Requeue(Entry* entry, int64_t order);
  bool GoesBehindRun(const Entry& entry) const {
    return first_ == nullptr || Before(*first_->previous, entry);
  }
  void Append(Entry* entry);
  void Unlink(Entry* entry);

  void HeapInsert(Entry* entry);
  void HeapRemove(size_t index);
  // Finds the place for `entry`, of which `index` is free, and puts it there.
  void SiftUp(size_t index, const HeapEntry& entry);
  void SiftDown(size_t index, const HeapEntry& entry);
  void Put(size_t index, const HeapEntry& entry) {
    ++steps_;
    heap_[index] = entry;
    entry.entry->heap_index = static_cast<uint32_t>(index);
  }

  size_t size_ = 0;
  Entry* first_ = nullptr;  // of the run
  priority::ResourceVector<HeapEntry> heap_;
  uint64_t steps_ = 0;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_READY_QUEUE_H_
