// The connection's window, cut into small credits by a client: the frames heal,
// and an open window is used in the end.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::BytesSource;

constexpr int64_t kFirstWindow = 65535;  // RFC 9113 §6.9.2
constexpr int64_t kFullFrame = 16384;
constexpr uint32_t kWideOpen = 0x7fffffff;

// When a client gives its window back.
enum class Gives { kEachFrame, kHalfAWindow, kAtZero, kAtRandom };

std::string NameOf(Gives gives) {
  constexpr const char* kNames[] = {"each frame", "half a window", "at zero",
                                    "at random"};
  return kNames[static_cast<int>(gives)];
}

// A server, a client, and a wire that brings one frame at a time, so that no
// two credits arrive together by chance.
class Wire {
 public:
  // `stream_window`: of each stream, given back in the same way.
  Wire(const std::string& policy, Gives gives, int64_t window,
       uint32_t stream_window = kWideOpen, uint32_t seed = 1)
      : gives_(gives),
        window_(window),
        stream_window_(stream_window),
        random_(seed),
        client_(
            {.side = h2::Side::kClient,
             .settings = {{h2::SettingId::kInitialWindowSize, stream_window}}}),
        server_(ServerOptions()),
        scheduler_(&server_, *CreatePolicy(policy)) {
    EXPECT_TRUE(client_.InitiateConnection().ok());
    EXPECT_TRUE(server_.InitiateConnection().ok());
    if (window > kFirstWindow) {
      EXPECT_TRUE(client_
                      .IncrementFlowControlWindow(
                          0, static_cast<uint32_t>(window - kFirstWindow))
                      .ok());
    }
    swallowed_ = std::max<int64_t>(kFirstWindow - window, 0);
    Exchange();
  }

  void Respond(uint64_t bytes) {
    const h2::StreamId id = testing::SendGet(client_);
    Exchange();
    EXPECT_TRUE(scheduler_
                    .Submit(id, {{":status", "200"}},
                            std::make_unique<BytesSource>(bytes))
                    .ok());
  }

  void RespondAll(const std::vector<uint64_t>& bodies) {
    for (const uint64_t bytes : bodies) Respond(bytes);
  }

  // Until nothing moves any more; false: a body is left then.
  bool Run() {
    for (;;) {
      PullAll();
      if (in_flight_.empty()) {
        // Everything arrived. A client whose window is open waits for more.
        if (client_window() > 0 || !GiveBack(owed_)) break;
        ToServer();
        continue;
      }
      DeliverOne();
    }
    return scheduler_.ActiveBodies() == 0;
  }

  // Frames that began after the first window was used up.
  uint64_t late_frames() const { return late_frames_; }
  uint64_t pings() const { return pings_; }
  const DataScheduler& scheduler() const { return scheduler_; }

 private:
  static h2::ConnectionOptions ServerOptions() {
    h2::ConnectionOptions options{.side = h2::Side::kServer};
    // The scheduler is under test, not the core's budgets.
    options.limits.budgets.window_update.burst = 100000000;
    return options;
  }

  int64_t client_window() const {
    return client_.RemoteFlowControlWindow(0).value_or(0);
  }

  void Exchange() {
    for (int i = 0; i < 3; ++i) {
      ToServer();
      std::vector<h2::Event> events;
      EXPECT_TRUE(client_.ReceiveData(server_.DataToSend(), &events).ok());
    }
  }

  void ToServer() {
    std::vector<h2::Event> events;
    EXPECT_TRUE(server_.ReceiveData(client_.DataToSend(), &events).ok());
    for (const h2::Event& event : events) scheduler_.OnEvent(event);
  }

  void PullAll() {
    for (;;) {
      scheduler_.Pull(1 << 20);
      std::string output = server_.DataToSend();
      if (output.empty()) return;
      while (!output.empty()) {
        const auto byte = [&output](int i) {
          return static_cast<size_t>(static_cast<uint8_t>(output[i]));
        };
        const size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
        if (byte(3) == 0) {  // DATA
          if (sent_ >= std::min(window_, kFirstWindow)) ++late_frames_;
          sent_ += static_cast<int64_t>(length);
        } else if (byte(3) == 6) {  // PING
          ++pings_;
        }
        in_flight_.push_back(output.substr(0, 9 + length));
        output.erase(0, 9 + length);
      }
    }
  }

  void DeliverOne() {
    std::vector<h2::Event> events;
    EXPECT_TRUE(client_.ReceiveData(in_flight_.front(), &events).ok());
    in_flight_.pop_front();
    for (const h2::Event& event : events) {
      if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
        int64_t bytes = static_cast<int64_t>(data->flow_controlled_length);
        const int64_t swallowed = std::min(bytes, swallowed_);
        swallowed_ -= swallowed;
        owed_ += bytes - swallowed;
        Credit(bytes - swallowed);
        if (!data->stream_ended) CreditStream(data->stream_id, bytes);
      }
    }
    ToServer();
  }

  void Credit(int64_t bytes) {
    switch (gives_) {
      case Gives::kEachFrame:
        GiveBack(bytes);
        return;
      case Gives::kHalfAWindow:
        if (owed_ >= (window_ + 1) / 2) GiveBack(owed_);
        return;
      case Gives::kAtZero:
        if (client_window() == 0) GiveBack(owed_);
        return;
      case Gives::kAtRandom:
        if (mood_ == 0) {
          mode_ = static_cast<int>(random_() % 5);
          mood_ = 1 + static_cast<int>(random_() % 20);
        }
        --mood_;
        if (mode_ == 0) GiveBack(bytes);
        if (mode_ == 1) GiveBack(1);
        if (mode_ == 2 && owed_ > 0) GiveBack(1 + random_() % owed_);
        if (mode_ == 3 && owed_ >= (window_ + 1) / 2) GiveBack(owed_);
        if (mode_ == 4 && client_window() == 0 && owed_ > 0) {
          GiveBack(1 + random_() % owed_);
        }
        return;
    }
  }

  void CreditStream(h2::StreamId id, int64_t bytes) {
    int64_t& owed = stream_owed_[id];
    owed += bytes;
    if (owed == 0 ||
        (gives_ == Gives::kHalfAWindow && owed < (stream_window_ + 1) / 2)) {
      return;
    }
    if (gives_ == Gives::kAtZero && owed < stream_window_) return;
    EXPECT_TRUE(client_
                    .IncrementFlowControlWindow(
                        id, static_cast<uint32_t>(std::exchange(owed, 0)))
                    .ok());
  }

  bool GiveBack(int64_t bytes) {
    bytes = std::min(bytes, owed_);
    if (bytes <= 0) return false;
    owed_ -= bytes;
    return client_.IncrementFlowControlWindow(0, static_cast<uint32_t>(bytes))
        .ok();
  }

  const Gives gives_;
  const int64_t window_;
  const int64_t stream_window_;
  std::mt19937 random_;
  int mode_ = 0;
  int mood_ = 0;
  h2::Connection client_;
  h2::Connection server_;
  DataScheduler scheduler_;
  std::deque<std::string> in_flight_;
  int64_t swallowed_ = 0;  // of the first window, which the client keeps
  int64_t owed_ = 0;       // received and not given back
  std::map<h2::StreamId, int64_t> stream_owed_;
  int64_t sent_ = 0;
  uint64_t late_frames_ = 0;
  uint64_t pings_ = 0;
};

std::vector<uint64_t> Many(int small, uint64_t bytes, int large) {
  std::vector<uint64_t> bodies(small, bytes);
  bodies.insert(bodies.end(), large, 2000000);
  return bodies;
}

struct Page {
  std::string name;
  std::vector<uint64_t> bodies;
};

std::vector<Page> Pages() {
  return {
      {"1 byte, 2 MB", {1, 2000000}},
      {"2 MB", {2000000}},
      {"30 of 1 byte, ten of 2 MB", Many(30, 1, 10)},
      {"30 of 100 bytes, ten of 2 MB", Many(30, 100, 10)},
      {"30 of 500 bytes, ten of 2 MB", Many(30, 500, 10)},
      {"30 of 1,500 bytes, ten of 2 MB", Many(30, 1500, 10)},
      {"60 of 1,000 bytes, ten of 2 MB", Many(60, 1000, 10)},
      {"10 of 5,000 bytes, ten of 2 MB", Many(10, 5000, 10)},
  };
}

// Against the frames that a client needs whose windows are never in the way.
TEST(SmallConnectionWindowTest, FramesHealAgainstThreeClients) {
  for (const Page& page : Pages()) {
    for (const char* policy : {"rr", "rfc9218"}) {
      Wire wide(policy, Gives::kEachFrame, 1 << 30);
      wide.RespondAll(page.bodies);
      ASSERT_TRUE(wide.Run());
      const auto least = static_cast<double>(wide.late_frames());
      for (const Gives gives :
           {Gives::kEachFrame, Gives::kHalfAWindow, Gives::kAtZero}) {
        for (const uint32_t stream_window : {65535u, kWideOpen}) {
          SCOPED_TRACE(absl::StrCat(page.name, ", ", NameOf(gives), ", ",
                                    policy, ", ", stream_window));
          // With both windows alike at zero, a frame for the rest of each is
          // what it takes to have more.
          if (gives == Gives::kAtZero && stream_window != kWideOpen) continue;
          Wire wire(policy, gives, kFirstWindow, stream_window);
          wire.RespondAll(page.bodies);
          ASSERT_TRUE(wire.Run());
          EXPECT_LE(static_cast<double>(wire.late_frames()), 1.05 * least);
          // Rare, and none in the steady state.
          EXPECT_LE(wire.pings(), 20u);
        }
      }
    }
  }
}

// Where the window is no multiple of a frame one short frame for each window is
// left: to hold it back for good would make the window smaller.
TEST(SmallConnectionWindowTest, AtMostOneShortFrameRemainsForEachWindow) {
  for (const Gives gives :
       {Gives::kEachFrame, Gives::kHalfAWindow, Gives::kAtZero}) {
    for (const int64_t window : {20000, 24576, 40000, 50000, 100000, 200001}) {
      SCOPED_TRACE(absl::StrCat(NameOf(gives), ", ", window));
      Wire wire("rr", gives, window);
      const std::vector<uint64_t> bodies = Many(30, 100, 10);
      wire.RespondAll(bodies);
      ASSERT_TRUE(wire.Run());
      const double windows = static_cast<double>(std::accumulate(
                                 bodies.begin(), bodies.end(), int64_t{0})) /
                             static_cast<double>(window);
      const auto frames_of_window =
          static_cast<double>((window + kFullFrame - 1) / kFullFrame);
      EXPECT_LE(static_cast<double>(wire.late_frames()),
                1.05 * windows * frames_of_window);
    }
  }
}

// A client that changes its mind, and gives back any part of what it owes; it
// must give something only once its window is used up.
TEST(SmallConnectionWindowTest, EveryClientsOpenWindowIsUsedInTheEnd) {
  for (const char* policy : {"rr", "rfc9218"}) {
    for (const int64_t window : {1, 2, 10, 100, 1023, 1024, 1025, 5000, 16383,
                                 16384, 16385, 17000, 40000, 65535, 70000}) {
      for (uint32_t seed = 0; seed < 6; ++seed) {
        SCOPED_TRACE(absl::StrCat(policy, ", ", window, ", seed ", seed));
        std::mt19937 random(seed);
        Wire wire(policy, Gives::kAtRandom, window, kWideOpen, seed);
        wire.Respond(70000);  // the first window
        const uint32_t most =
            static_cast<uint32_t>(std::min<int64_t>(40 * window, 60000));
        for (int i = 0; i < 5; ++i) wire.Respond(random() % most);
        ASSERT_TRUE(wire.Run());
      }
    }
  }
}

// It gives nothing back before its window is at zero, where the frames of
// others made the scheduler wait.
TEST(SmallConnectionWindowTest, AUselessWaitIsNotRepeatedOften) {
  for (const int64_t window : {10, 1000, 10000}) {
    Wire wire("rr", Gives::kAtZero, window);
    wire.Respond(70000 + 300 * window);
    ASSERT_TRUE(wire.Run());
    EXPECT_LE(wire.pings(), 10u) << window;
  }
}

// Nothing but the connection's window holds a body back.
testing::SessionOptions OnlyTheConnectionLimits() {
  testing::SessionOptions options;
  options.policy = "rr";
  options.client.settings = {{h2::SettingId::kInitialWindowSize, kWideOpen}};
  return options;
}

// Credit that comes byte by byte is no reason to wait for more than a round
// trip.
TEST(SmallConnectionWindowTest, ATrickleOfCreditIsSpentWithinARoundTrip) {
  testing::Session session(OnlyTheConnectionLimits());
  session.Serve(1 << 20);
  session.Drain();
  int idle = 0;
  int most_idle = 0;
  for (int round_trip = 0; round_trip < 100; ++round_trip) {
    const uint64_t before = session.scheduler().counters().bytes;
    session.scheduler().Pull(16384);
    // The credit is on its way when a PING arrives, and is there before the
    // answer to it.
    ASSERT_TRUE(session.client().IncrementFlowControlWindow(0, 1).ok());
    session.ToClient();
    session.ToServer();
    idle = session.scheduler().counters().bytes == before ? idle + 1 : 0;
    most_idle = std::max(most_idle, idle);
  }
  EXPECT_LE(most_idle, 1);
}

// A server that asks HasReady() before it pulls must hear of the answer.
TEST(SmallConnectionWindowTest, TheAnswerToThePingMakesABodyReadyAgain) {
  testing::Session session(OnlyTheConnectionLimits());
  session.Serve(1 << 20);
  session.Drain();
  session.OpenWindow(0, 1);
  EXPECT_EQ(session.scheduler().Pull(16384), 1u);
  session.OpenWindow(0, 1);
  EXPECT_EQ(session.scheduler().Pull(16384), 0u);
  EXPECT_FALSE(session.scheduler().HasReady()) << "it waits for more";
  session.ToClient();
  session.ToServer();  // the answer alone
  EXPECT_TRUE(session.scheduler().HasReady());
  EXPECT_EQ(session.scheduler().Pull(16384), 1u);
}

}  // namespace
}  // namespace sluice::scheduler
