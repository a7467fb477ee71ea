// Every attack of the tables ends in the right code within its rounds, or is
// harmless for all of them; memory and work stay bounded, and a connection
// beside it is served to the last byte.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/bodies.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/h2/frame_builder.h"
#include "tests/scheduler/session.h"
#include "tests/security/attack.h"
#include "tests/support/allocation_counter.h"

namespace sluice::security {
namespace {

namespace frames = h2::tests;

constexpr size_t kFrameHeader = 9;

// Calls `each` with type and payload of the frames in `bytes`; a frame that is
// cut off counts too.
template <typename Function>
void ForEachFrame(absl::string_view bytes, Function each) {
  while (bytes.size() >= kFrameHeader) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
    const size_t length = (byte(0) << 16) + (byte(1) << 8) + byte(2);
    each(byte(3), bytes.substr(kFrameHeader, length));
    bytes.remove_prefix(std::min(bytes.size(), kFrameHeader + length));
  }
}

// The connection under attack, its scheduler and its application.
class Victim {
 public:
  Victim(h2::Side side, const Attack& attack)
      : connection_(OptionsOf(side, attack)),
        scheduler_(&connection_, *scheduler::CreatePolicy("rfc7540")) {
    EXPECT_TRUE(connection_.InitiateConnection().ok());
    std::string hello = frames::SettingsFrame(attack.settings);
    if (side == h2::Side::kServer) {
      hello = absl::StrCat(frames::kPreface, hello);
    }
    if (attack.acknowledges) hello += frames::SettingsAckFrame();
    EXPECT_TRUE(Receive(hello).ok());
    connection_.ClearOutput();
    work_ = 0;
  }

  h2::Connection& connection() { return connection_; }
  uint64_t work() const { return work_ + scheduler_.counters().picks; }

  absl::Status Receive(absl::string_view bytes) {
    std::vector<h2::Event> events;
    absl::Status status = connection_.ReceiveData(bytes, &events);
    work_ += events.size();
    for (const h2::Event& event : events) {
      scheduler_.OnEvent(event);
      if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
        Answer(*request);
      }
    }
    connection_.EndViews();
    return status;
  }

  // The socket is writable. Notes the code of a GOAWAY that the peer reads.
  void Write(bool peer_reads) {
    std::string output;
    do {
      scheduler_.Pull(16384);
      if (!peer_reads) return;
      output = connection_.DataToSend(SIZE_MAX);
      ForEachFrame(output, [&](uint8_t type, absl::string_view payload) {
        ++work_;
        if (type != frames::kGoAway) return;
        goaway_ = static_cast<h2::ErrorCode>(payload[7]);
      });
    } while (!output.empty());
  }
  h2::ErrorCode goaway() const { return goaway_; }

 private:
  static h2::ConnectionOptions OptionsOf(h2::Side side, const Attack& attack) {
    h2::ConnectionOptions options = {.side = side};
    if (attack.options) attack.options(options);
    return options;
  }

  void Answer(const h2::RequestReceived& request) {
    std::unique_ptr<scheduler::DataSource> body;
    if (request.headers.Find(":path") == "/small") {
      body = std::make_unique<scheduler::StringBody>("ok");
    } else {
      body = std::make_unique<scheduler::testing::BytesSource>(UINT64_MAX);
    }
    scheduler_.SubmitOrReset(request.stream_id, {{":status", "200"}},
                             std::move(body));
  }

  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;
  uint64_t work_ = 0;  // events, and frames of ours
  h2::ErrorCode goaway_ = h2::ErrorCode::kNoError;
};

// A connection that behaves, on the same thread.
class Neighbour {
 public:
  static constexpr uint64_t kBody = 300'000;

  Neighbour()
      : session_(scheduler::testing::StreamWindowsOf(kBody)),
        stream_(session_.Serve(kBody)) {
    session_.OpenWindow(h2::kConnectionStreamId, kBody);
  }

  void Turn() { session_.Drain(/*rounds=*/1, /*max_bytes=*/1000); }
  void ExpectServed() {
    session_.Drain();
    EXPECT_EQ(session_.received(stream_), kBody);
    EXPECT_FALSE(session_.server().IsTerminated());
  }

 private:
  scheduler::testing::Session session_;
  const h2::StreamId stream_;
};

void RunAttack(h2::Side side, const Attack& attack) {
  const bool dies = attack.code != h2::ErrorCode::kNoError;
  Neighbour neighbour;
  Victim victim(side, attack);
  uint64_t frames_in = 0;
  uint64_t bytes_in = 0;
  absl::Status status;
  const auto feed = [&](const std::string& bytes) {
    bytes_in += bytes.size();
    ForEachFrame(bytes, [&](uint8_t, absl::string_view) { ++frames_in; });
    status = victim.Receive(bytes);
    victim.Write(attack.reads);
  };
  if (attack.begin) feed(attack.begin(victim.connection(), -1));
  ASSERT_TRUE(status.ok() || attack.round == nullptr) << status;

  testing::ForgetPeak();
  const int64_t memory = testing::LiveBytes();
  const uint64_t work = victim.work();
  const uint64_t allocations = testing::Allocations();
  uint64_t own_allocations = 0;  // of this test
  int round = 0;
  frames_in = bytes_in = 0;
  // A few more than allowed, so that the number is seen.
  const int rounds = attack.round ? attack.most_rounds + (dies ? 200 : 0) : 0;
  while (round < rounds && status.ok()) {
    const uint64_t before = testing::Allocations();
    std::string bytes;
    for (int i = 0; i < attack.rounds_in_a_read && round < rounds; ++i) {
      bytes += attack.round(victim.connection(), round++);
    }
    neighbour.Turn();
    own_allocations += testing::Allocations() - before;
    feed(bytes);
  }

  EXPECT_EQ(!status.ok(), dies) << status << ", round " << round;
  EXPECT_LE(round, attack.most_rounds);
  victim.Write(/*peer_reads=*/true);
  EXPECT_EQ(victim.goaway(), attack.code) << status;
  EXPECT_LE(testing::PeakBytes() - memory,
            static_cast<int64_t>(attack.most_memory));
  EXPECT_LE(victim.work() - work, attack.most_work * (frames_in + 10));
  // No frame is smaller than 9 bytes.
  EXPECT_LE(testing::Allocations() - allocations - own_allocations,
            bytes_in + 1000);
  neighbour.ExpectServed();
}

class ServerAttack : public ::testing::TestWithParam<Attack> {};
class ClientAttack : public ::testing::TestWithParam<Attack> {};

TEST_P(ServerAttack, IsBounded) { RunAttack(h2::Side::kServer, GetParam()); }
TEST_P(ClientAttack, IsBounded) { RunAttack(h2::Side::kClient, GetParam()); }

std::string NameOf(const ::testing::TestParamInfo<Attack>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(All, ServerAttack,
                         ::testing::ValuesIn(AttacksOnServers()), NameOf);
INSTANTIATE_TEST_SUITE_P(All, ClientAttack,
                         ::testing::ValuesIn(AttacksOnClients()), NameOf);

}  // namespace
}  // namespace sluice::security
