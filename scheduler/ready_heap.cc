#include "scheduler/ready_heap.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sluice::scheduler {
namespace {

constexpr size_t kArity = 4;

}  // namespace

void ReadyHeap::SiftUp(size_t index, const Entry& entry, Positions& positions) {
  while (index > 0) {
    const size_t parent = (index - 1) / kArity;
    if (!Before(entry, entries_[parent])) break;
    Place(index, entries_[parent], positions);
    index = parent;
  }
  Place(index, entry, positions);
}

void ReadyHeap::SiftDown(size_t index, const Entry& entry,
                         Positions& positions) {
  while (true) {
    const size_t first = index * kArity + 1;
    if (first >= entries_.size()) break;
    const size_t last = std::min(first + kArity, entries_.size());
    size_t least = first;
    for (size_t child = first + 1; child < last; ++child) {
      if (Before(entries_[child], entries_[least])) least = child;
    }
    if (!Before(entries_[least], entry)) break;
    Place(index, entries_[least], positions);
    index = least;
  }
  Place(index, entry, positions);
}

void ReadyHeap::Insert(const Entry& entry, Positions& positions) {
  entries_.push_back(entry);
  SiftUp(entries_.size() - 1, entry, positions);
}

void ReadyHeap::Remove(uint32_t slot, Positions& positions) {
  const size_t index = positions[slot];
  const Entry last = entries_.back();
  entries_.pop_back();
  if (index == entries_.size()) return;
  const bool up = index > 0 && Before(last, entries_[(index - 1) / kArity]);
  if (up) {
    SiftUp(index, last, positions);
  } else {
    SiftDown(index, last, positions);
  }
}

void ReadyHeap::Update(uint32_t slot, int64_t order, Positions& positions) {
  const size_t index = positions[slot];
  Entry entry = entries_[index];
  const bool later = order > entry.order;
  entry.order = order;
  if (later) {
    SiftDown(index, entry, positions);
  } else {
    SiftUp(index, entry, positions);
  }
}

}  // namespace sluice::scheduler
