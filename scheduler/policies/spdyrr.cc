// spdyrr: the five groups of dfifo, strictly one after the other, with equal
// byte shares inside a group.
//
// SPDY's priorities meant this: levels in strict order, round robin in a level.
// Marx et al. (LNBIP 399, 2020) tried it with Chromium's groups.
//
// Without hints the group is Chromium's own for the client's signal
// (translation.h). A later hint moves the stream to its group; it takes its
// lead or lag in bytes along.
#include <sluice/scheduler/ranked_policy.h>

#include <cstddef>

namespace sluice::scheduler {
namespace {

class SpdyRoundRobin final : public RankedPolicy {
 public:
  explicit SpdyRoundRobin(const PolicyOptions& options)
      : RankedPolicy(options, Shape{.groups = kChromeGroups}) {}

 private:
  Rank RankOf(const Subject& stream) const override {
    const size_t group = ChromeGroupOf(ResourceOf(stream.info));
    return {.group = group, .rule = ChromeGroupName(group)};
  }
};

SLUICE_REGISTER_POLICY(spdyrr,
                       "five groups by class, equal shares inside (Marx)",
                       SpdyRoundRobin);

}  // namespace
}  // namespace sluice::scheduler
