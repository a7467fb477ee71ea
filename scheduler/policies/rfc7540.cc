// rfc7540: the dependency tree of RFC 7540 §5.3, fair to the byte.
//
// A stream goes before its dependents, siblings share by weight. The tree is
// priority/priority_tree.h; this file only translates. While the application's
// override is in force the client's frames do not move the stream; taking it
// back puts the stream where the client last wanted it, or at the default place
// (§5.3.5) when the client said nothing.
//
// Signals: RFC 7540's. A stream without any of them, neither the client's nor
// the application's, takes its weight from its urgency when there is an RFC
// 9218 signal (translation.h), and keeps its place. Hints are not read.
//
// Options: exact=true orders every level exactly, at O(log n) a decision
// instead of O(1); max_depth=N caps the depth of the tree (0: no cap).
#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "priority/priority_tree.h"
#include "priority/resource_allocator.h"
#include "priority/rfc7540_priority.h"
#include "scheduler/idle_signals.h"
#include "scheduler/option_reader.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/stream_info.h"
#include "scheduler/translation.h"

namespace sluice::scheduler {
namespace {

bool Overrides(const StreamInfo& info) {
  return info.server.has_value() && info.server->rfc7540.has_value();
}

template <class Order>
class Rfc7540 final : public Policy {
 public:
  explicit Rfc7540(const priority::PriorityTreeOptions& options)
      : tree_(options),
        overridden_(options.memory),
        idle_(options.memory),
        max_streams_(options.max_idle) {}

  absl::Status OnOpen(StreamId id, const StreamInfo& info) override {
    if (absl::Status status = ValidateStreamInfo(id, info); !status.ok()) {
      return status;
    }
    StreamInfo known = info;
    if (const StreamInfo* earlier = idle_.Find(id)) {
      FillFromEarlier(*earlier, &known);
    }
    // An override that was said before the stream opened stays in force.
    const bool kept = !Overrides(info) && Overrides(known);
    absl::Status status =
        tree_.Insert(id, kept ? std::nullopt : EffectiveRfc7540(info));
    if (!status.ok()) return status;
    if (Overrides(known)) overridden_.insert(id);
    if (EffectiveRfc9218(known).has_value()) Reweigh(id, known);
    idle_.Open(id, &known);
    idle_.ShrinkTo(RoomForIdle());
    return absl::OkStatus();
  }

  absl::Status OnPriority(StreamId id, const StreamInfo& info,
                          Signal changed) override {
    absl::Status status = ValidateStreamInfo(id, info);
    if (status.ok()) status = idle_.CheckRoom(id, RoomForIdle());
    if (!status.ok()) return status;
    switch (changed) {
      case Signal::kRfc7540:
        // What the client says is kept by the caller, for later.
        if (Overrides(info) || !info.rfc7540.has_value()) break;
        status = Reprioritise(id, *info.rfc7540);
        break;
      case Signal::kServer:
        if (Overrides(info) || WasOverridden(id)) {
          status = Reprioritise(
              id, EffectiveRfc7540(info).value_or(priority::Rfc7540Priority{}));
        }
        if (status.ok()) Reweigh(id, info);
        break;
      case Signal::kRfc9218:
        Reweigh(id, info);
        break;
      case Signal::kHints:
        break;
    }
    if (!status.ok()) return status;
    if (tree_.State(id) != priority::StreamState::kOpen) {
      return idle_.Remember(id, info, RoomForIdle());
    }
    if (Overrides(info)) {
      overridden_.insert(id);
    } else if (changed == Signal::kServer) {
      overridden_.erase(id);
    }
    return absl::OkStatus();
  }

  void OnClose(StreamId id) override {
    overridden_.erase(id);
    tree_.Close(id).IgnoreError();
  }

  void SetReady(StreamId id) override { tree_.SetReady(id).IgnoreError(); }
  void SetBlocked(StreamId id) override { tree_.SetBlocked(id).IgnoreError(); }

  std::optional<Grant> Pick() override {
    const StreamId id = tree_.TryPick();
    if (id == 0) return std::nullopt;
    return Grant{.stream_id = id,
                 .max_bytes = tree_.max_grant(),
                 .reason = {"smallest finish tag on its path"}};
  }

  void Charge(StreamId, size_t bytes) override { tree_.Charge(bytes); }

  size_t ExplainPick(absl::Span<PathLevel> levels) const override {
    return tree_.ExplainPick(levels);
  }

 private:
  using Ids = absl::flat_hash_set<StreamId, absl::Hash<StreamId>,
                                  std::equal_to<StreamId>,
                                  priority::ResourceAllocator<StreamId>>;

  size_t RoomForIdle() const {
    return max_streams_ - std::min(max_streams_, tree_.open_count());
  }

  absl::Status Reprioritise(StreamId id, const priority::Rfc7540Priority& to) {
    // A stream that is closed and forgotten: nothing to do (§5.3.4).
    if (idle_.Passed(id) && !tree_.State(id).has_value()) {
      return absl::OkStatus();
    }
    return tree_.Reprioritise(id, to);
  }

  // The weight of an open stream of which nothing is said in this RFC's terms,
  // by what is said in those of RFC 9218.
  void Reweigh(StreamId id, const StreamInfo& info) {
    if (EffectiveRfc7540(info).has_value()) return;
    if (tree_.State(id) != priority::StreamState::kOpen) return;
    const std::optional<priority::Rfc9218Priority> field =
        EffectiveRfc9218(info);
    const int weight = field.has_value() ? WeightOfUrgency(field->urgency)
                                         : priority::kDefaultWeight;
    tree_.Reprioritise(id, {*tree_.Parent(id), weight, false}).IgnoreError();
  }

  bool WasOverridden(StreamId id) const {
    const StreamInfo* idle = idle_.Find(id);
    return overridden_.contains(id) || (idle != nullptr && Overrides(*idle));
  }

  priority::BasicPriorityTree<Order> tree_;
  Ids overridden_;  // by the application; open
  IdleSignals idle_;
  const size_t max_streams_;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  OptionReader reader(options);
  const bool exact = reader.Bool("exact", false);
  const auto max_depth =
      static_cast<size_t>(reader.Integer("max_depth", 0, 0, 1 << 30));
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  static_assert(kMaxMaxGrant <= priority::kMaxTreeGrant);
  const priority::PriorityTreeOptions tree = {
      .max_nodes = options.max_streams + options.max_closed_streams,
      .max_closed = options.max_closed_streams,
      .max_idle = options.max_streams,
      .max_grant = options.max_grant,
      .max_depth = max_depth,
      .memory = options.memory,
  };
  if (exact) {
    return MakePolicy<Rfc7540<priority::ExactByteFairOrder>>(options.memory,
                                                             tree);
  }
  return MakePolicy<Rfc7540<priority::ByteFairOrder>>(options.memory, tree);
}

SLUICE_REGISTER_POLICY(rfc7540,
                       "the RFC 7540 dependency tree, fair to the byte", Make);

}  // namespace
}  // namespace sluice::scheduler
