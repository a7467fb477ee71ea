// The promise of the policies that let some streams go strictly before others,
// on random workloads: no pick has a ready stream in front of it. What is in
// front is said here from each policy's definition, without its code.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using testing::BookedPolicy;
using testing::Make;
using testing::Said;
using enum ResourceClass;

struct Stream {
  StreamId id = 0;
  int64_t arrival = 0;
  int64_t left = 0;  // of bytes_remaining, when it was given
  bool ready = false;
  StreamInfo info;
};

// Smaller goes first; equal ones share, or alternate.
using Order = std::vector<int64_t>;

struct Promise {
  std::string spec;
  std::function<Order(const Stream&)> order;

  friend void PrintTo(const Promise& promise, std::ostream* out) {
    *out << promise.spec;
  }
};

int64_t ChromeGroup(const ResourceHints& hints) {
  switch (hints.resource_class) {
    case kHtml:
    case kCss:
    case kFont:
      return 0;
    case kFetch:
      return 1;
    case kImage:
      return 3;
    case kJs:
      if (hints.async_or_defer) return 3;
      return hints.in_head || !hints.after_first_image ? 1 : 2;
    default:
      return 4;
  }
}

// (level, concurrency), the largest first; concurrency 2 and 1 alternate.
Order Meenan(const Stream& stream, int64_t html_level) {
  const ResourceHints& hints = stream.info.hints;
  const auto exclusive = [&stream](int64_t level) {
    return Order{-level, 0, stream.arrival};
  };
  const auto alternating = [](int64_t level) { return Order{-level, 1}; };
  switch (hints.resource_class) {
    case kHtml:
      return alternating(html_level);
    case kJs:
      if (hints.async_or_defer) return alternating(31);
      return exclusive(hints.in_head ? 63 : 31);
    case kCss:
      return exclusive(hints.in_head ? 63 : 31);
    case kFetch:
      return exclusive(31);
    case kFont:
      return alternating(hints.preload ? 31 : 63);
    case kImage:
      return alternating(hints.above_the_fold ? 63 : 31);
    case kMedia:
      return alternating(31);
    default:
      return alternating(0);
  }
}

std::vector<Promise> Promises() {
  const auto urgency = [](const Stream& s) { return s.info.rfc9218->urgency; };
  const auto non_incremental_first = [urgency](const Stream& s) {
    if (s.info.rfc9218->incremental) return Order{urgency(s), 1};
    return Order{urgency(s), 0, s.id};
  };
  return {
      {"fifo", [](const Stream& s) { return Order{s.arrival}; }},
      {"lifo", [](const Stream& s) { return Order{-s.arrival}; }},
      {"rfc9218", non_incremental_first},
      {"auto", non_incremental_first},
      {"rfc9218:mixed=alternate",
       [urgency](const Stream& s) { return Order{urgency(s)}; }},
      {"rfc9218:mixed=first_emission_then_rr",
       [urgency](const Stream& s) { return Order{urgency(s)}; }},
      {"urgency",
       [urgency](const Stream& s) {
         return Order{urgency(s), s.id};
       }},
      {"srpt",
       [](const Stream& s) {
         if (!s.info.hints.bytes_remaining) return Order{1, s.arrival};
         return Order{0, s.left, s.id};
       }},
      {"dfifo",
       [](const Stream& s) {
         return Order{ChromeGroup(s.info.hints), s.arrival};
       }},
      {"spdyrr",
       [](const Stream& s) { return Order{ChromeGroup(s.info.hints)}; }},
      {"pmeenan", [](const Stream& s) { return Meenan(s, 31); }},
      {"pmeenan_html", [](const Stream& s) { return Meenan(s, 63); }},
      {"zero_weight",
       [](const Stream& s) {
         const ResourceClass of = s.info.hints.resource_class;
         if (of == kHtml && s.arrival == 0) return Order{0};
         if (of == kFetch || of == kMedia || of == kOther) {
           return Order{2, s.id};
         }
         return Order{1};
       }},
      {"server_driven",  // nothing names a dependency here
       [](const Stream& s) {
         const ResourceClass of = s.info.hints.resource_class;
         return Order{of == kCss || of == kJs ? 0 : 1};
       }},
  };
}

StreamInfo RandomInfo(std::mt19937& random) {
  StreamInfo info;
  info.rfc9218 = signals::Rfc9218Priority{static_cast<int>(random() % 8),
                                          random() % 2 == 0};
  ResourceHints& hints = info.hints;
  hints.resource_class =
      static_cast<ResourceClass>(1 + random() % 8);  // a known one
  hints.in_head = random() % 2 == 0;
  hints.after_first_image = random() % 2 == 0;
  hints.async_or_defer = random() % 3 == 0;
  hints.above_the_fold = random() % 2 == 0;
  hints.preload = random() % 3 == 0;
  if (random() % 2 == 0) hints.bytes_remaining = random() % 100000;
  return info;
}

class StrictOrderTest : public ::testing::TestWithParam<Promise> {};

TEST_P(StrictOrderTest, NoPickOvertakesAReadyStreamThatGoesFirst) {
  for (uint32_t seed = 0; seed < 4; ++seed) {
    std::mt19937 random(seed);
    const std::unique_ptr<BookedPolicy> policy = Make(GetParam().spec);
    std::map<StreamId, Stream> streams;
    StreamId next_id = 1;
    int64_t arrivals = 0;
    const auto learn = [](Stream& stream, const StreamInfo& info) {
      stream.info = info;
      stream.left =
          static_cast<int64_t>(info.hints.bytes_remaining.value_or(0));
    };
    for (int step = 0; step < 3000; ++step) {
      if (streams.size() < 3 || (streams.size() < 30 && random() % 4 == 0)) {
        Stream& stream = streams[next_id];
        stream.id = next_id;
        stream.arrival = arrivals++;
        learn(stream, RandomInfo(random));
        ASSERT_TRUE(policy->OnOpen(next_id, stream.info).ok());
        next_id += 2;
      }
      auto chosen = streams.begin();
      std::advance(chosen, random() % streams.size());
      Stream& stream = chosen->second;
      switch (random() % 6) {
        case 0:
          learn(stream, RandomInfo(random));
          for (const Said signal : {Said::kRfc9218, Said::kHints}) {
            ASSERT_TRUE(
                policy->OnPriority(stream.id, stream.info, signal).ok());
          }
          break;
        case 1:
          policy->SetBlocked(stream.id);
          stream.ready = false;
          break;
        case 2:
          if (random() % 3 != 0) break;
          policy->OnClose(stream.id);
          streams.erase(chosen);
          break;
        default:
          policy->SetReady(stream.id);
          stream.ready = true;
      }
      const std::optional<Grant> grant = policy->Pick();
      if (!grant.has_value()) continue;
      Stream& picked = streams.at(grant->stream_id);
      const Order order = GetParam().order(picked);
      for (const auto& [id, other] : streams) {
        if (!other.ready) continue;
        ASSERT_FALSE(GetParam().order(other) < order)
            << id << " is in front of " << picked.id << ", seed " << seed
            << ", step " << step;
      }
      const auto bytes = static_cast<int64_t>(1 + random() % grant->max_bytes);
      policy->Charge(picked.id, static_cast<size_t>(bytes));
      picked.left = std::max<int64_t>(picked.left - bytes, 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, StrictOrderTest,
                         ::testing::ValuesIn(Promises()), [](const auto& info) {
                           return testing::TestNameOf(info.param.spec);
                         });

}  // namespace
}  // namespace sluice::scheduler
