// rfc7540: the dependency tree of RFC 7540 §5.3, fair to the byte.
//
// A stream goes before its dependents, siblings share by weight. The tree is
// priority/priority_tree.h; this file only translates. While the application's
// override is in force the client's frames do not move the stream; taking it
// back puts the stream where the client last wanted it, or at the default place
// (§5.3.5) when the client said nothing. RFC 9218 signals are not read: `auto`
// reads both kinds.
//
// Options: exact=true orders every level exactly, at O(log n) a decision
// instead of O(1); max_depth=N caps the depth of the tree (0: no cap).
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "priority/priority_tree.h"
#include "priority/rfc7540_priority.h"
#include "scheduler/option_reader.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/stream_info.h"
#include "scheduler/tree_path.h"

namespace sluice::scheduler {
namespace {

bool Overrides(const StreamInfo& info) {
  return info.server.has_value() && info.server->rfc7540.has_value();
}

template <class Order>
class Rfc7540 final : public Policy {
 public:
  Rfc7540(const priority::PriorityTreeOptions& options)
      : tree_(options), max_nodes_(options.max_nodes) {}

  absl::Status OnOpen(StreamId id, const StreamInfo& info) override {
    if (absl::Status status = ValidateStreamInfo(id, info); !status.ok()) {
      return status;
    }
    // An override that was said before the stream opened stays in force.
    const bool kept = !Overrides(info) && overridden_.contains(id);
    absl::Status status =
        tree_.Insert(id, kept ? std::nullopt : EffectiveRfc7540(info));
    if (status.ok() && Overrides(info)) Remember(id);
    return status;
  }

  absl::Status OnPriority(StreamId id, const StreamInfo& info,
                          Signal changed) override {
    if (absl::Status status = ValidateStreamInfo(id, info); !status.ok()) {
      return status;
    }
    switch (changed) {
      case Signal::kRfc7540:
        // What the client says is kept by the caller, for later.
        if (Overrides(info) || !info.rfc7540.has_value()) break;
        return Reprioritise(id, *info.rfc7540);
      case Signal::kServer: {
        if (!Overrides(info) && !overridden_.contains(id)) break;
        absl::Status status = Reprioritise(
            id, EffectiveRfc7540(info).value_or(priority::Rfc7540Priority{}));
        if (!status.ok()) return status;
        if (Overrides(info)) {
          Remember(id);
        } else {
          overridden_.erase(id);
        }
        break;
      }
      case Signal::kRfc9218:
      case Signal::kHints:
        break;
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

  std::vector<PathLevel> Explain(StreamId id) const override {
    return PathOf(tree_.Explain(id));
  }

 private:
  absl::Status Reprioritise(StreamId id, const priority::Rfc7540Priority& to) {
    absl::Status status = tree_.Reprioritise(id, to);
    // A stream that is closed and forgotten: nothing to do (§5.3.4).
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }

  // Forgets ids that the tree has forgotten once there are many.
  void Remember(StreamId id) {
    if (!tree_.State(id).has_value()) return;  // closed and forgotten
    overridden_.insert(id);
    if (overridden_.size() <= 2 * max_nodes_) return;
    absl::erase_if(overridden_, [this](StreamId known) {
      return !tree_.State(known).has_value();
    });
  }

  priority::BasicPriorityTree<Order> tree_;
  absl::flat_hash_set<StreamId> overridden_;  // by the application
  size_t max_nodes_;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  OptionReader reader(options);
  const bool exact = reader.Bool("exact", false);
  const auto max_depth =
      static_cast<size_t>(reader.Integer("max_depth", 0, 0, 1 << 30));
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  if (options.max_streams == 0 || options.max_grant == 0 ||
      options.max_grant > priority::kMaxTreeGrant) {
    return absl::InvalidArgumentError(
        "rfc7540 wants max_streams of at least 1 and max_grant of 1…2^24");
  }
  const priority::PriorityTreeOptions tree = {
      .max_nodes = options.max_streams + options.max_closed_streams,
      .max_closed = options.max_closed_streams,
      .max_idle = options.max_streams,
      .max_grant = options.max_grant,
      .max_depth = max_depth,
  };
  if (exact) {
    return std::make_unique<Rfc7540<priority::ExactByteFairOrder>>(tree);
  }
  return std::make_unique<Rfc7540<priority::ByteFairOrder>>(tree);
}

SLUICE_REGISTER_POLICY(rfc7540,
                       "the RFC 7540 dependency tree, fair to the byte", Make);

}  // namespace
}  // namespace sluice::scheduler
