// Base of most policies: streams stand in groups that go strictly one after the
// other, and inside a group they go one by one or share the bytes by weight. A
// group that holds streams of both kinds gives one grant to each kind in turn.
// Such a policy defines one thing, the rank of a stream, and its file includes
// this header alone:
//
//   class Fifo final : public RankedPolicy {
//    public:
//     explicit Fifo(const PolicyOptions& options)
//         : RankedPolicy(options, Shape{}) {}
//
//    private:
//     Rank RankOf(const Subject& stream) const override {
//       return {.sharing = Rank::Sharing::kSequential,
//               .order = stream.arrival,
//               .rule = "first come"};
//     }
//   };
//
// Sharing is fair queueing in exact integers (docs/fairness.md): for any two
// streams i and j of one group that stay ready over an interval,
//
//   | bytes_i / weight_i − bytes_j / weight_j | ≤ L / weight_i + L / weight_j
//
// with L = PolicyOptions::max_grant. A stream that is new to a group, or comes
// back to it, takes the group's clock as it stands: it gets nothing for the
// time it was away, and owes nothing for what the others got without it.
//
// Ties go to the smaller stream id.
//
// Pick: O(1). Charge: O(log n) for the n ready streams of a group, O(1) while
// those that share have one weight and send frames of one size. Neither
// allocates. Everything else: O(log n), amortised.
#ifndef SLUICE_SCHEDULER_RANKED_POLICY_H_
#define SLUICE_SCHEDULER_RANKED_POLICY_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/linked_list.h>
#include <sluice/scheduler/policy.h>  // IWYU pragma: export
#include <sluice/scheduler/ready_queue.h>
#include <sluice/scheduler/register_policy.h>  // IWYU pragma: export
#include <sluice/scheduler/stream_map.h>
#include <sluice/scheduler/translation.h>  // IWYU pragma: export

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>

#include "absl/base/attributes.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

// Where a stream stands among the others.
struct Rank {
  enum class Sharing : uint8_t { kSequential, kShared };

  size_t group = 0;  // 0 … Shape::groups − 1; all of 0 goes before any of 1
  Sharing sharing = Sharing::kShared;
  int64_t order = 0;  // kSequential: the smallest goes first
  int weight = 1;     // kShared: 1…256
  StringView rule;    // a literal, for PickReason

  friend bool operator==(const Rank&, const Rank&) = default;
};

class RankedPolicy : public Policy {
 public:
  void OnOpen(StreamId id, const StreamInfo& info) final;
  void OnPriority(StreamId id, const StreamInfo& info, Signal changed) final;
  void OnClose(StreamId id) final;
  void SetReady(StreamId id) final;
  void SetBlocked(StreamId id) final;
  std::optional<Grant> Pick() final;
  void Charge(StreamId id, size_t bytes) final;
  size_t LikelyNext(absl::Span<StreamId> picks) const final;
  // One level: the group.
  size_t ExplainPick(absl::Span<PathLevel> levels) const final;

 protected:
  struct Shape {
    size_t groups = 1;  // 1…128
    // RankOf() depends on Subject::charged, so it is asked after each charge.
    bool ranks_by_charge = false;
    // Not 0: a group that had something ready while this many bytes were sent
    // since it was served last gets one grant, whatever goes before it. The
    // group that waited longest first. Pick is O(ready groups) then.
    int64_t starvation_guard = 0;
  };

  struct Subject {
    StreamId id = 0;
    int64_t arrival = 0;  // 0, 1, 2, … in the order of OnOpen()
    // Bytes since the stream opened. Counted with Shape::ranks_by_charge only.
    int64_t charged = 0;
    const StreamInfo& info;
  };

  RankedPolicy(const PolicyOptions& options, const Shape& shape);

  // Called when a stream opens, when its info changes, by RankAll(), and with
  // Shape::ranks_by_charge after each charge.
  virtual Rank RankOf(const Subject& stream) const = 0;

  // Ranks every open stream anew. O(n log n).
  void RankAll();

 private:
  // `order` is Rank::order or, of a stream that shares, the finish tag F = S +
  // quantum in 1/256 byte per weight; S is the start tag of docs/fairness.md.
  struct Stream : ReadyQueue::Entry {
    bool ready = false;
    bool fresh = true;       // has not been ready in its group yet
    uint16_t remainder = 0;  // of F's last division by the weight
    Rank rank;
    int64_t quantum = 0;  // 256·L/weight: what the largest grant adds to S
    int64_t arrival = 0;
    int64_t charged = 0;
    const StreamInfo* info = nullptr;
    Links<Stream> links;
  };
  struct Group {
    ReadyQueue sequential;
    ReadyQueue shared;
    int64_t clock = 0;  // V of the shared ones, 1/256 byte per weight
    bool shared_turn = false;
    int64_t waits_since = 0;  // bytes sent when it was served or became ready
  };

  Stream& Find(StreamId id) { return *streams_.Find(id); }
  void SetRank(Stream& stream, const Rank& rank);
  ReadyQueue& QueueOf(const Rank& rank);
  void Enter(Stream& stream);
  void Leave(Stream& stream);
  void Move(Stream& stream, const Rank& rank);
  // Move(), after the charge if the stream is picked.
  void Rerank(Stream& stream);
  Rank AskRank(const Stream& stream) const;
  void UpdateReadyBit(size_t group);
  // Charge() of a stream that shares. Its last step is the only call, so it
  // saves no registers.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void ChargeShare(Stream& stream, size_t bytes);
  // Of a stream whose rank depends on the charge, or waited for it.
  ABSL_ATTRIBUTE_NOINLINE void RerankCharged(Stream& stream, size_t bytes);
  ABSL_ATTRIBUTE_NOINLINE size_t StarvingGroup(size_t first) const;

  const int64_t max_grant_;
  const Shape shape_;
  // A group is made when a stream comes to it first, and stays.
  std::list<Group, priority::ResourceAllocator<Group>> made_groups_;
  priority::ResourceVector<Group*> groups_;  // null: not made
  std::array<uint64_t, 2> ready_groups_{};   // a bit for each group
  StreamMap<Stream> streams_;
  LinkedList<Stream, &Stream::links> arrived_;
  int64_t arrivals_ = 0;
  int64_t total_charged_ = 0;  // bytes

  // Between Pick() and Charge(); null when it was closed since.
  Stream* picked_ = nullptr;
  bool picked_shared_ = false;
  Group* picked_group_ = nullptr;
  // A new rank of the picked stream waits for the charge.
  std::optional<Rank> picked_rank_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_RANKED_POLICY_H_
