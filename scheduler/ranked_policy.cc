#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/ranked_policy.h>
#include <sluice/scheduler/ready_queue.h>
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/base/macros.h"
#include "absl/base/optimization.h"
#include "absl/numeric/bits.h"
#include "absl/types/span.h"

namespace sluice::scheduler {
namespace {

// Tags count 1/256 byte, so that a weight of 256 still divides a byte evenly.
constexpr int64_t kUnitsPerByte = 256;

constexpr bool IsShared(const Rank& rank) {
  return rank.sharing == Rank::Sharing::kShared;
}

}  // namespace

RankedPolicy::RankedPolicy(const PolicyOptions& options, const Shape& shape)
    : max_grant_(static_cast<int64_t>(options.max_grant)),
      shape_(shape),
      groups_(shape.groups) {}

void RankedPolicy::OnOpen(StreamId id, const StreamInfo& info) {
  uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(streams_.size());
    streams_.emplace_back();
    places_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_.emplace(id, slot);
  Stream& stream = streams_[slot];
  stream = Stream{};
  stream.id = id;
  stream.arrival = arrivals_++;
  stream.info = &info;
  SetRank(stream, AskRank(stream));
}

// A rank depends on the whole state, whatever changed.
void RankedPolicy::OnPriority(StreamId id, const StreamInfo&, Signal) {
  Rerank(slots_.find(id)->second);
}

void RankedPolicy::RankAll() {
  for (uint32_t slot = 0; slot < streams_.size(); ++slot) {
    if (streams_[slot].id != 0) Rerank(slot);
  }
}

void RankedPolicy::Rerank(uint32_t slot) {
  const Rank rank = AskRank(streams_[slot]);
  if (picked_ == slot) {
    picked_rank_ = rank;
  } else {
    Move(slot, rank);
  }
}

void RankedPolicy::OnClose(StreamId id) {
  const auto found = slots_.find(id);
  const uint32_t slot = found->second;
  if (streams_[slot].ready) Leave(slot);
  if (picked_ == slot) {
    picked_ = kNoSlot;
    picked_rank_.reset();
  }
  streams_[slot].id = 0;
  free_slots_.push_back(slot);
  slots_.erase(found);
}

void RankedPolicy::SetReady(StreamId id) {
  const uint32_t slot = slots_.find(id)->second;
  if (!std::exchange(streams_[slot].ready, true)) Enter(slot);
}

void RankedPolicy::SetBlocked(StreamId id) {
  const uint32_t slot = slots_.find(id)->second;
  if (std::exchange(streams_[slot].ready, false)) Leave(slot);
}

std::optional<Grant> RankedPolicy::Pick() {
  size_t next = 0;
  if (ready_groups_[0] != 0) {
    next = absl::countr_zero(ready_groups_[0]);
  } else if (ready_groups_[1] != 0) {
    next = 64 + absl::countr_zero(ready_groups_[1]);
  } else {
    return std::nullopt;
  }
  if (ABSL_PREDICT_FALSE(shape_.starvation_guard != 0)) {
    next = StarvingGroup(next);
  }
  Group& group = groups_[next];
  const bool shared =
      group.sequential.empty() || (group.shared_turn && !group.shared.empty());
  const ReadyQueue::Entry top =
      (shared ? group.shared : group.sequential).top(places_);
  // The clock follows what is served (self-clocked fair queueing).
  if (shared) group.clock = std::max(group.clock, top.order);
  picked_ = top.slot;
  picked_shared_ = shared;
  picked_group_ = &group;
  return Grant{top.id, static_cast<size_t>(max_grant_),
               PickReason{streams_[top.slot].rank.rule}};
}

void RankedPolicy::Charge(StreamId id, size_t bytes) {
  ABSL_ASSERT(bytes <= static_cast<size_t>(max_grant_));
  Group& group = *picked_group_;
  if (bytes > 0) {
    total_charged_ += static_cast<int64_t>(bytes);
    group.shared_turn = !picked_shared_;
    group.waits_since = total_charged_;
  }
  const uint32_t slot = std::exchange(picked_, kNoSlot);
  if (slot == kNoSlot) return;  // closed since it was picked
  Stream& stream = streams_[slot];
  ABSL_ASSERT(stream.id == id);
  static_cast<void>(id);
  if (picked_shared_ && bytes > 0) {
    uint64_t units = bytes * kUnitsPerByte;
    if (stream.rank.weight != 1) {  // the division is most of the cost
      const auto weight = static_cast<uint64_t>(stream.rank.weight);
      units += stream.remainder;
      stream.remainder = static_cast<uint16_t>(units % weight);
      units /= weight;
    }
    stream.finish += static_cast<int64_t>(units);
    if (stream.ready) group.shared.Update(slot, stream.finish, places_);
  }
  if (ABSL_PREDICT_FALSE(shape_.ranks_by_charge || picked_rank_.has_value())) {
    RerankCharged(slot, static_cast<int64_t>(bytes));
  }
}

void RankedPolicy::RerankCharged(uint32_t slot, int64_t bytes) {
  if (shape_.ranks_by_charge) {
    Stream& stream = streams_[slot];
    stream.charged += bytes;
    Move(slot, AskRank(stream));
  } else {
    Move(slot, *picked_rank_);
  }
  picked_rank_.reset();
}

size_t RankedPolicy::ExplainPick(absl::Span<PathLevel> levels) const {
  if (picked_ == kNoSlot) return 0;
  if (levels.empty()) return 1;
  const Stream& stream = streams_[picked_];
  const Group& group = *picked_group_;
  PathLevel& level = levels[0];
  level = PathLevel{};
  level.child = stream.id;
  level.group = static_cast<uint32_t>(stream.rank.group) + 1;
  level.weight = stream.rank.weight;
  level.tag = picked_shared_ ? stream.finish - stream.quantum : 0;
  level.key = OrderOf(stream);
  level.clock = group.clock;
  level.active = static_cast<uint32_t>(
      (picked_shared_ ? group.shared : group.sequential).size());
  level.child_active = stream.ready;
  return 1;
}

int64_t RankedPolicy::OrderOf(const Stream& stream) {
  return IsShared(stream.rank) ? stream.finish : stream.rank.order;
}

void RankedPolicy::SetRank(Stream& stream, const Rank& rank) const {
  stream.rank = rank;
  stream.quantum = max_grant_ * kUnitsPerByte / rank.weight;
}

ReadyQueue& RankedPolicy::QueueOf(const Rank& rank) {
  Group& group = groups_[rank.group];
  return IsShared(rank) ? group.shared : group.sequential;
}

// A stream that is new to the group starts at its clock; one that comes back
// keeps its place, but gains nothing by having been away: S = max(S, V − q).
void RankedPolicy::Enter(uint32_t slot) {
  Stream& stream = streams_[slot];
  if (IsShared(stream.rank)) {
    const int64_t clock = groups_[stream.rank.group].clock;
    if (stream.fresh) {
      stream.finish = clock + stream.quantum;
      stream.remainder = 0;
      stream.fresh = false;
    } else {
      stream.finish = std::max(stream.finish, clock);
    }
  }
  QueueOf(stream.rank).Insert({OrderOf(stream), stream.id, slot}, places_);
  UpdateReadyBit(stream.rank.group);
}

void RankedPolicy::Leave(uint32_t slot) {
  const Rank& rank = streams_[slot].rank;
  QueueOf(rank).Remove(slot, places_);
  UpdateReadyBit(rank.group);
}

// A stream that shared in the old group and shares in the new one takes its
// lead or lag along, S' = max(S − V_old + V_new, V_new − q); a new weight takes
// effect from here on.
void RankedPolicy::Move(uint32_t slot, const Rank& rank) {
  Stream& stream = streams_[slot];
  if (rank == stream.rank) return;
  if (stream.ready) Leave(slot);
  const Rank old = stream.rank;
  const int64_t start = stream.finish - stream.quantum;
  SetRank(stream, rank);
  if (!IsShared(old) || !IsShared(rank)) {
    stream.fresh = true;
  } else if (!stream.fresh &&
             (old.group != rank.group || old.weight != rank.weight)) {
    const int64_t clock = groups_[rank.group].clock;
    stream.finish = std::max(
        start - groups_[old.group].clock + clock + stream.quantum, clock);
    stream.remainder =
        static_cast<uint16_t>(stream.remainder * rank.weight / old.weight);
  }
  if (stream.ready) Enter(slot);
}

Rank RankedPolicy::AskRank(const Stream& stream) const {
  const Rank rank =
      RankOf({stream.id, stream.arrival, stream.charged, *stream.info});
  ABSL_ASSERT(rank.group < groups_.size());
  ABSL_ASSERT(rank.weight >= 1 && rank.weight <= 256);
  return rank;
}

void RankedPolicy::UpdateReadyBit(size_t group) {
  const uint64_t bit = uint64_t{1} << (group % 64);
  uint64_t& word = ready_groups_[group / 64];
  if (groups_[group].sequential.empty() && groups_[group].shared.empty()) {
    word &= ~bit;
  } else if ((word & bit) == 0) {
    word |= bit;
    groups_[group].waits_since = total_charged_;
  }
}

// The group that has waited longest, if that is longer than the guard allows;
// else `first`.
size_t RankedPolicy::StarvingGroup(size_t first) const {
  size_t starving = first;
  int64_t since = total_charged_ - shape_.starvation_guard + 1;
  for (size_t word = 0; word < ready_groups_.size(); ++word) {
    for (uint64_t bits = ready_groups_[word]; bits != 0; bits &= bits - 1) {
      const size_t group = word * 64 + absl::countr_zero(bits);
      if (groups_[group].waits_since < since) {
        since = groups_[group].waits_since;
        starving = group;
      }
    }
  }
  return starving;
}

}  // namespace sluice::scheduler
