// urgency: RFC 9218 urgency in strict order, and inside one urgency by stream
// id, each to completion; the incremental parameter is ignored.
//
// Shows what `i` is worth: the difference between this and rfc9218. It is also
// what servers do that map urgencies to the levels of an older scheduler.
//
// RFC 7540 signals are translated as by rfc9218. Hints are not read. A signal
// that comes later moves the stream at once.
#include <sluice/scheduler/ranked_policy.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>

namespace sluice::scheduler {
namespace {

class Urgency final : public RankedPolicy {
 public:
  explicit Urgency(const PolicyOptions& options)
      : RankedPolicy(options, Shape{.groups = signals::kMaxUrgency + 1}) {}

  void OnClientUsesRfc9218() override {
    dependencies_ = Dependencies::kIgnore;
    RankAll();
  }

 private:
  Rank RankOf(const Subject& stream) const override {
    const int urgency = Rfc9218Of(stream.info, dependencies_).urgency;
    return {.group = static_cast<size_t>(urgency),
            .sharing = Rank::Sharing::kSequential,
            .rule = Rfc9218Name({urgency, /*incremental=*/false})};
  }

  Dependencies dependencies_ = Dependencies::kTranslate;
};

SLUICE_REGISTER_POLICY(urgency, "strict RFC 9218 urgency, incremental ignored",
                       Urgency);

}  // namespace
}  // namespace sluice::scheduler
