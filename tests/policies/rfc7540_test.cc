// The policy rfc7540: what it makes of signals, overrides and options. The tree
// itself is tested in tests/priority.
#include <sluice/priority/priority_tree.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using signals::Rfc7540Priority;
using testing::BookedPolicy;
using testing::Make;
using testing::Said;

StreamInfo Client(Rfc7540Priority priority) { return {.rfc7540 = priority}; }

StreamInfo Field(int urgency) {
  return {.rfc9218 = signals::Rfc9218Priority{.urgency = urgency}};
}

StreamInfo Server(StreamInfo info, Rfc7540Priority priority) {
  info.server = ServerPriority{.rfc7540 = priority};
  return info;
}

class Rfc7540Test : public ::testing::Test {
 protected:
  // The next `count` picks of 16 KiB, as "1,3,1".
  std::string Picks(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const std::optional<Grant> grant = policy_->Pick();
      if (!grant.has_value()) return text + "-";
      policy_->Charge(grant->stream_id, grant->max_bytes);
      text += (i > 0 ? "," : "") + std::to_string(grant->stream_id);
    }
    return text;
  }
  void Open(StreamId id, const StreamInfo& info) {
    ASSERT_TRUE(policy_->OnOpen(id, info).ok());
    policy_->SetReady(id);
  }

  std::unique_ptr<BookedPolicy> policy_ = Make("rfc7540");
};

TEST_F(Rfc7540Test, ADependentWaitsForItsParent) {
  Open(3, Client({.depends_on = 5}));
  Open(5, {});  // was a placeholder
  EXPECT_EQ(Picks(2), "5,5");
  policy_->SetBlocked(5);
  EXPECT_EQ(Picks(1), "3");
}

TEST_F(Rfc7540Test, TheClientsFramesDoNotMoveAStreamThatTheServerPlaced) {
  Open(1, {});
  Open(3, Server(Client({.depends_on = 1}), {.weight = 16}));
  EXPECT_EQ(Picks(4), "1,3,1,3");
  const StreamInfo again = Server(Client({.depends_on = 1, .weight = 9}), {});
  ASSERT_TRUE(policy_->OnPriority(3, again, Said::kRfc7540).ok());
  EXPECT_EQ(Picks(4), "1,3,1,3");
  // Taken back: where the client wants it.
  ASSERT_TRUE(
      policy_
          ->OnPriority(3, Client({.depends_on = 1, .weight = 9}), Said::kServer)
          .ok());
  EXPECT_EQ(Picks(4), "1,1,1,1");
}

TEST_F(Rfc7540Test, HintsAndRfc9218SignalsMoveNothing) {
  Open(1, {});
  Open(3, Client({.weight = 48}));
  EXPECT_EQ(Picks(4), "3,3,3,1");
  StreamInfo info = Client({.depends_on = 1});
  info.hints.above_the_fold = true;
  info.rfc9218 = signals::Rfc9218Priority{.urgency = 0};
  ASSERT_TRUE(policy_->OnPriority(3, info, Said::kHints).ok());
  ASSERT_TRUE(policy_->OnPriority(3, info, Said::kRfc9218).ok());
  EXPECT_EQ(Picks(4), "3,3,3,1");
}

// A stream of which only RFC 9218 signals are known weighs 128, 64, 32, 16 … by
// its urgency. By finish tags, in KiB per unit of weight: 3 at 0.5, 1, 1.5, 2;
// 1 and 5 at 1, 2.
TEST_F(Rfc7540Test, AnUrgencySetsTheWeightOfAStreamWithoutADependency) {
  Open(1, Field(3));  // 16
  Open(3, Field(2));  // 32
  Open(5, {});        // 16
  EXPECT_EQ(Picks(8), "3,1,5,3,3,1,5,3");
}

TEST_F(Rfc7540Test, APriorityUpdateChangesTheWeightAndNotThePlace) {
  Open(1, Field(3));
  Open(3, Client({.depends_on = 1}));
  Open(5, Field(3));
  ASSERT_TRUE(policy_->OnPriority(5, Field(1), Said::kRfc9218).ok());  // 64
  EXPECT_EQ(Picks(5), "5,5,5,1,5");
  // An exclusive dependency takes 5 as a child; its weight there is of no use.
  Open(7, Client({.exclusive = true}));
  ASSERT_TRUE(policy_->OnPriority(5, Field(0), Said::kRfc9218).ok());
  EXPECT_EQ(Picks(3), "7,7,7");
}

TEST_F(Rfc7540Test, AnUpdateBeforeTheStreamOpensGivesItsWeight) {
  ASSERT_TRUE(policy_->OnPriority(3, Field(1), Said::kRfc9218).ok());
  ASSERT_TRUE(policy_->OnPriority(5, Field(1), Said::kRfc9218).ok());
  Open(1, {});
  Open(3, {});
  Open(5, Client({.weight = 16}));  // what the tree reads itself wins
  EXPECT_EQ(Picks(6), "3,3,3,1,5,3");
}

TEST_F(Rfc7540Test, TheApplicationsUrgencyHoldsUntilItIsTakenBack) {
  Open(1, {});
  Open(3, Field(3));
  StreamInfo overridden = Field(3);
  overridden.server = ServerPriority{
      .rfc9218 = signals::Rfc9218Priority{.urgency = 1, .incremental = true}};
  ASSERT_TRUE(policy_->OnPriority(3, overridden, Said::kServer).ok());
  EXPECT_EQ(Picks(5), "3,3,3,1,3");
  ASSERT_TRUE(policy_->OnPriority(3, Field(3), Said::kServer).ok());
  EXPECT_EQ(Picks(4), "1,3,1,3");
}

TEST_F(Rfc7540Test, ARepeatedExclusivePriorityAdoptsTheNewSiblings) {
  const StreamInfo exclusive = Client({.exclusive = true});
  Open(1, exclusive);
  Open(3, {});
  EXPECT_EQ(Picks(2), "1,3");
  ASSERT_TRUE(policy_->OnPriority(1, exclusive, Said::kRfc7540).ok());
  EXPECT_EQ(Picks(3), "1,1,1");
}

// h2o PR#2273: a target that was rewritten to the stream itself went unchecked.
TEST_F(Rfc7540Test, AnOverrideIsValidatedLikeTheClientsOwnPriority) {
  Open(1, {});
  Open(3, {});
  EXPECT_EQ(Picks(2), "1,3");
  for (const Rfc7540Priority& bad :
       {Rfc7540Priority{.depends_on = 3}, Rfc7540Priority{.weight = 0},
        Rfc7540Priority{.weight = 257}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        policy_->OnPriority(3, Server({}, bad), Said::kServer)));
    EXPECT_TRUE(absl::IsInvalidArgument(
        policy_->OnPriority(3, Client(bad), Said::kRfc7540)));
    EXPECT_TRUE(absl::IsInvalidArgument(
        policy_->OnOpen(5, Server(Client({}), {.depends_on = 5}))));
  }
  EXPECT_EQ(Picks(4), "1,3,1,3");
  Open(5, {});  // nothing was left of the refused calls
}

// The limit of open and idle ids together is that of the other policies.
// RFC 7540 §5.3.1: a dependency on a stream that is not in the tree is the
// default priority.
TEST(Rfc7540RoomTest, AParentThatHasNoRoomGivesTheDefaultPriority) {
  PolicyOptions options;
  options.max_streams = 6;
  options.max_closed_streams = 0;
  const std::unique_ptr<Policy> policy = *CreatePolicy("rfc7540", options);
  StreamBook book(policy.get(), 6);
  StreamRecord first;
  StreamRecord second;
  for (StreamRecord* record : {&first, &second}) {
    book.Open(record == &first ? 1 : 3, record);
    book.SetReady(record);
  }
  for (const StreamId id : {101, 103}) {
    book.SetRfc7540(id, nullptr, {.depends_on = id + 100},
                    signals::SignalSource::kFrame);
  }
  book.SetRfc7540(3, &second, {.depends_on = 1}, signals::SignalSource::kFrame);
  EXPECT_EQ(book.Pick()->stream_id, 1u);
  book.Charge(1, &first, 1000);
  // 3 leaves 1, and shares with it by the default weight.
  book.SetRfc7540(3, &second, {.depends_on = 999, .weight = 256},
                  signals::SignalSource::kFrame);
  size_t bytes = 0;
  for (int i = 0; i < 90; ++i) {
    const StreamId id = book.Pick()->stream_id;
    if (id == 3) bytes += 1000;
    book.Charge(id, id == 1 ? &first : &second, 1000);
  }
  EXPECT_NEAR(bytes, 45000, 2000);
}

TEST_F(Rfc7540Test, OpenStreamsLeaveLessRoomForIdleOnes) {
  PolicyOptions options;
  options.max_streams = 3;
  policy_ = Make("rfc7540", options);
  Open(1, {});
  const auto update = [this](StreamId id, int urgency) {
    return policy_->OnPriority(id, Field(urgency), Said::kRfc9218);
  };
  EXPECT_TRUE(update(5, 2).ok());
  EXPECT_TRUE(update(7, 2).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(update(9, 2)));
  EXPECT_TRUE(update(5, 1).ok());  // known
  EXPECT_TRUE(update(1, 1).ok());  // open
  // Opening makes the oldest give way.
  Open(3, {});
  policy_->OnClose(1);
  policy_->OnClose(3);
  Open(5, {});
  Open(7, {});
  EXPECT_EQ(Picks(3), "7,5,7");
}

TEST_F(Rfc7540Test, APriorityForAForgottenStreamIsIgnored) {
  Open(9, {});
  EXPECT_TRUE(policy_->OnPriority(7, Client({}), Said::kRfc7540).ok());
  EXPECT_TRUE(policy_->OnPriority(7, Server({}, {}), Said::kServer).ok());
  EXPECT_EQ(Picks(1), "9");
}

TEST_F(Rfc7540Test, OptionsAreChecked) {
  EXPECT_TRUE(CreatePolicy("rfc7540:exact=true").ok());
  for (const char* spec : {"rfc7540:exact=maybe", "rfc7540:depth=3"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CreatePolicy(spec).status())) << spec;
  }
  PolicyOptions no_grant, no_streams, large_grant;
  no_grant.max_grant = 0;
  no_streams.max_streams = 0;
  large_grant.max_grant = priority::kMaxTreeGrant + 1;
  for (const PolicyOptions& bad : {no_grant, no_streams, large_grant}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CreatePolicy("rfc7540", bad).status()));
  }
}

}  // namespace
}  // namespace sluice::scheduler
