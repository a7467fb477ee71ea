// The `priority` field and the value of PRIORITY_UPDATE (RFC 9218 §4, §5, §7),
// a Structured Fields dictionary (RFC 8941 §3.2).
//
// It stands here and not in priority/, which holds the values: the core reads
// the field and PRIORITY_UPDATE itself, and may include nothing of another
// room; whoever needs the parser elsewhere (data_scheduler does, for a
// response's field) may include the core.
#ifndef SLUICE_H2_PRIORITY_FIELD_H_
#define SLUICE_H2_PRIORITY_FIELD_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "h2/events.h"

namespace sluice::h2 {

// Which parameters a value names. A response's field changes only those that it
// names (§8), hence the difference from PriorityField.
struct PriorityParameters {
  std::optional<int> urgency;
  std::optional<bool> incremental;
};

// Nothing if `value` is no dictionary: it is then ignored whole. Parameters
// that are unknown, of another type, or out of range are ignored each (§4).
// O(bytes), no recursion.
std::optional<PriorityParameters> ParsePriorityParameters(
    absl::string_view value);

// The same with the defaults for what is not named: what a request's field and
// PRIORITY_UPDATE mean (§4, §7).
std::optional<PriorityField> ParsePriorityField(absl::string_view value);

// The client's priority, with what the response names in its place (§8).
PriorityField MergePriority(const PriorityField& request,
                            const PriorityParameters& response);

// "u=3" or "u=3, i".
std::string FormatPriorityField(const PriorityField& priority);

}  // namespace sluice::h2

#endif  // SLUICE_H2_PRIORITY_FIELD_H_
