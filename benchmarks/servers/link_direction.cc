#include "benchmarks/servers/link_direction.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

namespace sluice::servers {

bool LinkDirection::Offer(absl::Duration now, std::string packet) {
  CountDepartures(now);
  if (queued_bytes_ + packet.size() > options_.queue_bytes) {
    ++counters_.dropped_packets;
    return false;
  }
  counters_.found_bytes += static_cast<int64_t>(queued_bytes_);
  queued_bytes_ += packet.size();
  counters_.most_queued_bytes =
      std::max(counters_.most_queued_bytes, queued_bytes_);
  const int64_t bits = 8 * static_cast<int64_t>(packet.size());
  free_ =
      std::max(now, free_) + absl::Seconds(1) * bits / options_.bits_per_second;
  packets_.push_back({free_, std::move(packet)});
  return true;
}

absl::Duration LinkDirection::NextArrival() const {
  if (packets_.empty()) return absl::InfiniteDuration();
  return packets_.front().departure + options_.delay;
}

std::optional<std::string> LinkDirection::TakeArrived(absl::Duration now) {
  const absl::Duration arrival = NextArrival();
  if (now < arrival) return std::nullopt;
  CountDepartures(now);
  --departed_;
  std::string bytes = std::move(packets_.front().bytes);
  packets_.pop_front();
  ++counters_.packets;
  counters_.bytes += static_cast<int64_t>(bytes.size());
  counters_.most_late = std::max(counters_.most_late, now - arrival);
  return bytes;
}

void LinkDirection::CountDepartures(absl::Duration now) {
  while (departed_ < packets_.size() && packets_[departed_].departure <= now) {
    queued_bytes_ -= packets_[departed_].bytes.size();
    ++departed_;
  }
}

}  // namespace sluice::servers
