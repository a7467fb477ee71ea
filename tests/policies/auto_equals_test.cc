// auto before the first signal: equal shares, as the tree gives them.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using testing::BookedPolicy;
using testing::Make;
using testing::PolicyDriver;
using testing::Said;

StreamInfo Below(StreamId parent, bool exclusive = false, int weight = 16) {
  StreamInfo info;
  info.rfc7540 = signals::Rfc7540Priority{parent, weight, exclusive};
  return info;
}

// Calls that do the same to `auto` and to the tree.
class Pair {
 public:
  explicit Pair(uint32_t seed) : random_(seed) {}

  void Change() {
    switch (random_() % 5) {
      case 0:
        if (open_.size() == 12) return Close();
        for (BookedPolicy* policy : {auto_.get(), tree_.get()}) {
          ASSERT_TRUE(policy->OnOpen(next_, {}).ok());
        }
        open_.insert(next_);
        next_ += 2;
        return;
      case 1:
        return random_() % 4 == 0 ? Close() : void();
      case 2:
        return SetBlocked(Any());
      default:
        return SetReady(Any());
    }
  }

  // One frame; other streams, and its own, may change in mid-frame.
  void Send() {
    const std::optional<Grant> grant = auto_->Pick();
    const std::optional<Grant> tree_grant = tree_->Pick();
    ASSERT_EQ(grant.has_value(), tree_grant.has_value());
    ASSERT_EQ(grant.has_value(), !ready_.empty());
    if (!grant.has_value()) return;
    ASSERT_EQ(grant->stream_id, tree_grant->stream_id);
    ASSERT_EQ(grant->max_bytes, tree_grant->max_bytes);
    if (random_() % 4 == 0) Change();
    const size_t whole = random_() % 3;
    const size_t bytes = whole > 0 ? grant->max_bytes : random_() % 16384;
    auto_->Charge(grant->stream_id, bytes);
    tree_->Charge(grant->stream_id, bytes);
    if (bytes == 0 && open_.contains(grant->stream_id)) {
      SetBlocked(grant->stream_id);
    }
  }

 private:
  StreamId Any() {
    if (open_.empty()) return 0;
    auto at = open_.begin();
    std::advance(at, random_() % open_.size());
    return *at;
  }
  void Close() {
    const StreamId id = Any();
    if (id == 0) return;
    auto_->OnClose(id);
    tree_->OnClose(id);
    open_.erase(id);
    ready_.erase(id);
  }
  // At most eight: with more the tree compares in steps.
  void SetReady(StreamId id) {
    if (id == 0 || (ready_.size() == 8 && !ready_.contains(id))) return;
    auto_->SetReady(id);
    tree_->SetReady(id);
    ready_.insert(id);
  }
  void SetBlocked(StreamId id) {
    if (id == 0) return;
    auto_->SetBlocked(id);
    tree_->SetBlocked(id);
    ready_.erase(id);
  }

  const std::unique_ptr<BookedPolicy> auto_ = Make("auto");
  const std::unique_ptr<BookedPolicy> tree_ = Make("rfc7540");
  std::mt19937 random_;
  std::set<StreamId> open_;
  std::set<StreamId> ready_;
  StreamId next_ = 1;
};

TEST(AutoEqualsTest, UpToEightReadyStreamsGoAsUnderTheTree) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Pair pair(seed);
    for (int step = 0; step < 500; ++step) {
      pair.Change();
      pair.Send();
      ASSERT_FALSE(::testing::Test::HasFatalFailure());
    }
  }
}

TEST(AutoEqualsTest, AStreamThatComesBackGoesBeforeThoseThatSentMeanwhile) {
  PolicyDriver driver(Make("auto"), /*frame=*/16384);
  driver.Add(1, 1 << 20);
  driver.Add(3, 1 << 20);
  driver.Add(5, 1 << 20);
  EXPECT_EQ(driver.Run(3), "1,3,5");
  driver.policy().SetBlocked(5);
  EXPECT_EQ(driver.Run(4), "1,3,1,3");
  driver.policy().SetReady(5);
  EXPECT_EQ(driver.Run(3), "5,1,3");
}

std::string RuleOf(const Grant& grant) {
  return std::string(grant.reason.rule.data(), grant.reason.rule.size());
}

// Their list is short, so that a decision is.
TEST(AutoEqualsTest, ASeventeenthReadyStreamBeginsTheTreeAndChangesNoShare) {
  PolicyDriver driver(Make("auto"), /*frame=*/16384);
  for (StreamId id = 1; id <= 31; id += 2) driver.Add(id, 1 << 20);
  driver.Run(16);
  std::optional<Grant> grant = driver.policy().Pick();
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(RuleOf(*grant), "equal shares: no signal yet");
  driver.policy().Charge(grant->stream_id, 16384);
  driver.Add(33, 1 << 20);
  grant = driver.policy().Pick();
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(RuleOf(*grant), "smallest finish tag on its path");
  driver.policy().Charge(grant->stream_id, 16384);
  driver.Run(17 * 10);
  for (StreamId id = 1; id <= 31; id += 2) {
    EXPECT_EQ(driver.sent(id) / 16384, 11u) << id;
  }
  EXPECT_EQ(driver.sent(33) / 16384, 10u);
}

TEST(AutoEqualsTest, TheFirstDependencyMakesTheTreeDecide) {
  PolicyDriver driver(Make("auto"));
  driver.Add(1, 14000);
  driver.Add(3, 14000);
  EXPECT_EQ(driver.Run(4), "1,3,1,3");
  driver.Add(5, 2800, Below(0, /*exclusive=*/true));
  EXPECT_EQ(driver.Run(4), "5,5,1,3");
}

TEST(AutoEqualsTest, APriorityFrameForAnOpenStreamMakesTheTreeDecide) {
  PolicyDriver driver(Make("auto"));
  driver.Add(1, 14000);
  driver.Add(3, 14000);
  driver.Add(5, 14000);
  ASSERT_TRUE(driver.policy().OnPriority(1, Below(5), Said::kRfc7540).ok());
  EXPECT_EQ(driver.Run(4), "5,3,5,3");
  // An exclusive one adopts all that it finds.
  ASSERT_TRUE(
      driver.policy().OnPriority(3, Below(0, true), Said::kRfc7540).ok());
  EXPECT_EQ(driver.Run(3), "3,3,3");
}

TEST(AutoEqualsTest, TheSignalOfAnIdleStreamMakesTheTreeDecide) {
  PolicyDriver driver(Make("auto"));
  driver.Add(1, 14000);
  ASSERT_TRUE(driver.policy().OnPriority(7, Below(0), Said::kRfc7540).ok());
  ASSERT_TRUE(driver.policy().OnPriority(1, Below(7), Said::kRfc7540).ok());
  driver.Add(7, 2800);
  EXPECT_EQ(driver.Run(3), "7,7,1");
}

TEST(AutoEqualsTest, TheApplicationsWordMakesTheTreeDecide) {
  PolicyDriver driver(Make("auto"));
  driver.Add(1, 14000);
  driver.Add(3, 14000);
  StreamInfo info;
  info.server = ServerPriority{.rfc7540 = signals::Rfc7540Priority{3, 16}};
  ASSERT_TRUE(driver.policy().OnPriority(1, info, Said::kServer).ok());
  EXPECT_EQ(driver.Run(3), "3,3,3");
}

TEST(AutoEqualsTest, TheOneWhoseTurnItIsGoesFirstUnderTheTreeToo) {
  PolicyDriver driver(Make("auto"), /*frame=*/16384);
  for (const StreamId id : {1, 3, 5}) driver.Add(id, 1 << 20);
  EXPECT_EQ(driver.Run(4), "1,3,5,1");
  ASSERT_TRUE(driver.policy().OnPriority(9, Below(0), Said::kRfc7540).ok());
  EXPECT_EQ(driver.Run(3), "3,5,1");
}

// Which may change under the pick, and has nothing to charge then.
TEST(AutoEqualsTest, ASignalBetweenPickAndChargeIsObeyedAtOnce) {
  PolicyDriver driver(Make("auto"));
  driver.Add(1, 14000);
  driver.Add(3, 14000);
  BookedPolicy& policy = driver.policy();
  const std::optional<Grant> grant = policy.Pick();
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(grant->stream_id, 1u);
  EXPECT_EQ(RuleOf(*grant), "equal shares: no signal yet");
  ASSERT_TRUE(policy.OnPriority(1, Below(3), Said::kRfc7540).ok());
  policy.Charge(1, 1400);
  EXPECT_EQ(driver.Run(2), "3,3");
}

TEST(AutoEqualsTest, TheLikelyNextAreThoseOfTheNextPicks) {
  const std::unique_ptr<Policy> policy = *CreatePolicy("auto");
  const StreamInfo info;
  for (const StreamId id : {1, 3, 5}) {
    policy->OnOpen(id, info);
    policy->SetReady(id);
  }
  std::array<StreamId, 2> next = {};
  EXPECT_EQ(policy->LikelyNext(absl::MakeSpan(next)), 2u);
  EXPECT_EQ(next[0], 1u);
  EXPECT_EQ(next[1], 3u);
  policy->SetBlocked(1);
  policy->SetBlocked(5);
  EXPECT_EQ(policy->LikelyNext(absl::MakeSpan(next)), 1u);
  EXPECT_EQ(next[0], 3u);
}

// RFC 7540 §5.3.1: the default priority, not a place below an idle stream.
TEST(AutoEqualsTest, ADependencyOnWhatClosedBeforeIsTheDefaultOne) {
  PolicyDriver driver(Make("auto"), /*frame=*/16384);
  for (const StreamId id : {1, 3, 5}) driver.Add(id, 1 << 24);
  BookedPolicy& policy = driver.policy();
  for (const StreamId id : {7, 9}) {
    ASSERT_TRUE(policy.OnOpen(id, {}).ok());
    policy.OnClose(id);
  }
  for (const StreamId id : {1, 3}) {
    ASSERT_TRUE(
        policy.OnPriority(id, Below(7, false, 200), Said::kRfc7540).ok());
  }
  driver.Run(300);
  for (const StreamId id : {1, 3, 5}) {
    EXPECT_NEAR(driver.sent(id) / 16384, 100, 2) << id;
  }
}

// A PRIORITY frame for one is nothing; else they would take the room of those
// that are idle.
TEST(AutoEqualsTest, WhatClosedBeforeIsNotIdle) {
  for (const char* name : {"rfc7540", "auto"}) {
    PolicyOptions options;
    options.max_streams = 10;
    options.max_closed_streams = 0;
    BookedPolicy policy(*CreatePolicy(name, options), options.max_streams);
    for (StreamId id = 1; id <= 41; id += 2) {
      ASSERT_TRUE(policy.OnOpen(id, {}).ok());
      policy.OnClose(id);
    }
    for (StreamId id = 1; id <= 41; id += 2) {
      EXPECT_TRUE(policy.OnPriority(id, Below(0), Said::kRfc7540).ok())
          << name << " " << id;
    }
    EXPECT_TRUE(policy.OnPriority(43, Below(0), Said::kRfc7540).ok()) << name;
  }
}

// A refusal would have changed the policy all the same. The stream's idle
// parent needs a place, too.
TEST(AutoEqualsTest, TheSignalThatBeginsTheTreeIsNotRefused) {
  for (size_t most = 1; most <= 4; ++most) {
    for (size_t closed = 0; closed <= 3; ++closed) {
      PolicyOptions options;
      options.max_streams = most;
      options.max_closed_streams = closed;
      BookedPolicy policy(*CreatePolicy("auto", options), most);
      for (const StreamId id : {1, 2, 3, 4}) {
        ASSERT_TRUE(policy.OnOpen(id, {}).ok());
        policy.OnClose(id);
      }
      for (StreamId id = 5; id < 5 + most - 1; ++id) {
        ASSERT_TRUE(policy.OnOpen(id, {}).ok());
      }
      EXPECT_TRUE(policy.OnPriority(21, Below(22), Said::kRfc7540).ok())
          << most << " open, " << closed << " closed";
    }
  }
}

// Policy::ExplainPick(): only a level with a single candidate may be left out.
TEST(AutoEqualsTest, APickAmongEqualsIsExplained) {
  for (const char* name : {"rfc7540", "rr", "auto"}) {
    const std::unique_ptr<Policy> policy = *CreatePolicy(name);
    const StreamInfo info;
    for (const StreamId id : {1, 3, 5}) {
      policy->OnOpen(id, info);
      policy->SetReady(id);
    }
    const std::optional<Grant> grant = policy->Pick();
    ASSERT_TRUE(grant.has_value());
    std::array<PathLevel, 2> levels;
    ASSERT_EQ(policy->ExplainPick(absl::MakeSpan(levels)), 1u) << name;
    EXPECT_EQ(levels[0].child, grant->stream_id) << name;
    EXPECT_EQ(levels[0].active, 3u) << name;
  }
}

}  // namespace
}  // namespace sluice::scheduler
