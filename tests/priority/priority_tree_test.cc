// The dependency tree's shape: RFC 7540 §5.3, and the lives of streams.
#include <sluice/priority/priority_tree.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/priority/tree_inspector.h"
#include "tests/priority/tree_text.h"

namespace sluice::priority {
namespace {

Rfc7540Priority On(char parent, int weight = 16, bool exclusive = false) {
  return {.depends_on = Id(parent), .weight = weight, .exclusive = exclusive};
}
Rfc7540Priority OnRoot(int weight = 16, bool exclusive = false) {
  return {.depends_on = 0, .weight = weight, .exclusive = exclusive};
}

class TreeShape : public testing::Test {
 protected:
  std::string Text() {
    EXPECT_TRUE(CheckInvariants(tree_).ok()) << CheckInvariants(tree_);
    return Letters(Dump(tree_));
  }
  PriorityTree tree_;
};

TEST_F(TreeShape, AnEmptyTreeHasNothingReady) {
  EXPECT_EQ(Text(), "()");
  EXPECT_EQ(tree_.Pick(), std::nullopt);
  EXPECT_FALSE(HasReady(tree_));
}

// RFC 7540 §5.3.5.
TEST_F(TreeShape, AStreamWithoutPriorityDependsOnTheRootWithWeight16) {
  ASSERT_TRUE(tree_.Insert(1).ok());
  EXPECT_EQ(Text(), "(A16)");
}

TEST_F(TreeShape, ChildrenKeepTheOrderInWhichTheyCame) {
  Plant(tree_, "(A6(B5C4(D3)E9)F1)");
  EXPECT_EQ(Text(), "(A6(B5C4(D3)E9)F1)");
}

// RFC 7540 §5.3.1, figure 4.
TEST_F(TreeShape, AnExclusiveDependencyAdoptsTheParentsChildren) {
  Plant(tree_, "(A16(B16C16))");
  ASSERT_TRUE(tree_.Insert(Id('D'), On('A', 16, true)).ok());
  EXPECT_EQ(Text(), "(A16(D16(B16C16)))");
}

TEST_F(TreeShape, AnExclusiveDependencyOnTheRootAdoptsEverything) {
  Plant(tree_, "(A1B2)");
  ASSERT_TRUE(tree_.Insert(Id('C'), OnRoot(7, true)).ok());
  EXPECT_EQ(Text(), "(C7(A1B2))");
}

// RFC 7540 §5.3.3: its own dependents come first, the adopted ones after.
TEST_F(TreeShape, AnExclusiveMoveKeepsTheMoversOwnDependents) {
  Plant(tree_, "(A1(B2(C3))D4(E5F6G7))");
  ASSERT_TRUE(tree_.Reprioritise(Id('B'), On('D', 9, true)).ok());
  EXPECT_EQ(Text(), "(A1D4(B9(C3E5F6G7)))");
}

TEST_F(TreeShape, AnExclusiveMoveAmongItsOwnSiblingsAdoptsThem) {
  Plant(tree_, "(A1(B2C3(D4)E5))");
  ASSERT_TRUE(tree_.Reprioritise(Id('C'), On('A', 8, true)).ok());
  EXPECT_EQ(Text(), "(A1(C8(D4B2E5)))");
}

// RFC 7540 §5.3.3, figure 5: F is the mover's descendant.
TEST_F(TreeShape, ANewParentThatIsADescendantMovesToTheOldParentFirst) {
  Plant(tree_, "(X1(A16(B16C16(D16E16(F16)))))");
  ASSERT_TRUE(tree_.Reprioritise(Id('A'), On('D')).ok());
  EXPECT_EQ(Text(), "(X1(D16(A16(B16C16(E16(F16))))))");
}

TEST_F(TreeShape, ANewParentThatIsADescendantMovesFirstInAnExclusiveMoveToo) {
  Plant(tree_, "(A16(B16C16(D16(G2H3)E16(F16))))");
  ASSERT_TRUE(tree_.Reprioritise(Id('A'), On('D', 16, true)).ok());
  EXPECT_EQ(Text(), "(D16(A16(B16C16(E16(F16))G2H3)))");
}

TEST_F(TreeShape, ADescendantKeepsItsWeightWhenItMovesUp) {
  Plant(tree_, "(A16(B99(C3)))");
  ASSERT_TRUE(tree_.Reprioritise(Id('A'), On('B', 5)).ok());
  EXPECT_EQ(Text(), "(B99(C3A5))");
}

// RFC 7540 §5.3.4.
TEST_F(TreeShape, ChildrenOfARemovedStreamShareItsWeight) {
  Plant(tree_, "(A16(B3C1)D8)");
  ASSERT_TRUE(tree_.Remove(Id('A')).ok());
  EXPECT_EQ(Text(), "(B12C4D8)");
}

TEST_F(TreeShape, RemovedWeightIsConservedInFractions) {
  Plant(tree_, "(A1(B1C1D1))");
  ASSERT_TRUE(tree_.Remove(Id('A')).ok());
  EXPECT_EQ(Text(), "(B0.333C0.333D0.333)");
  double sum = 0;
  for (char c : {'B', 'C', 'D'}) sum += Explain(tree_, Id(c)).back().weight;
  EXPECT_EQ(sum, 1.0);
  EXPECT_EQ(tree_.Weight(Id('B')), 1);  // reported rounded, at least 1
}

TEST_F(TreeShape, AShareThatRoundsToNothingIsStillAWeight) {
  Plant(tree_, "(A1(B256C1(D1E256)))");
  ASSERT_TRUE(tree_.Remove(Id('A')).ok());
  ASSERT_TRUE(tree_.Remove(Id('C')).ok());
  EXPECT_GT(Explain(tree_, Id('D')).back().weight, 0);
  ASSERT_TRUE(tree_.SetReady(Id('D')).ok());
  EXPECT_EQ(tree_.Pick(), Id('D'));
}

TEST_F(TreeShape, AStreamOnItselfIsRefused) {
  Plant(tree_, "(A6(B5))");
  const absl::Status expected = absl::InvalidArgumentError(
      "stream 2 depends on itself; it may depend on 0 or another "
      "stream (RFC 7540 §5.3.1)");
  EXPECT_EQ(tree_.Reprioritise(Id('B'), On('B')), expected);
  EXPECT_EQ(tree_.Insert(Id('C'), On('C')),
            absl::InvalidArgumentError(
                "stream 3 depends on itself; it may depend on 0 or another "
                "stream (RFC 7540 §5.3.1)"));
  EXPECT_EQ(Text(), "(A6(B5))");
}

TEST_F(TreeShape, ARefusalGivesTheArgumentAndTheLimit) {
  Plant(tree_, "(A6)");
  for (int weight : {0, -1, 257}) {
    const auto fault = [weight](StreamId id) {
      return absl::InvalidArgumentError(
          absl::StrCat("weight ", weight, " of stream ", id,
                       " is not 1 to 256 (RFC 7540 §5.3.2)"));
    };
    EXPECT_EQ(tree_.Insert(2, OnRoot(weight)), fault(2));
    EXPECT_EQ(tree_.Reprioritise(1, OnRoot(weight)), fault(1));
  }
  for (StreamId id : {StreamId{0}, StreamId{1} << 31}) {
    const absl::Status fault = absl::InvalidArgumentError(absl::StrCat(
        id, " is no stream's id: ids are 1 to 2147483647 (RFC 9113 §5.1.1)"));
    EXPECT_EQ(tree_.Insert(id), fault);
    EXPECT_EQ(tree_.Reprioritise(id, OnRoot()), fault);
    if (id != 0) {
      EXPECT_EQ(tree_.Insert(3, Rfc7540Priority{.depends_on = id}), fault);
    }
  }
  EXPECT_EQ(tree_.Insert(1),
            absl::AlreadyExistsError("stream 1 has been opened before"));
  for (StreamId id : {0, 3}) {
    const absl::Status fault =
        absl::NotFoundError(absl::StrCat("stream ", id, " is not open"));
    EXPECT_EQ(tree_.Close(id), fault);
    EXPECT_EQ(tree_.SetReady(id), fault);
    EXPECT_EQ(tree_.SetBlocked(id), fault);
    EXPECT_EQ(tree_.Remove(id), absl::NotFoundError(absl::StrCat(
                                    "stream ", id, " is not in the tree")));
  }
  EXPECT_EQ(Text(), "(A6)");
}

// RFC 7540 §5.3.1: a stream not in the tree. Idle ids become placeholders.
TEST_F(TreeShape, AnIdleParentBecomesAPlaceholder) {
  ASSERT_TRUE(
      tree_.Insert(3, Rfc7540Priority{.depends_on = 5, .weight = 7}).ok());
  EXPECT_EQ(Dump(tree_), "(5:16(3:7))");
  EXPECT_EQ(tree_.State(5), StreamState::kIdle);
}

TEST_F(TreeShape, ASkippedParentMakesTheWholeDependencyTheDefault) {
  ASSERT_TRUE(tree_.Insert(9).ok());
  ASSERT_TRUE(tree_
                  .Insert(11,
                          Rfc7540Priority{
                              .depends_on = 7, .weight = 99, .exclusive = true})
                  .ok());
  EXPECT_EQ(Dump(tree_), "(9:16 11:16)");
}

TEST_F(TreeShape, ParityHasItsOwnHighestId) {
  ASSERT_TRUE(tree_.Insert(9).ok());
  ASSERT_TRUE(tree_.Insert(2, Rfc7540Priority{.depends_on = 4}).ok());
  EXPECT_EQ(Dump(tree_), "(9:16 4:16(2:16))");
}

TEST_F(TreeShape, APriorityForAForgottenIdIsMissing) {
  ASSERT_TRUE(tree_.Insert(9).ok());
  EXPECT_EQ(tree_.Reprioritise(7, OnRoot()).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(TreeShape, TheNewestIdIsForgottenAsTheOthersAre) {
  ASSERT_TRUE(tree_.Insert(9).ok());
  ASSERT_TRUE(tree_.Remove(9).ok());
  EXPECT_EQ(tree_.Reprioritise(9, OnRoot()).code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(
      tree_.Insert(11, Rfc7540Priority{.depends_on = 9, .weight = 99}).ok());
  EXPECT_EQ(Dump(tree_), "(11:16)");
}

TEST_F(TreeShape, AnIdleStreamThatOpensWithoutPriorityKeepsItsPlace) {
  ASSERT_TRUE(tree_.Reprioritise(3, OnRoot(201)).ok());
  ASSERT_TRUE(tree_.Insert(5, Rfc7540Priority{.depends_on = 3}).ok());
  EXPECT_EQ(tree_.SetReady(3).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(tree_.Insert(3).ok());
  EXPECT_EQ(Dump(tree_), "(3:201(5:16))");
  EXPECT_EQ(tree_.State(3), StreamState::kOpen);
}

// Firefox opens 15 first; 3 … 13 are its groups, never opened.
TEST_F(TreeShape, PlaceholdersSurviveTheImplicitClosingOfLowerIds) {
  ASSERT_TRUE(tree_.Reprioritise(3, OnRoot(201)).ok());
  ASSERT_TRUE(tree_.Reprioritise(11, On('C', 1)).ok());
  ASSERT_TRUE(tree_.Insert(15, Rfc7540Priority{.depends_on = 11}).ok());
  EXPECT_EQ(Dump(tree_), "(3:201(11:1(15:16)))");
  ASSERT_TRUE(tree_.Reprioritise(11, OnRoot(2)).ok());
  EXPECT_EQ(Dump(tree_), "(3:201 11:2(15:16))");
}

TEST_F(TreeShape, AClosedStreamRoutesBandwidthUntilItIsPushedOut) {
  PriorityTree tree({.max_nodes = 10, .max_closed = 2});
  Plant(tree, "(A8(B1C3)D8E8F8)");
  ASSERT_TRUE(tree.Close(Id('A')).ok());
  EXPECT_EQ(tree.Close(Id('A')).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(tree.Insert(Id('A')).code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(tree.Close(Id('D')).ok());
  EXPECT_EQ(Letters(Dump(tree)), "(A8(B1C3)D8E8F8)");
  // First out the oldest childless one, though A is older.
  ASSERT_TRUE(tree.Close(Id('E')).ok());
  EXPECT_EQ(Letters(Dump(tree)), "(A8(B1C3)E8F8)");
  EXPECT_EQ(Count(tree, StreamState::kClosed), 2u);
}

TEST_F(TreeShape, TheOldestClosedStreamIsRedistributedWhenNoneIsChildless) {
  PriorityTree tree({.max_nodes = 10, .max_closed = 1});
  Plant(tree, "(A8(B1C3)D8(E5))");
  ASSERT_TRUE(tree.Close(Id('A')).ok());
  ASSERT_TRUE(tree.Close(Id('D')).ok());
  EXPECT_EQ(Letters(Dump(tree)), "(B2C6D8(E5))");
}

TEST_F(TreeShape, TheLimitIsExact) {
  PriorityTree tree({.max_nodes = 4, .max_closed = 4});
  for (StreamId id : {3, 5, 7}) {
    ASSERT_TRUE(tree.Reprioritise(id, OnRoot()).ok());
  }
  // Two are needed, one is there.
  EXPECT_EQ(tree.Reprioritise(11, {.depends_on = 9}).code(),
            absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(tree.Reprioritise(9, OnRoot()).ok());
  EXPECT_EQ(tree.Reprioritise(11, OnRoot()).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(tree.Reprioritise(9, {.depends_on = 11}).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Dump(tree), "(3:16 5:16 7:16 9:16)");
  // A move that needs no new node still works.
  EXPECT_TRUE(tree.Reprioritise(9, {.depends_on = 3}).ok());
}

TEST_F(TreeShape, OpeningPushesOutClosedThenIdleStreamsButNotTheParent) {
  PriorityTree tree({.max_nodes = 3, .max_closed = 3});
  ASSERT_TRUE(tree.Reprioritise(9, OnRoot()).ok());
  ASSERT_TRUE(tree.Insert(1).ok());
  ASSERT_TRUE(tree.Insert(3).ok());
  ASSERT_TRUE(tree.Close(1).ok());
  ASSERT_TRUE(tree.Close(3).ok());
  ASSERT_TRUE(tree.Insert(5, Rfc7540Priority{.depends_on = 1}).ok());
  EXPECT_EQ(Dump(tree), "(9:16 1:16(5:16))");
  ASSERT_TRUE(tree.Insert(7, Rfc7540Priority{.depends_on = 1}).ok());
  EXPECT_EQ(Dump(tree), "(1:16(5:16 7:16))");
  // Only the parent is left to go: the dependency becomes the default.
  ASSERT_TRUE(tree.Insert(11, Rfc7540Priority{.depends_on = 1}).ok());
  EXPECT_EQ(Dump(tree), "(5:8 7:8 11:16)");
}

TEST_F(TreeShape, OpeningNeverFailsForLackOfRoom) {
  PriorityTree tree({.max_nodes = 2, .max_closed = 2});
  for (StreamId id = 1; id < 100; id += 2) {
    ASSERT_TRUE(tree.Insert(id, Rfc7540Priority{.depends_on = id - 1}).ok());
    ASSERT_TRUE(tree.SetReady(id).ok());
  }
  EXPECT_EQ(Count(tree, StreamState::kOpen), 50u);
  EXPECT_TRUE(CheckInvariants(tree).ok()) << CheckInvariants(tree);
  // Closing brings it back under its limit; none is retained meanwhile.
  for (StreamId id = 1; id < 95; id += 2) ASSERT_TRUE(tree.Close(id).ok());
  EXPECT_EQ(Size(tree), 3u);
  EXPECT_TRUE(CheckInvariants(tree).ok()) << CheckInvariants(tree);
}

// RFC 7540 §5.3.1: a dependent gets nothing while its parent can send.
TEST_F(TreeShape, AReadyStreamGoesBeforeItsDependents) {
  Plant(tree_, "(A16(B16(C16)))");
  Ready(tree_, "CBA");
  EXPECT_EQ(Picks(tree_, 2), "A,A");
  ASSERT_TRUE(tree_.SetBlocked(Id('A')).ok());
  EXPECT_EQ(Picks(tree_, 2), "B,B");
  ASSERT_TRUE(tree_.Close(Id('B')).ok());
  EXPECT_EQ(Picks(tree_, 1), "C");
  ASSERT_TRUE(tree_.SetReady(Id('A')).ok());
  EXPECT_EQ(Picks(tree_, 1), "A");
}

TEST_F(TreeShape, SiblingsShareByWeightWhateverTheirFrames) {
  Plant(tree_, "(A32B224)");
  Ready(tree_, "AB");
  uint64_t sent[3] = {};
  for (int i = 0; i < 4000; ++i) {
    const StreamId id = *tree_.Pick();
    const size_t bytes = id == 1 ? 16384 : 1000;
    tree_.Charge(bytes);
    sent[id] += bytes;
  }
  EXPECT_NEAR(static_cast<double>(sent[2]) / 7, static_cast<double>(sent[1]),
              16384 * (1 + 1.0 / 7));
}

TEST_F(TreeShape, EqualsTakeTurnsInTheOrderTheyBecameReady) {
  Plant(tree_, "(A16B16C16)");
  Ready(tree_, "BCA");
  EXPECT_EQ(Picks(tree_, 7), "B,C,A,B,C,A,B");
}

TEST_F(TreeShape, ExplainShowsTheLevelsOfThePathAndTheirTags) {
  Plant(tree_, "(A16(B8C8)D16)");
  Ready(tree_, "BCD");
  EXPECT_EQ(Picks(tree_, 1), "B");
  const auto levels = Explain(tree_, Id('B'));
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_EQ(levels[0].child, Id('A'));
  EXPECT_EQ(levels[0].active, 2u);
  EXPECT_EQ(levels[0].tag, 256 * 16384 / 16);
  EXPECT_EQ(levels[0].clock, 256 * 16384 / 16);
  EXPECT_EQ(levels[0].key, 2 * 256 * 16384 / 16);
  EXPECT_EQ(levels[1].parent, Id('A'));
  EXPECT_EQ(levels[1].tag, 256 * 16384 / 8);
  EXPECT_EQ(levels[1].weight, 8);
  EXPECT_TRUE(levels[1].child_active);
  EXPECT_TRUE(Explain(tree_, 99).empty());
}

TEST_F(TreeShape, AnEmptyChargeBlocksUntilTheNextReady) {
  Plant(tree_, "(A16B16)");
  Ready(tree_, "AB");
  EXPECT_EQ(Picks(tree_, 3, 0), "A,B,-");
  Ready(tree_, "A");
  EXPECT_EQ(Picks(tree_, 2), "A,A");
}

}  // namespace
}  // namespace sluice::priority
