// auto: serves each connection by the kind of signals that its client sends.
//
// Browsers send both kinds at once today, so both states are kept for every
// stream, and what decides is the connection: by rfc9218 from the moment its
// client sends SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1), a `priority`
// field or a PRIORITY_UPDATE frame; until then by rfc7540. It never goes back.
//
// Under rfc9218 a PRIORITY frame for an open stream is not lost: it gives the
// stream the urgency that Chromium means by its weight (translation.h: 256,
// 220, 183, 147, 110 → 0 … 4), since that is how Chromium moves an image up
// that came into view. What was said last wins, so a later PRIORITY_UPDATE
// replaces it. The incremental parameter stays as it was.
//
// Options are those of rfc9218. Announces no setting, so that clients go on
// sending both. Hints are not read.
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/translation.h"

namespace sluice::scheduler {
namespace {

class Auto final : public Policy {
 public:
  Auto(std::unique_ptr<Policy> tree, std::unique_ptr<Policy> extensible)
      : tree_(std::move(tree)), extensible_(std::move(extensible)) {}

  absl::Status OnOpen(StreamId id, const StreamInfo& info) override {
    absl::Status status = tree_->OnOpen(id, info);
    if (!status.ok()) return status;
    status = extensible_->OnOpen(id, info);
    if (!status.ok()) {
      tree_->OnClose(id);
      return status;
    }
    streams_[id];
    if (info.rfc9218.has_value()) UseExtensible();
    return absl::OkStatus();
  }

  absl::Status OnPriority(StreamId id, const StreamInfo& info,
                          Signal changed) override {
    absl::Status status = tree_->OnPriority(id, info, changed);
    if (!status.ok()) return status;
    const auto stream = streams_.find(id);
    const bool open = stream != streams_.end();
    if (changed == Signal::kRfc9218) {
      if (open) stream->second.urgency.reset();
      UseExtensible();
    }
    // A dependency that was said before the stream opened is no change of mind.
    if (open && changed == Signal::kRfc7540 && info.rfc7540.has_value()) {
      stream->second.urgency = UrgencyOfChainWeight(info.rfc7540->weight);
    }
    StreamInfo derived = info;
    if (open && stream->second.urgency.has_value()) {
      if (!derived.rfc9218.has_value()) derived.rfc9218.emplace();
      derived.rfc9218->urgency = *stream->second.urgency;
    }
    return extensible_->OnPriority(id, derived, changed);
  }

  void OnNoRfc7540Priorities() override {
    extensible_->OnNoRfc7540Priorities();
    UseExtensible();
  }

  void OnClose(StreamId id) override {
    streams_.erase(id);
    tree_->OnClose(id);
    extensible_->OnClose(id);
  }

  void SetReady(StreamId id) override {
    const auto stream = streams_.find(id);
    if (stream == streams_.end()) return;
    stream->second.ready = true;
    active_->SetReady(id);
  }

  void SetBlocked(StreamId id) override {
    const auto stream = streams_.find(id);
    if (stream == streams_.end()) return;
    stream->second.ready = false;
    active_->SetBlocked(id);
  }

  std::optional<Grant> Pick() override {
    picked_ = active_;
    return active_->Pick();
  }

  void Charge(StreamId id, size_t bytes) override {
    picked_->Charge(id, bytes);
  }

  std::vector<PathLevel> Explain(StreamId id) const override {
    return active_->Explain(id);
  }

 private:
  struct Stream {
    bool ready = false;
    std::optional<int> urgency;  // of the PRIORITY frame that came last
  };

  void UseExtensible() {
    if (active_ == extensible_.get()) return;
    for (const auto& [id, stream] : streams_) {
      if (stream.ready) tree_->SetBlocked(id);
    }
    active_ = extensible_.get();
    for (const auto& [id, stream] : streams_) {
      if (stream.ready) extensible_->SetReady(id);
    }
  }

  const std::unique_ptr<Policy> tree_;
  const std::unique_ptr<Policy> extensible_;
  Policy* active_ = tree_.get();
  Policy* picked_ = tree_.get();
  absl::btree_map<StreamId, Stream> streams_;  // open
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  absl::StatusOr<std::unique_ptr<Policy>> extensible =
      CreatePolicy("rfc9218", options);
  if (!extensible.ok()) return extensible.status();
  PolicyOptions limits = options;
  limits.values.clear();
  absl::StatusOr<std::unique_ptr<Policy>> tree =
      CreatePolicy("rfc7540", limits);
  if (!tree.ok()) return tree.status();
  return std::make_unique<Auto>(*std::move(tree), *std::move(extensible));
}

SLUICE_REGISTER_POLICY(auto, "RFC 9218 or the tree, by what the client sends",
                       Make);

}  // namespace
}  // namespace sluice::scheduler
