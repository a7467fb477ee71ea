// serial_plus (s+): three groups on the root. High (256) goes one by one, in
// request order: css, and js of the head that is not async or deferred. Medium
// (256, but 1 while a stream of High is open) goes one by one as well: other
// js, fetch. Low (1) holds a small tree like Firefox's:
//
//   low ─ leaders 201     no streams of its own
//       │   └ followers 1 html, image, font
//       └ background 1    the rest
//           └ speculative 1  preloads other than css, js and fetch
//
// where streams have the default weight.
//
// Of Wijnants, Marx, Quax and Lamotte (WWW 2018), as Marx et al. coded it: only
// what blocks rendering comes first, and the document itself waits with the
// images, which is why it does badly on pages whose html is large.
//
// Without hints the class is guessed from the client's signals (translation.h);
// a later hint moves the stream to its group, in the chains to the place that
// its request order gives it.
#include <sluice/scheduler/class_tree_policy.h>

namespace sluice::scheduler {
namespace {

class SerialPlus final : public ClassTreePolicy {
 public:
  explicit SerialPlus(const PolicyOptions& options) : ClassTreePolicy(options) {
    YieldTo(medium_, high_);
  }

 private:
  Seat SeatOf(const StreamInfo& info) const override {
    const ResourceHints resource = ResourceOf(info);
    switch (resource.resource_class) {
      case ResourceClass::kCss:
        return {.group = high_, .rule = "high"};
      case ResourceClass::kJs:
        if (resource.in_head && !resource.async_or_defer) {
          return {.group = high_, .rule = "high"};
        }
        return {.group = medium_, .rule = "medium"};
      case ResourceClass::kFetch:
        return {.group = medium_, .rule = "medium"};
      default:
        break;
    }
    if (resource.preload) return {.group = speculative_, .rule = "speculative"};
    switch (resource.resource_class) {
      case ResourceClass::kHtml:
      case ResourceClass::kImage:
      case ResourceClass::kFont:
        return {.group = followers_, .rule = "followers"};
      default:
        return {.group = background_, .rule = "background"};
    }
  }

  const Group high_ = AddGroup(kRoot, 256, /*chained=*/true);
  const Group medium_ = AddGroup(kRoot, 256, /*chained=*/true);
  const Group low_ = AddGroup(kRoot, 1);
  const Group leaders_ = AddGroup(low_, 201);
  const Group followers_ = AddGroup(leaders_, 1);
  const Group background_ = AddGroup(low_, 1);
  const Group speculative_ = AddGroup(background_, 1);
};

SLUICE_REGISTER_POLICY(serial_plus,
                       "s+: two chains, then shares, by class (Wijnants, Marx)",
                       SerialPlus);

}  // namespace
}  // namespace sluice::scheduler
