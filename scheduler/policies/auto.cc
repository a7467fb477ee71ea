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
// Options are those of rfc9218, and `via`. An intermediary that puts requests
// of several users on one connection forwards signals that do not belong
// together: each user's are about his own requests (RFC 9218 §10). With
// via=share, all streams of a connection get equal shares, as under rr, from
// its first request with a `via` field on, as in Go. The default, via=ignore,
// obeys the signals: right behind an intermediary of one's own, which sets them
// itself.
//
// Announces no setting, so that clients go on sending both. Of the hints, `via`
// alone is read.
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

// First the policy that obeys signals, second rr; all streams are on one side.
class ShareBehindVia final : public TwoPolicies {
 public:
  ShareBehindVia(std::unique_ptr<Policy> obeying, std::unique_ptr<Policy> equal)
      : TwoPolicies(std::move(obeying), std::move(equal),
                    /*second_rule=*/"equal shares behind an intermediary") {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    TwoPolicies::OnOpen(id, info);
    Notice(info);
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    TwoPolicies::OnPriority(id, info, changed);
    Notice(info);
  }

 private:
  Side SideOf(const StreamInfo&) const override { return side_; }

  void Notice(const StreamInfo& info) {
    if (!info.hints.via || side_ == Side::kSecond) return;
    side_ = Side::kSecond;
    ServeAgain();
  }

  Side side_ = Side::kFirst;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options,
                                             OptionReader& read) {
  const bool share = read.Choice("via", {"ignore", "share"}) == 1;
  read.SetDefault("priority_frames", "move");
  absl::StatusOr<std::unique_ptr<Policy>> extensible =
      CreatePart("rfc9218", options, read);
  if (!extensible.ok()) return extensible;
  absl::StatusOr<std::unique_ptr<Policy>> tree =
      CreatePolicy("rfc7540", options);
  if (!tree.ok()) return tree;
  auto both = std::make_unique<Auto>(*std::move(tree), *std::move(extensible));
  if (!share) return both;
  absl::StatusOr<std::unique_ptr<Policy>> equal = CreatePolicy("rr", options);
  if (!equal.ok()) return equal;
  return std::make_unique<ShareBehindVia>(std::move(both), *std::move(equal));
}

SLUICE_REGISTER_POLICY_FACTORY(auto,
                               "RFC 9218 or the tree, by what the client sends",
                               Make);

}  // namespace
}  // namespace sluice::scheduler
