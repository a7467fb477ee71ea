// rfc9218: the Extensible Prioritization Scheme for HTTP (RFC 9218 §10). The
// smallest urgency goes first, strictly; inside one urgency the streams that
// are not incremental go one by one by stream id, and the incremental ones
// share the bytes equally.
//
// The RFC does not say how both kinds share one urgency. Option `mixed`:
//   non_incremental_first   as nghttp2 does (the default). Incremental streams
//                           wait for all others of their urgency, which §10
//                           warns may starve them
//   alternate               one grant to each kind in turn, as Go does
//   first_emission_then_rr  as h2o does: the first grant of an incremental
//                           stream goes by stream id among the others; from
//                           then on it shares what they leave
//
// Option `starvation_guard` (bytes, 0: off): a group that has been ready while
// so many bytes went to others gets one grant. A group is the non-incremental
// streams of one urgency, or its incremental ones; with `alternate`, both.
//
// Option `priority_frames`: with `move`, a PRIORITY frame gives its stream the
// urgency of its weight (translation.h) until the next RFC 9218 signal, as
// policies/auto.cc explains. `ignore` is the default.
//
// Signals: RFC 9218's; a stream without one is u=3. As long as the client has
// sent none, its RFC 7540 dependencies are translated (translation.h). CONNECT
// tunnels are incremental. Hints are not read. Announces
// SETTINGS_NO_RFC7540_PRIORITIES (§2.1).
#include <sluice/scheduler/ranked_policy.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>

namespace sluice::scheduler {
namespace {

constexpr size_t kUrgencies = signals::kMaxUrgency + 1;
enum class Mixed { kNonIncrementalFirst, kAlternate, kFirstEmission };

class Rfc9218 final : public RankedPolicy {
 public:
  Rfc9218(const PolicyOptions& options, OptionReader& read)
      : Rfc9218(options,
                static_cast<Mixed>(
                    read.Choice("mixed", {"non_incremental_first", "alternate",
                                          "first_emission_then_rr"})),
                read) {}

  bool AnnouncesNoRfc7540Priorities() const override { return true; }
  bool ReadsHints() const override { return false; }

  void OnClientUsesRfc9218() override {
    dependencies_ = moves_;
    RankAll();
  }

 private:
  Rfc9218(const PolicyOptions& options, Mixed mixed, OptionReader& read)
      : RankedPolicy(options,
                     Shape{.groups = 2 * kUrgencies,
                           .ranks_by_charge = mixed == Mixed::kFirstEmission,
                           .starvation_guard = read.Integer(
                               "starvation_guard", 0, 0, int64_t{1} << 40)}),
        mixed_(mixed),
        moves_(read.Choice("priority_frames", {"ignore", "move"}) == 0
                   ? Dependencies::kIgnore
                   : Dependencies::kMove) {}

  // Two groups an urgency, so that the second waits for the first; to alternate
  // both kinds stand in one.
  Rank RankOf(const Subject& stream) const override {
    const signals::Rfc9218Priority field =
        Rfc9218Of(stream.info, dependencies_);
    Rank rank = {.group = 2 * static_cast<size_t>(field.urgency),
                 .rule = Rfc9218Name(field)};
    if (!field.incremental) {
      rank.sharing = Rank::Sharing::kSequential;
    } else if (mixed_ == Mixed::kFirstEmission && stream.charged == 0) {
      rank.sharing = Rank::Sharing::kSequential;
      rank.rule = Rfc9218Name({field.urgency, false});
    } else if (mixed_ != Mixed::kAlternate) {
      ++rank.group;
    }
    return rank;
  }

  const Mixed mixed_;
  const Dependencies moves_;  // once the client uses RFC 9218
  Dependencies dependencies_ = Dependencies::kTranslate;
};

SLUICE_REGISTER_POLICY(rfc9218, "RFC 9218 urgency and incremental", Rfc9218);

}  // namespace
}  // namespace sluice::scheduler
