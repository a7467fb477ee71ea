// What was said of streams before they opened.
//
// A PRIORITY or PRIORITY_UPDATE frame may come before its stream's HEADERS
// (RFC 7540 §5.3, RFC 9218 §7.1). The owner bounds how many such ids it keeps.
#ifndef SLUICE_SCHEDULER_IDLE_SIGNALS_H_
#define SLUICE_SCHEDULER_IDLE_SIGNALS_H_

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory_resource>
#include <utility>

#include "absl/status/status.h"
#include "priority/resource_allocator.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {

class IdleSignals {
 public:
  // What is kept lives in `memory`.
  explicit IdleSignals(
      std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : idle_{Signals(memory), Signals(memory)} {}

  size_t size() const { return idle_[0].size() + idle_[1].size(); }

  // Whether `id` can never open any more: it or a higher id of the same
  // initiator has opened (RFC 9113 §5.1.1). O(1).
  bool Passed(StreamId id) const { return id <= highest_opened_[id & 1]; }

  // Null when nothing is kept. O(log n).
  const StreamInfo* Find(StreamId id) const;

  // Whether Remember() would take something of `id`. O(log n). Error:
  // ResourceExhausted.
  absl::Status CheckRoom(StreamId id, size_t limit) const;

  // Keeps `info` in place of what was kept; a new id only while fewer than
  // `limit` are kept. An id that can never open is ignored. O(log n). Error:
  // ResourceExhausted.
  absl::Status Remember(StreamId id, const StreamInfo& info, size_t limit);

  // `id` opens: fills what `*info` leaves unsaid from what was kept for it, and
  // forgets that and the lower ids of the same initiator, which are closed now.
  // O(log n) amortised.
  void Open(StreamId id, StreamInfo* info);

  // Forgets the smallest ids, which have waited longest, down to `limit`.
  void ShrinkTo(size_t limit);

 private:
  using Signals = std::map<
      StreamId, StreamInfo, std::less<>,
      priority::ResourceAllocator<std::pair<const StreamId, StreamInfo>>>;

  // By initiator: even ids are the server's, odd ids the client's.
  std::array<Signals, 2> idle_;
  std::array<StreamId, 2> highest_opened_{};
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_IDLE_SIGNALS_H_
