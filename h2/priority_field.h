// The `priority` field and the value of PRIORITY_UPDATE (RFC 9218 §4, §5, §7)
// as values of this room. The reading of the text is fields/'s.
#ifndef SLUICE_H2_PRIORITY_FIELD_H_
#define SLUICE_H2_PRIORITY_FIELD_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "fields/priority_parameters.h"
#include "h2/events.h"

namespace sluice::h2 {

// Which parameters a value names, for a response's field: it changes only those
// (§8).
using fields::ParsePriorityParameters;
using fields::PriorityParameters;

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
