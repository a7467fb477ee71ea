// The value of a `priority` field or of a PRIORITY_UPDATE frame as an
// Rfc9218Priority (RFC 9218 §4, §5, §7). The reading of the text is fields/'s.
#ifndef SLUICE_PRIORITY_RFC9218_FIELD_H_
#define SLUICE_PRIORITY_RFC9218_FIELD_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "priority/rfc9218_priority.h"

namespace sluice::priority {

// Nothing when `value` is no dictionary: it is ignored whole then. What it does
// not name, or not with a value in range, has its default. Several lines of one
// field are joined by ", " first. O(bytes), no recursion.
std::optional<Rfc9218Priority> ParseRfc9218Field(absl::string_view value);

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_RFC9218_FIELD_H_
