// Defects of other implementations of RFC 7540 §5.3, one test for each.
// (The scheduler's share of the list, windows and buffers, is tested with it.)
#include <sluice/priority/priority_tree.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/priority/tree_inspector.h"
#include "tests/priority/tree_program.h"
#include "tests/priority/tree_text.h"
#include "tests/support/allocation_counter.h"

namespace sluice::priority {
namespace {

Rfc7540Priority On(StreamId parent, int weight = 16, bool exclusive = false) {
  return {.depends_on = parent, .weight = weight, .exclusive = exclusive};
}

void ExpectSound(const PriorityTree& tree) {
  const absl::Status status = CheckInvariants(tree);
  ASSERT_TRUE(status.ok()) << status << " in " << Dump(tree);
}

uint64_t WorkOf(PriorityTree& tree) { return tree.work().Total(); }

// CVE-2016-6580 (python-hyper/priority): a node for every id a peer names.
TEST(TreeDefects, AFloodOfPrioritiesIsBoundedAndLeavesLiveStreamsAlone) {
  PriorityTree tree;
  for (StreamId id : {1, 3}) {
    ASSERT_TRUE(tree.Insert(id, On(0, id == 1 ? 32 : 64)).ok());
    ASSERT_TRUE(tree.SetReady(id).ok());
  }
  std::map<StreamId, int> served;
  uint64_t most_work = 0;
  for (uint32_t i = 0; i < (1u << 20); ++i) {
    const uint64_t before = WorkOf(tree);
    const absl::Status status = tree.Reprioritise(5 + 2 * i, On(1 + 2 * i));
    ASSERT_TRUE(status.ok() || absl::IsResourceExhausted(status));
    most_work = std::max(most_work, WorkOf(tree) - before);
    if (i % 1024 == 0) {
      ++served[*tree.Pick()];
      tree.Charge(16384);
    }
  }
  EXPECT_LE(Size(tree), PriorityTreeOptions().max_nodes);
  EXPECT_LE(most_work, 4u);
  EXPECT_EQ(served.size(), 2u);
  EXPECT_NEAR(served[3], 2 * served[1], 3);
  ExpectSound(tree);
}

// CVE-2015-8659 (nghttp2): the lifetime of idle nodes. Run it under ASan.
TEST(TreeDefects, IdleAnchorsSurviveEveryOrderOfTheirLives) {
  std::vector<int> order = {0, 1, 2, 3, 4, 5, 6};
  do {
    PriorityTree tree({.max_nodes = 4, .max_closed = 1, .max_idle = 2});
    for (int step : order) {
      switch (step) {
        case 0:
          tree.Reprioritise(11, On(0)).IgnoreError();  // an anchor
          break;
        case 1:
          tree.Insert(1, On(11)).IgnoreError();  // attached to it
          break;
        case 2:
          tree.Insert(11).IgnoreError();  // the anchor opens
          break;
        case 3:  // pushes out what is closed or idle
          for (StreamId id : {21, 23, 25}) tree.Insert(id).IgnoreError();
          break;
        case 4:
          tree.Close(1).IgnoreError();
          break;
        case 5:
          tree.Remove(11).IgnoreError();  // reset and forgotten
          break;
        case 6:
          tree.Reprioritise(13, On(11, 1, true)).IgnoreError();
          break;
      }
      ExpectSound(tree);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

// CVE-2019-9513: resource loop, priorities shuffled over and over.
TEST(TreeDefects, ExclusiveReparentingCostsABoundedAmountOfWork) {
  constexpr StreamId kStreams = 1000;
  PriorityTree tree({.max_nodes = kStreams});
  std::mt19937 random(1);
  for (StreamId id = 1; id <= kStreams; ++id) {
    ASSERT_TRUE(tree.Insert(id, On(random() % id)).ok());
    if (random() % 2 == 0) {
      ASSERT_TRUE(tree.SetReady(id).ok());
    }
  }
  uint64_t most_work = 0;
  const uint64_t start = WorkOf(tree);
  for (int i = 0; i < 100000; ++i) {
    const StreamId id = 1 + random() % kStreams;
    StreamId parent = random() % (kStreams + 1);
    if (parent == id) parent = 0;
    const uint64_t before = WorkOf(tree);
    ASSERT_TRUE(
        tree.Reprioritise(id, On(parent, 1 + random() % 256, true)).ok());
    most_work = std::max(most_work, WorkOf(tree) - before);
  }
  // Up to four walks to the root, and half of the nodes change their group.
  EXPECT_LE(most_work, 6u * kStreams);
  EXPECT_LE(WorkOf(tree) - start, uint64_t{100000} * kStreams);
  ExpectSound(tree);
}

// CVE-2019-9511: a peer that opens its windows byte by byte.
TEST(TreeDefects, OneByteFramesCostWorkInProportionToFrames) {
  PriorityTree tree;
  for (StreamId id = 1; id <= 200; ++id) {
    ASSERT_TRUE(tree.Insert(id, On(0, 1 + id)).ok());
    ASSERT_TRUE(tree.SetReady(id).ok());
  }
  const uint64_t before = WorkOf(tree);
  constexpr uint64_t kFrames = 200000;
  for (uint64_t i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(tree.Pick().has_value());
    tree.Charge(1);
  }
  EXPECT_LE(WorkOf(tree) - before, 3 * kFrames);
}

// CVE-2019-9518: empty frames without an end.
TEST(TreeDefects, APickOfNoBytesMovesOnAndNeverSpins) {
  PriorityTree tree;
  Plant(tree, "(A256(B1)C1)");
  Ready(tree, "ABC");
  // A is always first to be asked, once.
  EXPECT_EQ(Picks(tree, 4, 0), "A,B,C,-");
  ASSERT_TRUE(tree.SetReady(Id('A')).ok());
  EXPECT_EQ(Picks(tree, 2, 0), "A,-");
}

// CVE-2023-44487: streams that open and are reset.
TEST(TreeDefects, AMillionOpensAndClosesDoNotGrow) {
  PriorityTree tree;
  const auto churn = [&tree](StreamId from, StreamId count) {
    for (StreamId id = from; id < from + 2 * count; id += 2) {
      const StreamId parent = id > 8 && id % 3 == 0 ? id - 8 : 0;
      ASSERT_TRUE(tree.Insert(id, On(parent, 1 + id % 256, id % 5 == 0)).ok());
      ASSERT_TRUE(tree.SetReady(id).ok());
      ASSERT_TRUE(tree.Close(id).ok());
    }
  };
  churn(1, 1000);
  const int64_t live = testing::LiveBytes();
  const uint64_t allocations = testing::Allocations();
  churn(2001, 1000000);
  EXPECT_EQ(testing::Allocations(), allocations);
  EXPECT_EQ(testing::LiveBytes(), live);
  EXPECT_EQ(Size(tree), 100u);  // the closed ones that are kept
  ExpectSound(tree);
}

// python-hyper/priority 2.0.0: moving a stream under a descendant that has
// children gave it two parents, and then a cycle.
TEST(TreeDefects, EveryMoveUnderAnOwnDescendantIsSound) {
  constexpr StreamId kStreams = 15;
  for (StreamId x = 1; x <= kStreams; ++x) {
    for (StreamId d = 2 * x; d <= kStreams; ++d) {
      StreamId up = d;
      while (up > x) up /= 2;
      if (up != x) continue;  // d is no descendant of x
      for (bool exclusive : {false, true}) {
        PriorityTree tree;  // a complete binary tree
        for (StreamId id = 1; id <= kStreams; ++id) {
          ASSERT_TRUE(tree.Insert(id, On(id / 2, 1 + id)).ok());
          ASSERT_TRUE(tree.SetReady(id).ok());
        }
        ASSERT_TRUE(tree.Reprioritise(x, On(d, 7, exclusive)).ok());
        ExpectSound(tree);
        EXPECT_EQ(tree.Parent(x), d);
        EXPECT_EQ(tree.Parent(d), x / 2);
        EXPECT_EQ(tree.Weight(d), 1 + static_cast<int>(d));
        // And python-priority went on returning what had been removed.
        for (StreamId gone = 1; gone <= kStreams; ++gone) {
          ASSERT_TRUE(tree.Remove(gone).ok());
          ExpectSound(tree);
          for (int i = 0; i < 40 && HasReady(tree); ++i) {
            EXPECT_GT(*tree.Pick(), gone);
            tree.Charge(1000);
          }
        }
        EXPECT_EQ(Dump(tree), "()");
      }
    }
  }
}

// python-hyper/priority 2.0.0: a priority that changes nothing cost the stream
// its whole share.
TEST(TreeDefects, AnUpdateThatChangesNothingLeavesEveryDecisionAsItWas) {
  PriorityTree plain, updated;
  for (PriorityTree* tree : {&plain, &updated}) {
    Plant(*tree, "(A1B256(C16(D3E5)F1))");
    Ready(*tree, "ADEF");
  }
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i) {
    const size_t bytes = 1 + random() % 16384;
    const StreamId want = *plain.Pick();
    plain.Charge(bytes);
    ASSERT_EQ(*updated.Pick(), want) << "decision " << i;
    if (i % 3 == 0) {  // inside the pull too
      ASSERT_TRUE(updated.Reprioritise(Id('A'), On(0, 1)).ok());
    }
    updated.Charge(bytes);
    ASSERT_TRUE(updated.Reprioritise(Id('A'), On(0, 1)).ok());
    ASSERT_TRUE(updated.Reprioritise(Id('B'), On(0, 256)).ok());
    ASSERT_TRUE(updated.Reprioritise(Id('D'), On(Id('C'), 3)).ok());
    ASSERT_TRUE(updated.SetReady(Id('E')).ok());
    ASSERT_TRUE(updated.SetBlocked(Id('B')).ok());
  }
  EXPECT_EQ(Dump(plain), Dump(updated));
}

// An exclusive dependency of an only child adopts nobody.
TEST(TreeDefects, AnExclusiveUpdateOfAnOnlyChildChangesNothing) {
  PriorityTree tree;
  Plant(tree, "(A16(B16C16))");
  Ready(tree, "BC");
  EXPECT_EQ(Picks(tree, 3), "B,C,B");
  const int64_t tag = Explain(tree, Id('A')).back().tag;
  ASSERT_TRUE(tree.Reprioritise(Id('A'), On(0, 16, true)).ok());
  EXPECT_EQ(Explain(tree, Id('A')).back().tag, tag);
  EXPECT_EQ(Picks(tree, 3), "C,B,C");
}

// golang/net: the list of idle streams held one that had opened, and evicting
// it panicked.
TEST(TreeDefects, OpeningIdlingAndEvictingInAnyOrderAgreesWithTheOracle) {
  std::mt19937_64 random(11);
  for (int run = 0; run < 200; ++run) {
    TreePair pair({.max_nodes = 6, .max_closed = 2, .max_idle = 3});
    for (int i = 0; i < 100; ++i) {
      const auto id = static_cast<StreamId>(1 + random() % 24);
      const auto parent = static_cast<StreamId>(random() % 24);
      TreeOp op = InsertOp{id, std::nullopt};
      switch (random() % 4) {
        case 0:
          op = ReprioritiseOp{id, On(parent)};
          break;
        case 1:
          op = InsertOp{id, On(parent)};
          break;
        case 2:
          op = CloseOp{id};
          break;
        default:
          break;
      }
      const std::optional<std::string> difference = pair.Run(op);
      ASSERT_EQ(difference, std::nullopt) << ToText(op);
    }
  }
}

// golang/net: weight + 1 in a byte turned 256 into the least weight.
TEST(TreeDefects, Weights1And256KeepTheirMeaningOnEveryWayIn) {
  for (int entry = 0; entry < 4; ++entry) {
    PriorityTree tree;
    switch (entry) {
      case 0:
        ASSERT_TRUE(tree.Insert(1, On(0, 1)).ok());
        ASSERT_TRUE(tree.Insert(2, On(0, 256)).ok());
        break;
      case 1:
        ASSERT_TRUE(tree.Insert(1).ok());
        ASSERT_TRUE(tree.Insert(2).ok());
        ASSERT_TRUE(tree.Reprioritise(1, On(0, 1)).ok());
        ASSERT_TRUE(tree.Reprioritise(2, On(0, 256)).ok());
        break;
      case 2:  // idle first
        ASSERT_TRUE(tree.Reprioritise(1, On(0, 1)).ok());
        ASSERT_TRUE(tree.Reprioritise(2, On(0, 256)).ok());
        ASSERT_TRUE(tree.Insert(1).ok());
        ASSERT_TRUE(tree.Insert(2).ok());
        break;
      case 3:  // idle first, said again in HEADERS
        ASSERT_TRUE(tree.Reprioritise(1, On(0, 256)).ok());
        ASSERT_TRUE(tree.Reprioritise(2, On(0, 1)).ok());
        ASSERT_TRUE(tree.Insert(1, On(0, 1)).ok());
        ASSERT_TRUE(tree.Insert(2, On(0, 256)).ok());
        break;
    }
    EXPECT_EQ(Letters(Dump(tree)), "(A1B256)") << entry;
    Ready(tree, "AB");
    int heavy = 0;
    for (int i = 0; i < 257 * 4; ++i) {
      heavy += *tree.Pick() == 2;
      tree.Charge(16384);
    }
    EXPECT_NEAR(heavy, 256 * 4, 1) << entry;
  }
}

// golang/go#66514: a list of children was edited while it was walked.
TEST(TreeDefects, RemovingAParentLosesNoneOfItsChildren) {
  for (StreamId children = 1; children <= 40; ++children) {
    PriorityTree tree;
    ASSERT_TRUE(tree.Insert(1, On(0, 200)).ok());
    ASSERT_TRUE(tree.Insert(2, On(0, 7)).ok());
    std::string expected = "(";
    double sum = 0;
    for (StreamId i = 0; i < children; ++i) {
      ASSERT_TRUE(tree.Insert(3 + i, On(1, 16)).ok());
    }
    ASSERT_TRUE(tree.Remove(1).ok());
    ExpectSound(tree);
    // In their order, in the place of the parent.
    const std::string dump = Dump(tree);
    size_t at = 0;
    for (StreamId i = 0; i < children; ++i) {
      const std::string name = std::to_string(3 + i) + ":";
      at = dump.find((i == 0 ? "(" : " ") + name, at);
      ASSERT_NE(at, std::string::npos) << dump;
      sum += Explain(tree, 3 + i).back().weight;
    }
    EXPECT_NE(dump.find(" 2:7)", at), std::string::npos) << dump;
    EXPECT_EQ(sum, 200.0);
  }
}

// nghttp2 (2016): the descendant went to the root, not to the mover's parent.
TEST(TreeDefects, ADescendantMovesToTheOldParentNotToTheRoot) {
  PriorityTree tree;
  Plant(tree, "(A1(B2(C3(D4(E5)))F6))");
  ASSERT_TRUE(tree.Reprioritise(Id('C'), On(Id('D'), 9)).ok());
  EXPECT_EQ(Letters(Dump(tree)), "(A1(B2(D4(E5C9))F6))");
}

// nghttp2#1322: an idle anchor that opened lost what depended on it.
TEST(TreeDefects, AnIdleAnchorThatOpensKeepsItsSubtree) {
  for (const std::optional<Rfc7540Priority>& headers :
       {std::optional<Rfc7540Priority>(), std::optional(On(0, 201)),
        std::optional(On(4, 201))}) {
    PriorityTree tree;
    ASSERT_TRUE(tree.Insert(4).ok());
    ASSERT_TRUE(tree.Reprioritise(3, On(0, 201)).ok());
    ASSERT_TRUE(tree.Reprioritise(11, On(3, 1)).ok());
    ASSERT_TRUE(tree.Insert(1, On(11, 32)).ok());
    ASSERT_TRUE(tree.Insert(3, headers).ok());
    EXPECT_NE(Dump(tree).find("3:201(11:1(1:32))"), std::string::npos)
        << Dump(tree);
  }
}

// netty#6621: an implicitly made parent was linked to nothing.
TEST(TreeDefects, AnImplicitParentHangsOnTheRoot) {
  PriorityTree tree;
  ASSERT_TRUE(tree.Insert(1, On(99, 5, true)).ok());
  ASSERT_TRUE(tree.Reprioritise(97, On(95, 6)).ok());
  EXPECT_EQ(Dump(tree), "(99:16(1:5) 95:16(97:6))");
  ExpectSound(tree);  // every node is reachable from the root
  ASSERT_TRUE(tree.SetReady(1).ok());
  EXPECT_EQ(*tree.Pick(), 1u);
}

// netty#5980: a stream that was changed while it was written was queued twice.
TEST(TreeDefects, CallsFromInsideThePullLeaveTheTreeSound) {
  using Step = void (*)(PriorityTree&);
  static constexpr Step kSteps[] = {
      [](PriorityTree& t) { t.Close(Id('B')).IgnoreError(); },
      [](PriorityTree& t) { t.Remove(Id('B')).IgnoreError(); },
      [](PriorityTree& t) { t.SetBlocked(Id('B')).IgnoreError(); },
      [](PriorityTree& t) { t.SetReady(Id('B')).IgnoreError(); },
      [](PriorityTree& t) { t.Reprioritise(Id('B'), On(0, 3)).IgnoreError(); },
      [](PriorityTree& t) {
        t.Reprioritise(Id('B'), On(Id('A'), 200)).IgnoreError();
      },
      [](PriorityTree& t) {
        t.Reprioritise(Id('B'), On(Id('A'), 9, true)).IgnoreError();
      },
      [](PriorityTree& t) {
        t.Reprioritise(Id('A'), On(Id('B'), 9, true)).IgnoreError();
      },
      [](PriorityTree& t) { t.Insert(Id('B'), On(0, 4)).IgnoreError(); },
      [](PriorityTree& t) { t.Remove(Id('A')).IgnoreError(); },
      [](PriorityTree& t) {
        t.Insert(Id('F'), On(Id('A'), 4, true)).IgnoreError();
      },
  };
  for (Step first : kSteps) {
    for (Step second : kSteps) {
      for (Step third : kSteps) {
        PriorityTree tree({.max_closed = 1});
        Plant(tree, "(A16(B16(C16)D16)E16)");
        Ready(tree, "BDE");
        ASSERT_EQ(Picks(tree, 1), "B");  // by A
        ASSERT_EQ(Picks(tree, 1), "E");
        ASSERT_EQ(Picks(tree, 1), "D");
        ASSERT_EQ(Picks(tree, 1), "E");
        ASSERT_EQ(*tree.Pick(), Id('B'));
        first(tree);
        second(tree);
        third(tree);
        ExpectSound(tree);
        tree.Charge(16384);
        ExpectSound(tree);
        // Everybody who is ready is served, once each time.
        for (int i = 0; i < 20 && HasReady(tree); ++i) {
          ASSERT_TRUE(tree.Pick().has_value());
          tree.Charge(10000);
          ExpectSound(tree);
        }
      }
    }
  }
}

// All of them: a redistributed weight was at least 1, so that closing a parent
// of weight 1 multiplied its children's share.
TEST(TreeDefects, ClosingAParentOfManyDoesNotInflateItsShare) {
  PriorityTree tree({.max_closed = 0});
  ASSERT_TRUE(tree.Insert(1, On(0, 1)).ok());
  ASSERT_TRUE(tree.Insert(2, On(0, 100)).ok());
  ASSERT_TRUE(tree.SetReady(2).ok());
  for (StreamId id = 10; id < 110; ++id) {
    ASSERT_TRUE(tree.Insert(id, On(1, 16)).ok());
    ASSERT_TRUE(tree.SetReady(id).ok());
  }
  const auto share = [&tree] {
    // Long, since each child of weight 1/100 is served in 1 of 10,100 frames.
    constexpr int kFrames = 5000000;
    double group = 0, all = 0;
    for (int i = 0; i < kFrames; ++i) {
      const StreamId id = *tree.Pick();
      tree.Charge(16384);
      group += id != 2;
      ++all;
    }
    return group / all;
  };
  const double before = share();
  ASSERT_TRUE(tree.Close(1).ok());
  const double after = share();
  EXPECT_NEAR(before, 1.0 / 101, 1e-4);
  EXPECT_NEAR(after, before, 1.0 / 256 / 101);
}

}  // namespace
}  // namespace sluice::priority
