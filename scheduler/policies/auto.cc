// auto: serves each connection by the kind of signals that its client sends.
//
// Browsers send both kinds at once today, so both states are kept for every
// stream, and what decides is the connection: by rfc9218 from the moment its
// client sends SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1), a `priority`
// field or a PRIORITY_UPDATE frame; until then by rfc7540. It never goes back.
//
// Once rfc9218 serves the connection, a PRIORITY frame for an open stream is
// not lost: it gives the stream the urgency that Chromium means by its weight
// (translation.h: 256, 220, 183, 147, 110 → 0 … 4), since that is how Chromium
// moves an image up that came into view. What was said last wins, so a later
// PRIORITY_UPDATE replaces it. The incremental parameter stays as it was. What
// PRIORITY frames said before, like the dependency of a HEADERS frame, counts
// for the tree alone: without a field the stream is u=3.
//
// Options are those of rfc9218. Announces no setting, so that clients go on
// sending both. Hints are not read.
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/translation.h"
#include "scheduler/two_policies.h"

namespace sluice::scheduler {
namespace {

// First the tree, second rfc9218; all streams are on one side.
class Auto final : public TwoPolicies {
 public:
  Auto(std::unique_ptr<Policy> tree, std::unique_ptr<Policy> extensible,
       const PolicyOptions& options)
      : TwoPolicies(std::move(tree), std::move(extensible), options,
                    /*second_rule=*/{}) {}

  void OnNoRfc7540Priorities() override {
    if (UseExtensible()) ServeAgain();
  }

 private:
  Side SideOf(const StreamInfo&) const override {
    return extensible_ ? Side::kSecond : Side::kFirst;
  }

  bool Notice(const StreamInfo& info, std::optional<Signal> changed) override {
    const bool said = changed.has_value() ? *changed == Signal::kRfc9218
                                          : info.rfc9218.has_value();
    return said && UseExtensible();
  }

  bool UseExtensible() {
    if (std::exchange(extensible_, true)) return false;
    // What was not said is u=3 from now on, not a dependency's translation.
    second().OnNoRfc7540Priorities();
    return true;
  }

  // A PRIORITY frame that comes before the connection is served by urgency, or
  // before its stream opens, is no change of mind.
  void TranslateForSecond(const StreamInfo& before, Signal changed,
                          StreamInfo* info) const override {
    if (!extensible_ || changed == Signal::kRfc9218) return;
    if (changed == Signal::kRfc7540 && info->rfc7540.has_value()) {
      if (!info->rfc9218.has_value()) info->rfc9218.emplace();
      info->rfc9218->urgency = UrgencyOfChainWeight(info->rfc7540->weight);
    } else {
      info->rfc9218 = before.rfc9218;
    }
  }

  bool extensible_ = false;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  absl::StatusOr<std::unique_ptr<Policy>> extensible =
      CreatePolicy("rfc9218", options);
  if (!extensible.ok()) return extensible.status();
  const PolicyOptions limits = {
      .max_grant = options.max_grant,
      .max_streams = options.max_streams,
      .max_closed_streams = options.max_closed_streams,
      .memory = options.memory,
  };
  absl::StatusOr<std::unique_ptr<Policy>> tree =
      CreatePolicy("rfc7540", limits);
  if (!tree.ok()) return tree.status();
  return MakePolicy<Auto>(options.memory, *std::move(tree),
                          *std::move(extensible), options);
}

SLUICE_REGISTER_POLICY(auto, "RFC 9218 or the tree, by what the client sends",
                       Make);

}  // namespace
}  // namespace sluice::scheduler
