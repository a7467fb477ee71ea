// Virtual time: actions run in the order of their times; those of one time run
// in the order of their scheduling.
#ifndef SLUICE_BENCHMARKS_LAB_NET_EVENT_QUEUE_H_
#define SLUICE_BENCHMARKS_LAB_NET_EVENT_QUEUE_H_

#include <cstdint>
#include <functional>
#include <vector>

namespace sluice::lab {

// Times are integer nanoseconds from 0. Not thread-safe. Actions may schedule
// further ones. O(log n) an action.
class EventQueue {
 public:
  int64_t Now() const { return now_; }

  // Runs `action` `delay_ns` (≥ 0) from now.
  void Schedule(int64_t delay_ns, std::function<void()> action);

  // Runs actions until none is left.
  void Run();

 private:
  struct Entry {
    int64_t at_ns;
    uint64_t sequence;
    std::function<void()> action;
  };
  static bool Later(const Entry& a, const Entry& b);

  int64_t now_ = 0;
  uint64_t next_sequence_ = 0;
  std::vector<Entry> heap_;  // the earliest in front
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NET_EVENT_QUEUE_H_
