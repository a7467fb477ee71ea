// parallel_plus (p+): three groups on the root. High (256) goes one by one, in
// request order: html, css, font, fetch, js that is neither async nor after the
// first image. Normal (256, but 1 while a stream of High is open) shares: js
// after the first image. Low (1) shares: images, async or deferred js, the
// rest.
//
// Of Wijnants, Marx, Quax and Lamotte ("HTTP/2 Prioritization and its Impact on
// Web Performance", WWW 2018), as Marx et al. coded it: what must come first
// comes one by one, what can be used in parallel shares, and nothing starves.
//
// Without hints the class is guessed from the client's signals (translation.h);
// a later hint moves the stream to its group, in High to the place that its
// request order gives it.
#include <sluice/scheduler/class_tree_policy.h>

namespace sluice::scheduler {
namespace {

class ParallelPlus final : public ClassTreePolicy {
 public:
  explicit ParallelPlus(const PolicyOptions& options)
      : ClassTreePolicy(options) {
    YieldTo(normal_, high_);
  }

 private:
  Seat SeatOf(const StreamInfo& info) const override {
    switch (ChromeGroupOf(ResourceOf(info))) {
      case 0:
      case 1:
        return {.group = high_, .rule = "high"};
      case 2:
        return {.group = normal_, .rule = "normal"};
      default:
        return {.group = low_, .rule = "low"};
    }
  }

  const Group high_ = AddGroup(kRoot, 256, /*chained=*/true);
  const Group normal_ = AddGroup(kRoot, 256);
  const Group low_ = AddGroup(kRoot, 1);
};

SLUICE_REGISTER_POLICY(parallel_plus,
                       "p+: a chain, then shares, by class (Wijnants, Marx)",
                       ParallelPlus);

}  // namespace
}  // namespace sluice::scheduler
