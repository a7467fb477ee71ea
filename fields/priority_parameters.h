// Reads the value of a `priority` field or of a PRIORITY_UPDATE frame (RFC 9218
// §4, §5, §7): a Structured Fields dictionary (RFC 8941 §3.2).
//
//   ParsePriorityParameters("u=1, i")    → urgency 1, incremental
//   ParsePriorityParameters("u=9, x=a")  → nothing named: neither is known or
//                                          in range
//   ParsePriorityParameters("u=1,")      → nothing at all: no dictionary
//
// It stands in a room of its own, which depends on nothing of this project: the
// core reads the field itself, the rooms without the core read it too, and
// neither may include the other.
#ifndef SLUICE_FIELDS_PRIORITY_PARAMETERS_H_
#define SLUICE_FIELDS_PRIORITY_PARAMETERS_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace sluice::fields {

// What a value names, and nothing more: a response's field changes only that
// (RFC 9218 §8).
struct PriorityParameters {
  std::optional<int> urgency;  // 0…7
  std::optional<bool> incremental;

  friend bool operator==(const PriorityParameters&,
                         const PriorityParameters&) = default;
};

// Nothing when `value` is no dictionary: it is ignored whole then. A parameter
// that is unknown, of another type or out of range is ignored alone (RFC 9218
// §4). Several lines of one field are joined by ", " first (RFC 8941 §4.2).
// O(bytes), no recursion.
std::optional<PriorityParameters> ParsePriorityParameters(
    absl::string_view value);

}  // namespace sluice::fields

#endif  // SLUICE_FIELDS_PRIORITY_PARAMETERS_H_
