// The URLs that the probe is given, and those that a page names.
#ifndef SLUICE_BENCHMARKS_PROBE_URL_H_
#define SLUICE_BENCHMARKS_PROBE_URL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sluice::probe {

// scheme://host:port and what follows it.
struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // without the brackets of an IPv6 address
  uint16_t port = 0;
  std::string path;  // with the query, from '/' on

  bool tls() const { return scheme == "https"; }
  // "localhost:8443", "[::1]"; without the scheme's own port.
  std::string Authority() const;
  std::string ToString() const;
  bool SameOrigin(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }

  friend bool operator==(const Url&, const Url&) = default;
};

// Error: InvalidArgument, a sentence.
absl::StatusOr<Url> ParseUrl(absl::string_view text);

// The URLs of the same origin as `base` in the src and href attributes of a
// page, in their order, each once. Reads any bytes.
std::vector<Url> LinksOf(absl::string_view html, const Url& base);

// What `reference` means on a page at `base` (RFC 3986 §5.2), without its
// fragment. Error: InvalidArgument (another scheme than http and https).
absl::StatusOr<Url> Resolve(absl::string_view reference, const Url& base);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_URL_H_
