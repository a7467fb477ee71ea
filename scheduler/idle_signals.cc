#include "scheduler/idle_signals.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "scheduler/policy.h"
#include "scheduler/stream_info.h"

namespace sluice::scheduler {
namespace {

// Made before main(), not when a peer sends too many signals: a copy takes
// nothing from the heap.
const absl::Status& NoRoom() {
  static const absl::Status status = absl::ResourceExhaustedError(
      "no room for the signals of another idle stream");
  return status;
}
[[maybe_unused]] const bool status_is_made = !NoRoom().ok();

}  // namespace

const StreamInfo* IdleSignals::Find(StreamId id) const {
  const auto found = idle_[id & 1].find(id);
  return found == idle_[id & 1].end() ? nullptr : &found->second;
}

absl::Status IdleSignals::CheckRoom(StreamId id, size_t limit) const {
  if (Passed(id) || Find(id) != nullptr || size() < limit) {
    return absl::OkStatus();
  }
  return NoRoom();
}

absl::Status IdleSignals::Remember(StreamId id, const StreamInfo& info,
                                   size_t limit) {
  absl::Status status = CheckRoom(id, limit);
  if (status.ok() && !Passed(id)) idle_[id & 1].insert_or_assign(id, info);
  return status;
}

void IdleSignals::Open(StreamId id, StreamInfo* info) {
  Signals& idle = idle_[id & 1];
  StreamId& highest = highest_opened_[id & 1];
  highest = std::max(highest, id);
  if (const auto found = idle.find(id); found != idle.end()) {
    FillFromEarlier(found->second, info);
  }
  idle.erase(idle.begin(), idle.upper_bound(highest));
}

void IdleSignals::ShrinkTo(size_t limit) {
  Signals& client = idle_[1];
  Signals& server = idle_[0];
  while (size() > limit) {
    const bool from_client =
        !client.empty() &&
        (server.empty() || client.begin()->first < server.begin()->first);
    Signals& idle = from_client ? client : server;
    idle.erase(idle.begin());
  }
}

}  // namespace sluice::scheduler
