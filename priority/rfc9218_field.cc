#include "priority/rfc9218_field.h"

#include <optional>

#include "absl/strings/string_view.h"
#include "fields/priority_parameters.h"
#include "priority/rfc9218_priority.h"

namespace sluice::priority {

std::optional<Rfc9218Priority> ParseRfc9218Field(absl::string_view value) {
  const std::optional<fields::PriorityParameters> named =
      fields::ParsePriorityParameters(value);
  if (!named.has_value()) return std::nullopt;
  return Rfc9218Priority{.urgency = named->urgency.value_or(kDefaultUrgency),
                         .incremental = named->incremental.value_or(false)};
}

}  // namespace sluice::priority
