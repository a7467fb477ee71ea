// Drives a policy as a session would, for the tests of policies: streams with
// bodies of known length, sent in grants of one size.
#ifndef SLUICE_TESTS_POLICIES_POLICY_DRIVER_H_
#define SLUICE_TESTS_POLICIES_POLICY_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"

namespace sluice::scheduler::testing {

// Makes a policy; the test fails when there is none.
std::unique_ptr<Policy> Make(absl::string_view spec,
                             PolicyOptions options = {});

// A policy's spec as the name of a test: "rfc9218_mixed_alternate".
std::string TestNameOf(std::string spec);

class PolicyDriver {
 public:
  // Grants are never larger than `frame` bytes.
  explicit PolicyDriver(std::unique_ptr<Policy> policy, size_t frame = 1400)
      : policy_(std::move(policy)), frame_(frame) {}

  Policy& policy() { return *policy_; }

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
  std::unique_ptr<Policy> policy_;
  const size_t frame_;
  std::map<StreamId, uint64_t> left_;
  std::map<StreamId, uint64_t> sent_;
};

}  // namespace sluice::scheduler::testing

#endif  // SLUICE_TESTS_POLICIES_POLICY_DRIVER_H_
