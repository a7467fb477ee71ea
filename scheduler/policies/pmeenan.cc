// pmeenan, pmeenan_html: 64 strict levels, and in each three ways to go. First
// the exclusive streams, one by one; then one sequential stream and the shared
// ones in turn, grant by grant.
//
// Patrick Meenan's proposal for HTTP/3 (2019), which Cloudflare deployed as
// "enhanced HTTP/2 prioritization", with the classes that Marx et al. (LNBIP
// 399, 2020) gave it, as (level, concurrency): concurrency 3 is exclusive, 2
// sequential, 1 shared. pmeenan_html is the same with html at (63,2), not
// (31,2): the document was found to matter more than the proposal thought.
//
// Without hints the class is guessed from the client's signals (translation.h);
// a later hint moves the stream to its level. Exclusive and sequential streams
// go in request order.
#include <sluice/scheduler/ranked_policy.h>

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sluice::scheduler {
namespace {

constexpr size_t kLevels = 64;

struct Place {
  size_t level = 0;     // 63 goes first
  int concurrency = 2;  // 3 exclusive, 2 sequential, 1 shared
  absl::string_view rule = "the rest (0,2)";
};

Place PlaceOf(const ResourceHints& resource, bool html_first) {
  switch (resource.resource_class) {
    case ResourceClass::kJs:
      if (resource.async_or_defer)
        return {31, 2, "async or deferred js (31,2)"};
      [[fallthrough]];
    case ResourceClass::kCss:
      if (resource.in_head) return {63, 3, "critical js, css (63,3)"};
      return {31, 3, "js, css (31,3)"};
    case ResourceClass::kFetch:
      return {31, 3, "fetch (31,3)"};
    case ResourceClass::kFont:
      if (resource.preload) return {31, 2, "preloaded font (31,2)"};
      return {63, 2, "font (63,2)"};
    case ResourceClass::kHtml:
      if (html_first) return {63, 2, "html (63,2)"};
      return {31, 2, "html (31,2)"};
    case ResourceClass::kImage:
      if (resource.above_the_fold) return {63, 1, "image in view (63,1)"};
      return {31, 1, "image (31,1)"};
    case ResourceClass::kMedia:
      return {31, 1, "video (31,1)"};
    case ResourceClass::kOther:
    case ResourceClass::kUnknown:
      break;
  }
  return {};
}

template <bool html_first>
class Meenan final : public RankedPolicy {
 public:
  explicit Meenan(const PolicyOptions& options)
      : RankedPolicy(options, Shape{.groups = 2 * kLevels}) {}

 private:
  // Two groups a level: the exclusive streams, then both other kinds, which a
  // group serves in turn.
  Rank RankOf(const Subject& stream) const override {
    const Place place = PlaceOf(ResourceOf(stream.info), html_first);
    const size_t from_top = kLevels - 1 - place.level;
    return {.group = 2 * from_top + (place.concurrency == 3 ? 0 : 1),
            .sharing = place.concurrency == 1 ? Rank::Sharing::kShared
                                              : Rank::Sharing::kSequential,
            .order = stream.arrival,
            .rule = place.rule};
  }
};

SLUICE_REGISTER_POLICY(pmeenan, "64 levels with three concurrencies (Meenan)",
                       Meenan<false>);
SLUICE_REGISTER_POLICY(pmeenan_html, "pmeenan with html at the top level",
                       Meenan<true>);

}  // namespace
}  // namespace sluice::scheduler
