#include "scheduler/ready_heap.h"

#include <cstdint>
#include <map>
#include <random>
#include <utility>

#include "gtest/gtest.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {
namespace {

TEST(ReadyHeapTest, TheSmallestOrderIsOnTopAndTiesGoToTheSmallerStreamId) {
  ReadyHeap heap;
  ReadyHeap::Positions positions(3);
  heap.Insert({.order = 5, .id = 1, .slot = 0}, positions);
  heap.Insert({.order = 4, .id = 9, .slot = 1}, positions);
  heap.Insert({.order = 4, .id = 7, .slot = 2}, positions);
  EXPECT_EQ(heap.top().id, 7u);
  heap.Remove(2, positions);
  EXPECT_EQ(heap.top().id, 9u);
  heap.Update(1, 6, positions);
  EXPECT_EQ(heap.top().id, 1u);
  heap.Update(1, -6, positions);
  EXPECT_EQ(heap.top().id, 9u);
}

// Against a sorted map, with several heaps on one table of positions.
TEST(ReadyHeapTest, AgreesWithASortedMapOverRandomOperations) {
  constexpr uint32_t kSlots = 200;
  std::mt19937 random(1);
  ReadyHeap heaps[2];
  std::map<std::pair<int64_t, StreamId>, uint32_t> models[2];
  ReadyHeap::Positions positions(kSlots);
  std::map<uint32_t, std::pair<int, int64_t>> where;  // slot → heap, order
  for (int step = 0; step < 200000; ++step) {
    const uint32_t slot = random() % kSlots;
    const StreamId id = slot * 2 + 1;
    const int64_t order = static_cast<int64_t>(random() % 1000) - 500;
    const auto at = where.find(slot);
    if (at == where.end()) {
      const int heap = random() % 2;
      heaps[heap].Insert({order, id, slot}, positions);
      models[heap][{order, id}] = slot;
      where[slot] = {heap, order};
    } else {
      auto& [heap, old] = at->second;
      models[heap].erase({old, id});
      if (random() % 2 == 0) {
        heaps[heap].Update(slot, order, positions);
        models[heap][{order, id}] = slot;
        old = order;
      } else {
        heaps[heap].Remove(slot, positions);
        where.erase(at);
      }
    }
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(heaps[i].size(), models[i].size());
      if (!heaps[i].empty()) {
        ASSERT_EQ(heaps[i].top().slot, models[i].begin()->second);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::scheduler
