// The tags of scheduler/ranked_policy.h, looked at through ExplainPick().
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using testing::BookedPolicy;
using testing::Make;
using testing::Said;

constexpr int64_t kUnits = 256;  // a byte at weight 1

StreamInfo Class(ResourceClass resource_class) {
  return {.hints = {.resource_class = resource_class}};
}

// How the next pick, which must be `id`, stands.
PathLevel NextIs(StreamId id, BookedPolicy& policy) {
  const std::optional<Grant> grant = policy.Pick();
  EXPECT_EQ(grant->stream_id, id);
  PathLevel level;
  EXPECT_EQ(policy.ExplainPick(absl::MakeSpan(&level, 1)), 1u);
  EXPECT_EQ(level.child, id);
  policy.Charge(id, 0);
  return level;
}

// The charge goes to the path that Pick() took, whatever is said in between.
TEST(RankedPolicyTest, ANewWeightCountsFromBehindTheChargeOfThePick) {
  const std::unique_ptr<BookedPolicy> policy = Make("wrr");
  ASSERT_TRUE(policy->OnOpen(1, Class(ResourceClass::kCss)).ok());
  policy->SetReady(1);
  ASSERT_EQ(policy->Pick()->stream_id, 1u);
  ASSERT_TRUE(
      policy->OnPriority(1, Class(ResourceClass::kImage), Said::kHints).ok());
  policy->Charge(1, 1000);
  const PathLevel level = NextIs(1, *policy);
  EXPECT_EQ(level.tag, 1000 * kUnits / 256);
  EXPECT_EQ(level.weight, 8);
}

TEST(RankedPolicyTest, BytesPickedInOneGroupAreChargedThereNotInTheNext) {
  const std::unique_ptr<BookedPolicy> policy = Make("spdyrr");
  for (const StreamId id : {1, 3}) {
    ASSERT_TRUE(policy->OnOpen(id, Class(ResourceClass::kCss)).ok());
    policy->SetReady(id);
  }
  ASSERT_EQ(policy->Pick()->stream_id, 1u);
  ASSERT_TRUE(
      policy->OnPriority(1, Class(ResourceClass::kImage), Said::kHints).ok());
  policy->Charge(1, 1000);
  // Its lag behind the group's clock, 15,384 bytes, came along to where the
  // clock is 0.
  policy->SetBlocked(3);
  const PathLevel level = NextIs(1, *policy);
  EXPECT_EQ(level.group, 1 + 3u);
  EXPECT_EQ(level.tag, -(16384 - 1000) * kUnits);
}

TEST(RankedPolicyTest, TheRemainderOfADivisionIsNotLost) {
  const std::unique_ptr<BookedPolicy> policy = Make("wrr");
  ASSERT_TRUE(policy->OnOpen(1, Class(ResourceClass::kJs)).ok());  // 24
  policy->SetReady(1);
  for (int i = 0; i < 24; ++i) {
    policy->Pick();
    policy->Charge(1, 1);
  }
  EXPECT_EQ(NextIs(1, *policy).tag, kUnits);
}

TEST(RankedPolicyTest, AStreamThatWasAwayComesBackAtTheClockLessOneGrant) {
  const std::unique_ptr<BookedPolicy> policy = Make("rr");
  for (const StreamId id : {3, 1}) {  // 1 opens, so the policy knows 3
    ASSERT_TRUE(policy->OnOpen(id, {}).ok());
    policy->SetReady(id);
  }
  policy->SetBlocked(3);
  for (int i = 0; i < 100; ++i) {
    policy->Pick();
    policy->Charge(1, 16384);
  }
  policy->SetReady(3);
  const PathLevel level = NextIs(3, *policy);
  EXPECT_EQ(level.clock, 100 * 16384 * kUnits);
  EXPECT_EQ(level.tag, level.clock - 16384 * kUnits);
}

TEST(RankedPolicyTest, APickThatWasClosedHasNoPath) {
  const std::unique_ptr<BookedPolicy> policy = Make("rr");
  ASSERT_TRUE(policy->OnOpen(1, {}).ok());
  policy->SetReady(1);
  ASSERT_EQ(policy->Pick()->stream_id, 1u);
  policy->OnClose(1);
  PathLevel level;
  EXPECT_EQ(policy->ExplainPick(absl::MakeSpan(&level, 1)), 0u);
}

}  // namespace
}  // namespace sluice::scheduler
