// Costs that must not grow with depth or with the number of siblings: stack,
// decisions, exclusive inserts, memory. Asserted by work counters, never by a
// clock.
#include <sluice/priority/priority_tree.h>
#include <sluice/priority/resource_allocator.h>

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory_resource>
#include <utility>

#include "gtest/gtest.h"
#include "tests/priority/tree_inspector.h"
#include "tests/support/allocation_counter.h"

namespace sluice::priority {
namespace {

Rfc7540Priority On(StreamId parent, int weight = 16, bool exclusive = false) {
  return {.depends_on = parent, .weight = weight, .exclusive = exclusive};
}

// Runs `body` on a thread with a stack of 64 KiB.
void OnASmallStack(void* (*body)(void*)) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 64 * 1024), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, body, nullptr), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

constexpr StreamId kDeep = 100000;

// python-hyper/priority 2.0.0: a depth over 100 was an error, one of 1,500
// overflowed the stack.
TEST(TreeDepth, AChainOf100000LivesOnA64KiBStack) {
  OnASmallStack(+[](void*) -> void* {
    PriorityTree tree({.max_nodes = kDeep, .max_closed = 10, .max_idle = 0});
    for (StreamId id = 1; id <= kDeep; ++id) {
      EXPECT_TRUE(tree.Insert(id, On(id - 1)).ok());
    }
    EXPECT_TRUE(tree.SetReady(kDeep).ok());
    EXPECT_EQ(*tree.Pick(), kDeep);
    tree.Charge(100);
    EXPECT_TRUE(tree.SetBlocked(kDeep).ok());
    EXPECT_TRUE(tree.SetReady(kDeep).ok());
    // The head under its last descendant: the whole chain turns.
    EXPECT_TRUE(tree.Reprioritise(1, On(kDeep, 3, true)).ok());
    EXPECT_EQ(tree.Parent(kDeep), StreamId{0});
    EXPECT_EQ(*tree.Pick(), kDeep);
    tree.Charge(100);
    EXPECT_TRUE(tree.Reprioritise(kDeep / 2, On(0, 3)).ok());
    EXPECT_EQ(Explain(tree, kDeep - 1).size(), kDeep / 2);
    EXPECT_TRUE(CheckInvariants(tree).ok()) << CheckInvariants(tree);
    EXPECT_GT(Dump(tree).size(), kDeep);
    for (StreamId id = 2; id <= kDeep / 2; ++id) {
      EXPECT_TRUE((id % 2 == 0 ? tree.Remove(id) : tree.Close(id)).ok());
    }
    EXPECT_TRUE(CheckInvariants(tree).ok()) << CheckInvariants(tree);
    return nullptr;  // and it is destroyed
  });
}

TEST(TreeDepth, TheLimitOnNodesIsExact) {
  PriorityTree tree({.max_nodes = 1000, .max_idle = 1000});
  for (StreamId id = 1; id <= 1000; ++id) {
    ASSERT_TRUE(tree.Reprioritise(id, On(id - 1)).ok());
  }
  EXPECT_EQ(tree.Reprioritise(1001, On(0)).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Size(tree), 1000u);
}

// A decision costs the contended levels on its path: steady sending through a
// chain walks nothing.
TEST(TreeDepth, ADecisionCostsTheContendedLevelsWhateverTheDepth) {
  for (StreamId depth : {10u, 1000u, 50000u}) {
    PriorityTree tree({.max_nodes = 4 * depth});
    // Two chains: a contended level at the top, and one at the end of each.
    StreamId id = 0;
    for (int chain = 0; chain < 2; ++chain) {
      StreamId parent = 0;
      for (StreamId i = 0; i < depth; ++i) {
        ASSERT_TRUE(tree.Insert(++id, On(parent)).ok());
        parent = id;
      }
      for (int leaf = 0; leaf < 3; ++leaf) {
        ASSERT_TRUE(tree.Insert(++id, On(parent)).ok());
        ASSERT_TRUE(tree.SetReady(id).ok());
      }
    }
    const auto decide = [&tree](int count) {
      const uint64_t before = tree.work().Total();
      for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(tree.Pick().has_value());
        tree.Charge(1 + (i * 977) % 16384);
      }
      // The decision, its two levels, and a step or two in each short list.
      EXPECT_LE(tree.work().Total() - before, 8u * count);
    };
    for (int i = 0; i < 2; ++i) {  // finds where the runs end …
      ASSERT_TRUE(tree.Pick().has_value());
      tree.Charge(16384);
    }
    decide(1000);  // … which stays found
    // A third of the leaves comes and goes: the level stays contended.
    const uint64_t before = tree.work().Total();
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(tree.SetBlocked(id).ok());
      ASSERT_TRUE(tree.SetReady(id).ok());
      ASSERT_TRUE(tree.Pick().has_value());
      tree.Charge(16384);
    }
    EXPECT_LE(tree.work().Total() - before, 14u * 100);
  }
}

TEST(TreeDepth, AnExclusiveInsertCostsNothingForEachSiblingItAdopts) {
  for (StreamId siblings : {1u, 100u, 10000u}) {
    PriorityTree tree({.max_nodes = siblings + 10});
    for (StreamId id = 1; id <= siblings; ++id) {
      ASSERT_TRUE(tree.Insert(id, On(0, 1 + id % 256)).ok());
      ASSERT_TRUE(tree.SetReady(id).ok());
    }
    const uint64_t before = tree.work().Total();
    ASSERT_TRUE(tree.Insert(siblings + 1, On(0, 16, true)).ok());
    EXPECT_LE(tree.work().Total() - before, 2u) << siblings;
    EXPECT_EQ(tree.Parent(1), siblings + 1);
  }
}

TEST(TreeDepth, AnExclusiveMoveCostsTheSmallerOfTheTwoFamilies) {
  for (const auto& [own, adopted] :
       {std::pair(3u, 5000u), std::pair(5000u, 3u)}) {
    PriorityTree tree({.max_nodes = 10010});
    ASSERT_TRUE(tree.Insert(1).ok());
    ASSERT_TRUE(tree.Insert(2).ok());
    StreamId id = 2;
    for (StreamId i = 0; i < own; ++i)
      ASSERT_TRUE(tree.Insert(++id, On(1)).ok());
    for (StreamId i = 0; i < adopted; ++i) {
      ASSERT_TRUE(tree.Insert(++id, On(2)).ok());
    }
    const uint64_t before = tree.work().Total();
    ASSERT_TRUE(tree.Reprioritise(1, On(2, 16, true)).ok());
    EXPECT_LE(tree.work().Total() - before, 3u + 4u);
  }
}

TEST(TreeDepth, TogglingTheLeafOfAnIdleChainCostsItsDepth) {
  constexpr StreamId kDepth = 1000;
  PriorityTree tree;
  for (StreamId id = 1; id <= kDepth; ++id) {
    ASSERT_TRUE(tree.Insert(id, On(id - 1)).ok());
  }
  const uint64_t before = tree.work().Total();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(tree.SetReady(kDepth).ok());
    ASSERT_TRUE(tree.Pick().has_value());
    tree.Charge(16384);
    ASSERT_TRUE(tree.SetBlocked(kDepth).ok());
  }
  EXPECT_LE(tree.work().Total() - before, 10 * (3 * kDepth + 2));
}

TEST(TreeDepth, NothingAllocatesOnceTheTreeWasAsLarge) {
  PriorityTree tree({.max_nodes = 300, .max_closed = 20});
  uint64_t before = 0;
  StreamId next = 1;
  for (int round = 0; round < 2000; ++round) {
    if (round == 20) before = testing::Allocations();
    for (int i = 0; i < 20; ++i, next += 2) {
      const StreamId parent = next > 10 ? next - 2 * (1 + i % 5) : 0;
      tree.Insert(next, On(parent, 1 + i, i % 7 == 0)).IgnoreError();
      tree.SetReady(next).IgnoreError();
    }
    for (int i = 0; i < 50; ++i) {
      const std::optional<StreamId> id = tree.Pick();
      if (!id.has_value()) break;
      if (i % 10 == 9) tree.Reprioritise(*id, On(0, 3, true)).IgnoreError();
      if (i % 10 == 8) tree.Close(*id).IgnoreError();
      tree.Charge(static_cast<size_t>(i * 300));
    }
    for (StreamId id = next - 40; id < next; id += 2) {
      if (tree.State(id) == StreamState::kOpen) tree.Close(id).IgnoreError();
    }
    while (tree.Pick().has_value()) tree.Charge(0);
  }
  EXPECT_EQ(testing::Allocations(), before);
}

struct CountingMemory : std::pmr::memory_resource {
  size_t bytes = 0;
  size_t blocks = 0;  // since the beginning
  void* do_allocate(size_t size, size_t alignment) override {
    bytes += size;
    ++blocks;
    return std::pmr::new_delete_resource()->allocate(size, alignment);
  }
  void do_deallocate(void* block, size_t size, size_t alignment) override {
    bytes -= size;
    std::pmr::new_delete_resource()->deallocate(block, size, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
};

struct TreeBytes {
  size_t made = 0;
  size_t with_streams = 0;
};

// Of a tree that gets 100 ready streams: siblings, or a chain.
TreeBytes BytesOf100Streams(size_t large_queues, bool chain) {
  CountingMemory memory;
  TreeBytes bytes;
  {
    const MemoryScope scope(&memory);
    PriorityTree tree({.large_queues = large_queues});
    bytes.made = memory.bytes + sizeof(tree);
    for (StreamId id = 1; id <= 100; ++id) {
      EXPECT_TRUE(tree.Insert(id, On(chain ? id - 1 : 0, 16)).ok());
      EXPECT_TRUE(tree.SetReady(id).ok());
    }
    bytes.with_streams = memory.bytes + sizeof(tree);
  }
  EXPECT_EQ(memory.bytes, 0u);  // all given back
  return bytes;
}

TEST(TreeDepth, AnEmptyTreeTakes2KiBWhateverItsLimits) {
  EXPECT_LE(BytesOf100Streams(0, false).made, 2048u);
  EXPECT_LE(BytesOf100Streams(1, false).made, 2048u);
}

TEST(TreeDepth, AConnectionWith100StreamsFitsIntoItsMemory) {
  const size_t flat = BytesOf100Streams(0, false).with_streams;
  const size_t large = BytesOf100Streams(1, false).with_streams;
  const size_t chain = BytesOf100Streams(1, true).with_streams;
  EXPECT_LE(flat, 12u * 1024);
  EXPECT_LE(large, 32u * 1024);
  EXPECT_LE(chain, 32u * 1024);
  std::printf(
      "100 streams: %zu bytes, %zu with a large queue, %zu in a chain\n", flat,
      large, chain);
}

// Tables double: a stream more costs O(1) on the whole.
TEST(TreeDepth, TheNumberOfAllocationsGrowsAsTheLogarithmOfTheStreams) {
  constexpr StreamId kStreams = 1 << 17;
  CountingMemory memory;
  const MemoryScope scope(&memory);
  PriorityTree tree({.max_nodes = kStreams});
  for (StreamId id = 1; id < kStreams; ++id) {
    ASSERT_TRUE(tree.Insert(id, On(id / 2, 16)).ok());
  }
  // Nodes, levels, paths and ids, of which every second one shares a slot.
  EXPECT_LE(memory.blocks, 5u * 17 + 10);
  EXPECT_LE(memory.bytes, kStreams * 200);
}

}  // namespace
}  // namespace sluice::priority
