// Base of policies that seat streams in a fixed tree of groups by their kind,
// as browsers and the research literature do. Everything in a group, streams
// and groups alike, shares by weight; in a chained group the streams go one by
// one instead, in the order in which they opened.
//
// Bytes are shared by priority/priority_tree.h, exactly; ties go to the smaller
// stream id, between groups to the one that was added first.
//
// Pick and Charge: O(log n) for each level with several active members on the
// way. Neither allocates. Everything else: O(log n), amortised.
#ifndef SLUICE_SCHEDULER_CLASS_TREE_POLICY_H_
#define SLUICE_SCHEDULER_CLASS_TREE_POLICY_H_

#include <sluice/priority/priority_tree.h>
#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>  // IWYU pragma: export
#include <sluice/scheduler/ready_queue.h>
#include <sluice/scheduler/register_policy.h>  // IWYU pragma: export
#include <sluice/scheduler/stream_map.h>
#include <sluice/scheduler/translation.h>  // IWYU pragma: export

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"

namespace sluice::scheduler {

class ClassTreePolicy : public Policy {
 public:
  void OnOpen(StreamId id, const StreamInfo& info) final;
  void OnPriority(StreamId id, const StreamInfo& info, Signal changed) final;
  void OnClose(StreamId id) final;
  void SetReady(StreamId id) final;
  void SetBlocked(StreamId id) final;
  std::optional<Grant> Pick() final;
  void Charge(StreamId id, size_t bytes) final;
  size_t ExplainPick(absl::Span<PathLevel> levels) const final;

 protected:
  using Group = StreamId;  // its node in the tree
  static constexpr Group kRoot = 0;

  struct Seat {
    Group group = kRoot;
    int weight = signals::kDefaultWeight;  // 1…256
    StringView rule;                       // a literal, for PickReason
    friend bool operator==(const Seat&, const Seat&) = default;
  };

  explicit ClassTreePolicy(const PolicyOptions& options);

  // For constructors: a group under another one or the root, at most 16. A
  // chained one holds no groups.
  Group AddGroup(Group parent, int weight, bool chained = false);

  // For constructors: `group` has weight 1 while a stream is open in `other`.
  void YieldTo(Group group, Group other) { StateOf(other).makes_yield = group; }

  // The seat of a stream. Called when it opens and when its info changes.
  virtual Seat SeatOf(const StreamInfo& info) const = 0;

 private:
  struct Member : ReadyQueue::Entry {  // `order`: by arrival
    Seat seat;
    bool ready = false;
  };
  struct GroupState {
    Group parent = kRoot;
    int weight = signals::kDefaultWeight;
    bool chained = false;
    size_t members = 0;
    std::optional<Group> makes_yield;  // has weight 1 while we have members
    // A chained group stands in the tree for its streams: it is ready while one
    // of them is. These are the ready ones.
    ReadyQueue chain;
  };

  // The tree knows groups by ids that the book gives to no stream.
  static constexpr size_t kMaxGroups = 16;
  static constexpr Group kFirstGroup = 0x80000000 - 2 * kMaxGroups;
  static_assert(kFirstGroup == kFirstReservedId);
  static size_t IndexOf(Group group) { return (group - kFirstGroup) / 2; }
  static bool IsGroup(StreamId id) { return id % 2 == 0 && id >= kFirstGroup; }
  GroupState& StateOf(Group group) { return groups_[IndexOf(group)]; }
  Member& Find(StreamId id) { return *members_.Find(id); }
  void Join(Member& member);
  void Leave(Member& member);
  // Makes the tree know that a member is ready, or not any more.
  void Show(Member& member, bool ready);
  void CountMembers(Group group, int change);

  const size_t max_grant_;
  priority::PriorityTree tree_;
  priority::ResourceVector<GroupState> groups_;
  StreamMap<Member> members_;
  int64_t arrivals_ = 0;
  Group picked_chain_ = kRoot;  // of the pick, if any
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_CLASS_TREE_POLICY_H_
