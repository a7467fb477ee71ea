// Drives a policy as a session would, for the tests of policies: streams with
// bodies of known length, sent in grants of one size.
#ifndef SLUICE_TESTS_POLICIES_POLICY_DRIVER_H_
#define SLUICE_TESTS_POLICIES_POLICY_DRIVER_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::scheduler::testing {

// A part of a StreamInfo that is said later.
enum class Said : uint8_t { kRfc7540, kRfc9218, kServer, kHints };

// A policy behind a book of streams, as every session has it; streams by id.
class BookedPolicy {
 public:
  explicit BookedPolicy(std::unique_ptr<Policy> policy,
                        size_t max_streams = kDefaultMaxStreams)
      : policy_(std::move(policy)), book_(policy_.get(), max_streams) {}

  Policy& policy() { return *policy_; }

  // The request comes with the client's signals of `info`; the application says
  // the rest of it at once.
  absl::Status OnOpen(StreamId id, const StreamInfo& info);
  // The part of `info` that `said` names, by a frame or a call of its own.
  absl::Status OnPriority(StreamId id, const StreamInfo& info, Said said);
  void OnNoRfc7540Priorities() { book_.OnNoRfc7540Priorities(); }
  void OnClose(StreamId id);
  void SetReady(StreamId id);
  void SetBlocked(StreamId id);
  std::optional<Grant> Pick() { return book_.Pick(); }
  void Charge(StreamId id, size_t bytes) { book_.Charge(id, Find(id), bytes); }
  bool AnnouncesNoRfc7540Priorities() const {
    return policy_->AnnouncesNoRfc7540Priorities();
  }
  size_t ExplainPick(absl::Span<PathLevel> levels) const {
    return policy_->ExplainPick(levels);
  }

 private:
  StreamRecord* Find(StreamId id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
  }

  std::unique_ptr<Policy> policy_;
  StreamBook book_;
  absl::node_hash_map<StreamId, StreamRecord> streams_;
};

// Makes a policy; the test fails when there is none.
std::unique_ptr<BookedPolicy> Make(absl::string_view spec,
                                   const PolicyOptions& options = {});

// A policy's spec as the name of a test: "rfc9218_mixed_alternate".
std::string TestNameOf(std::string spec);

class PolicyDriver {
 public:
  // Grants are never larger than `frame` bytes.
  explicit PolicyDriver(std::unique_ptr<BookedPolicy> policy,
                        size_t frame = 1400)
      : policy_(std::move(policy)), frame_(frame) {}

  BookedPolicy& policy() { return *policy_; }

  // Opens a stream with a body; it is ready at once.
  void Add(StreamId id, uint64_t bytes, const StreamInfo& info = {});

  // One grant: picks, sends, charges, closes what is finished. The picked id,
  // or nothing.
  std::optional<StreamId> Step();

  // Steps until nothing is picked or `max_steps` are done; the picked ids as
  // "1,3,1".
  std::string Run(size_t max_steps = 100000);

  uint64_t sent(StreamId id) const;

 private:
  std::unique_ptr<BookedPolicy> policy_;
  const size_t frame_;
  std::map<StreamId, uint64_t> left_;
  std::map<StreamId, uint64_t> sent_;
};

}  // namespace sluice::scheduler::testing

#endif  // SLUICE_TESTS_POLICIES_POLICY_DRIVER_H_
