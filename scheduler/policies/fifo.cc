// fifo: in the order of the requests, each to completion.
//
// HTTP/1.1 with pipelining did this. As a baseline it is hard to beat when
// early requests matter most. The order is that in which the streams opened; a
// stream without bytes lets the next one pass, and takes its place back when it
// has some.
#include <sluice/scheduler/ranked_policy.h>

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
