// auto: serves each connection by the kind of signals that its client sends.
//
// Browsers send both kinds at once today, so both states are kept for every
// stream, and what decides is the connection: by rfc9218 from the moment its
// client sends SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1), a `priority`
// field or a PRIORITY_UPDATE frame; until then by rfc7540. It never goes back.
//
// Once rfc9218 serves the connection, a PRIORITY frame for an open stream is
// not lost: it gives the stream the urgency that Chromium means by its weight
// (translation.h: 256, 220, 183, 147, 110 → 0 … 4). Chromium moves an image up
// in this way when it comes into view. The last signal wins, so a later
// PRIORITY_UPDATE replaces it. The incremental parameter stays. PRIORITY frames
// of before, and the dependency of a HEADERS frame, count for the tree alone:
// without a field the stream is u=3.
//
// Options are those of rfc9218. Announces no setting, so that clients go on
// sending both. Hints are not read.
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/two_policies.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"

namespace sluice::scheduler {
namespace {

// First the tree, second rfc9218; all streams are on one side.
class Auto final : public TwoPolicies {
 public:
  Auto(std::unique_ptr<Policy> tree, std::unique_ptr<Policy> extensible)
      : TwoPolicies(std::move(tree), std::move(extensible),
                    /*second_rule=*/{}) {}

  void OnClientUsesRfc9218() override {
    TwoPolicies::OnClientUsesRfc9218();
    side_ = Side::kSecond;
    ServeAgain();
  }

 private:
  Side SideOf(const StreamInfo&) const override { return side_; }

  Side side_ = Side::kFirst;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options,
                                             OptionReader& read) {
  read.SetDefault("priority_frames", "move");
  absl::StatusOr<std::unique_ptr<Policy>> extensible =
      CreatePart("rfc9218", options, read);
  if (!extensible.ok()) return extensible;
  absl::StatusOr<std::unique_ptr<Policy>> tree =
      CreatePolicy("rfc7540", options);
  if (!tree.ok()) return tree;
  return std::make_unique<Auto>(*std::move(tree), *std::move(extensible));
}

SLUICE_REGISTER_POLICY_FACTORY(auto,
                               "RFC 9218 or the tree, by what the client sends",
                               Make);

}  // namespace
}  // namespace sluice::scheduler
