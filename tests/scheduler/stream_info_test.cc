#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <optional>

#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using signals::Rfc7540Priority;
using signals::Rfc9218Priority;

bool Valid(StreamId id, const StreamInfo& info) {
  FaultText text;
  return FindFault(id, info, &text) == nullptr;
}

TEST(StreamInfoTest, WeightsAre1To256AndUrgencies0To7) {
  EXPECT_TRUE(Valid(1, {}));
  EXPECT_FALSE(Valid(0, {}));
  EXPECT_TRUE(Valid(1, {.rfc7540 = Rfc7540Priority{0, 1, false}}));
  EXPECT_TRUE(Valid(1, {.rfc7540 = Rfc7540Priority{0, 256, false}}));
  EXPECT_FALSE(Valid(1, {.rfc7540 = Rfc7540Priority{0, 0, false}}));
  EXPECT_FALSE(Valid(1, {.rfc7540 = Rfc7540Priority{0, 257, false}}));
  EXPECT_TRUE(Valid(1, {.rfc9218 = Rfc9218Priority{0, false}}));
  EXPECT_TRUE(Valid(1, {.rfc9218 = Rfc9218Priority{7, true}}));
  EXPECT_FALSE(Valid(1, {.rfc9218 = Rfc9218Priority{-1, false}}));
  EXPECT_FALSE(Valid(1, {.rfc9218 = Rfc9218Priority{8, true}}));
}

TEST(StreamInfoTest, AStreamMayNotDependOnItself_Rfc7540Section531) {
  EXPECT_FALSE(Valid(5, {.rfc7540 = Rfc7540Priority{5, 16, false}}));
  EXPECT_TRUE(Valid(5, {.rfc7540 = Rfc7540Priority{3, 16, true}}));
}

TEST(StreamInfoTest, TheOverrideIsCheckedToo) {
  ServerPriority server;
  server.rfc9218 = Rfc9218Priority{9, false};
  EXPECT_FALSE(Valid(1, {.server = server}));
  server.rfc9218.reset();
  server.rfc7540 = Rfc7540Priority{1, 16, false};
  EXPECT_FALSE(Valid(1, {.server = server}));
}

TEST(StreamInfoTest, TheOverrideReplacesOnlyTheKindItSets) {
  StreamInfo info;
  info.rfc7540 = Rfc7540Priority{0, 32, false};
  info.rfc9218 = Rfc9218Priority{5, true};
  EXPECT_EQ(EffectiveRfc7540(info), info.rfc7540);
  info.server = ServerPriority{.rfc9218 = Rfc9218Priority{0, false}};
  EXPECT_EQ(EffectiveRfc7540(info), info.rfc7540);
  EXPECT_EQ(EffectiveRfc9218(info), info.server->rfc9218);
  info.server.reset();
  EXPECT_EQ(EffectiveRfc9218(info), (Rfc9218Priority{5, true}));
}

}  // namespace
}  // namespace sluice::scheduler
