// dfifo: five groups by class, one strictly after the other, and inside a group
// in request order, each stream to completion.
//
// The "dynamic FIFO" of Marx et al. (WEBIST 2019), their model of Chromium's
// RFC 7540 chain: html, css, font | js of the head, fetch | js after the first
// image | async or deferred js, image | the rest.
//
// Without hints the group is Chromium's own for the client's signal
// (translation.h). A later hint moves the stream to its group, where it takes
// the place that its request order gives it.
#include <sluice/scheduler/ranked_policy.h>

#include <cstddef>

namespace sluice::scheduler {
namespace {

class DynamicFifo final : public RankedPolicy {
 public:
  explicit DynamicFifo(const PolicyOptions& options)
      : RankedPolicy(options, Shape{.groups = kChromeGroups}) {}

 private:
  Rank RankOf(const Subject& stream) const override {
    const size_t group = ChromeGroupOf(ResourceOf(stream.info));
    return {.group = group,
            .sharing = Rank::Sharing::kSequential,
            .order = stream.arrival,
            .rule = ChromeGroupName(group)};
  }
};

SLUICE_REGISTER_POLICY(dfifo,
                       "five groups by class, in request order inside (Marx)",
                       DynamicFifo);

}  // namespace
}  // namespace sluice::scheduler
