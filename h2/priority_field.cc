#include "h2/priority_field.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "h2/events.h"

namespace sluice::h2 {

std::optional<PriorityField> ParsePriorityField(absl::string_view value) {
  const std::optional<PriorityParameters> parameters =
      ParsePriorityParameters(value);
  if (!parameters.has_value()) return std::nullopt;
  return MergePriority(PriorityField(), *parameters);
}

PriorityField MergePriority(const PriorityField& request,
                            const PriorityParameters& response) {
  PriorityField merged;
  merged.urgency = response.urgency.value_or(request.urgency);
  merged.incremental = response.incremental.value_or(request.incremental);
  return merged;
}

std::string FormatPriorityField(const PriorityField& priority) {
  return absl::StrCat("u=", priority.urgency,
                      priority.incremental ? ", i" : "");
}

}  // namespace sluice::h2
