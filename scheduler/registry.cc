#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/registry.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

absl::Status CheckLimits(const PolicyOptions& options) {
  const struct {
    absl::string_view name;
    size_t value, min, max;
  } limits[] = {
      {"max_grant", options.max_grant, 1, kMaxMaxGrant},
      {"max_streams", options.max_streams, 1, kMaxPolicyStreams},
      {"max_closed_streams", options.max_closed_streams, 0, kMaxPolicyStreams}};
  for (const auto& [name, value, min, max] : limits) {
    if (value >= min && value <= max) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is ", value, ", not ", min, " to ", max));
  }
  return absl::OkStatus();
}

}  // namespace

bool RegisterPolicy(StringView name, StringView summary,
                    PolicyFactory factory) {
  PolicyEntry entry{std::string(name), std::string(summary), factory};
  return Registry().try_emplace(entry.name, entry).second;
}

std::vector<PolicyEntry> RegisteredPolicies() {
  std::vector<PolicyEntry> result;
  for (const auto& [name, entry] : Registry()) result.push_back(entry);
  return result;
}

StringView RegisteredNameOf(StringView spec) {
  const auto entry = Registry().find(spec.substr(0, spec.find(':')));
  return entry == Registry().end() ? StringView() : entry->first;
}

absl::StatusOr<std::unique_ptr<Policy>> CreatePart(StringView name,
                                                   const PolicyOptions& options,
                                                   OptionReader& read) {
  const auto entry = Registry().find(name);
  if (entry == Registry().end()) {
    const std::string known = absl::StrJoin(
        Registry(), ", ",
        [](std::string* out, const auto& item) { out->append(item.first); });
    return absl::NotFoundError(
        absl::StrCat("no policy '", name, "'; known: ", known));
  }
  return entry->second.factory(options, read);
}

absl::StatusOr<std::unique_ptr<Policy>> CreatePolicy(
    StringView spec, const PolicyOptions& options) {
  if (absl::Status status = CheckLimits(options); !status.ok()) return status;
  const size_t colon = spec.find(':');
  const StringView name = spec.substr(0, colon);
  std::optional<StringView> text;
  if (colon != absl::string_view::npos) text = spec.substr(colon + 1);
  OptionReader read(text);
  absl::StatusOr<std::unique_ptr<Policy>> policy =
      CreatePart(name, options, read);
  if (!policy.ok()) return policy;
  if (absl::Status status = read.Finish(); !status.ok()) {
    return absl::Status(
        status.code(), absl::StrCat("policy '", name, "': ", status.message()));
  }
  return policy;
}

}  // namespace sluice::scheduler
