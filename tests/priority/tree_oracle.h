// The dependency tree written to be obviously right: a vector of streams that
// know their parents, tags as exact fractions, everything else computed anew.
//
// It says in the plainest way what priority/priority_tree.h promises:
// - "active" is computed from the leaves up; the next stream by a linear scan;
// - calls made between Pick() and Charge() are logged. Charge() goes back to
//   the state that Pick() left, charges, and makes the logged calls again.
#ifndef SLUICE_TESTS_PRIORITY_TREE_ORACLE_H_
#define SLUICE_TESTS_PRIORITY_TREE_ORACLE_H_

#include <sluice/priority/priority_tree.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sluice::priority {

class TreeOracle {
 public:
  // Those of a TreeOrder.
  struct Rules {
    // Keys of levels that grew beyond eight active children compare without
    // their lowest bits.
    int slot_shift = 0;
    bool ties_by_id = false;
  };
  TreeOracle(const PriorityTreeOptions& options, const Rules& rules);

  using Result = absl::StatusCode;
  Result Insert(StreamId id, const std::optional<Rfc7540Priority>& priority);
  Result Reprioritise(StreamId id, const Rfc7540Priority& priority);
  Result Close(StreamId id);
  Result Remove(StreamId id);
  Result SetReady(StreamId id);
  Result SetBlocked(StreamId id);
  std::optional<StreamId> Pick();
  void Charge(size_t bytes);
  bool pulling() const { return pulling_; }

  std::string Dump() const;
  // floor(S) less the clock of its level, for every stream, by id.
  std::map<StreamId, int64_t> Lags() const;
  bool AnyReady() const;

 private:
  using Wide = __int128;

  struct Stream {
    StreamId id = 0;
    StreamId parent = 0;
    uint32_t weight = 0;  // in 1/65536
    StreamState state = StreamState::kOpen;
    bool ready = false;
    bool queued = false;   // active when last looked at
    uint64_t arrival = 0;  // in its level's queue
    // The exact tag is `tag` / `weight`, in 1/65536 of 1/256 byte.
    Wide tag = 0;
    // The remainder of the charge and the weight it was made at, while the
    // calls of that pull are made again.
    uint64_t charged_remainder = 0;
    uint32_t charged_weight = 0;
  };
  struct Level {
    int64_t clock = 0;
    int active = 0;
    bool large = false;
  };
  struct State {
    std::vector<Stream> streams;         // siblings in their order
    std::map<StreamId, Level> levels;    // by owner
    std::vector<StreamId> idle, closed;  // oldest first
    std::vector<StreamId> path;          // contended levels of the pull
    StreamId highest[2] = {0, 0};
    uint64_t arrivals = 0;
  };

  Stream* Find(StreamId id);
  const Stream* Find(StreamId id) const {
    return const_cast<TreeOracle*>(this)->Find(id);
  }
  std::vector<StreamId> Children(StreamId id) const;
  bool Active(StreamId id) const;
  bool IsAncestor(StreamId ancestor, StreamId id) const;
  int64_t Quantum(uint32_t weight) const;  // of a key over its tag
  static int64_t Tag(const Stream& s);     // rounded down
  int64_t Key(const Stream& s) const;
  void SetTag(Stream& s, int64_t whole);  // keeps the fraction
  void Clamp(Stream& s);
  void Enqueue(Stream& s);
  void Dequeue(Stream& s);
  void Update();  // queues what became active, takes out what became idle
  void Detach(StreamId id);
  void Attach(StreamId id, StreamId parent, uint32_t weight);
  void AttachExclusive(StreamId id, StreamId parent, uint32_t weight);
  void SetWeight(StreamId id, uint32_t weight);
  void Move(StreamId id, StreamId parent, uint32_t weight, bool exclusive);
  void Place(StreamId id, Rfc7540Priority priority);
  void RemoveStream(StreamId id);
  bool EvictOne(const std::vector<StreamId>& list, StreamId spared);
  void SetState(StreamId id, StreamState state);
  bool RoomForIdle(size_t count) const;
  void DumpInto(StreamId id, std::string* text) const;
  void Log(std::function<void()> call);

  PriorityTreeOptions options_;
  Rules rules_;
  State now_;
  bool pulling_ = false;
  bool replaying_ = false;
  StreamId picked_ = 0;
  State at_pick_;
  std::vector<std::function<void()>> log_;
};

}  // namespace sluice::priority

#endif  // SLUICE_TESTS_PRIORITY_TREE_ORACLE_H_
