// What the policies have in common that seat streams in a fixed tree of groups
// by what they are, as browsers and the research literature do. Everything in a
// group, streams and groups alike, shares by weight; in a chained group the
// streams go one by one instead, in the order in which they opened.
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
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_map.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
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
    absl::string_view rule;                // a literal, for PickReason
    friend bool operator==(const Seat&, const Seat&) = default;
  };

  explicit ClassTreePolicy(const PolicyOptions& options);

  // For constructors: a group under another one or the root, at most 16. A
  // chained one holds no groups.
  Group AddGroup(Group parent, int weight, bool chained = false);

  // For constructors: `group` has weight 1 while a stream is open in `other`.
  void YieldTo(Group group, Group other);

  // Where a stream sits. Called when it opens and when what is known of it
  // changes.
  virtual Seat SeatOf(const StreamInfo& info) const = 0;

 private:
  using Chain =
      std::map<int64_t, StreamId, std::less<>,
               priority::ResourceAllocator<std::pair<const int64_t, StreamId>>>;
  struct GroupState {
    Group parent = kRoot;
    int weight = signals::kDefaultWeight;
    bool chained = false;
    size_t members = 0;
    std::optional<Group> makes_yield;  // has weight 1 while we have members
    Chain chain;                       // by arrival
  };
  struct Member {
    Seat seat;
    int64_t arrival = 0;
  };

  // The tree knows groups by ids that the book gives to no stream.
  static constexpr size_t kMaxGroups = 16;
  static constexpr Group kFirstGroup = 0x80000000 - 2 * kMaxGroups;
  static_assert(kFirstGroup == kFirstReservedId);
  static size_t IndexOf(Group group) { return (group - kFirstGroup) / 2; }
  static bool IsGroup(StreamId id) { return id % 2 == 0 && id >= kFirstGroup; }
  GroupState& StateOf(Group group) { return groups_[IndexOf(group)]; }
  void Join(StreamId id, const Member& member, bool is_new);
  void LeaveChain(const Member& member);
  void CountMembers(Group group, int change);

  const size_t max_grant_;
  priority::PriorityTree tree_;
  priority::ResourceVector<GroupState> groups_;
  StreamMap<Member> members_;
  int64_t arrivals_ = 0;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_CLASS_TREE_POLICY_H_
