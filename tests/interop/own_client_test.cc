// Our own client and the real server: the order of the arriving bytes shows the
// policy's decisions.

#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "gtest/gtest.h"
#include "tests/interop/client.h"
#include "tests/interop/server_process.h"

namespace sluice::interop {
namespace {

using ::sluice::h2::DataReceived;
using ::sluice::h2::Event;
using ::sluice::h2::PingAckReceived;
using ::sluice::h2::ResponseReceived;
using ::sluice::h2::StreamEnded;
using ::sluice::h2::StreamId;

constexpr int64_t kFrame = 16384;
constexpr size_t kMegabyte = 1'000'000;

// Calls `on_event` with every event until it returns false. Fails the test when
// the connection ends before.
template <typename OnEvent>
void ReadWhile(Client& client, OnEvent on_event) {
  std::optional<Event> event;
  do {
    event = client.Next();
    ASSERT_TRUE(event.has_value()) << "the server ended the connection";
  } while (on_event(*event));
}

bool IsDataOf(const Event& event, StreamId id) {
  const auto* data = std::get_if<DataReceived>(&event);
  return data != nullptr && data->stream_id == id;
}

bool IsEndOf(const Event& event, StreamId id) {
  const auto* ended = std::get_if<StreamEnded>(&event);
  return ended != nullptr && ended->stream_id == id;
}

bool IsResponseTo(const Event& event, StreamId id) {
  const auto* response = std::get_if<ResponseReceived>(&event);
  return response != nullptr && response->stream_id == id;
}

// Two ways to make the connection, not the server's speed, the limit.
struct Throttle {
  const char* name;
  ClientOptions options;
};

class ThrottledTest : public ::testing::TestWithParam<Throttle> {
 protected:
  ThrottledTest() {
    site_.AddFile("a", 4 * kMegabyte);
    site_.AddFile("b", 4 * kMegabyte);
    site_.AddFile("c", kMegabyte);
  }

  SiteFolder site_;
};

INSTANTIATE_TEST_SUITE_P(
    , ThrottledTest,
    ::testing::Values(Throttle{"ByTheConnectionWindow", {}},
                      Throttle{"ByAWindowOfOddSize",
                               {.connection_window = 65535 + 1234}},
                      Throttle{"ByASlowReader",
                               {.connection_window = 1u << 30,
                                .receive_buffer = 8192,
                                .read_size = 1000}}),
    [](const auto& info) { return info.param.name; });

// How far the light response's bytes are from a seventh of the heavy one's.
class SevenToOne {
 public:
  void Count(bool heavy, size_t bytes) {
    distance_ +=
        heavy ? -static_cast<int64_t>(bytes) : 7 * static_cast<int64_t>(bytes);
    worst_ = std::max(worst_, std::abs(distance_));
  }
  // The largest distance so far, in sevenths of a byte.
  int64_t worst() const { return worst_; }
  double worst_frames() const {
    return static_cast<double>(worst_) / (7 * kFrame);
  }

 private:
  int64_t distance_ = 0;
  int64_t worst_ = 0;
};

// The tree's promise on the wire: |light/32 − heavy/224| ≤ L/32 + L/224 over
// any interval, L being one frame, and one frame in all from the beginning.
TEST_P(ThrottledTest, Weights32And224ShareOneToSevenWithinOneFrame) {
  ServerProcess server(site_, {"--policy=rfc7540"});
  Client client(server.port(), GetParam().options);
  const StreamId light =
      client.Get("/a", signals::Rfc7540Priority{.weight = 32});
  const StreamId heavy =
      client.Get("/b", signals::Rfc7540Priority{.weight = 224});
  std::map<StreamId, size_t> bytes;
  SevenToOne from_the_start;     // both are ready, neither has sent
  SevenToOne from_first_frames;  // both have sent something
  ReadWhile(client, [&](const Event& event) {
    if (const auto* data = std::get_if<DataReceived>(&event)) {
      const bool is_heavy = data->stream_id == heavy;
      from_the_start.Count(is_heavy, data->data.size());
      if (bytes[light] > 0 && bytes[heavy] > 0) {
        from_first_frames.Count(is_heavy, data->data.size());
      }
      bytes[data->stream_id] += data->data.size();
    }
    return !IsEndOf(event, heavy);
  });
  std::printf(
      "light %zu, heavy %zu bytes; worst distance %.3f frames, %.3f "
      "counted after both had begun\n",
      bytes[light], bytes[heavy], from_the_start.worst_frames(),
      from_first_frames.worst_frames());
  EXPECT_EQ(bytes[heavy], 4 * kMegabyte);
  EXPECT_LE(from_the_start.worst(), 7 * kFrame);
  EXPECT_LE(from_first_frames.worst(), 7 * kFrame + kFrame);
}

TEST_P(ThrottledTest, AChildSendsNothingWhileItsParentCan) {
  ServerProcess server(site_, {"--policy=rfc7540"});
  Client client(server.port(), GetParam().options);
  const StreamId parent =
      client.Get("/c", signals::Rfc7540Priority{.weight = 1});
  const StreamId child = client.Get(
      "/a", signals::Rfc7540Priority{.depends_on = parent, .weight = 256});
  int child_frames = 0;
  ReadWhile(client, [&](const Event& event) {
    if (IsDataOf(event, child)) ++child_frames;
    return !IsEndOf(event, parent);
  });
  EXPECT_EQ(child_frames, 0);
  ReadWhile(client, [&](const Event& event) { return !IsEndOf(event, child); });
}

// Pulling late: what is urgent goes before everything that is not yet chosen.
TEST_P(ThrottledTest, AnExclusiveRequestOvertakesThirtyThatFlow) {
  ServerProcess server(site_, {"--policy=rfc7540"});
  Client client(server.port(), GetParam().options);
  for (int i = 0; i < 30; ++i) {
    client.Get("/a", signals::Rfc7540Priority{.weight = 1});
  }
  size_t low_bytes = 0;
  ReadWhile(client, [&](const Event& event) {
    const auto* data = std::get_if<DataReceived>(&event);
    if (data != nullptr) low_bytes += data->data.size();
    return low_bytes < kMegabyte;
  });
  const StreamId urgent = client.Get(
      "/c", signals::Rfc7540Priority{.weight = 256, .exclusive = true});
  ReadWhile(client,
            [&](const Event& event) { return !IsResponseTo(event, urgent); });
  size_t urgent_bytes = 0;
  ReadWhile(client, [&](const Event& event) {
    if (const auto* data = std::get_if<DataReceived>(&event)) {
      EXPECT_EQ(data->stream_id, urgent) << "after " << urgent_bytes;
      urgent_bytes += data->data.size();
    }
    return !IsEndOf(event, urgent);
  });
  EXPECT_EQ(urgent_bytes, kMegabyte);
}

TEST_P(ThrottledTest, APriorityFrameActsOnTheNextPick) {
  ServerProcess server(site_, {"--policy=rfc7540"});
  Client client(server.port(), GetParam().options);
  const StreamId first = client.Get("/a");
  const StreamId second = client.Get("/b");
  size_t seen = 0;
  ReadWhile(client, [&](const Event& event) {
    if (IsDataOf(event, first)) ++seen;
    return seen < 10;
  });
  ASSERT_TRUE(
      client.connection().Prioritize(first, {.depends_on = second}).ok());
  // The answer to this PING stands behind what was chosen before, and before
  // what is chosen after.
  ASSERT_TRUE(client.connection().Ping("priority").ok());
  ReadWhile(client, [&](const Event& event) {
    return !std::holds_alternative<PingAckReceived>(event);
  });
  ReadWhile(client, [&](const Event& event) {
    EXPECT_FALSE(IsDataOf(event, first));
    return !IsEndOf(event, second);
  });
}

TEST_P(ThrottledTest, RrSharesEquallyWhateverTheWeights) {
  ServerProcess server(site_, {"--policy=rr"});
  Client client(server.port(), GetParam().options);
  const StreamId a = client.Get("/a", signals::Rfc7540Priority{.weight = 1});
  const StreamId b = client.Get("/b", signals::Rfc7540Priority{.weight = 256});
  std::map<StreamId, int64_t> bytes;
  ReadWhile(client, [&](const Event& event) {
    if (const auto* data = std::get_if<DataReceived>(&event)) {
      bytes[data->stream_id] += static_cast<int64_t>(data->data.size());
      EXPECT_LE(std::abs(bytes[a] - bytes[b]), kFrame);
    }
    return !IsEndOf(event, a) && !IsEndOf(event, b);
  });
}

TEST_P(ThrottledTest, FifoFinishesOneResponseAfterTheOther) {
  ServerProcess server(site_, {"--policy=fifo"});
  Client client(server.port(), GetParam().options);
  const StreamId a = client.Get("/a", signals::Rfc7540Priority{.weight = 1});
  const StreamId b = client.Get("/b", signals::Rfc7540Priority{.weight = 256});
  ReadWhile(client, [&](const Event& event) {
    EXPECT_FALSE(IsDataOf(event, b));
    return !IsEndOf(event, a);
  });
}

}  // namespace
}  // namespace sluice::interop
