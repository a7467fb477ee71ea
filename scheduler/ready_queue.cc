#include <sluice/scheduler/ready_queue.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::scheduler {
namespace {

constexpr size_t kArity = 4;

}  // namespace

void ReadyQueue::Insert(const Entry& entry, Places& places) {
  ++size_;
  // Any of them may have to go to the heap by an Update().
  if (heap_.capacity() < size_) heap_.reserve(2 * size_);
  if (GoesBehindRun(entry, places)) {
    Append(entry, places);
  } else {
    HeapInsert(entry, places);
  }
}

void ReadyQueue::Remove(uint32_t slot, Places& places) {
  --size_;
  if (places[slot].heap_index == kInRun) {
    Unlink(slot, places);
  } else {
    HeapRemove(places[slot].heap_index, places);
  }
}

void ReadyQueue::Requeue(uint32_t slot, int64_t order, Places& places) {
  const Place& place = places[slot];
  const Entry entry = {order, place.id, slot};
  if (place.heap_index == kInRun) {
    Unlink(slot, places);
    if (GoesBehindRun(entry, places)) {
      Append(entry, places);
    } else {
      HeapInsert(entry, places);
    }
    return;
  }
  const size_t index = place.heap_index;
  if (GoesBehindRun(entry, places)) {
    HeapRemove(index, places);
    Append(entry, places);
  } else if (order > place.order) {
    SiftDown(index, entry, places);
  } else {
    SiftUp(index, entry, places);
  }
}

void ReadyQueue::Append(const Entry& entry, Places& places) {
  Place& place = places[entry.slot];
  place = {.order = entry.order, .id = entry.id};
  if (first_ == kNone) first_ = place.previous = entry.slot;
  place.next = first_;
  place.previous = std::exchange(places[first_].previous, entry.slot);
  places[place.previous].next = entry.slot;
}

void ReadyQueue::Unlink(uint32_t slot, Places& places) {
  const Place& place = places[slot];
  places[place.previous].next = place.next;
  places[place.next].previous = place.previous;
  if (first_ == slot) first_ = place.next == slot ? kNone : place.next;
}

void ReadyQueue::HeapInsert(const Entry& entry, Places& places) {
  heap_.push_back(entry);
  SiftUp(heap_.size() - 1, entry, places);
}

void ReadyQueue::HeapRemove(size_t index, Places& places) {
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && Before(last, heap_[(index - 1) / kArity])) {
    SiftUp(index, last, places);
  } else {
    SiftDown(index, last, places);
  }
}

void ReadyQueue::SiftUp(size_t index, const Entry& entry, Places& places) {
  while (index > 0) {
    const size_t parent = (index - 1) / kArity;
    if (!Before(entry, heap_[parent])) break;
    Put(index, heap_[parent], places);
    index = parent;
  }
  Put(index, entry, places);
}

void ReadyQueue::SiftDown(size_t index, const Entry& entry, Places& places) {
  while (true) {
    const size_t first = index * kArity + 1;
    if (first >= heap_.size()) break;
    const size_t last = std::min(first + kArity, heap_.size());
    size_t least = first;
    for (size_t child = first + 1; child < last; ++child) {
      if (Before(heap_[child], heap_[least])) least = child;
    }
    if (!Before(heap_[least], entry)) break;
    Put(index, heap_[least], places);
    index = least;
  }
  Put(index, entry, places);
}

}  // namespace sluice::scheduler
