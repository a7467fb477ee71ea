// Reads the value of a `priority` field or of a PRIORITY_UPDATE frame (RFC 9218
// §4, §5, §7): a Structured Fields dictionary (RFC 8941 §3.2).
//
//   ParseRfc9218Field("u=1, i")    → urgency 1, incremental
//   ParseRfc9218Field("u=9, x=a")  → the defaults: neither is known or in range
//   ParseRfc9218Field("u=1,")      → nothing: no dictionary
#ifndef SLUICE_PRIORITY_RFC9218_FIELD_H_
#define SLUICE_PRIORITY_RFC9218_FIELD_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "priority/rfc9218_priority.h"

namespace sluice::priority {

// Nothing when `value` is no dictionary: it is ignored whole then. A parameter
// that is unknown, of another type or out of range is ignored alone (RFC 9218
// §4), and what is not named has its default. Several lines of one field are
// joined by ", " first. O(bytes), no recursion.
std::optional<Rfc9218Priority> ParseRfc9218Field(absl::string_view value);

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_RFC9218_FIELD_H_
