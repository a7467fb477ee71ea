// Whether two authorities name the same entity (RFC 9113 §8.3.1).
#ifndef SLUICE_H2_AUTHORITY_H_
#define SLUICE_H2_AUTHORITY_H_

#include "absl/strings/string_view.h"

namespace sluice::h2 {

// Compares after the normalisation of RFC 3986 §6.2.2 and §6.2.3: case of the
// host, percent-encoding of unreserved characters, an empty port, and the
// default port of `scheme` (http or https; others have none). Two spellings of
// one IPv6 address, as [::1] and [0::1], are different: the RFC leaves them.
// O(bytes).
bool SameAuthority(absl::string_view scheme, absl::string_view a,
                   absl::string_view b);

}  // namespace sluice::h2

#endif  // SLUICE_H2_AUTHORITY_H_
