#include "scheduler/class_tree_policy.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/base/macros.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "priority/priority_tree.h"
#include "priority/rfc7540_priority.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/stream_info.h"

namespace sluice::scheduler {
namespace {

// A chain has one child in each place, so its weights decide nothing.
constexpr int kChainWeight = 256;

// Made before main(): a copy takes nothing from the heap.
const absl::Status& IdOfGroup() {
  static const absl::Status status = absl::InvalidArgumentError(
      "the highest even stream ids stand for groups here");
  return status;
}
[[maybe_unused]] const bool status_is_made = !IdOfGroup().ok();

// These edits cannot fail: the nodes exist and the weights are checked.
void Must(const absl::Status& status) {
  ABSL_ASSERT(status.ok());
  static_cast<void>(status);
}

}  // namespace

ClassTreePolicy::ClassTreePolicy(const PolicyOptions& options)
    : max_streams_(options.max_streams),
      max_grant_(options.max_grant),
      tree_({.max_nodes = options.max_streams + kMaxGroups,
             .max_closed = 0,
             .max_grant = options.max_grant,
             .large_queues = 0,
             .memory = options.memory}),
      groups_(options.memory),
      members_(options.memory),
      idle_(options.memory) {}

ClassTreePolicy::Group ClassTreePolicy::AddGroup(Group parent, int weight,
                                                 bool chained) {
  ABSL_ASSERT(groups_.size() < kMaxGroups);
  const Group group = kFirstGroup + 2 * static_cast<Group>(groups_.size());
  GroupState& state = groups_.emplace_back(groups_.get_allocator().resource());
  state.parent = parent;
  state.weight = weight;
  state.chained = chained;
  Must(tree_.Insert(group, priority::Rfc7540Priority{parent, weight, false}));
  return group;
}

void ClassTreePolicy::YieldTo(Group group, Group other) {
  StateOf(other).makes_yield = group;
}

absl::Status ClassTreePolicy::OnOpen(StreamId id, const StreamInfo& info) {
  if (absl::Status status = ValidateStreamInfo(id, info); !status.ok()) {
    return status;
  }
  if (IsGroup(id)) return IdOfGroup();
  if (members_.contains(id)) {
    return absl::AlreadyExistsError(absl::StrCat("stream ", id, " is open"));
  }
  StreamInfo known = info;
  idle_.Open(id, &known);
  const Member member = {SeatOf(known), arrivals_++};
  members_.emplace(id, member);
  idle_.ShrinkTo(RoomForIdle());
  Join(id, member, /*is_new=*/true);
  return absl::OkStatus();
}

absl::Status ClassTreePolicy::OnPriority(StreamId id, const StreamInfo& info,
                                         Signal changed) {
  static_cast<void>(changed);  // a seat depends on the whole state alone
  if (absl::Status status = ValidateStreamInfo(id, info); !status.ok()) {
    return status;
  }
  const auto found = members_.find(id);
  if (found == members_.end()) {
    return idle_.Remember(id, info, RoomForIdle());
  }
  Member& member = found->second;
  const Seat seat = SeatOf(info);
  if (seat == member.seat) return absl::OkStatus();
  const bool same_place =
      seat.group == member.seat.group &&
      (seat.weight == member.seat.weight || StateOf(seat.group).chained);
  if (same_place) {
    member.seat = seat;
    return absl::OkStatus();
  }
  LeaveChain(member);
  CountMembers(member.seat.group, -1);
  member.seat = seat;
  Join(id, member, /*is_new=*/false);
  return absl::OkStatus();
}

void ClassTreePolicy::OnClose(StreamId id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  const Member member = found->second;
  members_.erase(found);
  // The rest of a chain takes the place of the stream in the tree.
  Must(tree_.Close(id));
  GroupState& group = StateOf(member.seat.group);
  if (group.chained) group.chain.erase(member.arrival);
  CountMembers(member.seat.group, -1);
}

void ClassTreePolicy::SetReady(StreamId id) {
  if (members_.contains(id)) Must(tree_.SetReady(id));
}

void ClassTreePolicy::SetBlocked(StreamId id) {
  if (members_.contains(id)) Must(tree_.SetBlocked(id));
}

std::optional<Grant> ClassTreePolicy::Pick() {
  const StreamId id = tree_.TryPick();
  if (id == 0) return std::nullopt;
  return Grant{id, max_grant_, PickReason{members_.find(id)->second.seat.rule}};
}

void ClassTreePolicy::Charge(StreamId, size_t bytes) { tree_.Charge(bytes); }

size_t ClassTreePolicy::ExplainPick(absl::Span<PathLevel> levels) const {
  return tree_.ExplainPick(levels);
}

size_t ClassTreePolicy::RoomForIdle() const {
  return max_streams_ - std::min(max_streams_, members_.size());
}

// Puts the stream where its seat says; in a chain, behind the one that opened
// last before it.
void ClassTreePolicy::Join(StreamId id, const Member& member, bool is_new) {
  GroupState& group = StateOf(member.seat.group);
  priority::Rfc7540Priority place = {member.seat.group, member.seat.weight,
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
      {other.parent, is_empty ? other.weight : priority::kMinWeight, false}));
}

}  // namespace sluice::scheduler
