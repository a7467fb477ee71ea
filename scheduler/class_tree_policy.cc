#include <sluice/priority/priority_tree.h>
#include <sluice/scheduler/class_tree_policy.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/base/macros.h"
#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::scheduler {
namespace {

// A chain has one child in each place, so its weights decide nothing.
constexpr int kChainWeight = 256;

// These edits cannot fail: the nodes exist and the weights are checked.
void Must(const absl::Status& status) {
  ABSL_ASSERT(status.ok());
  static_cast<void>(status);
}

}  // namespace

ClassTreePolicy::ClassTreePolicy(const PolicyOptions& options)
    : max_grant_(options.max_grant),
      tree_({.max_nodes = options.max_streams + kMaxGroups,
             .max_closed = 0,
             .max_grant = options.max_grant,
             .order = priority::TreeOrder::kExactById}) {}

ClassTreePolicy::Group ClassTreePolicy::AddGroup(Group parent, int weight,
                                                 bool chained) {
  ABSL_ASSERT(groups_.size() < kMaxGroups);
  const Group group = kFirstGroup + 2 * static_cast<Group>(groups_.size());
  GroupState& state = groups_.emplace_back();
  state.parent = parent;
  state.weight = weight;
  state.chained = chained;
  Must(tree_.Insert(group, signals::Rfc7540Priority{parent, weight, false}));
  return group;
}

void ClassTreePolicy::YieldTo(Group group, Group other) {
  StateOf(other).makes_yield = group;
}

void ClassTreePolicy::OnOpen(StreamId id, const StreamInfo& info) {
  const Member member = {SeatOf(info), arrivals_++};
  members_.emplace(id, member);
  Join(id, member, /*is_new=*/true);
}

// A seat depends on the whole state, whatever changed.
void ClassTreePolicy::OnPriority(StreamId id, const StreamInfo& info, Signal) {
  Member& member = members_.find(id)->second;
  const Seat seat = SeatOf(info);
  if (seat == member.seat) return;
  const bool same_place =
      seat.group == member.seat.group &&
      (seat.weight == member.seat.weight || StateOf(seat.group).chained);
  if (same_place) {
    member.seat = seat;
    return;
  }
  LeaveChain(member);
  CountMembers(member.seat.group, -1);
  member.seat = seat;
  Join(id, member, /*is_new=*/false);
}

void ClassTreePolicy::OnClose(StreamId id) {
  const auto found = members_.find(id);
  const Member member = found->second;
  members_.erase(found);
  // The rest of a chain takes the place of the stream in the tree.
  Must(tree_.Close(id));
  GroupState& group = StateOf(member.seat.group);
  if (group.chained) group.chain.erase(member.arrival);
  CountMembers(member.seat.group, -1);
}

void ClassTreePolicy::SetReady(StreamId id) { Must(tree_.SetReady(id)); }

void ClassTreePolicy::SetBlocked(StreamId id) { Must(tree_.SetBlocked(id)); }

std::optional<Grant> ClassTreePolicy::Pick() {
  const std::optional<StreamId> id = tree_.Pick();
  if (!id.has_value()) return std::nullopt;
  return Grant{*id, max_grant_, {members_.find(*id)->second.seat.rule}};
}

void ClassTreePolicy::Charge(StreamId, size_t bytes) { tree_.Charge(bytes); }

// A group is no stream: its number stands in `group`.
size_t ClassTreePolicy::ExplainPick(absl::Span<PathLevel> levels) const {
  const size_t count = tree_.ExplainPick(levels);
  for (PathLevel& level : levels.first(std::min(count, levels.size()))) {
    if (IsGroup(level.parent)) {
      level.group = static_cast<uint32_t>(IndexOf(level.parent)) + 1;
      level.parent = 0;
    }
    if (IsGroup(level.child)) level.child = 0;
  }
  return count;
}

// Puts the stream where its seat says; in a chain, behind the one that opened
// last before it.
void ClassTreePolicy::Join(StreamId id, const Member& member, bool is_new) {
  GroupState& group = StateOf(member.seat.group);
  signals::Rfc7540Priority place = {member.seat.group, member.seat.weight,
                                    false};
  if (group.chained) {
    const auto next = group.chain.lower_bound(member.arrival);
    if (next != group.chain.begin()) place.depends_on = std::prev(next)->second;
    place.weight = kChainWeight;
    place.exclusive = true;
    group.chain.emplace_hint(next, member.arrival, id);
  }
  Must(is_new ? tree_.Insert(id, place) : tree_.Reprioritise(id, place));
  CountMembers(member.seat.group, 1);
}

// Takes a stream out of its chain without those behind it: they move up first.
void ClassTreePolicy::LeaveChain(const Member& member) {
  GroupState& group = StateOf(member.seat.group);
  if (!group.chained) return;
  const auto at = group.chain.find(member.arrival);
  const auto next = std::next(at);
  if (next != group.chain.end()) {
    const StreamId before =
        at == group.chain.begin() ? member.seat.group : std::prev(at)->second;
    Must(tree_.Reprioritise(next->second, {before, kChainWeight, false}));
  }
  group.chain.erase(at);
}

void ClassTreePolicy::CountMembers(Group group, int change) {
  GroupState& state = StateOf(group);
  const bool was_empty = state.members == 0;
  state.members += static_cast<size_t>(change);
  const bool is_empty = state.members == 0;
  if (!state.makes_yield.has_value() || was_empty == is_empty) return;
  const GroupState& other = StateOf(*state.makes_yield);
  Must(tree_.Reprioritise(
      *state.makes_yield,
      {other.parent, is_empty ? other.weight : signals::kMinWeight, false}));
}

}  // namespace sluice::scheduler
