#include "benchmarks/lab/net/event_queue.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace sluice::lab {

bool EventQueue::Later(const Entry& a, const Entry& b) {
  return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.sequence > b.sequence;
}

void EventQueue::Schedule(int64_t delay_ns, std::function<void()> action) {
  assert(delay_ns >= 0);
  heap_.push_back({now_ + delay_ns, next_sequence_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

void EventQueue::Run() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    now_ = entry.at_ns;
    entry.action();
  }
}

}  // namespace sluice::lab
