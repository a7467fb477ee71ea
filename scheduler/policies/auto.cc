// auto: serves each connection by the kind of signals that its client sends.
//
// Browsers send both kinds at once today, so what decides is the connection: by
// rfc9218 from the moment its client sends SETTINGS_NO_RFC7540_PRIORITIES = 1
// (RFC 9218 §2.1), a `priority` field or a PRIORITY_UPDATE frame; until then by
// rfc7540. It never goes back.
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
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/stream_map.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace sluice::scheduler {
namespace {

// Serves every stream by `first` until SecondServes(), and by `second` from
// then on. `second` hears of the streams then, and `first` of nothing more:
// what the one does not know and the other forgets costs nothing. GCC guesses
// that the policies are of this class as well, and would inline each call into
// itself, nine deep; hence NOINLINE.
class Succession : public Policy {
 public:
  void OnOpen(StreamId id, const StreamInfo& info) override {
    if (serving_ == first_.get()) streams_.Insert(id).info = &info;
    serving_->OnOpen(id, info);
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    serving_->OnPriority(id, info, changed);
  }
  absl::Status OnIdlePriority(StreamId id,
                              const signals::Rfc7540Priority& priority) final {
    return serving_->OnIdlePriority(id, priority);
  }
  void OnClientUsesRfc9218() override {
    uses_rfc9218_ = true;
    serving_->OnClientUsesRfc9218();
  }
  bool ReadsHints() const final {
    return first_->ReadsHints() || second_->ReadsHints();
  }
  ABSL_ATTRIBUTE_NOINLINE void OnClose(StreamId id) final {
    if (serving_ == first_.get()) streams_.Erase(id);
    serving_->OnClose(id);
  }
  ABSL_ATTRIBUTE_NOINLINE void SetReady(StreamId id) final {
    if (serving_ == first_.get()) streams_.Find(id)->ready = true;
    serving_->SetReady(id);
  }
  ABSL_ATTRIBUTE_NOINLINE void SetBlocked(StreamId id) final {
    if (serving_ == first_.get()) streams_.Find(id)->ready = false;
    serving_->SetBlocked(id);
  }
  ABSL_ATTRIBUTE_NOINLINE std::optional<Grant> Pick() final {
    picked_ = serving_;
    return ABSL_PREDICT_TRUE(serving_ == first_.get() || second_rule_.empty())
               ? serving_->Pick()
               : PickBySecondRule();
  }
  // Of a grant that `first` made before, there is nothing left to charge.
  ABSL_ATTRIBUTE_NOINLINE void Charge(StreamId id, size_t bytes) final {
    if (picked_ == serving_) serving_->Charge(id, bytes);
  }
  size_t LikelyNext(absl::Span<StreamId> picks) const final {
    return serving_->LikelyNext(picks);
  }
  size_t ExplainPick(absl::Span<PathLevel> levels) const final {
    return picked_ == serving_ ? serving_->ExplainPick(levels) : 0;
  }

 protected:
  // Two policies of the same max_grant. `second_rule`, a literal, is the reason
  // of the picks of `second`; empty: its own reason.
  Succession(std::unique_ptr<Policy> first, std::unique_ptr<Policy> second,
             StringView second_rule)
      : first_(std::move(first)),
        second_(std::move(second)),
        second_rule_(second_rule) {}

  // O(n log n), and nothing when it does so already.
  void SecondServes() {
    if (serving_ == second_.get()) return;
    serving_ = second_.get();
    if (uses_rfc9218_) serving_->OnClientUsesRfc9218();
    for (const StreamId id : streams_.SortedIds()) {
      const Stream& stream = *streams_.Find(id);
      serving_->OnOpen(id, *stream.info);
      if (stream.ready) serving_->SetReady(id);
      streams_.Erase(id);
    }
  }

 private:
  ABSL_ATTRIBUTE_NOINLINE std::optional<Grant> PickBySecondRule() {
    std::optional<Grant> grant = serving_->Pick();
    if (grant.has_value()) grant->reason.rule = second_rule_;
    return grant;
  }

  struct Stream {
    const StreamInfo* info = nullptr;
    bool ready = false;
  };

  const std::unique_ptr<Policy> first_;
  const std::unique_ptr<Policy> second_;
  const StringView second_rule_;
  Policy* serving_ = first_.get();
  const Policy* picked_ = first_.get();
  bool uses_rfc9218_ = false;
  StreamMap<Stream> streams_;  // the open ones, while `first` serves
};

// First the tree, second rfc9218.
class Auto final : public Succession {
 public:
  Auto(std::unique_ptr<Policy> tree, std::unique_ptr<Policy> extensible)
      : Succession(std::move(tree), std::move(extensible),
                   /*second_rule=*/{}) {}

  void OnClientUsesRfc9218() override {
    Succession::OnClientUsesRfc9218();
    SecondServes();
  }
};

// First the policy that obeys signals, second rr.
class ShareBehindVia final : public Succession {
 public:
  ShareBehindVia(std::unique_ptr<Policy> obeying, std::unique_ptr<Policy> equal)
      : Succession(std::move(obeying), std::move(equal),
                   /*second_rule=*/"equal shares behind an intermediary") {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    Succession::OnOpen(id, info);
    if (info.hints.via) SecondServes();
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    Succession::OnPriority(id, info, changed);
    if (info.hints.via) SecondServes();
  }
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
