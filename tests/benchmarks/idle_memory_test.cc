#include "benchmarks/micro/idle_memory.h"

#include <cstddef>

#include "gtest/gtest.h"

namespace sluice::benchmarks {
namespace {

TEST(IdleMemoryTest, AnIdleConnectionKeepsLessThanNghttp2sSession) {
  for (const size_t requests : {0, 1, 100}) {
    const size_t ours =
        IdleConnectionBytes(Implementation::kSluice, 50, requests);
    const size_t theirs =
        IdleConnectionBytes(Implementation::kNghttp2, 50, requests);
    if (theirs == 0) GTEST_SKIP() << "this allocator does not count";
    EXPECT_LT(ours, theirs) << "after " << requests << " requests";
  }
}

}  // namespace
}  // namespace sluice::benchmarks
