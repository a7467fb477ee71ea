#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/ranked_policy.h>
#include <sluice/scheduler/ready_queue.h>

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
  Stream& stream = streams_.Insert(id);
  stream.id = id;
  stream.arrival = arrivals_++;
  stream.info = &info;
  arrived_.push_back(&stream);
  SetRank(stream, AskRank(stream));
}

// A rank depends on the whole state, whatever changed.
void RankedPolicy::OnPriority(StreamId id, const StreamInfo&, Signal) {
  Rerank(Find(id));
}

void RankedPolicy::RankAll() {
  for (Stream* stream = arrived_.front(); stream != nullptr;
       stream = stream->links.after) {
    Rerank(*stream);
  }
}

void RankedPolicy::Rerank(Stream& stream) {
  const Rank rank = AskRank(stream);
  if (picked_ == &stream) {
    picked_rank_ = rank;
  } else {
    Move(stream, rank);
  }
}

void RankedPolicy::OnClose(StreamId id) {
  Stream& stream = Find(id);
  if (stream.ready) Leave(stream);
  if (picked_ == &stream) {
    picked_ = nullptr;
    picked_rank_.reset();
  }
  arrived_.remove(&stream);
  streams_.Erase(id);
}

void RankedPolicy::SetReady(StreamId id) {
  Stream& stream = Find(id);
  if (!std::exchange(stream.ready, true)) Enter(stream);
}

void RankedPolicy::SetBlocked(StreamId id) {
  Stream& stream = Find(id);
  if (std::exchange(stream.ready, false)) Leave(stream);
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
  Group& group = *groups_[next];
  const bool shared =
      group.sequential.empty() || (group.shared_turn && !group.shared.empty());
  picked_ =
      static_cast<Stream*>((shared ? group.shared : group.sequential).top());
  // The clock follows what is served (self-clocked fair queueing).
  if (shared) group.clock = std::max(group.clock, picked_->order);
  picked_shared_ = shared;
  picked_group_ = &group;
  return Grant{
      picked_->id, static_cast<size_t>(max_grant_), {picked_->rank.rule}};
}

size_t RankedPolicy::LikelyNext(absl::Span<StreamId> picks) const {
  if (ready_groups_[0] == 0) return 0;
  const Group& group = *groups_[absl::countr_zero(ready_groups_[0])];
  const bool shared = group.sequential.empty();
  const ReadyQueue& queue = shared ? group.shared : group.sequential;
  const ReadyQueue::Entry* entry = queue.top();
  size_t guesses = 0;
  while (entry != nullptr && guesses < picks.size()) {
    picks[guesses++] = entry->id;
    entry = queue.After(*entry);
  }
  return guesses;
}

void RankedPolicy::Charge(StreamId id, size_t bytes) {
  ABSL_ASSERT(bytes <= static_cast<size_t>(max_grant_));
  if (bytes > 0) {
    total_charged_ += static_cast<int64_t>(bytes);
    picked_group_->shared_turn = !picked_shared_;
    picked_group_->waits_since = total_charged_;
  }
  if (ABSL_PREDICT_FALSE(picked_ == nullptr)) return;  // it closed since
  Stream& stream = *std::exchange(picked_, nullptr);
  ABSL_ASSERT(stream.id == id);
  static_cast<void>(id);
  if (ABSL_PREDICT_FALSE(shape_.ranks_by_charge || picked_rank_.has_value())) {
    return RerankCharged(stream, bytes);
  }
  if (picked_shared_ && bytes > 0) ChargeShare(stream, bytes);
}

inline void RankedPolicy::ChargeShare(Stream& stream, size_t bytes) {
  uint64_t units = bytes * kUnitsPerByte;
  if (stream.rank.weight != 1) {  // the division is most of the cost
    const auto weight = static_cast<uint64_t>(stream.rank.weight);
    units += stream.remainder;
    stream.remainder = static_cast<uint16_t>(units % weight);
    units /= weight;
  }
  const int64_t finish = stream.order + static_cast<int64_t>(units);
  if (stream.ready) {
    picked_group_->shared.Update(&stream, finish);
  } else {
    stream.order = finish;
  }
}

void RankedPolicy::RerankCharged(Stream& stream, size_t bytes) {
  if (picked_shared_ && bytes > 0) ChargeShare(stream, bytes);
  stream.charged += static_cast<int64_t>(bytes);
  Move(stream, shape_.ranks_by_charge ? AskRank(stream) : *picked_rank_);
  picked_rank_.reset();
}

size_t RankedPolicy::ExplainPick(absl::Span<PathLevel> levels) const {
  if (picked_ == nullptr) return 0;
  if (levels.empty()) return 1;
  const ReadyQueue& queue =
      picked_shared_ ? picked_group_->shared : picked_group_->sequential;
  levels[0] = {
      .child = picked_->id,
      .group = static_cast<uint32_t>(picked_->rank.group) + 1,
      .weight = static_cast<double>(picked_->rank.weight),
      .tag = picked_shared_ ? picked_->order - picked_->quantum : 0,
      .key = picked_->order,
      .clock = picked_group_->clock,
      .active = static_cast<uint32_t>(queue.size()),
      .child_active = picked_->ready,
  };
  return 1;
}

void RankedPolicy::SetRank(Stream& stream, const Rank& rank) {
  if (Group*& group = groups_[rank.group]; group == nullptr) {
    const priority::MemoryScope scope(groups_.get_allocator().resource());
    group = &made_groups_.emplace_back();
  }
  stream.rank = rank;
  stream.quantum = max_grant_ * kUnitsPerByte / rank.weight;
}

ReadyQueue& RankedPolicy::QueueOf(const Rank& rank) {
  Group& group = *groups_[rank.group];
  return IsShared(rank) ? group.shared : group.sequential;
}

// A stream that is new to the group starts at its clock; one that comes back
// keeps its place, but gains nothing by having been away: S = max(S, V − q).
void RankedPolicy::Enter(Stream& stream) {
  const int64_t clock = groups_[stream.rank.group]->clock;
  if (!IsShared(stream.rank)) {
    stream.order = stream.rank.order;
  } else if (std::exchange(stream.fresh, false)) {
    stream.order = clock + stream.quantum;
    stream.remainder = 0;
  } else {
    stream.order = std::max(stream.order, clock);
  }
  QueueOf(stream.rank).Insert(&stream);
  UpdateReadyBit(stream.rank.group);
}

void RankedPolicy::Leave(Stream& stream) {
  QueueOf(stream.rank).Remove(&stream);
  UpdateReadyBit(stream.rank.group);
}

// A stream that shared in the old group and shares in the new one takes its
// lead or lag along, S' = max(S − V_old + V_new, V_new − q); a new weight takes
// effect from here on.
void RankedPolicy::Move(Stream& stream, const Rank& rank) {
  if (rank == stream.rank) return;
  if (stream.ready) Leave(stream);
  const Rank old = stream.rank;
  const int64_t start = stream.order - stream.quantum;
  SetRank(stream, rank);
  if (!IsShared(old) || !IsShared(rank)) {
    stream.fresh = true;
  } else if (!stream.fresh &&
             (old.group != rank.group || old.weight != rank.weight)) {
    const int64_t clock = groups_[rank.group]->clock;
    stream.order = std::max(
        start - groups_[old.group]->clock + clock + stream.quantum, clock);
    stream.remainder =
        static_cast<uint16_t>(stream.remainder * rank.weight / old.weight);
  }
  if (stream.ready) Enter(stream);
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
  if (groups_[group]->sequential.empty() && groups_[group]->shared.empty()) {
    word &= ~bit;
  } else if ((word & bit) == 0) {
    word |= bit;
    groups_[group]->waits_since = total_charged_;
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
      if (groups_[group]->waits_since < since) {
        since = groups_[group]->waits_since;
        starving = group;
      }
    }
  }
  return starving;
}

}  // namespace sluice::scheduler
