// lifo: the newest stream first, to completion or until a newer one opens.
//
// A bad baseline on purpose: some stacks did this by accident (a list that was
// pushed and popped at the same end), and it shows what a policy can cost. The
// order is the reverse of that in which the streams opened.
#include <sluice/scheduler/ranked_policy.h>

namespace sluice::scheduler {
namespace {

class Lifo final : public RankedPolicy {
 public:
  explicit Lifo(const PolicyOptions& options)
      : RankedPolicy(options, Shape{}) {}

 private:
  Rank RankOf(const Subject& stream) const override {
    return {.sharing = Rank::Sharing::kSequential,
            .order = -stream.arrival,
            .rule = "last come"};
  }
};

SLUICE_REGISTER_POLICY(lifo, "newest stream first (a bad baseline)", Lifo);

}  // namespace
}  // namespace sluice::scheduler
