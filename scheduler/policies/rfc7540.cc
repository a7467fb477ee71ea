// rfc7540: the dependency tree of RFC 7540 §5.3, fair to the byte.
//
// A stream goes before its dependents; siblings share by weight. The tree is
// priority/priority_tree.h; this file only translates. While the application
// overrides a stream, the client's frames do not move it. When the override is
// taken back, the stream goes where the client last wanted it, or to the
// default place (§5.3.5).
//
// Signals: RFC 7540's. A stream without one takes its weight from its urgency,
// if it has an RFC 9218 signal (translation.h), and keeps its place. Hints are
// not read.
//
// Option: exact=true orders every level exactly, at O(log n) a decision instead
// of O(1).
#include <sluice/priority/priority_tree.h>
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/translation.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::scheduler {
namespace {

using ::sluice::signals::Rfc7540Priority;

class Rfc7540 final : public Policy {
 public:
  Rfc7540(const PolicyOptions& options, OptionReader& read)
      : tree_({.max_nodes = options.max_streams + options.max_closed_streams,
               .max_closed = options.max_closed_streams,
               .max_idle = options.max_streams,
               .max_grant = options.max_grant,
               .order = read.Choice("exact", {"false", "true"}) == 1
                            ? priority::TreeOrder::kExact
                            : priority::TreeOrder::kSlots}) {}

  // The tree has obeyed a PRIORITY frame of before already.
  void OnOpen(StreamId id, const StreamInfo& info) override {
    const std::optional<priority::StreamState> state = tree_.State(id);
    // An id opens once (RFC 9113 §5.1.1); not every stack keeps to that.
    if (state == priority::StreamState::kClosed) tree_.Remove(id).IgnoreError();
    if (state != priority::StreamState::kIdle) {
      tree_
          .Insert(id, EffectiveRfc7540(info).value_or(
                          Rfc7540Priority{.weight = WeightOf(info)}))
          .IgnoreError();
      return;
    }
    const bool has_place = info.rfc7540_before_open && !Overridden(info);
    tree_.Insert(id, has_place ? std::nullopt : EffectiveRfc7540(info))
        .IgnoreError();
    if (EffectiveRfc9218(info).has_value()) Reweigh(id, info);
  }

  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    if (changed == Signal::kHints) return;
    if (changed == Signal::kServerRfc7540 ||
        (changed == Signal::kRfc7540 && !Overridden(info))) {
      const absl::Status status = tree_.Reprioritise(
          id, EffectiveRfc7540(info).value_or(Rfc7540Priority()));
      // No room for a parent that is not in the tree: the default (§5.3.1).
      if (!status.ok()) {
        tree_.Reprioritise(id, Rfc7540Priority()).IgnoreError();
      }
    }
    Reweigh(id, info);
  }

  absl::Status OnIdlePriority(StreamId id,
                              const Rfc7540Priority& priority) override {
    absl::Status status = tree_.Reprioritise(id, priority);
    // The stream is closed and forgotten: there is nothing to move (§5.3.4).
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }

  bool ReadsHints() const override { return false; }

  void OnClose(StreamId id) override { tree_.Close(id).IgnoreError(); }
  void SetReady(StreamId id) override { tree_.SetReady(id).IgnoreError(); }
  void SetBlocked(StreamId id) override { tree_.SetBlocked(id).IgnoreError(); }

  std::optional<Grant> Pick() override {
    if (const std::optional<StreamId> id = tree_.Pick()) {
      return Grant{.stream_id = *id,
                   .max_bytes = tree_.max_grant(),
                   .reason = {"smallest finish tag on its path"}};
    }
    return std::nullopt;
  }

  void Charge(StreamId, size_t bytes) override { tree_.Charge(bytes); }

  size_t LikelyNext(absl::Span<StreamId> picks) const override {
    return tree_.LikelyNext(picks);
  }

  size_t ExplainPick(absl::Span<PathLevel> levels) const override {
    return tree_.ExplainPick(levels);
  }

 private:
  static bool Overridden(const StreamInfo& info) {
    return info.server.has_value() && info.server->rfc7540.has_value();
  }

  // Of a stream without an RFC 7540 signal: by its urgency.
  static int WeightOf(const StreamInfo& info) {
    const std::optional<signals::Rfc9218Priority>& field =
        EffectiveRfc9218(info);
    return field.has_value() ? WeightOfUrgency(field->urgency)
                             : signals::kDefaultWeight;
  }

  // Gives it that weight where it stands.
  void Reweigh(StreamId id, const StreamInfo& info) {
    if (EffectiveRfc7540(info).has_value()) return;
    tree_.Reprioritise(id, {*tree_.Parent(id), WeightOf(info), false})
        .IgnoreError();
  }

  priority::PriorityTree tree_;
};

static_assert(kMaxMaxGrant <= priority::kMaxTreeGrant);

SLUICE_REGISTER_POLICY(rfc7540,
                       "the RFC 7540 dependency tree, fair to the byte",
                       Rfc7540);

}  // namespace
}  // namespace sluice::scheduler
