#include "scheduler/idle_signals.h"

#include <algorithm>
#include <map>
#include <optional>

#include "scheduler/policy.h"

namespace sluice::scheduler {

const StreamInfo* IdleSignals::Find(StreamId id) const {
  const auto found = idle_[id & 1].find(id);
  return found == idle_[id & 1].end() ? nullptr : &found->second;
}

void IdleSignals::Remember(StreamId id, const StreamInfo& info) {
  idle_[id & 1].insert_or_assign(id, info);
}

std::optional<StreamInfo> IdleSignals::Open(StreamId id) {
  std::map<StreamId, StreamInfo>& idle = idle_[id & 1];
  StreamId& highest = highest_opened_[id & 1];
  highest = std::max(highest, id);
  std::optional<StreamInfo> kept;
  if (const auto found = idle.find(id); found != idle.end()) {
    kept = found->second;
  }
  idle.erase(idle.begin(), idle.upper_bound(highest));
  return kept;
}

void IdleSignals::DropOldest() {
  std::map<StreamId, StreamInfo>& client = idle_[1];
  std::map<StreamId, StreamInfo>& server = idle_[0];
  const bool from_client =
      !client.empty() &&
      (server.empty() || client.begin()->first < server.begin()->first);
  std::map<StreamId, StreamInfo>& idle = from_client ? client : server;
  if (!idle.empty()) idle.erase(idle.begin());
}

}  // namespace sluice::scheduler
