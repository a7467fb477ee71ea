#include "examples/server/late_binding.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "support/link_state.h"

namespace sluice::examples {

using ::sluice::support::LinkState;

namespace {

constexpr uint64_t kYoungBytes = 64 * 1024;
constexpr LateBinding::Clock::duration kPause = std::chrono::seconds(1);
// An answer holds for a round trip, within these bounds.
constexpr std::chrono::microseconds kShortestAnswer{1000};
constexpr std::chrono::microseconds kLongestAnswer{100'000};

}  // namespace

bool LateBinding::WantsLink(Clock::time_point now) const {
  return !link_until_.has_value() || now >= *link_until_;
}

void LateBinding::SetLink(const std::optional<LinkState>& link,
                          Clock::time_point now) {
  by_link_ = link.has_value()
                 ? std::clamp<uint64_t>(EarlyBytesFor(*link), kLeast, kMost)
                 : frame_;
  link_until_ =
      now + (link.has_value()
                 ? std::clamp(link->round_trip, kShortestAnswer, kLongestAnswer)
                 : kLongestAnswer);
}

size_t LateBinding::BytesPerWrite() const {
  const size_t bytes = std::min(by_link_, by_writes_);
  return bytes < frame_ ? bytes : bytes / frame_ * frame_;
}

void LateBinding::OnWrite(size_t offered, size_t taken, Clock::time_point now) {
  if (AfterPause(now)) since_pause_ = 0;
  since_pause_ += taken;
  last_write_ = now;
  if (taken < offered) {
    by_writes_ = std::clamp(taken, std::max(frame_, kLeast), kMost);
  } else if (offered >= FirstBytes()) {
    by_writes_ = std::min(2 * by_writes_, kMost);
  }
}

size_t LateBinding::RecordSize(Clock::time_point now) const {
  const bool young = since_pause_ < kYoungBytes || AfterPause(now);
  return young && by_link_ <= kLargeRecord ? kSmallRecord : kLargeRecord;
}

bool LateBinding::AfterPause(Clock::time_point now) const {
  return now - last_write_ > kPause;
}

}  // namespace sluice::examples
