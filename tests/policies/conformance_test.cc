// The duties of every policy to its session: one suite over all
// that are registered, those with options as well. A new policy is in it from
// the moment its file exists.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"
#include "tests/support/allocation_counter.h"

namespace sluice::scheduler {
namespace {

using testing::BookedPolicy;
using testing::Make;
using testing::PolicyDriver;
using testing::Said;

std::vector<std::string> Specs() {
  std::vector<std::string> specs = {
      "auto:mixed=first_emission_then_rr",
      "auto:via=share",
      "firefox:marx_font_bug=true",
      "rfc7540:exact=true",
      "rfc9218:mixed=alternate",
      "rfc9218:mixed=first_emission_then_rr",
      "rfc9218:mixed=alternate,starvation_guard=50000",
  };
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    specs.push_back(entry.name);
  }
  return specs;
}

StreamInfo RandomInfo(std::mt19937& random, StreamId id) {
  StreamInfo info;
  if (random() % 2 == 0) {
    StreamId parent = random() % 4 == 0 ? 0 : 1 + 2 * (random() % 40);
    if (parent == id) parent = 0;
    info.rfc7540 = signals::Rfc7540Priority{
        parent, static_cast<int>(1 + random() % 256), random() % 4 == 0};
  }
  if (random() % 2 == 0) {
    info.rfc9218 = signals::Rfc9218Priority{static_cast<int>(random() % 8),
                                            random() % 2 == 0};
  }
  if (random() % 8 == 0) {
    info.server =
        ServerPriority{.rfc9218 = signals::Rfc9218Priority{
                           static_cast<int>(random() % 8), random() % 2 == 0}};
  }
  info.hints.resource_class = static_cast<ResourceClass>(random() % 9);
  info.hints.in_head = random() % 2 == 0;
  info.hints.after_first_image = random() % 4 == 0;
  info.hints.async_or_defer = random() % 4 == 0;
  info.hints.above_the_fold = random() % 2 == 0;
  info.hints.preload = random() % 4 == 0;
  info.hints.via = id % 32 == 7;
  if (random() % 2 == 0) info.hints.bytes_remaining = random() % 100000;
  return info;
}

// A random session against a policy, and beside it what must hold: the set of
// ready streams. Ids ascend, as HTTP/2 has it.
class Session {
 public:
  Session(BookedPolicy* policy, uint32_t seed,
          size_t max_grant = kDefaultMaxGrant)
      : policy_(policy), random_(seed), max_grant_(max_grant) {}

  void Open() {
    const StreamId id = next_id_;
    next_id_ += 2;
    ASSERT_TRUE(policy_->OnOpen(id, RandomInfo(random_, id)).ok());
    open_.push_back(id);
  }

  // Any call but Pick() and Charge(), on any stream; the argument is preferred.
  void Disturb(std::optional<StreamId> victim = std::nullopt) {
    if (open_.empty()) return Open();
    size_t index = random_() % open_.size();
    if (victim.has_value() && random_() % 2 == 0) {
      for (size_t i = 0; i < open_.size(); ++i) {
        if (open_[i] == *victim) index = i;
      }
    }
    const StreamId id = open_[index];
    switch (random_() % 7) {
      case 0:
        if (open_.size() < 40) Open();
        break;
      case 1:
        policy_->OnClose(id);
        ready_.erase(id);
        open_[index] = open_.back();
        open_.pop_back();
        break;
      case 2:
        policy_->SetBlocked(id);
        ready_.erase(id);
        break;
      case 3: {
        const StreamInfo info = RandomInfo(random_, id);
        const auto signal = static_cast<Said>(random_() % 4);
        EXPECT_TRUE(policy_->OnPriority(id, info, signal).ok());
        break;
      }
      case 4: {  // a stream that is not open yet; it may be refused
        const StreamId idle = next_id_ + 2 * (random_() % 8);
        policy_->OnPriority(idle, RandomInfo(random_, idle), Said::kRfc7540)
            .IgnoreError();
        break;
      }
      default:
        policy_->SetReady(id);
        ready_.insert(id);
    }
  }

  // One decision, with everything checked, and calls between pick and charge.
  void Decide() {
    const std::optional<Grant> grant = policy_->Pick();
    ASSERT_EQ(grant.has_value(), !ready_.empty()) << "work conservation";
    if (!grant.has_value()) {
      trace_.push_back({0, 0});
      return;
    }
    const StreamId id = grant->stream_id;
    ASSERT_TRUE(ready_.contains(id)) << id << " is blocked or closed";
    ASSERT_GE(grant->max_bytes, 1u);
    ASSERT_LE(grant->max_bytes, max_grant_);
    ASSERT_FALSE(grant->reason.rule.empty());
    size_t bytes = 0;
    switch (random_() % 4) {
      case 0:
        bytes = 0;
        break;
      case 1:
        bytes = 1;
        break;
      default:
        bytes = 1 + random_() % grant->max_bytes;
    }
    for (uint32_t calls = random_() % 4; calls > 0; --calls) Disturb(id);
    policy_->Charge(id, bytes);
    if (bytes == 0) {
      policy_->SetBlocked(id);
      ready_.erase(id);
    }
    trace_.push_back({id, bytes});
  }

  const std::vector<std::pair<StreamId, size_t>>& trace() const {
    return trace_;
  }

 private:
  BookedPolicy* const policy_;
  std::mt19937 random_;
  const size_t max_grant_;
  StreamId next_id_ = 1;
  std::vector<StreamId> open_;
  std::set<StreamId> ready_;
  std::vector<std::pair<StreamId, size_t>> trace_;
};

class ConformanceTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<BookedPolicy> MakeIt(PolicyOptions options = {}) {
    return Make(GetParam(), std::move(options));
  }
};

TEST_P(ConformanceTest,
       SomethingReadyIsPickedWhileThereIsAnyAndNothingElseWhateverIsCalled) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const std::unique_ptr<BookedPolicy> policy = MakeIt();
    Session session(policy.get(), seed);
    for (int step = 0; step < 2000; ++step) {
      session.Disturb();
      session.Decide();
      if (HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
    }
  }
}

TEST_P(ConformanceTest, TheSameCallsGiveTheSameDecisions) {
  const std::unique_ptr<BookedPolicy> first = MakeIt();
  const std::unique_ptr<BookedPolicy> second = MakeIt();
  Session one(first.get(), 7);
  Session two(second.get(), 7);
  for (int step = 0; step < 3000; ++step) {
    one.Disturb();
    one.Decide();
  }
  for (int step = 0; step < 3000; ++step) {
    two.Disturb();
    two.Decide();
  }
  EXPECT_EQ(one.trace(), two.trace());
}

TEST_P(ConformanceTest, GrantsObeyTheLimitOfTheOptions) {
  PolicyOptions options;
  options.max_grant = 100;
  const std::unique_ptr<BookedPolicy> policy = MakeIt(options);
  Session session(policy.get(), 3, options.max_grant);
  for (int step = 0; step < 2000; ++step) {
    session.Disturb();
    session.Decide();
    ASSERT_FALSE(HasFatalFailure());
  }
}

// CVE-2019-9518: a source or a window that gives nothing must not make the
// session spin.
TEST_P(ConformanceTest, StreamsThatGiveNothingAreEachPickedOnce) {
  const std::unique_ptr<BookedPolicy> policy = MakeIt();
  constexpr StreamId kStreams = 50;
  std::mt19937 random(1);
  for (StreamId i = 0; i < kStreams; ++i) {
    const StreamId id = 2 * i + 1;
    ASSERT_TRUE(policy->OnOpen(id, RandomInfo(random, id)).ok());
    policy->SetReady(id);
  }
  std::set<StreamId> picked;
  for (StreamId i = 0; i < kStreams; ++i) {
    const std::optional<Grant> grant = policy->Pick();
    ASSERT_TRUE(grant.has_value());
    EXPECT_TRUE(picked.insert(grant->stream_id).second);
    policy->Charge(grant->stream_id, 0);
    policy->SetBlocked(grant->stream_id);
  }
  EXPECT_FALSE(policy->Pick().has_value());
}

TEST_P(ConformanceTest, EveryBodyIsSentWholeByteByByteToo) {
  for (const size_t frame : {size_t{1}, size_t{100}, size_t{16384}}) {
    std::mt19937 random(frame);
    PolicyDriver driver(MakeIt(), frame);
    std::map<StreamId, uint64_t> sizes;
    for (StreamId id = 1; id < 60; id += 2) {
      sizes[id] = 1 + random() % 200;
      driver.Add(id, sizes[id], RandomInfo(random, id));
    }
    driver.Run();
    for (const auto& [id, size] : sizes) EXPECT_EQ(driver.sent(id), size);
  }
}

TEST_P(ConformanceTest, RefusedCallsAreTypedAndChangeNoDecision) {
  PolicyDriver plain(MakeIt());
  PolicyDriver disturbed(MakeIt());
  std::mt19937 random(5);
  for (StreamId id = 1; id < 20; id += 2) {
    const StreamInfo info = RandomInfo(random, id);
    plain.Add(id, 5000, info);
    disturbed.Add(id, 5000, info);
  }
  BookedPolicy& policy = disturbed.policy();
  const auto refuses = [&policy](StreamId id, const StreamInfo& info) {
    EXPECT_EQ(policy.OnOpen(id, info).code(),
              absl::StatusCode::kInvalidArgument);
    for (const Said signal :
         {Said::kRfc7540, Said::kRfc9218, Said::kServer, Said::kHints}) {
      EXPECT_EQ(policy.OnPriority(id, info, signal).code(),
                absl::StatusCode::kInvalidArgument);
    }
  };
  using signals::Rfc7540Priority;
  using signals::Rfc9218Priority;
  refuses(0, {});
  for (const StreamId id : {StreamId{101}, StreamId{3}}) {
    refuses(id, {.rfc7540 = Rfc7540Priority{0, 0, false}});
    refuses(id, {.rfc7540 = Rfc7540Priority{0, 257, false}});
    refuses(id, {.rfc7540 = Rfc7540Priority{id, 16, false}});
    refuses(id, {.rfc9218 = Rfc9218Priority{8, false}});
    refuses(id, {.rfc9218 = Rfc9218Priority{-1, false}});
  }
  EXPECT_EQ(policy.OnOpen(3, {}).code(), absl::StatusCode::kAlreadyExists);
  policy.OnClose(999);
  policy.SetReady(999);
  policy.SetBlocked(999);
  policy.OnClose(0);
  policy.SetReady(3);  // ready already
  EXPECT_EQ(plain.Run(), disturbed.Run());
}

// Of signals for idle ids, which a policy may have no room for: a call that is
// refused leaves no trace in anything that is decided later.
TEST_P(ConformanceTest, ARefusedSignalHasNoEffect) {
  PolicyOptions options;
  options.max_streams = 4;
  options.max_closed_streams = 2;
  size_t refused = 0;
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    PolicyDriver plain(MakeIt(options), 1000);
    PolicyDriver disturbed(MakeIt(options), 1000);
    for (int i = 0; i < 40; ++i) {
      const StreamId id = 3 + 2 * (random() % 12);
      const StreamInfo info = RandomInfo(random, id);
      const auto signal = static_cast<Said>(random() % 4);
      if (disturbed.policy().OnPriority(id, info, signal).ok()) {
        EXPECT_TRUE(plain.policy().OnPriority(id, info, signal).ok());
      } else {
        ++refused;
      }
    }
    for (StreamId id = 1; id < 30; id += 2) {
      plain.Add(id, 5000);
      disturbed.Add(id, 5000);
      ASSERT_EQ(plain.Run(2), disturbed.Run(2)) << "seed " << seed;
    }
    ASSERT_EQ(plain.Run(), disturbed.Run()) << "seed " << seed;
  }
  EXPECT_GT(refused, 100u);
}

// CVE-2016-6580: a peer may name any id. Closed or skipped ones are free.
TEST_P(ConformanceTest, SignalsForIdsThatNeverOpenAreBoundedAndHarmless) {
  PolicyOptions options;
  options.max_streams = 50;
  const std::unique_ptr<BookedPolicy> policy = MakeIt(options);
  ASSERT_TRUE(policy->OnOpen(1001, {}).ok());
  const auto flood = [&policy](StreamId first) {
    size_t refused = 0;
    for (StreamId i = 0; i < 10000; ++i) {
      const StreamInfo info = {.rfc7540 = signals::Rfc7540Priority{},
                               .rfc9218 = signals::Rfc9218Priority{}};
      const absl::Status status =
          policy->OnPriority(first + 2 * i, info, Said::kRfc7540);
      if (!status.ok()) {
        EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
        ++refused;
      }
    }
    return refused;
  };
  const int64_t before = sluice::testing::LiveBytes();
  EXPECT_GE(flood(1003), 10000u - 50u);
  EXPECT_LE(sluice::testing::LiveBytes() - before, 64 * 1024);
  // Room or not, a stream that opens is served.
  for (StreamId id = 1003; id < 1303; id += 2) {
    ASSERT_TRUE(policy->OnOpen(id, {}).ok());
  }
  policy->SetReady(1301);
  ASSERT_TRUE(policy->Pick().has_value());
  policy->Charge(1301, 1);
}

TEST_P(ConformanceTest, PickAndChargeDoNotAllocate) {
  const std::unique_ptr<BookedPolicy> policy = MakeIt();
  std::mt19937 random(2);
  for (StreamId id = 1; id < 200; id += 2) {
    ASSERT_TRUE(policy->OnOpen(id, RandomInfo(random, id)).ok());
    policy->SetReady(id);
  }
  policy->SetBlocked(1);  // so the policy knows the last one
  policy->SetReady(1);
  const uint64_t before = sluice::testing::Allocations();
  size_t decisions = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::optional<Grant> grant = policy->Pick();
    if (!grant.has_value()) break;
    policy->Charge(grant->stream_id, 1 + random() % grant->max_bytes);
    ++decisions;
  }
  EXPECT_EQ(sluice::testing::Allocations(), before);
  EXPECT_EQ(decisions, 10000u);
}

// CVE-2023-44487: open and reset, over and over.
TEST_P(ConformanceTest, OpeningAndClosingOverAndOverDoesNotGrow) {
  const std::unique_ptr<BookedPolicy> policy = MakeIt();
  std::mt19937 random(4);
  int64_t settled = 0;
  StreamId id = 1;
  for (int round = 0; round < 100000; ++round, id += 2) {
    if (round == 10000) settled = sluice::testing::LiveBytes();
    ASSERT_TRUE(policy->OnOpen(id, RandomInfo(random, id)).ok());
    policy->SetReady(id);
    if (round % 3 == 0) {
      const std::optional<Grant> grant = policy->Pick();
      ASSERT_TRUE(grant.has_value());
      policy->Charge(grant->stream_id, 100);
    }
    if (round >= 10) policy->OnClose(id - 20);
  }
  EXPECT_LE(sluice::testing::LiveBytes() - settled, 4096);
}

TEST_P(ConformanceTest, AStreamThatIsReadyAloneGetsEveryGrant) {
  PolicyDriver driver(MakeIt());
  driver.Add(1, 4200);
  EXPECT_EQ(driver.Run(), "1,1,1");
}

TEST_P(ConformanceTest, ClosingWhilePickedAndOpeningAnotherIsSafe) {
  const std::unique_ptr<BookedPolicy> policy = MakeIt();
  ASSERT_TRUE(policy->OnOpen(1, {}).ok());
  policy->SetReady(1);
  for (StreamId id = 3; id < 1000; id += 2) {
    const std::optional<Grant> grant = policy->Pick();
    ASSERT_TRUE(grant.has_value());
    ASSERT_EQ(grant->stream_id, id - 2);
    policy->OnClose(id - 2);
    ASSERT_TRUE(policy->OnOpen(id, {}).ok());
    policy->SetReady(id);
    policy->Charge(id - 2, 1000);
  }
}

// Among streams with random signals; their hints are left out, or not.
std::vector<StreamId> Decisions(BookedPolicy* policy, bool hinted) {
  std::mt19937 random(11);
  for (StreamId id = 1; id < 64; id += 2) {
    StreamInfo info = RandomInfo(random, id);
    if (!hinted) info.hints = {.via = info.hints.via};
    EXPECT_TRUE(policy->OnOpen(id, info).ok());
    policy->SetReady(id);
  }
  std::vector<StreamId> picks;
  for (int i = 0; i < 300; ++i) {
    const std::optional<Grant> grant = policy->Pick();
    picks.push_back(grant->stream_id);
    policy->Charge(grant->stream_id, grant->max_bytes);
  }
  return picks;
}

TEST_P(ConformanceTest, HintsMakeADifferenceOnlyWhereItReadsThem) {
  const std::unique_ptr<BookedPolicy> hinted = MakeIt();
  const std::unique_ptr<BookedPolicy> plain = MakeIt();
  const bool differs =
      Decisions(hinted.get(), true) != Decisions(plain.get(), false);
  EXPECT_TRUE(hinted->policy().ReadsHints() || !differs);
}

INSTANTIATE_TEST_SUITE_P(Policies, ConformanceTest,
                         ::testing::ValuesIn(Specs()), [](const auto& info) {
                           return testing::TestNameOf(info.param);
                         });

// Most policies let some streams wait for others to end; these do not.
class SharingPolicyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SharingPolicyTest, NoStreamStarves) {
  const std::unique_ptr<BookedPolicy> policy = Make(GetParam());
  std::mt19937 random(6);
  std::set<StreamId> waiting;
  for (StreamId id = 1; id < 32; id += 2) {
    ASSERT_TRUE(policy->OnOpen(id, RandomInfo(random, id)).ok());
    policy->SetReady(id);
    waiting.insert(id);
  }
  for (int i = 0; i < 300000 && !waiting.empty(); ++i) {
    const std::optional<Grant> grant = policy->Pick();
    policy->Charge(grant->stream_id, grant->max_bytes);
    waiting.erase(grant->stream_id);
  }
  EXPECT_TRUE(waiting.empty()) << *waiting.begin() << " was never served";
}

INSTANTIATE_TEST_SUITE_P(Policies, SharingPolicyTest,
                         ::testing::Values("rr", "wrr", "firefox"));

}  // namespace
}  // namespace sluice::scheduler
