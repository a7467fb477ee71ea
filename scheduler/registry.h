// Policies by name: "rr", or with options "rfc9218:mixed=alternate".
#ifndef SLUICE_SCHEDULER_REGISTRY_H_
#define SLUICE_SCHEDULER_REGISTRY_H_

#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::scheduler {

// The largest max_streams and max_closed_streams that may be asked for: some
// policies take the memory for them at once, about 100 bytes each.
inline constexpr size_t kMaxPolicyStreams = size_t{1} << 20;

// Limits that every policy obeys.
struct PolicyOptions {
  // The L of docs/fairness.md, in bytes: 1 to kMaxMaxGrant.
  size_t max_grant = kDefaultMaxGrant;
  // Open streams, and ids that are not open but have a place, together: 1 to
  // kMaxPolicyStreams. Opening a stream never fails for lack of room.
  size_t max_streams = kDefaultMaxStreams;
  // Closed streams that are kept to route bandwidth: 0 to kMaxPolicyStreams.
  size_t max_closed_streams = 100;

  friend bool operator==(const PolicyOptions&, const PolicyOptions&) = default;
};

class OptionReader;

// Makes a policy. The options of its spec come by `read`; what it does not read
// is an error of CreatePolicy().
using PolicyFactory = absl::StatusOr<std::unique_ptr<Policy>> (*)(
    const PolicyOptions& options, OptionReader& read);

struct PolicyEntry {
  std::string name;
  std::string summary;  // one line, for --help and reports
  PolicyFactory factory = nullptr;
};

// Registers a policy for this process, before main() or in it. Returns false,
// and changes nothing, when the name is taken. A policy's own file calls it by
// a macro of register_policy.h.
bool RegisterPolicy(StringView name, StringView summary, PolicyFactory factory);

// Every registered policy, by name.
std::vector<PolicyEntry> RegisteredPolicies();

// The registered name that `spec` begins with, which lives as long as the
// process; empty when there is none.
StringView RegisteredNameOf(StringView spec);

// Makes a policy from "name" or "name:key=value,key=value". Errors: NotFound
// names the unknown policy and lists the known ones; InvalidArgument names the
// bad option or limit.
absl::StatusOr<std::unique_ptr<Policy>> CreatePolicy(
    StringView spec, const PolicyOptions& options = {});

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_REGISTRY_H_
