// lifo: the newest stream first, to completion or until a newer one opens.
//
// A bad baseline on purpose: some stacks did this by accident (a list that was
// pushed and popped at the same end), and it shows what a policy can cost. The
// order is the reverse of that in which the streams opened.
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/option_reader.h"
#include "scheduler/policy.h"
#include "scheduler/ranked_policy.h"
#include "scheduler/registry.h"

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

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  if (absl::Status status = OptionReader(options).Finish(); !status.ok()) {
    return status;
  }
  return std::make_unique<Lifo>(options);
}

SLUICE_REGISTER_POLICY(lifo, "newest stream first (a bad baseline)", Make);

}  // namespace
}  // namespace sluice::scheduler
