// The policy of docs/writing-a-policy.md, built from the page itself, does what
// the page says. The conformance suite is linked in too and runs over it.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstdint>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using testing::BookedPolicy;
using testing::Make;
using testing::PolicyDriver;
using testing::Said;

StreamInfo Size(uint64_t bytes) {
  return {.hints = {.bytes_remaining = bytes}};
}

TEST(WritingAPolicyTest, ShortBodiesShareAndLongOnesWaitInRequestOrder) {
  PolicyDriver driver(Make("mice:limit=5000"));
  driver.Add(1, 2800);
  driver.Add(3, 7000, Size(7000));
  driver.Add(5, 2800, Size(2800));
  driver.Add(7, 2800, Size(2800));
  EXPECT_EQ(driver.Run(), "5,7,5,7,1,1,3,3,3,3,3");
}

TEST(WritingAPolicyTest, ASizeThatIsLearntLateMovesTheStreamAtOnce) {
  PolicyDriver driver(Make("mice"));
  driver.Add(1, 140000);
  driver.Add(3, 1400);
  EXPECT_EQ(driver.Run(1), "1");
  ASSERT_TRUE(driver.policy().OnPriority(3, Size(1400), Said::kHints).ok());
  EXPECT_EQ(driver.Run(2), "3,1");
}

TEST(WritingAPolicyTest, ItsOptionIsChecked) {
  EXPECT_EQ(CreatePolicy("mice:limit=0").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CreatePolicy("mice:size=9").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace sluice::scheduler
