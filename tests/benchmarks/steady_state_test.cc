// Once both ends are warm, a small request and a frame take nothing from the
// heap: neither the core, nor the scheduler, nor libnghttp2's HPACK.
#include <cstdint>
#include <memory>

#include "benchmarks/micro/exchange.h"
#include "benchmarks/micro/work_counter.h"
#include "gtest/gtest.h"

namespace sluice::benchmarks {
namespace {

// Of a hundred rounds of `in_flight` requests.
uint64_t AllocationsOf(const Exchange& exchange, uint64_t in_flight) {
  const auto client = MakeSluiceClient(exchange);
  const auto server = MakeSluiceServer(exchange);
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const uint64_t done = client->done();
      for (uint64_t j = 0; j < in_flight; ++j) client->Request();
      Carry(*client, *server, done + in_flight);
    }
  };
  // The tree keeps the last hundred closed streams, and then no more.
  rounds(120);
  const uint64_t before = WorkSoFar().allocations;
  rounds(100);
  return WorkSoFar().allocations - before;
}

TEST(SteadyStateTest, ASmallRequestTakesNothingFromTheHeap) {
  for (const uint64_t in_flight : {1, 10}) {
    EXPECT_EQ(AllocationsOf(BrowserExchange(0), in_flight), 0u);
    EXPECT_EQ(AllocationsOf(BrowserExchange(1024), in_flight), 0u);
    EXPECT_EQ(AllocationsOf(ApiExchange(1024), in_flight), 0u);
    EXPECT_EQ(AllocationsOf(UploadExchange(1024), in_flight), 0u);
  }
}

TEST(SteadyStateTest, AFrameOfALargeBodyTakesNothingFromTheHeap) {
  EXPECT_EQ(AllocationsOf(BrowserExchange(1 << 20), 1), 0u);
  EXPECT_EQ(AllocationsOf(UploadExchange(1 << 20), 1), 0u);
}

}  // namespace
}  // namespace sluice::benchmarks
