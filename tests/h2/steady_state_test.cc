// Once a connection is warm, what goes out takes nothing from the heap: neither
// a request, nor a response, nor a frame of a body, nor writing them.
// libnghttp2's HPACK is counted too.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "benchmarks/micro/work_counter.h"
#include "gtest/gtest.h"

namespace sluice::h2::tests {
namespace {

void Check(const absl::Status& status) {
  if (!status.ok()) std::abort();
}

// A client and a server whose calls that send are counted, and those that
// receive are not.
class Pair {
 public:
  Pair() {
    for (Connection* end : {&client_, &server_}) {
      Check(end->InitiateConnection());
      Check(end->IncrementFlowControlWindow(0, 1 << 30));
    }
    wire_.reserve(1 << 20);
    Carry(client_, server_);
    Carry(server_, client_);
    Carry(client_, server_);
    allocations_ = 0;
  }

  // `streams` requests at once, with bodies of `request` and `response` bytes.
  void Exchange(StreamId streams, size_t request, size_t response) {
    const StreamId first = *client_.GetNextAvailableStreamId();
    for (StreamId i = 0; i < streams; ++i) {
      Send(client_, first + 2 * i, request_, request);
    }
    Carry(client_, server_);
    for (StreamId i = 0; i < streams; ++i) {
      Send(server_, first + 2 * i, response_, response);
    }
    Carry(server_, client_);
  }

  void SetAgent(std::string name) { request_[4].value = std::move(name); }

  // Of calls that send.
  uint64_t allocations() const { return allocations_; }

 private:
  static constexpr Setting kWindow = {SettingId::kInitialWindowSize, 1 << 30};

  template <typename Call>
  void Count(Call call) {
    const uint64_t before = benchmarks::WorkSoFar().allocations;
    call();
    allocations_ += benchmarks::WorkSoFar().allocations - before;
  }

  void Send(Connection& from, StreamId id, const std::vector<Header>& headers,
            size_t body) {
    Count([&] {
      Check(from.SendHeaders(id, headers, {.end_stream = body == 0}));
      while (body > 0) {
        const size_t piece = std::min<size_t>(body, 16384);
        body -= piece;
        Check(from.SendData(id, {{text_->data(), piece}, text_},
                            {.end_stream = body == 0}));
      }
    });
  }

  // What a socket that takes all would be given.
  void Carry(Connection& from, Connection& to) {
    wire_.clear();
    Count([&] {
      while (from.OutputSize() > 0) {
        iovec pieces[64];
        const size_t count = from.PeekOutput(absl::MakeSpan(pieces));
        size_t bytes = 0;
        for (size_t i = 0; i < count; ++i) {
          wire_.append(static_cast<const char*>(pieces[i].iov_base),
                       pieces[i].iov_len);
          bytes += pieces[i].iov_len;
        }
        Check(from.ConsumeOutput(bytes));
      }
    });
    std::vector<Event> events;
    Check(to.ReceiveData(wire_, &events));
    for (const Event& event : events) {
      if (const auto* data = std::get_if<DataReceived>(&event)) {
        Count([&] {
          Check(to.AcknowledgeReceivedData(data->stream_id,
                                           data->flow_controlled_length));
        });
      }
    }
  }

  static ConnectionOptions OptionsOf(Side side) {
    return {.side = side,
            .settings = {kWindow},
            .limits = {.output_high_water_mark = 1 << 20}};
  }

  const std::shared_ptr<const std::string> text_ =
      std::make_shared<const std::string>(16384, 'x');
  std::vector<Header> request_ = {{":method", "POST"},
                                  {":scheme", "https"},
                                  {":authority", "a.long.name.example.org"},
                                  {":path", "/index.html"},
                                  {"user-agent", "a browser of some kind"},
                                  {"cookie", "short"},
                                  {"accept", "*/*"}};
  const std::vector<Header> response_ = {{":status", "200"},
                                         {"content-type", "text/plain"},
                                         {"cache-control", "max-age=3600"}};
  Connection client_{OptionsOf(Side::kClient)};
  Connection server_{OptionsOf(Side::kServer)};
  std::string wire_;
  uint64_t allocations_ = 0;
};

// Of `rounds` exchanges on a warm connection.
uint64_t AllocationsOf(StreamId streams, size_t request, size_t response) {
  Pair pair;
  for (int i = 0; i < 10; ++i) pair.Exchange(streams, request, response);
  const uint64_t before = pair.allocations();
  for (int i = 0; i < 100; ++i) pair.Exchange(streams, request, response);
  return pair.allocations() - before;
}

TEST(SteadyStateTest, ARequestAndAResponseTakeNothingFromTheHeap) {
  EXPECT_EQ(AllocationsOf(1, 0, 0), 0u);
  EXPECT_EQ(AllocationsOf(1, 100, 1024), 0u);
  EXPECT_EQ(AllocationsOf(10, 0, 1024), 0u);
}

TEST(SteadyStateTest, FramesOfLargeBodiesTakeNothingFromTheHeap) {
  EXPECT_EQ(AllocationsOf(1, 0, 200000), 0u);
  EXPECT_EQ(AllocationsOf(1, 200000, 0), 0u);
}

// An idle connection keeps memory for a few streams only.
TEST(SteadyStateTest, AHundredRequestsAtOnceTakeLessThanOneEach) {
  EXPECT_LT(AllocationsOf(100, 0, 1024), 100 * 100u);
}

// The table of HPACK copies it.
TEST(SteadyStateTest,
     ANewValueOfAFieldTakesItsPlaceInTheTableOfHpackAndNoMore) {
  Pair pair;
  int name = 1000000;
  const auto exchange = [&] {
    pair.SetAgent("agent " + std::to_string(++name));
    pair.Exchange(1, 0, 0);
  };
  for (int i = 0; i < 1000; ++i) exchange();
  const uint64_t before = pair.allocations();
  for (int i = 0; i < 100; ++i) exchange();
  EXPECT_LT(pair.allocations() - before, 100 * 3u) << "its entry and its text";
}

}  // namespace
}  // namespace sluice::h2::tests
