// The promise of the policies that share bytes: for two streams of one group
// that both stay ready, over any interval,
//
//   | bytes_i / weight_i − bytes_j / weight_j | ≤ L / weight_i + L / weight_j
//
// and one-sided for a stream that comes and goes as it likes: it never gets
// more than that over one that is always ready.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using testing::BookedPolicy;
using testing::Make;

constexpr size_t kMaxGrant = 16384;

// A policy with streams that share, and the weights that it must give them.
struct Sharing {
  std::string name;
  std::string spec;
  std::vector<std::pair<StreamInfo, int>> kinds;  // info, weight

  friend void PrintTo(const Sharing& sharing, std::ostream* out) {
    *out << sharing.spec;
  }
};

std::vector<Sharing> Sharings() {
  const auto hint = [](ResourceClass resource_class) {
    StreamInfo info;
    info.hints.resource_class = resource_class;
    return info;
  };
  const auto field = [](bool incremental) {
    StreamInfo info;
    info.rfc9218 = signals::Rfc9218Priority{3, incremental};
    return info;
  };
  const auto weight = [](int weight) {
    StreamInfo info;
    info.rfc7540 = signals::Rfc7540Priority{0, weight, false};
    return info;
  };
  const StreamInfo css = hint(ResourceClass::kCss);
  const StreamInfo js = hint(ResourceClass::kJs);
  const StreamInfo font = hint(ResourceClass::kFont);
  const StreamInfo image = hint(ResourceClass::kImage);
  StreamInfo image_in_view = image;
  image_in_view.hints.above_the_fold = true;
  return {
      {"rr", "rr", {{StreamInfo(), 1}}},
      {"wrr", "wrr", {{css, 256}, {js, 24}, {font, 16}, {image, 8}}},
      {"spdyrr", "spdyrr", {{css, 1}, {font, 1}}},
      {"rfc9218", "rfc9218", {{field(true), 1}}},
      {"rfc9218_alternate", "rfc9218:mixed=alternate", {{field(true), 1}}},
      {"pmeenan", "pmeenan", {{image, 1}}},
      {"zero_weight",
       "zero_weight",
       {{css, 254}, {js, 24}, {font, 16}, {image_in_view, 8}, {image, 1}}},
      {"firefox", "firefox", {{font, 42}, {image, 22}}},
      {"rfc7540", "rfc7540:exact=true", {{weight(256), 256}, {weight(3), 3}}},
      {"auto", "auto", {{weight(200), 200}, {weight(16), 16}}},
  };
}

class FairnessTest : public ::testing::TestWithParam<Sharing> {
 protected:
  const StreamInfo& Info(size_t i) const {
    return GetParam().kinds[i % GetParam().kinds.size()].first;
  }
  int Weight(size_t i) const {
    return GetParam().kinds[i % GetParam().kinds.size()].second;
  }
};

// The spread of bytes_i/w_i − bytes_j/w_j since both were last not ready, times
// w_i·w_j so that it stays in integers, against its bound.
class PairWatch {
 public:
  PairWatch(int weight_i, int weight_j)
      : weight_i_(weight_i), weight_j_(weight_j) {}

  void Sent(bool i, size_t bytes) {
    difference_ += i ? static_cast<int64_t>(bytes) * weight_j_
                     : -static_cast<int64_t>(bytes) * weight_i_;
    least_ = std::min(least_, difference_);
    most_ = std::max(most_, difference_);
  }
  void Restart() { least_ = most_ = difference_; }
  // Four units of 1/256 byte of rounding are allowed.
  bool WithinTwoSidedBound() const { return most_ - least_ <= Bound(); }

 private:
  int64_t Bound() const {
    return static_cast<int64_t>(kMaxGrant) * (weight_i_ + weight_j_) +
           (4 * weight_i_ * weight_j_ + 255) / 256;
  }

  const int64_t weight_i_;
  const int64_t weight_j_;
  int64_t difference_ = 0;
  int64_t least_ = 0;
  int64_t most_ = 0;
};

TEST_P(FairnessTest, BackloggedStreamsStayWithinTheBoundOverEveryInterval) {
  for (uint32_t seed = 0; seed < 5; ++seed) {
    std::mt19937 random(seed);
    const std::unique_ptr<BookedPolicy> policy = Make(GetParam().spec);
    constexpr size_t kStreams = 8;
    std::map<std::pair<size_t, size_t>, PairWatch> watches;
    std::vector<bool> ready(kStreams, true);
    // The largest frame of each stream: some send small ones, some large ones.
    std::vector<size_t> frame(kStreams);
    for (size_t i = 0; i < kStreams; ++i) {
      ASSERT_TRUE(policy->OnOpen(2 * i + 1, Info(i)).ok());
      policy->SetReady(2 * i + 1);
      frame[i] = size_t{1} << (random() % 15);
      for (size_t j = 0; j < i; ++j) {
        watches.emplace(std::make_pair(j, i), PairWatch(Weight(j), Weight(i)));
      }
    }
    for (int step = 0; step < 6000; ++step) {
      const size_t toggled = random() % kStreams;
      if (random() % 8 == 0) {  // some block and come back at will
        if (ready[toggled]) {
          policy->SetBlocked(2 * toggled + 1);
        } else {
          policy->SetReady(2 * toggled + 1);
        }
        ready[toggled] = !ready[toggled];
        for (auto& [pair, watch] : watches) {
          if (pair.first == toggled || pair.second == toggled) watch.Restart();
        }
      }
      const std::optional<Grant> grant = policy->Pick();
      if (!grant.has_value()) continue;
      const size_t i = grant->stream_id / 2;
      const size_t bytes = 1 + random() % std::min(grant->max_bytes, frame[i]);
      policy->Charge(grant->stream_id, bytes);
      for (auto& [pair, watch] : watches) {
        if (pair.first != i && pair.second != i) continue;
        watch.Sent(pair.first == i, bytes);
        const bool both = ready[pair.first] && ready[pair.second];
        if (!both) watch.Restart();
        ASSERT_TRUE(watch.WithinTwoSidedBound())
            << "seed " << seed << " step " << step;
      }
    }
  }
}

// One stream is always ready; the other tries every trick with blocking.
TEST_P(FairnessTest, BlockingAndUnblockingGainsNothing) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const std::unique_ptr<BookedPolicy> policy = Make(GetParam().spec);
    ASSERT_TRUE(policy->OnOpen(1, Info(0)).ok());
    ASSERT_TRUE(policy->OnOpen(3, Info(1)).ok());
    policy->SetReady(1);
    const int64_t honest = Weight(0);
    const int64_t tricky = Weight(1);
    const int64_t bound = static_cast<int64_t>(kMaxGrant) * (honest + tricky) +
                          (4 * honest * tricky + 255) / 256;
    const uint32_t habit = 1 + random() % 4;
    int64_t lead = 0;
    int64_t lowest = 0;
    for (int step = 0; step < 2000; ++step) {
      if (random() % habit == 0) policy->SetReady(3);
      const std::optional<Grant> grant = policy->Pick();
      ASSERT_TRUE(grant.has_value());
      const size_t bytes =
          random() % 2 == 0 ? kMaxGrant : 1 + random() % kMaxGrant;
      policy->Charge(grant->stream_id, bytes);
      if (grant->stream_id == 3) {
        lead += static_cast<int64_t>(bytes) * honest;
        if (random() % habit == 0) policy->SetBlocked(3);
      } else {
        lead -= static_cast<int64_t>(bytes) * tricky;
      }
      lowest = std::min(lowest, lead);
      ASSERT_LE(lead - lowest, bound) << "seed " << seed << " step " << step;
    }
  }
}

TEST_P(FairnessTest, AStreamThatBlocksAfterEveryFrameStarvesNobody) {
  const std::unique_ptr<BookedPolicy> policy = Make(GetParam().spec);
  ASSERT_TRUE(policy->OnOpen(1, Info(0)).ok());
  ASSERT_TRUE(policy->OnOpen(3, Info(0)).ok());
  policy->SetReady(1);
  int frames[2] = {0, 0};
  for (int step = 0; step < 1000; ++step) {
    policy->SetReady(3);
    const std::optional<Grant> grant = policy->Pick();
    policy->Charge(grant->stream_id, kMaxGrant);
    ++frames[grant->stream_id == 3];
    if (grant->stream_id == 3) policy->SetBlocked(3);
  }
  EXPECT_NEAR(frames[0], 500, 2);
}

TEST_P(FairnessTest, AStreamThatJoinsLateNeitherGainsNorLoses) {
  const std::unique_ptr<BookedPolicy> policy = Make(GetParam().spec);
  ASSERT_TRUE(policy->OnOpen(1, Info(0)).ok());
  ASSERT_TRUE(policy->OnOpen(3, Info(0)).ok());
  policy->SetReady(1);
  policy->SetReady(3);
  const auto run = [&policy](int steps) {
    std::map<StreamId, int> frames;
    for (int step = 0; step < steps; ++step) {
      const std::optional<Grant> grant = policy->Pick();
      policy->Charge(grant->stream_id, kMaxGrant);
      ++frames[grant->stream_id];
    }
    return frames;
  };
  run(1001);
  ASSERT_TRUE(policy->OnOpen(5, Info(0)).ok());
  policy->SetReady(5);
  std::map<StreamId, int> frames = run(30);
  for (const StreamId id : {1, 3, 5}) EXPECT_NEAR(frames[id], 10, 1) << id;
  policy->SetBlocked(5);
  run(1000);
  policy->SetReady(5);
  frames = run(30);
  for (const StreamId id : {1, 3, 5}) EXPECT_NEAR(frames[id], 10, 1) << id;
}

INSTANTIATE_TEST_SUITE_P(Policies, FairnessTest,
                         ::testing::ValuesIn(Sharings()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sluice::scheduler
