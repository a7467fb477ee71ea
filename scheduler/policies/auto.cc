// auto: serves each connection by the kind of signals that its client sends.
//
// Browsers send both kinds at once today, so what decides is the connection: by
// rfc9218 from the moment its client sends SETTINGS_NO_RFC7540_PRIORITIES = 1
// (RFC 9218 §2.1), a `priority` field or a PRIORITY_UPDATE frame; until then by
// rfc7540, from the first RFC 7540 signal or word of the application on. It
// never goes back.
//
// Before any signal all streams are equal, and a tree would cost more than it
// decides. They share by the rules of the tree's level (share_tree.h) in one
// list of at most sixteen ready streams; with more, the tree begins. What
// closed before it began is not in it: a stream that depends on that gets the
// default priority (RFC 7540 §5.3.1).
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
#include <sluice/scheduler/linked_list.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/scheduler/stream_map.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
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

// Serves the streams as equals, then by one policy after the other. The next
// one hears of the open streams when it begins, and the one before of nothing
// more: what the one does not know and the other forgets costs nothing. GCC
// guesses that the policies are of this class as well, and would inline each
// call into itself; hence NOINLINE.
class Auto final : public Policy {
 public:
  // Three policies of the same max_grant. `shared`: null without via=share.
  Auto(std::unique_ptr<Policy> tree, std::unique_ptr<Policy> extensible,
       std::unique_ptr<Policy> shared, size_t max_grant)
      : tree_(std::move(tree)),
        extensible_(std::move(extensible)),
        shared_(std::move(shared)),
        last_(shared_ != nullptr ? shared_.get() : extensible_.get()),
        max_grant_(static_cast<int64_t>(max_grant)) {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    // Its own signal finds the others in their places.
    if (serving_ == nullptr && HasSignal(info)) Serve(tree_.get());
    if (serving_ == nullptr) highest_[id & 1] = std::max(highest_[id & 1], id);
    if (serving_ != last_) streams_.Insert(id, id, info, clock_);
    if (serving_ != nullptr) serving_->OnOpen(id, info);
    if (info.hints.via) ShareIfAsked();
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    if (serving_ == nullptr && changed != Signal::kHints) Serve(tree_.get());
    if (serving_ != nullptr) serving_->OnPriority(id, info, changed);
    if (info.hints.via) ShareIfAsked();
  }
  absl::Status OnIdlePriority(
      StreamId id, const signals::Rfc7540Priority& priority) override {
    if (serving_ == nullptr) Serve(tree_.get());
    return serving_->OnIdlePriority(id, priority);
  }
  void OnClientUsesRfc9218() override {
    uses_rfc9218_ = true;
    if (serving_ == nullptr || serving_ == tree_.get()) {
      Serve(extensible_.get());
    } else {
      serving_->OnClientUsesRfc9218();
    }
  }
  bool ReadsHints() const override {
    return tree_->ReadsHints() || extensible_->ReadsHints();
  }
  ABSL_ATTRIBUTE_NOINLINE void OnClose(StreamId id) override {
    if (serving_ != last_) {
      equals_.remove(streams_.Find(id));
      streams_.Erase(id);
    }
    if (serving_ != nullptr) serving_->OnClose(id);
  }
  ABSL_ATTRIBUTE_NOINLINE void SetReady(StreamId id) override {
    if (serving_ != last_) {
      Stream* const stream = streams_.Find(id);
      stream->ready = true;
      if (serving_ == nullptr) return Join(stream);
    }
    serving_->SetReady(id);
  }
  ABSL_ATTRIBUTE_NOINLINE void SetBlocked(StreamId id) override {
    if (serving_ != last_) {
      Stream* const stream = streams_.Find(id);
      stream->ready = false;
      if (serving_ == nullptr) return equals_.remove(stream);
    }
    serving_->SetBlocked(id);
  }
  ABSL_ATTRIBUTE_NOINLINE std::optional<Grant> Pick() override {
    picked_ = serving_;
    if (serving_ == nullptr) return PickEqual();
    return ABSL_PREDICT_TRUE(serving_ != shared_.get()) ? serving_->Pick()
                                                        : PickShared();
  }
  // Of a grant that the one before made, there is nothing left to charge.
  ABSL_ATTRIBUTE_NOINLINE void Charge(StreamId id, size_t bytes) override {
    if (picked_ != serving_) return;
    if (serving_ == nullptr) return ChargeEqual(id, bytes);
    serving_->Charge(id, bytes);
  }
  size_t LikelyNext(absl::Span<StreamId> picks) const override {
    if (serving_ != nullptr) return serving_->LikelyNext(picks);
    size_t guesses = 0;
    for (const Stream* stream = equals_.front();
         stream != nullptr && guesses < picks.size();
         stream = stream->links.after) {
      picks[guesses++] = stream->id;
    }
    return guesses;
  }
  size_t ExplainPick(absl::Span<PathLevel> levels) const override {
    if (picked_ != serving_) return 0;
    if (serving_ != nullptr) return serving_->ExplainPick(levels);
    if (!contended_) return 0;
    if (!levels.empty()) {
      const Stream* const stream = streams_.Find(picked_id_);
      levels[0] = {.child = picked_id_,
                   .weight = 1,
                   .tag = picked_tag_,
                   .key = picked_tag_ + max_grant_,
                   .clock = clock_,
                   .active = static_cast<uint32_t>(equals_.size()),
                   .child_active = stream != nullptr && stream->ready};
    }
    return 1;
  }

 private:
  // An open stream, until the last policy serves. Among equals the smallest tag
  // goes first: its bytes, from the clock on when it opened.
  struct Stream {
    Stream(StreamId stream_id, const StreamInfo& stream_info, int64_t clock)
        : info(&stream_info), id(stream_id), tag(clock) {}

    const StreamInfo* const info;
    const StreamId id;
    bool ready = false;
    int64_t tag;
    Links<Stream> links;
  };

  static bool HasSignal(const StreamInfo& info) {
    return info.rfc7540.has_value() || info.rfc9218.has_value() ||
           info.server.has_value();
  }

  // --- Equals ----------------------------------------------------------------

  static constexpr size_t kMostEquals = 16;

  // The stream became ready. It gets nothing for the time that it was away.
  void Join(Stream* stream) {
    if (equals_.contains(stream)) return;
    if (equals_.size() == kMostEquals) return Serve(tree_.get());
    stream->tag = std::max(stream->tag, clock_ - max_grant_);
    Sort(stream);
  }
  // Behind those of the same tag. From the tail: most go far back.
  void Sort(Stream* stream) {
    Stream* next = nullptr;
    for (Stream* at = equals_.back(); at != nullptr && stream->tag < at->tag;
         at = at->links.before) {
      next = at;
    }
    equals_.insert(stream, next);
  }
  std::optional<Grant> PickEqual() {
    const Stream* const stream = equals_.front();
    if (stream == nullptr) return std::nullopt;
    contended_ = equals_.size() > 1;
    if (contended_) clock_ = std::max(clock_, stream->tag + max_grant_);
    picked_tag_ = stream->tag;
    picked_id_ = stream->id;
    return Grant{.stream_id = stream->id,
                 .max_bytes = static_cast<size_t>(max_grant_),
                 .reason = {"equal shares: no signal yet"}};
  }
  // Nobody pays for what it took while it was alone.
  void ChargeEqual(StreamId id, size_t bytes) {
    Stream* const stream = streams_.Find(id);
    if (stream == nullptr) return;  // it closed since
    if (bytes == 0) {
      stream->ready = false;
      return equals_.remove(stream);
    }
    if (!contended_) return;
    stream->tag =
        std::max(picked_tag_ + static_cast<int64_t>(bytes), stream->tag);
    if (!equals_.contains(stream)) return;
    equals_.remove(stream);
    Sort(stream);
  }

  // --- From one to the next --------------------------------------------------

  // O(n log n), and nothing when it does so already.
  void Serve(Policy* next) {
    if (serving_ == next) return;
    serving_ = next;
    if (uses_rfc9218_) next->OnClientUsesRfc9218();
    if (next == tree_.get()) TellHighest();
    const auto ids = streams_.SortedIds();
    for (const StreamId id : ids) next->OnOpen(id, *streams_.Find(id)->info);
    // In their order.
    while (Stream* const stream = equals_.front()) {
      equals_.remove(stream);
      next->SetReady(stream->id);
    }
    for (const StreamId id : ids) {
      if (streams_.Find(id)->ready) next->SetReady(id);
      if (next == last_) streams_.Erase(id);
    }
  }
  // So that the ids below, which closed, are not idle to the tree.
  void TellHighest() {
    const StreamInfo blank;
    for (const StreamId id : highest_) {
      if (id == 0 || streams_.Find(id) != nullptr) continue;
      tree_->OnOpen(id, blank);
      tree_->OnClose(id);
    }
  }
  void ShareIfAsked() {
    if (shared_ != nullptr) Serve(shared_.get());
  }
  ABSL_ATTRIBUTE_NOINLINE std::optional<Grant> PickShared() {
    std::optional<Grant> grant = serving_->Pick();
    if (grant.has_value()) {
      grant->reason.rule = "equal shares behind an intermediary";
    }
    return grant;
  }

  const std::unique_ptr<Policy> tree_;
  const std::unique_ptr<Policy> extensible_;
  const std::unique_ptr<Policy> shared_;
  Policy* const last_;
  Policy* serving_ = nullptr;  // null: the streams are equals
  const Policy* picked_ = nullptr;
  bool uses_rfc9218_ = false;
  std::array<StreamId, 2> highest_ = {};  // of the equals, by id & 1
  StreamMap<Stream> streams_;             // the open ones, until last_ serves

  LinkedList<Stream, &Stream::links> equals_;  // the ready ones, by tag
  const int64_t max_grant_;
  int64_t clock_ = 0;  // in bytes
  // Of the pick that waits for its charge.
  int64_t picked_tag_ = 0;
  StreamId picked_id_ = 0;
  bool contended_ = false;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options,
                                             OptionReader& read) {
  const bool share = read.Choice("via", {"ignore", "share"}) == 1;
  read.SetDefault("priority_frames", "move");
  absl::StatusOr<std::unique_ptr<Policy>> extensible =
      CreatePart("rfc9218", options, read);
  if (!extensible.ok()) return extensible;
  // Room for an idle parent above the limit: with it the signal that begins the
  // tree is never refused, and a signal that is refused changes nothing.
  PolicyOptions tree_options = options;
  tree_options.max_streams =
      std::min(options.max_streams + 1, kMaxPolicyStreams);
  absl::StatusOr<std::unique_ptr<Policy>> tree =
      CreatePolicy("rfc7540", tree_options);
  if (!tree.ok()) return tree;
  std::unique_ptr<Policy> shared;
  if (share) {
    absl::StatusOr<std::unique_ptr<Policy>> rr = CreatePolicy("rr", options);
    if (!rr.ok()) return rr;
    shared = *std::move(rr);
  }
  return std::make_unique<Auto>(*std::move(tree), *std::move(extensible),
                                std::move(shared), options.max_grant);
}

SLUICE_REGISTER_POLICY_FACTORY(auto,
                               "RFC 9218 or the tree, by what the client sends",
                               Make);

}  // namespace
}  // namespace sluice::scheduler
