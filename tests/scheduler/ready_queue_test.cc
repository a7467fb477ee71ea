#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/ready_queue.h>

#include <cstdint>
#include <map>
#include <random>
#include <utility>

#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

TEST(ReadyQueueTest, TheSmallestOrderIsOnTopAndTiesGoToTheSmallerStreamId) {
  ReadyQueue queue;
  ReadyQueue::Places places(3);
  queue.Insert({.order = 5, .id = 1, .slot = 0}, places);
  queue.Insert({.order = 4, .id = 9, .slot = 1}, places);
  queue.Insert({.order = 4, .id = 7, .slot = 2}, places);
  EXPECT_EQ(queue.top(places).id, 7u);
  queue.Remove(2, places);
  EXPECT_EQ(queue.top(places).id, 9u);
  queue.Update(1, 6, places);
  EXPECT_EQ(queue.top(places).id, 1u);
  queue.Update(1, -6, places);
  EXPECT_EQ(queue.top(places).id, 9u);
}

// Against a sorted map, with several queues on one table of places.
TEST(ReadyQueueTest, AgreesWithASortedMapOverRandomOperations) {
  constexpr uint32_t kSlots = 200;
  std::mt19937 random(1);
  ReadyQueue queues[2];
  std::map<std::pair<int64_t, StreamId>, uint32_t> models[2];
  ReadyQueue::Places places(kSlots);
  std::map<uint32_t, std::pair<int, int64_t>> where;  // slot → queue, order
  for (int step = 0; step < 200000; ++step) {
    const uint32_t slot = random() % kSlots;
    const StreamId id = slot * 2 + 1;
    const int64_t order = static_cast<int64_t>(random() % 1000) - 500;
    const auto at = where.find(slot);
    if (at == where.end()) {
      const int heap = random() % 2;
      queues[heap].Insert({order, id, slot}, places);
      models[heap][{order, id}] = slot;
      where[slot] = {heap, order};
    } else {
      auto& [heap, old] = at->second;
      models[heap].erase({old, id});
      if (random() % 2 == 0) {
        queues[heap].Update(slot, order, places);
        models[heap][{order, id}] = slot;
        old = order;
      } else {
        queues[heap].Remove(slot, places);
        where.erase(at);
      }
    }
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(queues[i].size(), models[i].size());
      if (!queues[i].empty()) {
        ASSERT_EQ(queues[i].top(places).slot, models[i].begin()->second);
      }
    }
  }
}

// Streams that share equally and send frames of one size only turn the ring.
TEST(ReadyQueueTest, GoingBehindAllOthersMovesNothing) {
  constexpr uint32_t kSlots = 1000;
  ReadyQueue queue;
  ReadyQueue::Places places(kSlots);
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    queue.Insert({.order = 0, .id = 2 * slot + 1, .slot = slot}, places);
  }
  for (uint32_t i = 0; i < 10 * kSlots; ++i) {
    const ReadyQueue::Entry top = queue.top(places);
    ASSERT_EQ(top.slot, i % kSlots);
    queue.Update(top.slot, top.order + 16384, places);
  }
  EXPECT_EQ(queue.steps(), 0u);
}

// Frames of sizes that a peer chooses against it: ever smaller ones, so that
// nothing goes behind the last, and any mixture.
TEST(ReadyQueueTest, AnUpdateMovesAtMostALogarithmOfEntriesWhateverTheSizes) {
  constexpr uint32_t kSlots = 1024;  // five levels of four
  std::mt19937 random(3);
  for (const int habit : {0, 1, 2}) {
    ReadyQueue queue;
    ReadyQueue::Places places(kSlots);
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      queue.Insert({.order = 1 << 20, .id = 2 * slot + 1, .slot = slot},
                   places);
    }
    for (int64_t i = 0; i < 100000; ++i) {
      const ReadyQueue::Entry top = queue.top(places);
      int64_t bytes = 1 + random() % 16384;
      if (habit == 1) bytes = 1;
      if (habit == 2) bytes = i % 2 == 0 ? 16384 - i % 16384 : 1;
      const uint64_t before = queue.steps();
      queue.Update(top.slot, top.order + bytes, places);
      ASSERT_LE(queue.steps() - before, 7u);
    }
  }
}

}  // namespace
}  // namespace sluice::scheduler
