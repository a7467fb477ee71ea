// In the steady state nothing that comes in costs an allocation.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/base/config.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_builder.h"
#include "tests/support/allocation_counter.h"

namespace sluice::h2::tests {
namespace {

using ::sluice::testing::Allocations;

class ReceivingAllocationTest : public ::testing::Test {
 protected:
  ReceivingAllocationTest() : server_(ServerOptions()) {
    EXPECT_TRUE(server_.InitiateConnection().ok());
    Receive(absl::StrCat(kPreface, SettingsFrame(), SettingsAckFrame()));
    Receive(HeadersFrame(1, Block(Post())));
    Receive(HeadersFrame(3, Block(Post())));
  }

  void SetUp() override {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
    GTEST_SKIP() << "each read frees what the last one viewed";
#endif
  }

  void Receive(absl::string_view bytes) {
    events_.clear();
    if (!server_.ReceiveData(bytes, &events_).ok()) std::abort();
    server_.ClearOutput();
  }

  // Allocations of 100 reads of `bytes`, after 10 others.
  uint64_t Of100(const std::string& bytes) {
    for (int i = 0; i < 10; ++i) Receive(bytes);
    const uint64_t before = Allocations();
    for (int i = 0; i < 100; ++i) Receive(bytes);
    return Allocations() - before;
  }

  Connection server_;
  std::vector<Event> events_;
};

TEST_F(ReceivingAllocationTest, DataWholeAndInPieces) {
  const std::string frame = DataFrame(1, std::string(100, 'x'));
  EXPECT_EQ(Of100(frame), 0u);
  for (int i = 0; i < 2; ++i) {
    const uint64_t before = Allocations();
    for (const char& byte : frame) Receive({&byte, 1});
    if (i > 0) {
      EXPECT_EQ(Allocations() - before, 0u);
    }
  }
}

TEST_F(ReceivingAllocationTest, WindowUpdatesAndPriorities) {
  EXPECT_EQ(Of100(WindowUpdateFrame(0, 1) + WindowUpdateFrame(1, 1) +
                  PriorityFrame(1, {.depends_on = 3})),
            0u);
}

// Opening a stream costs the stream itself.
TEST_F(ReceivingAllocationTest, TheHeadersOfRequestsAndTrailers) {
  constexpr int kRequests = 20;
  StreamId id = 3;
  const auto read = [&] {
    std::string bytes;
    for (int i = 0; i < kRequests; ++i) {
      id += 2;
      bytes +=
          HeadersFrame(id, Block(With(Get(), {{"cookie", "a=b"},
                                              {"cookie", std::string(100, 'c')},
                                              {"priority", "u=1, i"}})));
      bytes += HeadersFrame(id, Block({{"x", "y"}}), kEndHeaders | kEndStream);
    }
    const uint64_t before = Allocations();
    Receive(bytes);
    const uint64_t allocations = Allocations() - before;
    for (int i = 0; i < kRequests; ++i) {
      if (!server_.ResetStream(id - 2 * i, ErrorCode::kNoError).ok()) {
        std::abort();
      }
    }
    server_.ClearOutput();
    return allocations;
  };
  for (int i = 0; i < 10; ++i) read();
  EXPECT_LE(read(), uint64_t{kRequests});
}

}  // namespace
}  // namespace sluice::h2::tests
