// What was said of streams before they opened.
//
// A PRIORITY or PRIORITY_UPDATE frame may come before its stream's HEADERS
// (RFC 7540 §5.3, RFC 9218 §7.1). The owner bounds how many such ids it keeps.
#ifndef SLUICE_SCHEDULER_IDLE_SIGNALS_H_
#define SLUICE_SCHEDULER_IDLE_SIGNALS_H_

#include <array>
#include <cstddef>
#include <map>
#include <optional>

#include "scheduler/policy.h"

namespace sluice::scheduler {

class IdleSignals {
 public:
  size_t size() const { return idle_[0].size() + idle_[1].size(); }

  // Whether `id` can never open any more: it or a higher id of the same
  // initiator has opened (RFC 9113 §5.1.1). O(1).
  bool Passed(StreamId id) const { return id <= highest_opened_[id & 1]; }

  // Null when nothing is kept. O(log n).
  const StreamInfo* Find(StreamId id) const;

  // Keeps `info` in place of what was kept. O(log n).
  void Remember(StreamId id, const StreamInfo& info);

  // `id` opens: returns what was kept for it and forgets that, and the lower
  // ids of the same initiator, which are closed now. O(log n) amortised.
  std::optional<StreamInfo> Open(StreamId id);

  // Forgets the smallest id, which has waited longest. Nothing when empty.
  void DropOldest();

 private:
  // By initiator: even ids are the server's, odd ids the client's.
  std::array<std::map<StreamId, StreamInfo>, 2> idle_;
  std::array<StreamId, 2> highest_opened_{};
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_IDLE_SIGNALS_H_
