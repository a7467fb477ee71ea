// In the steady state a DATA frame costs no allocation: neither sending one
// body after another nor writing them.
#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <sys/uio.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

#include "absl/strings/cord.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"

namespace {

size_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace sluice::h2::tests {
namespace {

// The write side of a socket that takes all it is offered.
void Write(Connection& connection) {
  iovec pieces[8];
  while (connection.OutputSize() > 0) {
    const size_t filled = connection.PeekOutput(absl::MakeSpan(pieces));
    size_t bytes = 0;
    for (size_t i = 0; i < filled; ++i) bytes += pieces[i].iov_len;
    connection.ConsumeOutput(bytes).IgnoreError();
  }
}

TEST(AllocationTest, ADataFrameIsSentAndWrittenWithoutAllocating) {
  Player server(ServerOptions(), Feeding::OfThisRound());
  server.Handshake({{SettingId::kInitialWindowSize, 1 << 30}});
  ASSERT_TRUE(server.Receive(WindowUpdateFrame(0, 1 << 30)).ok());
  ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()))).ok());
  ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
  const std::string bytes(16384, 'x');
  const absl::Cord body = absl::MakeCordFromExternal(bytes, [] {});

  const auto send = [&](int frames) {
    for (int i = 0; i < frames; ++i) {
      if (!server->SendData(1, body).ok()) std::abort();
      Write(*server);
    }
  };
  send(10);
  const size_t before = allocations;
  send(1000);
  EXPECT_EQ(allocations - before, 0u);
}

TEST(AllocationTest, ABacklogThatIsWrittenPieceByPieceAllocatesNothingEither) {
  ConnectionOptions options = ServerOptions();
  options.limits.output_high_water_mark = 10 * 1000;
  Player server(options, Feeding::OfThisRound());
  server.Handshake({{SettingId::kInitialWindowSize, 1 << 30}});
  ASSERT_TRUE(server.Receive(WindowUpdateFrame(0, 1 << 30)).ok());
  ASSERT_TRUE(server.Receive(HeadersFrame(1, Block(Get()))).ok());
  ASSERT_TRUE(server->SendHeaders(1, Status()).ok());
  server->ClearOutput();
  const std::string bytes(1000, 'x');
  const absl::Cord body = absl::MakeCordFromExternal(bytes, [] {});
  const auto run = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      while (server->CapacityFor(0).output_room >= bytes.size()) {
        if (!server->SendData(1, body).ok()) std::abort();
      }
      if (!server->ConsumeOutput(3333).ok()) std::abort();
    }
  };
  run(1000);
  const size_t before = allocations;
  run(1000);
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace sluice::h2::tests
