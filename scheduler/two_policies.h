// What the policies have in common that serve each stream by one of two others.
//
// Both know every open stream, and each stream is ready in one of them, the one
// that serves it. What `second` has ready goes before what `first` has. Signals
// for ids that are not open yet go to `first`, which may refuse them; `second`
// learns them when the stream opens. So whatever is refused was refused before
// anything changed.
//
// Limits are those of `first`, and PolicyOptions::max_streams for idle ids.
// Pick, Charge: what the two of them cost. Everything else: O(log n) more.
#ifndef SLUICE_SCHEDULER_TWO_POLICIES_H_
#define SLUICE_SCHEDULER_TWO_POLICIES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "priority/resource_allocator.h"
#include "scheduler/idle_signals.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"

namespace sluice::scheduler {

class TwoPolicies : public Policy {
 public:
  absl::Status OnOpen(StreamId id, const StreamInfo& info) final;
  absl::Status OnPriority(StreamId id, const StreamInfo& info,
                          Signal changed) final;
  void OnClose(StreamId id) final;
  void SetReady(StreamId id) final;
  void SetBlocked(StreamId id) final;
  std::optional<Grant> Pick() final;
  void Charge(StreamId id, size_t bytes) final;
  size_t ExplainPick(absl::Span<PathLevel> levels) const final;

 protected:
  enum class Side : uint8_t { kFirst, kSecond };

  // Of the same max_grant as the two of them. `second_rule`, a literal: the
  // reason of the picks of `second`; empty: its own.
  TwoPolicies(std::unique_ptr<Policy> first, std::unique_ptr<Policy> second,
              const PolicyOptions& options, absl::string_view second_rule);

  // Who serves an open stream. Must depend on `info` and on what Notice() and
  // calls of the subclass saw, alone.
  virtual Side SideOf(const StreamInfo& info) const = 0;

  // Sees what was said of any stream, open or idle, once it was taken;
  // `changed` is nothing when the stream opens. True when others may change
  // sides.
  virtual bool Notice(const StreamInfo& info,
                      std::optional<Signal> changed) = 0;

  // What to tell `second` of an open stream in place of `*info`; `before` is
  // what it was told last.
  virtual void TranslateForSecond(const StreamInfo& before, Signal changed,
                                  StreamInfo* info) const {
    static_cast<void>(before);
    static_cast<void>(changed);
    static_cast<void>(info);
  }

  Policy& second() { return *second_; }

  // Asks SideOf() again for every open stream. O(n log n).
  void ServeAgain();

 private:
  struct Stream {
    bool ready = false;
    Side side = Side::kFirst;
    StreamInfo told;  // to `second`
  };

  using Streams = absl::btree_map<
      StreamId, Stream, std::less<>,
      priority::ResourceAllocator<std::pair<const StreamId, Stream>>>;

  Policy& PolicyOf(const Stream& stream) const {
    return stream.side == Side::kSecond ? *second_ : *first_;
  }
  size_t RoomForIdle() const;
  void Serve(StreamId id, Stream& stream);

  const std::unique_ptr<Policy> first_;
  const std::unique_ptr<Policy> second_;
  const size_t max_streams_;
  const absl::string_view second_rule_;
  Policy* picked_ = first_.get();
  Streams streams_;  // open
  IdleSignals idle_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TWO_POLICIES_H_
