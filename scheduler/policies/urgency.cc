// urgency: RFC 9218 urgency in strict order, and inside one urgency by stream
// id, each to completion; the incremental parameter is ignored.
//
// Shows what `i` is worth: the difference between this and rfc9218. It is also
// what servers do that map urgencies to the levels of an older scheduler.
//
// RFC 7540 signals are translated as by rfc9218. Hints are not read. A signal
// that comes later moves the stream at once.
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/string_view.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/option_reader.h"
#include "scheduler/policy.h"
#include "scheduler/ranked_policy.h"
#include "scheduler/registry.h"
#include "scheduler/translation.h"

namespace sluice::scheduler {
namespace {

class Urgency final : public RankedPolicy {
 public:
  explicit Urgency(const PolicyOptions& options)
      : RankedPolicy(options, Shape{.groups = priority::kMaxUrgency + 1}) {}

  void OnNoRfc7540Priorities() override {
    if (std::exchange(translate_, false)) RankAll();
  }

 private:
  // See translation.h: whether RFC 7540 signals stand for what is not said.
  bool Notice(const StreamInfo& info) override {
    if (!info.rfc9218.has_value()) return false;
    return std::exchange(translate_, false);
  }

  Rank RankOf(const Subject& stream) const override {
    static constexpr std::array<absl::string_view, 8> kRules = {
        "u=0", "u=1", "u=2", "u=3", "u=4", "u=5", "u=6", "u=7"};
    const auto urgency =
        static_cast<size_t>(Rfc9218Of(stream.info, translate_).urgency);
    return {.group = urgency,
            .sharing = Rank::Sharing::kSequential,
            .rule = kRules[urgency]};
  }

  bool translate_ = true;
};

SLUICE_REGISTER_POLICY(urgency, "strict RFC 9218 urgency, incremental ignored",
                       MakeWithoutOptions<Urgency>);

}  // namespace
}  // namespace sluice::scheduler
