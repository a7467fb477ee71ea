// Where the memory of a handle comes from: every policy is driven through the C
// ABI with an allocator that counts, under an operator new that counts as well.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "adapters/c/sluice.h"
#include "gtest/gtest.h"
#include "tests/support/allocation_counter.h"

namespace {

using ::sluice::testing::Allocations;

// Gives `left` blocks, then NULL. Each block carries its size in front, so that
// the counter itself takes nothing from operator new.
struct CountingHeap {
  size_t left = SIZE_MAX;
  size_t blocks = 0;
  size_t bytes = 0;
  size_t refused = 0;
  size_t wrong_sizes = 0;

  sluice_allocator allocator() { return {Allocate, Deallocate, this}; }

  static constexpr size_t kHeader = alignof(std::max_align_t);

  static void* Allocate(void* user, size_t size) {
    auto& heap = *static_cast<CountingHeap*>(user);
    if (heap.left == 0) {
      ++heap.refused;
      return nullptr;
    }
    --heap.left;
    ++heap.blocks;
    heap.bytes += size;
    auto* block = static_cast<std::byte*>(std::malloc(kHeader + size));
    *reinterpret_cast<size_t*>(block) = size;
    return block + kHeader;
  }

  static void Deallocate(void* user, void* given, size_t size) {
    auto& heap = *static_cast<CountingHeap*>(user);
    std::byte* block = static_cast<std::byte*>(given) - kHeader;
    if (*reinterpret_cast<size_t*>(block) != size) ++heap.wrong_sizes;
    --heap.blocks;
    heap.bytes -= size;
    std::free(block);
  }
};

void ExpectAllGivenBack(const CountingHeap& heap) {
  EXPECT_EQ(heap.blocks, 0u);
  EXPECT_EQ(heap.bytes, 0u);
  EXPECT_EQ(heap.wrong_sizes, 0u);
}

int Create(const std::string& spec, CountingHeap& heap,
           sluice_policy** policy) {
  const sluice_allocator allocator = heap.allocator();
  sluice_options options = SLUICE_OPTIONS_INIT;
  options.max_streams = 64;  // fewer than the program below opens
  options.max_closed_streams = 8;
  options.allocator = &allocator;
  return sluice_create(SLUICE_ABI_VERSION, spec.c_str(), &options, policy);
}

void CountDecision(void* user, const sluice_decision*) {
  ++*static_cast<uint64_t*>(user);
}

// How the calls of one program ended, by their results.
struct Ends {
  uint64_t ok = 0;
  uint64_t no_memory = 0;
  uint64_t refused = 0;

  bool Count(int result) {
    ++(result >= 0                        ? ok
       : result == SLUICE_ERROR_NO_MEMORY ? no_memory
                                          : refused);
    return result >= 0;
  }
};

constexpr uint32_t kStreams = 300;

// The calls of a connection on its policy, with hundreds of streams: signals
// before, at and after the opening, of both kinds, hints, overrides, moves that
// are exclusive, closed ids, and calls of every kind that are refused. `open`
// (of 2 · kStreams) gets the streams that are open at the end.
Ends Live(sluice_policy* policy, std::vector<bool>& open) {
  Ends ends;
  const auto tree = [](uint32_t i) {
    return sluice_rfc7540{i % 3 == 0 ? 0 : 2 * (i / 2) + 1,
                          static_cast<int>(i % 256) + 1, i % 5 == 0};
  };
  const auto field = [](uint32_t i) {
    return sluice_rfc9218{static_cast<int>(i % 8), i % 2 == 0};
  };
  for (uint32_t i = 1; i < kStreams; ++i) {
    const uint32_t id = 2 * i + 1;
    const sluice_rfc7540 at = tree(i);
    const sluice_rfc9218 said = field(i);
    // Of idle ids, further ahead than there is room for.
    const sluice_rfc7540 idle_at = {0, 7, 0};
    ends.Count(sluice_priority_7540(policy, id + 160, &idle_at));
    ends.Count(sluice_priority_9218(policy, id + 2, &said));
    open[id] = ends.Count(sluice_open(policy, id, i % 4 == 0 ? nullptr : &at,
                                      i % 6 == 0 ? &said : nullptr));
    sluice_hints hints = SLUICE_HINTS_INIT;
    hints.resource_class = static_cast<int>(i % 9);
    hints.flags = i % 64;
    hints.bytes_remaining = uint64_t{i} * 1000;
    if (i % 3 != 1) ends.Count(sluice_set_hints(policy, id, &hints));
    if (i % 7 == 0) {
      ends.Count(sluice_set_server_priority(policy, id, &idle_at, &said));
    }
    ends.Count(sluice_ready(policy, id));
    sluice_grant grant;
    if (sluice_pick(policy, &grant) == SLUICE_OK) {
      // In the middle of a pull.
      if (i % 5 == 1) ends.Count(sluice_priority_7540(policy, id, &idle_at));
      if (i % 11 == 0) {
        open[grant.stream_id] = false;
        ends.Count(sluice_close(policy, grant.stream_id));
      }
      ends.Count(sluice_charge(policy, grant.stream_id,
                               grant.max_bytes / (i % 3 + 1)));
    }
    if (i % 7 == 1) {
      ends.Count(sluice_set_server_priority(policy, id - 2, nullptr, nullptr));
    }
    if (i % 8 == 0) {
      const uint32_t closed = id - 100 < id ? id - 100 : 3;
      open[closed] = false;
      ends.Count(sluice_close(policy, closed));
      ends.Count(sluice_priority_7540(policy, closed, &at));
      ends.Count(sluice_priority_9218(policy, closed, &said));
      ends.Count(sluice_open(policy, closed, nullptr, nullptr));
    }
    if (i % 10 == 0) ends.Count(sluice_blocked(policy, id));
  }
  ends.Count(sluice_no_rfc7540_priorities(policy));

  // Calls that are refused for their arguments.
  const sluice_rfc7540 itself = {601, 16, 0}, heavy = {0, 257, 0};
  const sluice_rfc9218 bad = {8, 0};
  ends.Count(sluice_open(policy, 601, &itself, nullptr));
  ends.Count(sluice_open(policy, 0x7ffffffe, nullptr, &bad));
  ends.Count(sluice_priority_7540(policy, 601, &heavy));
  ends.Count(sluice_priority_9218(policy, 0, &bad));
  ends.Count(sluice_ready(policy, 601));
  ends.Count(sluice_charge(policy, 601, 1));
  ends.Count(sluice_open(policy, 3, nullptr, nullptr));
  return ends;
}

// Sends what is open to its end and closes it; the number of streams closed.
size_t Drain(sluice_policy* policy, const std::vector<bool>& open) {
  for (uint32_t id = 1; id < open.size(); ++id) {
    if (open[id]) {
      EXPECT_EQ(sluice_ready(policy, id), SLUICE_OK);
    }
  }
  size_t closed = 0;
  sluice_grant grant;
  while (sluice_pick(policy, &grant) == SLUICE_OK) {
    EXPECT_TRUE(open[grant.stream_id]);
    EXPECT_EQ(sluice_charge(policy, grant.stream_id, 1000), SLUICE_OK);
    EXPECT_EQ(sluice_close(policy, grant.stream_id), SLUICE_OK);
    ++closed;
  }
  return closed;
}

std::vector<std::string> Specs() {
  std::vector<std::string> specs = {
      "rfc7540:exact=true",
      "rfc9218:mixed=alternate",
      "auto:mixed=first_emission_then_rr,starvation_guard=100000",
      "auto:via=share",
  };
  for (size_t i = 0; sluice_policy_name(i) != nullptr; ++i) {
    specs.push_back(sluice_policy_name(i));
  }
  return specs;
}

TEST(MemoryTest, EveryByteComesFromTheCallersAllocatorAndReturnsThere) {
  for (const std::string& spec : Specs()) {
    SCOPED_TRACE(spec);
    std::vector<bool> open(2 * kStreams);
    uint64_t decisions = 0;
    CountingHeap heap;
    const uint64_t before = Allocations();
    sluice_policy* policy = nullptr;
    const int made = Create(spec, heap, &policy);
    const uint64_t for_creation = Allocations() - before;
    ASSERT_EQ(made, SLUICE_OK) << sluice_error_text(nullptr);
    EXPECT_EQ(for_creation, 0u);
    const size_t at_first = heap.bytes;

    const uint64_t before_calls = Allocations();
    sluice_set_trace(policy, CountDecision, &decisions);
    const Ends ends = Live(policy, open);
    const uint64_t for_calls = Allocations() - before_calls;
    EXPECT_EQ(for_calls, 0u);
    EXPECT_GT(heap.bytes, at_first);
    // The program does what it says.
    EXPECT_GT(ends.ok, 1400u);
    EXPECT_GT(ends.refused, 100u);
    EXPECT_EQ(ends.no_memory, 0u);
    EXPECT_GT(decisions, kStreams / 2);

    EXPECT_GT(Drain(policy, open), kStreams / 2);
    const uint64_t before_destruction = Allocations();
    sluice_destroy(policy);
    EXPECT_EQ(Allocations(), before_destruction);
    ExpectAllGivenBack(heap);
  }
}

TEST(MemoryTest, PickAndChargeTakeNoMemoryOfTheCallers) {
  for (const std::string& spec : Specs()) {
    SCOPED_TRACE(spec);
    CountingHeap heap;
    sluice_policy* policy = nullptr;
    ASSERT_EQ(Create(spec, heap, &policy), SLUICE_OK);
    for (uint32_t id = 1; id < 200; id += 2) {
      ASSERT_EQ(sluice_open(policy, id, nullptr, nullptr), SLUICE_OK);
      ASSERT_EQ(sluice_ready(policy, id), SLUICE_OK);
    }
    heap.left = 0;
    sluice_grant grant;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(sluice_pick(policy, &grant), SLUICE_OK);
      ASSERT_EQ(sluice_charge(policy, grant.stream_id, 16384 / (i % 3 + 1)),
                SLUICE_OK);
    }
    EXPECT_EQ(heap.refused, 0u);
    sluice_destroy(policy);
    ExpectAllGivenBack(heap);
  }
}

// The figures of docs/plugging-in.md, to two digits.
TEST(MemoryTest, AHandlesMemoryIsThatOfTheDocumentation) {
  struct {
    const char* spec;
    size_t max_streams, max_closed_streams, kb_made, kb_with_100_streams;
  } const cases[] = {
      {"rfc9218", 1000, 100, 2, 38},
      {"rfc7540", 1000, 100, 2, 45},
      {"auto", 1000, 100, 3, 53},
      {"rfc7540", 100, 20, 2, 45},
  };
  for (const auto& of : cases) {
    CountingHeap heap;
    const sluice_allocator allocator = heap.allocator();
    sluice_options options = SLUICE_OPTIONS_INIT;
    options.max_streams = of.max_streams;
    options.max_closed_streams = of.max_closed_streams;
    options.allocator = &allocator;
    sluice_policy* policy = nullptr;
    ASSERT_EQ(sluice_create(SLUICE_ABI_VERSION, of.spec, &options, &policy),
              SLUICE_OK);
    EXPECT_EQ((heap.bytes + 500) / 1000, of.kb_made);
    for (uint32_t id = 1; id < 200; id += 2) {
      ASSERT_EQ(sluice_open(policy, id, nullptr, nullptr), SLUICE_OK);
      ASSERT_EQ(sluice_ready(policy, id), SLUICE_OK);
    }
    EXPECT_EQ((heap.bytes + 500) / 1000, of.kb_with_100_streams);
    sluice_destroy(policy);
  }
}

TEST(MemoryTest, ACreationThatRunsOutOfMemoryLeavesNothing) {
  for (const std::string& spec : Specs()) {
    SCOPED_TRACE(spec);
    int result = SLUICE_ERROR_NO_MEMORY;
    size_t blocks = 0;
    for (; result == SLUICE_ERROR_NO_MEMORY; ++blocks) {
      CountingHeap heap{.left = blocks};
      sluice_policy* policy = nullptr;
      result = Create(spec, heap, &policy);
      EXPECT_EQ(policy != nullptr, result == SLUICE_OK);
      if (result != SLUICE_OK) {
        EXPECT_STREQ(sluice_error_text(nullptr),
                     "the allocator gave NULL; a policy needs memory");
      }
      sluice_destroy(policy);
      ExpectAllGivenBack(heap);
    }
    EXPECT_EQ(result, SLUICE_OK);
    EXPECT_GT(blocks, 2u);
  }
}

// In whichever call the allocator returns its first NULL.
TEST(MemoryTest, WithoutMemoryOpenStreamsAreSentAndNewOnesRefused) {
  for (const std::string& spec : Specs()) {
    size_t enough = 0;
    for (size_t blocks = 0; enough == 0; blocks += blocks / 8 + 1) {
      SCOPED_TRACE(spec + ", blocks: " + std::to_string(blocks));
      CountingHeap heap;
      sluice_policy* policy = nullptr;
      ASSERT_EQ(Create(spec, heap, &policy), SLUICE_OK);
      heap.left = blocks;
      std::vector<bool> open(2 * kStreams);
      const Ends ends = Live(policy, open);
      if (heap.refused == 0) enough = blocks;
      size_t opened = 0;
      for (const bool is_open : open) opened += is_open ? 1 : 0;
      EXPECT_EQ(Drain(policy, open), opened);
      EXPECT_TRUE(ends.no_memory == 0 || heap.refused > 0);
      sluice_destroy(policy);
      ExpectAllGivenBack(heap);
    }
  }
}

TEST(MemoryTest, ACallRefusedForLackOfMemorySaysSoAndChangesNothing) {
  CountingHeap heap;
  sluice_policy* policy = nullptr;
  ASSERT_EQ(Create("rr", heap, &policy), SLUICE_OK);
  ASSERT_EQ(sluice_open(policy, 1, nullptr, nullptr), SLUICE_OK);
  heap.left = 0;
  // The call in which it happens goes through.
  uint32_t id = 3;
  while (heap.refused == 0) {
    ASSERT_EQ(sluice_open(policy, id, nullptr, nullptr), SLUICE_OK);
    id += 2;
  }
  const sluice_rfc9218 urgent = {0, 0};
  const sluice_rfc7540 heavy = {0, 256, 0};
  const sluice_hints hints = SLUICE_HINTS_INIT;
  EXPECT_EQ(sluice_open(policy, id, nullptr, nullptr), SLUICE_ERROR_NO_MEMORY);
  EXPECT_EQ(std::string(sluice_error_text(policy)).substr(0, 23),
            "the allocator gave NULL");
  EXPECT_EQ(sluice_priority_9218(policy, 1, &urgent), SLUICE_ERROR_NO_MEMORY);
  EXPECT_EQ(sluice_priority_7540(policy, 1, &heavy), SLUICE_ERROR_NO_MEMORY);
  EXPECT_EQ(sluice_set_hints(policy, 1, &hints), SLUICE_ERROR_NO_MEMORY);
  EXPECT_EQ(sluice_set_server_priority(policy, 1, &heavy, nullptr),
            SLUICE_ERROR_NO_MEMORY);
  sluice_stats stats;
  ASSERT_EQ(sluice_get_stats(policy, &stats), SLUICE_OK);
  EXPECT_EQ(stats.refused, 5u);
  EXPECT_EQ(stats.opened, id / 2);
  EXPECT_EQ(sluice_ready(policy, id), SLUICE_ERROR_NOT_FOUND);
  EXPECT_EQ(sluice_ready(policy, 1), SLUICE_OK);
  sluice_grant grant;
  EXPECT_EQ(sluice_pick(policy, &grant), SLUICE_OK);
  EXPECT_EQ(grant.stream_id, 1u);
  sluice_destroy(policy);
  ExpectAllGivenBack(heap);
}

TEST(MemoryTest, AStreamTakesTheMemoryOfAClosedOne) {
  for (const std::string& spec : Specs()) {
    SCOPED_TRACE(spec);
    CountingHeap heap;
    sluice_policy* policy = nullptr;
    ASSERT_EQ(Create(spec, heap, &policy), SLUICE_OK);
    // Tables have room for one more stream then, the closed one included.
    for (const uint32_t id : {1, 3, 5, 7, 9}) {
      ASSERT_EQ(sluice_open(policy, id, nullptr, nullptr), SLUICE_OK);
    }
    ASSERT_EQ(sluice_close(policy, 9), SLUICE_OK);
    heap.left = 0;
    EXPECT_EQ(sluice_open(policy, 11, nullptr, nullptr), SLUICE_OK);
    EXPECT_EQ(heap.refused, 0u);
    heap.left = SIZE_MAX;
    EXPECT_EQ(sluice_open(policy, 13, nullptr, nullptr), SLUICE_OK);
    sluice_destroy(policy);
    ExpectAllGivenBack(heap);
  }
}

// The tree has room for the stream here, and keeps nothing else about it.
TEST(MemoryTest, AHandleTakesNewStreamsAgainAfterItsLoanIsPaidBack) {
  CountingHeap heap;
  sluice_policy* policy = nullptr;
  ASSERT_EQ(Create("rfc7540", heap, &policy), SLUICE_OK);
  for (const uint32_t id : {1, 3, 5, 7, 9}) {
    ASSERT_EQ(sluice_open(policy, id, nullptr, nullptr), SLUICE_OK);
  }
  heap.left = 0;
  EXPECT_EQ(sluice_open(policy, 11, nullptr, nullptr), SLUICE_OK);
  EXPECT_GT(heap.refused, 0u);
  heap.left = SIZE_MAX;
  EXPECT_EQ(sluice_open(policy, 13, nullptr, nullptr), SLUICE_ERROR_NO_MEMORY);
  EXPECT_EQ(sluice_close(policy, 11), SLUICE_OK);
  EXPECT_EQ(sluice_open(policy, 13, nullptr, nullptr), SLUICE_OK);
  sluice_destroy(policy);
  ExpectAllGivenBack(heap);
}

}  // namespace
