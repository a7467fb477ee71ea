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
// Option `starvation_guard` (bytes, 0: off): who has been ready while so many
// bytes went to others gets one grant. Who is one urgency's non-incremental
// streams, or its incremental ones (with `alternate`: an urgency).
//
// Signals: RFC 9218's; what is not said is u=3. As long as the client has sent
// none of them, its RFC 7540 dependencies are translated (translation.h).
// CONNECT tunnels are incremental. PRIORITY_UPDATE for a stream that is not
// open yet is kept, up to the limit of PolicyOptions (§7.1). Hints are not
// read. Announces SETTINGS_NO_RFC7540_PRIORITIES (§2.1).
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/option_reader.h"
#include "scheduler/policy.h"
#include "scheduler/ranked_policy.h"
#include "scheduler/registry.h"
#include "scheduler/translation.h"

namespace sluice::scheduler {
namespace {

constexpr size_t kUrgencies = priority::kMaxUrgency + 1;
constexpr std::array<absl::string_view, kUrgencies> kRules = {
    "u=0", "u=1", "u=2", "u=3", "u=4", "u=5", "u=6", "u=7"};
constexpr std::array<absl::string_view, kUrgencies> kIncrementalRules = {
    "u=0, i", "u=1, i", "u=2, i", "u=3, i",
    "u=4, i", "u=5, i", "u=6, i", "u=7, i"};

enum class Mixed { kNonIncrementalFirst, kAlternate, kFirstEmission };

class Rfc9218 final : public RankedPolicy {
 public:
  Rfc9218(const PolicyOptions& options, Mixed mixed, int64_t starvation_guard)
      : RankedPolicy(options,
                     Shape{.groups = 2 * kUrgencies,
                           .ranks_by_charge = mixed == Mixed::kFirstEmission,
                           .starvation_guard = starvation_guard}),
        mixed_(mixed) {}

  bool AnnouncesNoRfc7540Priorities() const override { return true; }

  void OnNoRfc7540Priorities() override {
    if (std::exchange(translate_, false)) RankAll();
  }

 private:
  // See translation.h: whether RFC 7540 signals stand for what is not said.
  bool Notice(const StreamInfo& info) override {
    if (!info.rfc9218.has_value()) return false;
    return std::exchange(translate_, false);
  }

  // Two groups an urgency, so that the second waits for the first; to alternate
  // both kinds stand in one.
  Rank RankOf(const Subject& stream) const override {
    const priority::Rfc9218Priority field = Rfc9218Of(stream.info, translate_);
    const auto urgency = static_cast<size_t>(field.urgency);
    const bool by_id = !field.incremental ||
                       (mixed_ == Mixed::kFirstEmission && stream.charged == 0);
    if (by_id) {
      return {.group = 2 * urgency,
              .sharing = Rank::Sharing::kSequential,
              .rule = kRules[urgency]};
    }
    return {.group = 2 * urgency + (mixed_ == Mixed::kAlternate ? 0 : 1),
            .rule = kIncrementalRules[urgency]};
  }

  const Mixed mixed_;
  bool translate_ = true;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  OptionReader reader(options);
  const auto mixed = static_cast<Mixed>(reader.Choice(
      "mixed",
      {"non_incremental_first", "alternate", "first_emission_then_rr"}));
  const int64_t guard =
      reader.Integer("starvation_guard", 0, 0, int64_t{1} << 40);
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  return MakePolicy<Rfc9218>(options.memory, options, mixed, guard);
}

SLUICE_REGISTER_POLICY(rfc9218, "RFC 9218 urgency and incremental", Make);

}  // namespace
}  // namespace sluice::scheduler
