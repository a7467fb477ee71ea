// wrr: all streams share, by a weight for their class: html and css 256, js 24,
// font 16, image and the rest 8.
//
// The weighted round robin of Marx, De Decker, Quax and Lamotte ("Of the Utmost
// Importance: Resource Prioritization in HTTP/3 over QUIC", WEBIST 2019), their
// model of what Safari asks for: no dependencies, five weights on the root.
//
// Without hints the class is guessed from the client's signals (translation.h);
// a later hint gives the stream its weight from then on, with no gain and no
// loss for what was sent before.
#include <sluice/scheduler/ranked_policy.h>

namespace sluice::scheduler {
namespace {

class WeightedRoundRobin final : public RankedPolicy {
 public:
  explicit WeightedRoundRobin(const PolicyOptions& options)
      : RankedPolicy(options, Shape{}) {}

 private:
  Rank RankOf(const Subject& stream) const override {
    switch (ResourceOf(stream.info).resource_class) {
      case ResourceClass::kHtml:
      case ResourceClass::kCss:
        return {.weight = 256, .rule = "html, css: 256"};
      case ResourceClass::kJs:
        return {.weight = 24, .rule = "js: 24"};
      case ResourceClass::kFont:
        return {.weight = 16, .rule = "font: 16"};
      default:
        return {.weight = 8, .rule = "image, the rest: 8"};
    }
  }
};

SLUICE_REGISTER_POLICY(wrr, "weights by class on the root, Safari-like (Marx)",
                       WeightedRoundRobin);

}  // namespace
}  // namespace sluice::scheduler
