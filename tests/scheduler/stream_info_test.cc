#include "scheduler/stream_info.h"

#include <optional>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {
namespace {

using priority::Rfc7540Priority;
using priority::Rfc9218Priority;

bool Valid(StreamId id, const StreamInfo& info) {
  const absl::Status status = ValidateStreamInfo(id, info);
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  }
  return status.ok();
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

TEST(StreamInfoTest, WhatIsUnsaidIsFilledAndWhatIsSaidStays) {
  StreamInfo earlier;
  earlier.rfc7540 = Rfc7540Priority{0, 32, false};
  earlier.rfc9218 = Rfc9218Priority{5, true};
  earlier.hints.preload = true;
  StreamInfo info;
  info.rfc7540 = Rfc7540Priority{1, 8, true};
  FillFromEarlier(earlier, &info);
  EXPECT_EQ(info.rfc7540, (Rfc7540Priority{1, 8, true}));
  EXPECT_EQ(info.rfc9218, earlier.rfc9218);
  EXPECT_TRUE(info.hints.preload);
  info.rfc7540.reset();
  FillFromEarlier(earlier, &info);
  EXPECT_EQ(info.rfc7540, earlier.rfc7540);
}

// RFC 9218 §7.
TEST(StreamInfoTest, APriorityUpdateThatCameEarlierGoesOverTheField) {
  StreamInfo earlier;
  earlier.rfc9218 = Rfc9218Priority{5, true};
  StreamInfo info;
  info.rfc9218 = Rfc9218Priority{1, false};
  FillFromEarlier(earlier, &info);
  EXPECT_EQ(info.rfc9218, (Rfc9218Priority{5, true}));
  FillFromEarlier(StreamInfo(), &info);
  EXPECT_EQ(info.rfc9218, (Rfc9218Priority{5, true}));
}

}  // namespace
}  // namespace sluice::scheduler
