#include "benchmarks/lab/order/bound.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/net/transport.h"

namespace sluice::lab {
namespace {

// Nanoseconds that a byte of a body takes at least.
double NanosecondsAByte(const LinkOptions& link) {
  // Of a segment, at most this many bytes are of bodies.
  constexpr auto kBodyBytes = static_cast<double>(kMaxGrant);
  if (link.tick_ns > 0) return static_cast<double>(link.tick_ns) / kBodyBytes;
  if (link.down_bits_per_second == 0) return 0;
  const auto wire_bytes =
      static_cast<double>(kSegmentBytes + link.header_bytes);
  return 8e9 / static_cast<double>(link.down_bits_per_second) * wire_bytes /
         kBodyBytes;
}

// As a link rounds it.
int64_t OneWay(const LinkOptions& link) { return link.round_trip_ns / 2; }

class Relaxation {
 public:
  Relaxation(const Page& page, const LinkOptions& link)
      : page_(page),
        a_byte_ns_(NanosecondsAByte(link)),
        round_trip_ns_(2 * static_cast<double>(OneWay(link))),
        requested_ns_(page.resources.size()) {
    for (size_t i = 0; i < page.resources.size(); ++i) FindRequest(i);
  }

  double PaintedArea() const {
    const double critical_ns = Complete(
        [](const Resource& resource) { return resource.render_critical; });
    double now_ns = 0;
    double shown = 0;  // bytes · ns
    double bytes = 0;
    for (const size_t i : ByArrival([](const Resource& resource) {
           return resource.above_the_fold;
         })) {
      const auto size = static_cast<double>(page_.resources[i].bytes);
      const double from_ns = std::max(now_ns, Arrival(i));
      now_ns = from_ns + size * a_byte_ns_;
      // The bytes that arrive before `critical_ns` are seen then.
      const double waits_ns =
          std::clamp(critical_ns, from_ns, now_ns) - from_ns;
      const double wait = a_byte_ns_ > 0 ? waits_ns / a_byte_ns_
                                         : (from_ns < critical_ns ? size : 0);
      shown += wait * critical_ns +
               (size - wait) * (from_ns + waits_ns + now_ns) / 2;
      bytes += size;
    }
    return bytes > 0 ? shown / bytes : 0;
  }

 private:
  // The first byte of a body.
  double Arrival(size_t i) const { return *requested_ns_[i] + round_trip_ns_; }

  // The byte of `initiator` that discovers `resource`, or its end.
  double Discovery(const Resource& resource, size_t initiator) const {
    const Resource& from = page_.resources[initiator];
    if (from.redirect) return *requested_ns_[initiator];
    const uint64_t bytes =
        std::min(resource.discovered_at_byte.value_or(from.bytes), from.bytes);
    return Arrival(initiator) + static_cast<double>(bytes) * a_byte_ns_;
  }

  // Sets `requested_ns_` of `i` and, before it, of its initiators. A trigger
  // may fire at any time.
  void FindRequest(size_t i) {
    std::vector<size_t> chain;
    std::optional<size_t> next = i;
    while (next.has_value() && !requested_ns_[*next].has_value()) {
      chain.push_back(*next);
      next = page_.resources[*next].initiator;
    }
    for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
      const Resource& resource = page_.resources[*it];
      requested_ns_[*it] = (resource.initiator.has_value()
                                ? Discovery(resource, *resource.initiator)
                                : 0) +
                           static_cast<double>(resource.discovery_delay_ns);
    }
  }

  // Those that `in` takes, by the arrival of their first byte.
  template <typename In>
  std::vector<size_t> ByArrival(In in) const {
    std::vector<size_t> resources;
    for (size_t i = 0; i < page_.resources.size(); ++i) {
      if (in(page_.resources[i])) resources.push_back(i);
    }
    std::stable_sort(resources.begin(), resources.end(),
                     [this](size_t a, size_t b) {
                       return *requested_ns_[a] < *requested_ns_[b];
                     });
    return resources;
  }

  // When the last of those that `in` takes is complete.
  template <typename In>
  double Complete(In in) const {
    double now_ns = 0;
    for (const size_t i : ByArrival(in)) {
      now_ns = std::max(now_ns, Arrival(i)) +
               static_cast<double>(page_.resources[i].bytes) * a_byte_ns_;
    }
    return now_ns;
  }

  const Page& page_;
  const double a_byte_ns_;
  const double round_trip_ns_;
  std::vector<std::optional<double>> requested_ns_;
};

}  // namespace

int64_t PaintedAreaBound(const Page& page, const LinkOptions& link) {
  return static_cast<int64_t>(std::floor(Relaxation(page, link).PaintedArea()));
}

}  // namespace sluice::lab
