// zero_weight: three bands. Weight 255 goes before all others, one stream at a
// time; weights 1 to 254 share in proportion; weight 0 goes after all others,
// one at a time. Here the main document has 255, other html and css 254, js 24,
// font 16, image 8 (1 below the fold), the rest 0.
//
// A proposal for HTTP/3 in which a weight of zero and one of 255 got a meaning
// of their own, as Marx et al. (LNBIP 399, 2020) evaluated it. The sequential
// bands are in the order of stream ids. The main document is the html that is
// the first stream of the connection.
//
// Without hints the class is guessed from the client's signals (translation.h);
// a later hint moves the stream to its band and weight.
#include <sluice/scheduler/ranked_policy.h>

#include "absl/strings/string_view.h"

namespace sluice::scheduler {
namespace {

class ZeroWeight final : public RankedPolicy {
 public:
  explicit ZeroWeight(const PolicyOptions& options)
      : RankedPolicy(options, Shape{.groups = 3}) {}

 private:
  Rank RankOf(const Subject& stream) const override {
    const ResourceHints resource = ResourceOf(stream.info);
    switch (resource.resource_class) {
      case ResourceClass::kHtml:
        if (stream.arrival == 0) {
          return {.sharing = Rank::Sharing::kSequential,
                  .rule = "main document: before all"};
        }
        return Sharing(254, "html, css: 254");
      case ResourceClass::kCss:
        return Sharing(254, "html, css: 254");
      case ResourceClass::kJs:
        return Sharing(24, "js: 24");
      case ResourceClass::kFont:
        return Sharing(16, "font: 16");
      case ResourceClass::kImage:
        return resource.above_the_fold ? Sharing(8, "image above the fold: 8")
                                       : Sharing(1, "image below the fold: 1");
      default:
        return {.group = 2,
                .sharing = Rank::Sharing::kSequential,
                .rule = "the rest: after all"};
    }
  }

  static Rank Sharing(int weight, absl::string_view rule) {
    return {.group = 1, .weight = weight, .rule = rule};
  }
};

SLUICE_REGISTER_POLICY(
    zero_weight, "weights by class, 255 before all and 0 after all (Marx)",
    ZeroWeight);

}  // namespace
}  // namespace sluice::scheduler
