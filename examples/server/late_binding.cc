#include "examples/server/late_binding.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace sluice::examples {
namespace {

constexpr uint64_t kYoungBytes = 64 * 1024;
constexpr LateBinding::Clock::duration kPause = std::chrono::seconds(1);
// An answer holds for a round trip, within these bounds.
constexpr std::chrono::microseconds kShortestAnswer{1000};
constexpr std::chrono::microseconds kLongestAnswer{100'000};

}  // namespace

std::optional<LinkState> AskKernel(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return std::nullopt;
  }
  // ~0: the connection is not paced.
  const bool paced =
      info.tcpi_pacing_rate != std::numeric_limits<uint64_t>::max();
  return LinkState{
      .round_trip = std::chrono::microseconds(info.tcpi_rtt),
      .congestion_window = uint64_t{info.tcpi_snd_cwnd} * info.tcpi_snd_mss,
      .pacing_rate = paced ? info.tcpi_pacing_rate : 0,
      .unsent = info.tcpi_notsent_bytes};
}

uint64_t LateBinding::BytesFor(const LinkState& link) {
  constexpr uint64_t kMicrosPerSecond = 1'000'000;
  constexpr uint64_t kMicros = kHorizon.count();
  const auto round_trip = static_cast<uint64_t>(link.round_trip.count());
  if (round_trip == 0) return 0;  // not measured yet: it counts as slow
  uint64_t bytes = link.congestion_window * kMicros / round_trip;
  if (link.pacing_rate > 0) {
    bytes = std::min(bytes, link.pacing_rate / kMicrosPerSecond * kMicros);
  }
  return bytes - std::min(bytes, link.unsent);
}

bool LateBinding::WantsLink(Clock::time_point now) const {
  return !link_until_.has_value() || now >= *link_until_;
}

void LateBinding::SetLink(const std::optional<LinkState>& link,
                          Clock::time_point now) {
  by_link_ = link.has_value()
                 ? std::clamp<uint64_t>(BytesFor(*link), frame_, kMost)
                 : frame_;
  link_until_ =
      now + (link.has_value()
                 ? std::clamp(link->round_trip, kShortestAnswer, kLongestAnswer)
                 : kLongestAnswer);
}

size_t LateBinding::BytesPerWrite() const {
  return std::min(by_link_, by_writes_) / frame_ * frame_;
}

void LateBinding::OnWrite(size_t offered, size_t taken, Clock::time_point now) {
  if (AfterPause(now)) since_pause_ = 0;
  since_pause_ += taken;
  last_write_ = now;
  if (taken < offered) {
    by_writes_ = std::clamp(taken, frame_, kMost);
  } else if (offered >= frame_) {
    by_writes_ = std::min(2 * by_writes_, kMost);
  }
}

size_t LateBinding::RecordSize(Clock::time_point now) const {
  const bool young = since_pause_ < kYoungBytes || AfterPause(now);
  return young && by_link_ == frame_ ? kSmallRecord : kLargeRecord;
}

bool LateBinding::AfterPause(Clock::time_point now) const {
  return now - last_write_ > kPause;
}

}  // namespace sluice::examples
