// What a DataScheduler and each policy take from the heap: little when idle,
// and nothing for streams that come and go.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "tests/support/allocation_counter.h"

namespace sluice::scheduler {
namespace {

using ::sluice::testing::Allocations;
using ::sluice::testing::LiveBytes;

class EveryPolicyTest : public ::testing::TestWithParam<std::string> {};

std::vector<std::string> PolicyNames() {
  std::vector<std::string> names;
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    names.push_back(entry.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Registered, EveryPolicyTest,
                         ::testing::ValuesIn(PolicyNames()),
                         [](const auto& info) { return info.param; });

TEST_P(EveryPolicyTest, WithoutAStreamTheSchedulerAndItsPolicyKeepAtMost4KiB) {
  h2::Connection connection({.side = h2::Side::kServer});
  for (const size_t streams : {1, 1000, 100000}) {
    PolicyOptions options;
    options.max_streams = streams;
    const int64_t before = LiveBytes();
    const DataScheduler scheduler(&connection,
                                  *CreatePolicy(GetParam(), options));
    EXPECT_LE(LiveBytes() - before, 4096);
  }
}

// Opens streams of all kinds at once, one for each record, and serves and
// closes them.
void ServeRound(StreamBook& book, std::vector<StreamRecord>& records,
                StreamId* next) {
  const StreamId first = *next;
  for (size_t i = 0; i < records.size(); ++i, *next += 2) {
    records[i] = StreamRecord();
    book.Open(*next, &records[i]);
    book.SetRfc7540(*next, &records[i],
                    {.depends_on = i % 3 == 0 ? 0 : *next - 2, .weight = 99},
                    signals::SignalSource::kHeader);
    book.SetRfc9218(*next, &records[i], {static_cast<int>(i % 8), i % 2 == 0},
                    signals::SignalSource::kHeader);
    ResourceHints hints;
    hints.resource_class = static_cast<ResourceClass>(i % 9);
    book.SetHints(&records[i], hints);
    book.SetReady(&records[i]);
  }
  while (const std::optional<Grant> grant = book.Pick()) {
    StreamRecord* const record = &records[(grant->stream_id - first) / 2];
    book.Charge(grant->stream_id, record, 1000);
    book.Close(record);
  }
}

TEST_P(EveryPolicyTest, StreamsThatComeAndGoTakeNothingFromTheHeap) {
  const std::unique_ptr<Policy> policy = *CreatePolicy(GetParam());
  StreamBook book(policy.get());
  std::vector<StreamRecord> records(100);
  StreamId next = 1;
  for (int round = 0; round < 30; ++round) ServeRound(book, records, &next);
  const uint64_t before = Allocations();
  for (int round = 0; round < 30; ++round) ServeRound(book, records, &next);
  EXPECT_EQ(Allocations(), before);
  EXPECT_EQ(book.open_streams(), 0u);
}

TEST_P(EveryPolicyTest, TheFirstGuessOfTheNextPicksIsRightOrNone) {
  const std::unique_ptr<Policy> policy = *CreatePolicy(GetParam());
  std::deque<StreamInfo> infos;
  for (StreamId id = 1; id < 400; id += 2) {
    StreamInfo& info = infos.emplace_back();
    info.rfc7540 =
        signals::Rfc7540Priority{0, static_cast<int>(id % 256) + 1, false};
    info.rfc9218 = signals::Rfc9218Priority{3, true};
    policy->OnOpen(id, info);
    policy->SetReady(id);
  }
  for (int i = 0; i < 1000; ++i) {
    std::array<StreamId, 4> picks;
    const size_t guesses = policy->LikelyNext(absl::MakeSpan(picks));
    ASSERT_LE(guesses, picks.size());
    const Grant grant = *policy->Pick();
    EXPECT_TRUE(guesses == 0 || picks[0] == grant.stream_id);
    const std::set<StreamId> different(picks.begin(), picks.begin() + guesses);
    EXPECT_EQ(different.size(), guesses);
    EXPECT_TRUE(different.empty() || *different.rbegin() < 400);
    policy->Charge(grant.stream_id, grant.max_bytes);
  }
}

TEST_P(EveryPolicyTest, ARequestThatIsResetTakesNothingFromTheHeap) {
  h2::Connection connection({.side = h2::Side::kServer});
  DataScheduler scheduler(&connection, *CreatePolicy(GetParam()));
  h2::StreamId next = 1;
  const auto round = [&scheduler, &next] {
    h2::Event event = h2::RequestReceived();
    for (int i = 0; i < 10; ++i) {
      std::get<h2::RequestReceived>(event).stream_id = next + 2 * i;
      scheduler.OnEvent(event);
    }
    event = h2::StreamReset();
    for (int i = 0; i < 10; ++i, next += 2) {
      std::get<h2::StreamReset>(event).stream_id = next;
      scheduler.OnEvent(event);
    }
  };
  for (int i = 0; i < 50; ++i) round();
  const uint64_t before = Allocations();
  for (int i = 0; i < 50; ++i) round();
  EXPECT_EQ(Allocations(), before);
  EXPECT_EQ(scheduler.counters().streams_reset, 1000u);
}

}  // namespace
}  // namespace sluice::scheduler
