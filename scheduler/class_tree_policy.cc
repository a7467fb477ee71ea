#include <sluice/priority/priority_tree.h>
#include <sluice/scheduler/class_tree_policy.h>
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

using ::sluice::signals::Rfc7540Priority;

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
  Must(tree_.Insert(group, Rfc7540Priority{parent, weight, false}));
  return group;
}

void ClassTreePolicy::OnOpen(StreamId id, const StreamInfo& info) {
  Member& member = members_.Insert(id);
  member.id = id;
  member.order = arrivals_++;
  member.seat = SeatOf(info);
  Join(member);
}

// A seat depends on the whole state, whatever changed.
void ClassTreePolicy::OnPriority(StreamId id, const StreamInfo& info, Signal) {
  Member& member = Find(id);
  const Seat seat = SeatOf(info);
  const bool moves = seat.group != member.seat.group;
  const bool reweighs = !moves && seat.weight != member.seat.weight &&
                        !StateOf(seat.group).chained;
  if (moves) Leave(member);
  member.seat = seat;
  if (moves) Join(member);
  if (reweighs) Must(tree_.Reprioritise(id, {seat.group, seat.weight, false}));
}

void ClassTreePolicy::OnClose(StreamId id) {
  Leave(Find(id));
  members_.Erase(id);
}

void ClassTreePolicy::SetReady(StreamId id) {
  Member& member = Find(id);
  if (!std::exchange(member.ready, true)) Show(member, true);
}

void ClassTreePolicy::SetBlocked(StreamId id) {
  Member& member = Find(id);
  if (std::exchange(member.ready, false)) Show(member, false);
}

std::optional<Grant> ClassTreePolicy::Pick() {
  const std::optional<StreamId> node = tree_.Pick();
  if (!node.has_value()) return std::nullopt;
  picked_chain_ = IsGroup(*node) ? *node : kRoot;
  const StreamId id =
      picked_chain_ == kRoot ? *node : StateOf(*node).chain.top()->id;
  return Grant{id, max_grant_, {Find(id).seat.rule}};
}

// After a charge of 0 the tree blocks the node that it picked. Of a chain, that
// is the stream and not the group.
void ClassTreePolicy::Charge(StreamId id, size_t bytes) {
  tree_.Charge(bytes);
  if (bytes > 0) return;
  if (members_.Find(id) != nullptr) SetBlocked(id);
  if (picked_chain_ != kRoot && !StateOf(picked_chain_).chain.empty()) {
    Must(tree_.SetReady(picked_chain_));
  }
}

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

void ClassTreePolicy::Join(Member& member) {
  const Seat& seat = member.seat;
  if (!StateOf(seat.group).chained) {
    Must(tree_.Insert(member.id,
                      Rfc7540Priority{seat.group, seat.weight, false}));
  }
  CountMembers(seat.group, 1);
  if (member.ready) Show(member, true);
}

void ClassTreePolicy::Leave(Member& member) {
  if (member.ready) Show(member, false);
  const Group group = member.seat.group;
  if (!StateOf(group).chained) Must(tree_.Close(member.id));
  CountMembers(group, -1);
}

void ClassTreePolicy::Show(Member& member, bool ready) {
  GroupState& group = StateOf(member.seat.group);
  StreamId node = member.id;
  if (group.chained) {
    node = member.seat.group;
    if (ready) group.chain.Insert(&member);
    if (!ready) group.chain.Remove(&member);
    ready = !group.chain.empty();
  }
  Must(ready ? tree_.SetReady(node) : tree_.SetBlocked(node));
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
