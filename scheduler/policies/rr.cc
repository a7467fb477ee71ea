// rr: every ready stream gets the same bytes, whatever its client asked for.
//
// The baseline of every paper about HTTP/2 prioritisation, and what a server
// without priorities does at best. It is fair to the byte: two streams that
// stay ready never differ by more than two grants, however large their frames
// are. A stream that opens or comes back starts where the others are: it gets
// no bytes for the time it was away, and pays none for what they got meanwhile.
#include <sluice/scheduler/ranked_policy.h>

namespace sluice::scheduler {
namespace {

class RoundRobin final : public RankedPolicy {
 public:
  explicit RoundRobin(const PolicyOptions& options)
      : RankedPolicy(options, Shape{}) {}

  bool ReadsHints() const override { return false; }

 private:
  Rank RankOf(const Subject&) const override {
    return {.rule = "least served"};
  }
};

SLUICE_REGISTER_POLICY(rr, "equal byte shares for all ready streams",
                       RoundRobin);

}  // namespace
}  // namespace sluice::scheduler
