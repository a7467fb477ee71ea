#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/ready_queue.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using Entry = ReadyQueue::Entry;

// `count` entries of one order, with the ids 1, 3, 5, …
std::vector<Entry> Entries(uint32_t count, int64_t order = 0) {
  std::vector<Entry> entries(count);
  for (uint32_t i = 0; i < count; ++i) {
    entries[i].order = order;
    entries[i].id = 2 * i + 1;
  }
  return entries;
}

TEST(ReadyQueueTest, TheSmallestOrderIsOnTopAndTiesGoToTheSmallerStreamId) {
  Entry one = {.order = 5, .id = 1};
  Entry nine = {.order = 4, .id = 9};
  Entry seven = {.order = 4, .id = 7};
  ReadyQueue queue;
  for (Entry* entry : {&one, &nine, &seven}) queue.Insert(entry);
  EXPECT_EQ(queue.top(), &seven);
  queue.Remove(&seven);
  EXPECT_EQ(queue.top(), &nine);
  queue.Update(&nine, 6);
  EXPECT_EQ(queue.top(), &one);
  queue.Update(&nine, -6);
  EXPECT_EQ(queue.top(), &nine);
}

TEST(ReadyQueueTest, TwoQueuesAgreeWithSortedMapsOverRandomOperations) {
  std::mt19937 random(1);
  std::vector<Entry> entries = Entries(200);
  ReadyQueue queues[2];
  std::map<std::pair<int64_t, StreamId>, const Entry*> models[2];
  std::map<Entry*, int> where;  // entry → queue
  for (int step = 0; step < 200000; ++step) {
    Entry* entry = &entries[random() % entries.size()];
    const int64_t order = static_cast<int64_t>(random() % 1000) - 500;
    const auto at = where.find(entry);
    if (at == where.end()) {
      const int to = random() % 2;
      entry->order = order;
      queues[to].Insert(entry);
      models[to][{order, entry->id}] = entry;
      where[entry] = to;
    } else {
      const int in = at->second;
      models[in].erase({entry->order, entry->id});
      if (random() % 2 == 0) {
        queues[in].Update(entry, order);
        ASSERT_EQ(entry->order, order);
        models[in][{order, entry->id}] = entry;
      } else {
        queues[in].Remove(entry);
        where.erase(at);
      }
    }
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(queues[i].size(), models[i].size());
      ASSERT_EQ(queues[i].empty(), models[i].empty());
      if (!queues[i].empty()) {
        ASSERT_EQ(queues[i].top(), models[i].begin()->second);
      }
    }
  }
}

// Streams that share equally and send frames of one size only turn the ring.
TEST(ReadyQueueTest, GoingBehindAllOthersMovesNothing) {
  std::vector<Entry> entries = Entries(1000);
  ReadyQueue queue;
  for (Entry& entry : entries) queue.Insert(&entry);
  for (size_t i = 0; i < 10 * entries.size(); ++i) {
    Entry* top = queue.top();
    ASSERT_EQ(top, &entries[i % entries.size()]);
    queue.Update(top, top->order + 16384);
  }
  EXPECT_EQ(queue.steps(), 0u);
}

// Frames of sizes that a peer chooses against it: ever smaller ones, so that
// nothing goes behind the last, and any mixture.
TEST(ReadyQueueTest, AnUpdateMovesAtMostALogarithmOfEntriesWhateverTheSizes) {
  std::mt19937 random(3);
  for (const int habit : {0, 1, 2}) {
    std::vector<Entry> entries = Entries(1024, 1 << 20);  // five levels of four
    ReadyQueue queue;
    for (Entry& entry : entries) queue.Insert(&entry);
    for (int64_t i = 0; i < 100000; ++i) {
      Entry* top = queue.top();
      int64_t bytes = 1 + random() % 16384;
      if (habit == 1) bytes = 1;
      if (habit == 2) bytes = i % 2 == 0 ? 16384 - i % 16384 : 1;
      const uint64_t before = queue.steps();
      queue.Update(top, top->order + bytes);
      ASSERT_LE(queue.steps() - before, 7u);
    }
  }
}

}  // namespace
}  // namespace sluice::scheduler
