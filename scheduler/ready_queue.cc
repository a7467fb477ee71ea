#include <sluice/scheduler/ready_queue.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::scheduler {
namespace {

constexpr size_t kArity = 4;

}  // namespace

void ReadyQueue::Insert(Entry* entry) {
  ++size_;
  // Any of them may have to go to the heap by an Update().
  if (heap_.capacity() < size_) heap_.reserve(2 * size_);
  if (GoesBehindRun(*entry)) {
    Append(entry);
  } else {
    HeapInsert(entry);
  }
}

void ReadyQueue::Remove(Entry* entry) {
  --size_;
  if (entry->heap_index == kInRun) {
    Unlink(entry);
  } else {
    HeapRemove(entry->heap_index);
  }
}

void ReadyQueue::Requeue(Entry* entry, int64_t order) {
  const bool later = order > entry->order;
  const uint32_t index = entry->heap_index;
  if (index == kInRun) Unlink(entry);
  entry->order = order;
  if (GoesBehindRun(*entry)) {
    if (index != kInRun) HeapRemove(index);
    Append(entry);
  } else if (index == kInRun) {
    HeapInsert(entry);
  } else if (later) {
    SiftDown(index, {order, entry->id, entry});
  } else {
    SiftUp(index, {order, entry->id, entry});
  }
}

void ReadyQueue::Append(Entry* entry) {
  entry->heap_index = kInRun;
  if (first_ == nullptr) first_ = entry->previous = entry;
  entry->next = first_;
  entry->previous = std::exchange(first_->previous, entry);
  entry->previous->next = entry;
}

void ReadyQueue::Unlink(Entry* entry) {
  entry->previous->next = entry->next;
  entry->next->previous = entry->previous;
  if (first_ == entry) first_ = entry->next == entry ? nullptr : entry->next;
}

void ReadyQueue::HeapInsert(Entry* entry) {
  heap_.emplace_back();
  SiftUp(heap_.size() - 1, {entry->order, entry->id, entry});
}

void ReadyQueue::HeapRemove(size_t index) {
  const HeapEntry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && Before(last, heap_[(index - 1) / kArity])) {
    SiftUp(index, last);
  } else {
    SiftDown(index, last);
  }
}

void ReadyQueue::SiftUp(size_t index, const HeapEntry& entry) {
  while (index > 0) {
    const size_t parent = (index - 1) / kArity;
    if (!Before(entry, heap_[parent])) break;
    Put(index, heap_[parent]);
    index = parent;
  }
  Put(index, entry);
}

void ReadyQueue::SiftDown(size_t index, const HeapEntry& entry) {
  while (true) {
    const size_t first = index * kArity + 1;
    if (first >= heap_.size()) break;
    const size_t last = std::min(first + kArity, heap_.size());
    size_t least = first;
    for (size_t child = first + 1; child < last; ++child) {
      if (Before(heap_[child], heap_[least])) least = child;
    }
    if (!Before(heap_[least], entry)) break;
    Put(index, heap_[least]);
    index = least;
  }
  Put(index, entry);
}

}  // namespace sluice::scheduler
