#include "benchmarks/micro/idle_memory.h"

#include <sluice/scheduler/registry.h>

#include <cstddef>

#include "gtest/gtest.h"

namespace sluice::benchmarks {
namespace {

TEST(IdleMemoryTest, AnIdleConnectionKeepsLessThanNghttp2sSession) {
  for (const size_t requests : {0, 1, 100}) {
    const size_t ours = IdleConnectionBytes("core", 50, requests).heap;
    const size_t theirs = IdleConnectionBytes("nghttp2", 50, requests).heap;
    if (theirs == 0) GTEST_SKIP() << "this allocator does not count";
    EXPECT_LT(ours, theirs) << "after " << requests << " requests";
  }
}

TEST(IdleMemoryTest, UnderEveryPolicyAnIdleConnectionKeepsAtMost12KiB) {
  for (const scheduler::PolicyEntry& entry : scheduler::RegisteredPolicies()) {
    for (const size_t requests : {0, 1}) {
      EXPECT_LE(IdleConnectionBytes(entry.name, 50, requests).heap, 12u * 1024)
          << entry.name << " after " << requests << " requests";
    }
  }
}

}  // namespace
}  // namespace sluice::benchmarks
