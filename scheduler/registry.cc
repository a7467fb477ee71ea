#include "scheduler/registry.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {
namespace {

using Entries = std::map<std::string, PolicyEntry, std::less<>>;

// Never destroyed: policies register during static initialisation, in any
// order, and may be created until the process ends.
Entries& Registry() {
  static Entries* entries = new Entries;
  return *entries;
}

// For std::string, where absl::string_view is another type.
std::string_view Chars(absl::string_view text) {
  return {text.data(), text.size()};
}

// Overlays `*values` with "key=value,key=value".
absl::Status ParseValues(absl::string_view policy, absl::string_view text,
                         OptionValues* values) {
  OptionValues parsed(values->get_allocator());
  for (absl::string_view pair : absl::StrSplit(text, ',')) {
    const size_t equals = pair.find('=');
    if (equals == absl::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "policy '", policy, "': option '", pair, "' is not key=value"));
    }
    const absl::string_view key = pair.substr(0, equals);
    if (!parsed.emplace(Chars(key), Chars(pair.substr(equals + 1))).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy '", policy, "': option '", key, "' twice"));
    }
  }
  for (auto& [key, value] : parsed) (*values)[key] = std::move(value);
  return absl::OkStatus();
}

absl::Status CheckLimits(const PolicyOptions& options) {
  const auto check = [](absl::string_view name, size_t value, size_t min,
                        size_t max) {
    if (value >= min && value <= max) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is ", value, ", not ", min, " to ", max));
  };
  absl::Status status = check("max_grant", options.max_grant, 1, kMaxMaxGrant);
  if (status.ok()) {
    status = check("max_streams", options.max_streams, 1, kMaxPolicyStreams);
  }
  if (status.ok()) {
    status = check("max_closed_streams", options.max_closed_streams, 0,
                   kMaxPolicyStreams);
  }
  return status;
}

}  // namespace

bool RegisterPolicy(absl::string_view name, absl::string_view summary,
                    PolicyFactory factory) {
  PolicyEntry entry{std::string(name), std::string(summary), factory};
  return Registry().emplace(std::string(name), std::move(entry)).second;
}

std::vector<PolicyEntry> RegisteredPolicies() {
  std::vector<PolicyEntry> result;
  for (const auto& [name, entry] : Registry()) result.push_back(entry);
  return result;
}

absl::string_view RegisteredNameOf(absl::string_view spec) {
  const auto entry = Registry().find(spec.substr(0, spec.find(':')));
  return entry == Registry().end() ? absl::string_view() : entry->first;
}

absl::StatusOr<std::unique_ptr<Policy>> CreatePolicy(
    absl::string_view spec, const PolicyOptions& options) {
  const size_t colon = spec.find(':');
  const absl::string_view name = spec.substr(0, colon);
  const auto entry = Registry().find(name);
  if (entry == Registry().end()) {
    const std::string known = absl::StrJoin(
        Registry(), ", ",
        [](std::string* out, const auto& item) { out->append(item.first); });
    return absl::NotFoundError(
        absl::StrCat("no policy '", name, "'; known: ", known));
  }
  PolicyOptions overlaid = {
      .max_grant = options.max_grant,
      .max_streams = options.max_streams,
      .max_closed_streams = options.max_closed_streams,
      .values = OptionValues(options.values, options.memory),
      .memory = options.memory,
  };
  if (colon != absl::string_view::npos) {
    absl::Status status =
        ParseValues(name, spec.substr(colon + 1), &overlaid.values);
    if (!status.ok()) return status;
  }
  if (absl::Status status = CheckLimits(options); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Policy>> policy =
      entry->second.factory(overlaid);
  if (!policy.ok()) {
    return absl::Status(
        policy.status().code(),
        absl::StrCat("policy '", name, "': ", policy.status().message()));
  }
  return policy;
}

}  // namespace sluice::scheduler
