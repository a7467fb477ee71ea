// Brings header fields into the form of HTTP/2 (RFC 9113 §8.2), and keeps
// secrets out of HPACK's dynamic table (RFC 7541 §7.1.3).
#ifndef SLUICE_H2_HEADER_NORMALIZATION_H_
#define SLUICE_H2_HEADER_NORMALIZATION_H_

#include <sluice/h2/hpack.h>
#include <sluice/h2/types.h>

#include <deque>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace sluice::h2 {

// Fields on their way out, as views, and the names that had to be lower-cased.
struct OutboundFields {
  FieldViews fields;
  std::deque<std::string> names;  // a deque: the views stay valid
};

struct OutboundRules {
  // Lower-case names, no space around names and values, no
  // connection-specific fields.
  bool normalize = true;
  // One field for each cookie-pair (RFC 9113 §8.2.3).
  bool split_cookies = false;
};

// `authorization`, `proxy-authorization` and cookies shorter than 20 bytes are
// never indexed, whatever `rules` say. `headers` must outlive the result.
OutboundFields PrepareOutbound(absl::Span<const Header> headers,
                               const OutboundRules& rules);

// Joins the Cookie fields with "; " into one, the last, never indexed (RFC 9113
// §8.2.3).
void JoinCookies(std::vector<Header>* headers);

}  // namespace sluice::h2

#endif  // SLUICE_H2_HEADER_NORMALIZATION_H_
