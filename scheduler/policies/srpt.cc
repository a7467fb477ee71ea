// srpt: the stream with the fewest bytes left goes first, to completion.
//
// Shortest remaining processing time is optimal for the mean completion time on
// one link (Schrage 1968): the lower bound that other policies are measured by,
// and a good policy for an API. It knows nothing of pages.
//
// The size is ResourceHints::bytes_remaining. Streams without it go after all
// others, in request order; when the hint comes later they move up at once.
#include <sluice/scheduler/ranked_policy.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace sluice::scheduler {
namespace {

class ShortestRemaining final : public RankedPolicy {
 public:
  explicit ShortestRemaining(const PolicyOptions& options)
      : RankedPolicy(options, Shape{.groups = 2, .ranks_by_charge = true}) {}

 private:
  Rank RankOf(const Subject& stream) const override {
    const std::optional<uint64_t>& bytes = stream.info.hints.bytes_remaining;
    if (!bytes.has_value()) {
      return {.group = 1,
              .sharing = Rank::Sharing::kSequential,
              .order = stream.arrival,
              .rule = "size unknown"};
    }
    const auto left = static_cast<int64_t>(std::min(*bytes, kHuge));
    return {.sharing = Rank::Sharing::kSequential,
            .order = left,
            .rule = "fewest bytes left"};
  }

  static constexpr uint64_t kHuge = uint64_t{1} << 62;
};

SLUICE_REGISTER_POLICY(srpt,
                       "shortest remaining body first, where sizes are known",
                       ShortestRemaining);

}  // namespace
}  // namespace sluice::scheduler
