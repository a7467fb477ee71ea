#include "benchmarks/servers/prober.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/link_client.h"
#include "benchmarks/servers/share_prober.h"
#include "gtest/gtest.h"

namespace sluice::servers {
namespace {

class ZeroBytes : public scheduler::DataSource {
 public:
  explicit ZeroBytes(size_t bytes) : left_(bytes) {}

  Chunk Read(size_t max_bytes) override {
    const size_t now = std::min(max_bytes, left_);
    left_ -= now;
    return {.data = absl::Cord(std::string(now, '\0')),
            .end = left_ == 0,
            .status = absl::OkStatus()};
  }

 private:
  size_t left_;
};

// A server in memory: it answers each request with `body_bytes`, and remembers
// the client's signals.
class MemoryServer {
 public:
  MemoryServer(absl::string_view policy, size_t body_bytes,
               std::vector<h2::Setting> settings = {})
      : body_bytes_(body_bytes),
        connection_(
            {.side = h2::Side::kServer, .settings = std::move(settings)}),
        scheduler_(&connection_, *scheduler::CreatePolicy(policy)) {
    connection_.InitiateConnection().IgnoreError();
  }

  void Receive(absl::string_view bytes) {
    std::vector<h2::Event> events;
    ASSERT_TRUE(connection_.ReceiveData(bytes, &events).ok());
    for (const h2::Event& event : events) {
      scheduler_.OnEvent(event);
      if (auto* request = std::get_if<h2::RequestReceived>(&event)) {
        requests.push_back(request->stream_id);
        ASSERT_TRUE(scheduler_
                        .Submit(request->stream_id, {{":status", status}},
                                std::make_unique<ZeroBytes>(body_bytes_))
                        .ok());
      } else if (auto* tree = std::get_if<h2::PriorityUpdated>(&event)) {
        rfc7540[tree->stream_id] = tree->priority;
      } else if (auto* field = std::get_if<h2::PriorityFieldUpdated>(&event)) {
        (field->source == signals::SignalSource::kFrame
             ? updates
             : fields)[field->stream_id] = field->priority;
      }
    }
  }

  // One DATA frame, and what else waits.
  std::string Send() {
    scheduler_.Pull(16384);
    return connection_.DataToSend();
  }

  const h2::Connection& connection() const { return connection_; }

  std::string status = "200";
  std::vector<h2::StreamId> requests;
  std::map<h2::StreamId, signals::Rfc7540Priority> rfc7540;
  std::map<h2::StreamId, signals::Rfc9218Priority> fields;
  std::map<h2::StreamId, signals::Rfc9218Priority> updates;

 private:
  const size_t body_bytes_;
  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;
};

ProberOptions OptionsFor(Signals signals) {
  return {.signals = signals, .low_requests = 3, .ask_after_bytes = 4 * 16384};
}

// One turn takes one millisecond.
absl::Status RunProber(LinkClient* client, MemoryServer* server,
                       int most_turns = 1000) {
  absl::Status status = client->Start();
  for (int i = 0; i < most_turns && status.ok() && !client->done(); ++i) {
    server->Receive(client->connection().DataToSend());
    status = client->Receive(server->Send(), absl::Milliseconds(i));
  }
  return status;
}

class ProberTest : public testing::TestWithParam<Signals> {};

INSTANTIATE_TEST_SUITE_P(AllSignals, ProberTest, testing::ValuesIn(kAllSignals),
                         [](const auto& info) {
                           return std::string(SignalsName(info.param));
                         });

TEST_P(ProberTest, AServerThatHonoursTheSignalsSendsTheUrgentBodyNext) {
  Prober prober(OptionsFor(GetParam()));
  MemoryServer server("auto", 5 * 16384);
  ASSERT_EQ(RunProber(&prober, &server), absl::OkStatus());
  ASSERT_TRUE(prober.done());
  EXPECT_EQ(prober.reaction().low_before, 0);
  EXPECT_EQ(prober.reaction().low_between, 0);
  EXPECT_EQ(prober.reaction().to_first, absl::Milliseconds(1));
  EXPECT_EQ(prober.reaction().to_last, absl::Milliseconds(5));
}

TEST_P(ProberTest, AServerThatIgnoresTheSignalsSendsLowBodiesFirst) {
  Prober prober(OptionsFor(GetParam()));
  MemoryServer server("fifo", 5 * 16384);
  ASSERT_EQ(RunProber(&prober, &server), absl::OkStatus());
  // 15 frames of low bodies, and the request comes after 4.
  EXPECT_EQ(prober.reaction().low_before, 11 * 16384);
  EXPECT_EQ(prober.reaction().low_between, 0);
  EXPECT_EQ(prober.reaction().to_last, absl::Milliseconds(16));
}

TEST_P(ProberTest, BodiesEndAtTheMostThatIsAskedFor) {
  ProberOptions options = OptionsFor(GetParam());
  options.most_body_bytes = 2 * 16384;
  size_t bytes = 0;
  options.on_data = [&](const h2::DataReceived& data, absl::Duration) {
    bytes += data.data.size();
  };
  Prober prober(options);
  MemoryServer server("fifo", 5 * 16384);
  ASSERT_EQ(RunProber(&prober, &server), absl::OkStatus());
  ASSERT_TRUE(prober.done());
  // Three low bodies of two frames each, of which four had come.
  EXPECT_EQ(prober.reaction().low_before, 2 * 16384);
  EXPECT_EQ(bytes, 4 * 2 * 16384);
}

TEST_P(ProberTest, TheWindowsNeverHoldTheServerBack) {
  Prober prober(OptionsFor(GetParam()));
  MemoryServer server("rr", 5 * 16384);
  ASSERT_TRUE(RunProber(&prober, &server, /*most_turns=*/2).ok());
  ASSERT_EQ(server.requests.size(), 3u);
  for (const h2::StreamId id : server.requests) {
    EXPECT_GT(server.connection().CapacityFor(id).window, 1 << 30);
  }
}

TEST_P(ProberTest, TheSettingAboutRfc7540GoesWithRfc9218Alone) {
  Prober prober(OptionsFor(GetParam()));
  MemoryServer server("auto", 5 * 16384);
  ASSERT_TRUE(prober.Start().ok());
  server.Receive(prober.connection().DataToSend());
  const bool only_9218 =
      GetParam() == Signals::kRfc9218 || GetParam() == Signals::kPriorityUpdate;
  EXPECT_EQ(
      server.connection().RemoteSetting(h2::SettingId::kNoRfc7540Priorities),
      only_9218 ? 1u : 0u);
}

TEST(ProberSignalsTest, Rfc7540PutsLowBodiesBelowAnIdleStreamOfWeightOne) {
  Prober prober(OptionsFor(Signals::kRfc7540));
  MemoryServer server("auto", 5 * 16384);
  ASSERT_TRUE(RunProber(&prober, &server).ok());
  ASSERT_EQ(server.requests.size(), 4u);
  const h2::StreamId group = server.rfc7540[server.requests[0]].depends_on;
  EXPECT_EQ(server.rfc7540[group].weight, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(server.rfc7540[server.requests[i]].depends_on, group);
    EXPECT_NE(server.requests[i], group);
  }
  EXPECT_EQ(server.rfc7540[server.requests[3]],
            (signals::Rfc7540Priority{
                .depends_on = 0, .weight = 256, .exclusive = true}));
  EXPECT_TRUE(server.fields.empty());
  EXPECT_TRUE(server.updates.empty());
}

TEST(ProberSignalsTest, Rfc9218SendsTheField) {
  Prober prober(OptionsFor(Signals::kRfc9218));
  MemoryServer server("auto", 5 * 16384);
  ASSERT_TRUE(RunProber(&prober, &server).ok());
  ASSERT_EQ(server.requests.size(), 4u);
  EXPECT_EQ(server.fields[server.requests[0]],
            (signals::Rfc9218Priority{.urgency = 6, .incremental = true}));
  EXPECT_EQ(server.fields[server.requests[3]],
            (signals::Rfc9218Priority{.urgency = 0}));
  EXPECT_TRUE(server.rfc7540.empty());
  EXPECT_TRUE(server.updates.empty());
}

TEST(ProberSignalsTest, BothKindsGoOutTogether) {
  Prober prober(OptionsFor(Signals::kBoth));
  MemoryServer server("auto", 5 * 16384);
  ASSERT_TRUE(RunProber(&prober, &server).ok());
  ASSERT_EQ(server.requests.size(), 4u);
  EXPECT_EQ(server.rfc7540[server.requests[3]].weight, 256);
  EXPECT_EQ(server.fields[server.requests[3]].urgency, 0);
}

TEST(ProberSignalsTest, OnlyThePriorityUpdateSaysThatTheRequestIsUrgent) {
  Prober prober(OptionsFor(Signals::kPriorityUpdate));
  MemoryServer server("auto", 5 * 16384);
  ASSERT_TRUE(RunProber(&prober, &server).ok());
  ASSERT_EQ(server.requests.size(), 4u);
  const h2::StreamId urgent = server.requests[3];
  EXPECT_EQ(server.fields[urgent], server.fields[server.requests[0]]);
  ASSERT_EQ(server.updates.size(), 1u);
  EXPECT_EQ(server.updates[urgent], (signals::Rfc9218Priority{.urgency = 0}));
}

TEST(ProberLimitTest, AStreamIsKeptFreeForTheUrgentRequest) {
  ProberOptions options = OptionsFor(Signals::kRfc9218);
  options.low_requests = 6;
  options.ask_after_bytes = 12 * 16384;
  Prober prober(options);
  MemoryServer server("auto", 5 * 16384,
                      {{h2::SettingId::kMaxConcurrentStreams, 3}});
  ASSERT_EQ(RunProber(&prober, &server), absl::OkStatus());
  // Two at once share the link. Both have ended, and the next two have begun.
  EXPECT_EQ(server.requests.size(), 4u + 1u);
  EXPECT_EQ(prober.reaction().low_before, 0);
}

class ShareProberTest : public testing::TestWithParam<bool> {
 protected:
  double RatioUnder(absl::string_view policy) {
    ShareProber prober({.groups = GetParam(),
                        .count_from = 20 * 16384,
                        .count_to = 180 * 16384});
    MemoryServer server(policy, 200 * 16384);
    EXPECT_EQ(RunProber(&prober, &server), absl::OkStatus());
    return prober.ratio();
  }
};

INSTANTIATE_TEST_SUITE_P(OfGroupsAndStreams, ShareProberTest, testing::Bool());

TEST_P(ShareProberTest, TheTreeSharesByTheWeights) {
  EXPECT_DOUBLE_EQ(RatioUnder("rfc7540"), 7);
}

TEST_P(ShareProberTest, RoundRobinSharesEqually) {
  EXPECT_DOUBLE_EQ(RatioUnder("rr"), 1);
}

TEST_P(ShareProberTest, AServerThatStarvesTheLightWeightHasTheGreatestRatio) {
  EXPECT_DOUBLE_EQ(RatioUnder("fifo"), kAll);
}

TEST(ShareProberErrorTest, ABodyThatEndsTooEarlyIsAFault) {
  ShareProber prober({.count_to = 180 * 16384});
  MemoryServer server("rr", 10000);
  EXPECT_EQ(RunProber(&prober, &server),
            absl::UnavailableError("a body ended after 10000 bytes of all"));
}

TEST(ProberErrorTest, AnErrorStatusIsAFault) {
  Prober prober(OptionsFor(Signals::kRfc9218));
  MemoryServer server("auto", 5 * 16384);
  server.status = "404";
  EXPECT_EQ(
      RunProber(&prober, &server),
      absl::UnavailableError("the server answers with status 404, not 200"));
}

TEST(ProberErrorTest, BodiesThatEndTooEarlyAreAFault) {
  Prober prober(OptionsFor(Signals::kRfc9218));
  MemoryServer server("auto", 1000);
  EXPECT_EQ(RunProber(&prober, &server),
            absl::UnavailableError(
                "all low-priority bodies ended after 3000 bytes, and the "
                "urgent request follows after 65536"));
}

}  // namespace
}  // namespace sluice::servers
