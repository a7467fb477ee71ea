// fifo: in the order of the requests, each to completion.
//
// What HTTP/1.1 with pipelining did, and a baseline that is hard to beat when
// early requests matter most. The order is that in which the streams opened; a
// stream that has nothing to send lets the next one pass and takes its place
// back when it has.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/ranked_policy.h>
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/registry.h>

namespace sluice::scheduler {
namespace {

class Fifo final : public RankedPolicy {
 public:
  explicit Fifo(const PolicyOptions& options)
      : RankedPolicy(options, Shape{}) {}

 private:
  Rank RankOf(const Subject& stream) const override {
    return {.sharing = Rank::Sharing::kSequential,
            .order = stream.arrival,
            .rule = "first come"};
  }
};

SLUICE_REGISTER_POLICY(fifo, "in request order, each to completion", Fifo);

}  // namespace
}  // namespace sluice::scheduler
