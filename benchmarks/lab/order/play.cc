#include "benchmarks/lab/order/play.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/numeric/int128.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/order/order_policy.h"

namespace sluice::lab {
namespace {

// Follows the arrivals of a load.
class Watch {
 public:
  Watch(const Page& page, int64_t limit) : page_(page), limit_(limit) {
    for (const Resource& resource : page.resources) {
      if (resource.redirect) continue;
      if (resource.above_the_fold) needed_left_ += resource.bytes;
      if (resource.render_critical) critical_left_ += resource.bytes;
      // Such a body ends without an arrival.
      if (resource.above_the_fold && resource.bytes == 0) ends_unseen_ = true;
    }
  }

  // Whether the load need not go on.
  bool OnArrival(const Arrival& arrival) {
    const Resource& resource = page_.resources[arrival.resource];
    if (!resource.above_the_fold) return false;
    needed_left_ -= arrival.bytes;
    arrived_ += arrival.bytes;
    if (resource.render_critical) critical_left_ -= arrival.bytes;
    const auto now = static_cast<uint64_t>(arrival.at_ns);
    // No byte is seen before it arrives, nor before the critical ones are here.
    if (critical_left_ > 0 || resource.render_critical) {
      shown_ = absl::uint128(arrived_) * now;
    } else {
      shown_ += absl::uint128(arrival.bytes) * now;
    }
    const absl::uint128 least = shown_ + absl::uint128(needed_left_) * now;
    const absl::uint128 bytes = arrived_ + needed_left_;
    over_ = least / bytes > absl::uint128(static_cast<uint64_t>(limit_));
    return over_ || (needed_left_ == 0 && !ends_unseen_);
  }

  bool over() const { return over_; }

 private:
  const Page& page_;
  const int64_t limit_;
  uint64_t needed_left_ = 0;    // bytes above the fold
  uint64_t critical_left_ = 0;  // of them, render-critical
  uint64_t arrived_ = 0;        // bytes above the fold
  absl::uint128 shown_ = 0;     // of them, bytes · ns at least
  bool ends_unseen_ = false;
  bool over_ = false;
};

}  // namespace

absl::StatusOr<PageLoad> PlayOrder(const Page& page, Signals& signals,
                                   const Order& order, Transport& transport,
                                   PageLoadOptions options) {
  auto policy = std::make_unique<OrderPolicy>(order, kMaxGrant);
  options.on_answer = [raw = policy.get()](h2::StreamId id, size_t resource) {
    raw->OnAnswer(id, resource);
  };
  return RunPageLoad(page, signals, std::move(policy), transport, options);
}

absl::StatusOr<std::optional<int64_t>> PaintedAreaOf(
    const Page& page, Signals& signals, const Order& order,
    Transport& transport, PageLoadOptions options, int64_t limit) {
  Watch watch(page, limit);
  options.enough = [&watch](const Arrival& arrival) {
    return watch.OnArrival(arrival);
  };
  const absl::StatusOr<PageLoad> load =
      PlayOrder(page, signals, order, transport, std::move(options));
  if (!load.ok()) return load.status();
  if (watch.over()) return std::nullopt;
  const int64_t area = Measure(page, *load).painted_area_ns;
  if (area > limit) return std::nullopt;
  return area;
}

}  // namespace sluice::lab
