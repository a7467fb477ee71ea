// Base of policies that serve each stream by one of two others. Both know every
// open stream; a stream is ready in the one that serves it. Streams that
// `second` has ready go before those of `first`.
//
// Pick, Charge: the cost of the two. Everything else: O(1) more.
#ifndef SLUICE_SCHEDULER_TWO_POLICIES_H_
#define SLUICE_SCHEDULER_TWO_POLICIES_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_map.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::scheduler {

class TwoPolicies : public Policy {
 public:
  void OnOpen(StreamId id, const StreamInfo& info) override;
  void OnPriority(StreamId id, const StreamInfo& info, Signal changed) override;
  // Asks `first` alone, which may refuse.
  absl::Status OnIdlePriority(
      StreamId id, const signals::Rfc7540Priority& priority) override;
  void OnClientUsesRfc9218() override;
  void OnClose(StreamId id) final;
  void SetReady(StreamId id) final;
  void SetBlocked(StreamId id) final;
  std::optional<Grant> Pick() final;
  void Charge(StreamId id, size_t bytes) final;
  size_t LikelyNext(absl::Span<StreamId> picks) const final;
  size_t ExplainPick(absl::Span<PathLevel> levels) const final;

 protected:
  enum class Side : uint8_t { kFirst, kSecond };

  // Two policies of the same max_grant. `second_rule`, a literal, is the reason
  // of the picks of `second`; empty: its own reason.
  TwoPolicies(std::unique_ptr<Policy> first, std::unique_ptr<Policy> second,
              StringView second_rule);

  // The side that serves an open stream.
  virtual Side SideOf(const StreamInfo& info) const = 0;

  // Asks SideOf() again for every open stream. O(n log n).
  void ServeAgain();

 private:
  struct Stream {
    const StreamInfo* info = nullptr;
    bool ready = false;
    Side side = Side::kFirst;
  };

  Policy& PolicyOf(const Stream& stream) const {
    return stream.side == Side::kSecond ? *second_ : *first_;
  }
  void Serve(StreamId id, Stream& stream);

  const std::unique_ptr<Policy> first_;
  const std::unique_ptr<Policy> second_;
  const StringView second_rule_;
  Policy* picked_ = first_.get();
  StreamMap<Stream> streams_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TWO_POLICIES_H_
