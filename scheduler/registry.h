// Policies by name: "rr", or with options "rfc9218:mixed=alternate".
//
// A policy's own file registers it:
//
//   SLUICE_REGISTER_POLICY(rr, "equal byte shares", MakeRoundRobin);
//
// and links with `alwayslink`, so that naming the library is enough.
#ifndef SLUICE_SCHEDULER_REGISTRY_H_
#define SLUICE_SCHEDULER_REGISTRY_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {

// The largest max_streams and max_closed_streams that may be asked for: some
// policies take the memory for them at once, about 100 bytes each.
inline constexpr size_t kMaxPolicyStreams = size_t{1} << 20;

// Options by their names.
using OptionValues =
    std::pmr::map<std::pmr::string, std::pmr::string, std::less<>>;

// Limits every policy obeys, and the key=value options of one spec.
struct PolicyOptions {
  // The L of docs/fairness.md, in bytes: 1 to kMaxMaxGrant.
  size_t max_grant = kDefaultMaxGrant;
  // Open and idle ids kept: 1 to kMaxPolicyStreams.
  size_t max_streams = 1000;
  // Closed ids kept to route bandwidth: 0 to kMaxPolicyStreams.
  size_t max_closed_streams = 100;
  OptionValues values = {};
  // Where the policy lives, with everything that it keeps; must outlive it. The
  // words of refusals are from the heap.
  std::pmr::memory_resource* memory = std::pmr::get_default_resource();
};

using PolicyFactory =
    absl::StatusOr<std::unique_ptr<Policy>> (*)(const PolicyOptions& options);

struct PolicyEntry {
  std::string name;
  std::string summary;  // one line, for --help and reports
  PolicyFactory factory = nullptr;
};

// Registers a policy for this process, before main() or in it. Returns false,
// and changes nothing, when the name is taken.
bool RegisterPolicy(absl::string_view name, absl::string_view summary,
                    PolicyFactory factory);

// Every registered policy, by name.
std::vector<PolicyEntry> RegisteredPolicies();

// The registered name that `spec` begins with, which lives as long as the
// process; empty when there is none.
absl::string_view RegisteredNameOf(absl::string_view spec);

// Makes a policy from "name" or "name:key=value,key=value". `options.values`
// is overlaid by the spec's. Errors: NotFound names the unknown policy and
// lists the known ones; InvalidArgument names the bad option or limit.
absl::StatusOr<std::unique_ptr<Policy>> CreatePolicy(
    absl::string_view spec, const PolicyOptions& options = {});

#define SLUICE_REGISTER_POLICY(name, summary, factory)          \
  [[maybe_unused]] static const bool sluice_registered_##name = \
      ::sluice::scheduler::RegisterPolicy(#name, summary, factory)

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_REGISTRY_H_
