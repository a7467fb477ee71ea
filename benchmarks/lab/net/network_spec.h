// Networks in words: --network of every program of the lab.
//
//   cable                      a network of the table (network.h)
//   cable,rtt=100ms,loss=1%    the same, changed
//   down=400k,up=400k,rtt=400ms,loss=1%,queue=64k
//   ns3:3g_fast,cc=bbr         a network of a family (network.h)
//
// A name may stand in front; the others are KEY=VALUE in any order, each once.
// What neither the name nor a key gives is none: no limit of the rate, no
// delay, no loss, a queue that nothing overflows. The value "none" takes away
// what the name has.
//
//   down, up  bits per second to the client and to the server: 400k, 1.6M; k is
//             1,000 and M 1,000,000
//   rtt       the round trip without any queue: 400ms, 0.4s; a number alone is
//             milliseconds
//   loss      per cent of the segments to the client: 1%, 1
//   queue     bytes that wait at the bottleneck for the client: 64k, 65536
//   iw        segments of the first congestion window; none: no congestion
//             control. With a loss or a queue it is 10 (RFC 6928) unless given
//   headers   bytes below HTTP/2 that a segment costs, both ways: 52
//
// A family may have keys of its own.
#ifndef SLUICE_BENCHMARKS_LAB_NET_NETWORK_SPEC_H_
#define SLUICE_BENCHMARKS_LAB_NET_NETWORK_SPEC_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/net/link.h"

namespace sluice::lab {

struct NetworkSpec {
  // The one spelling of it, for results: what changes nothing is left out.
  std::string text = "";
  LinkOptions link = {};
  // Of the family's own keys, unread.
  std::map<std::string, std::string> family_options = {};
};

// Reads `text` without a family's prefix; `family_keys` are the further keys.
// Error: InvalidArgument, a sentence with the item and what is allowed.
absl::StatusOr<NetworkSpec> ParseNetworkSpec(
    absl::string_view text, absl::Span<const absl::string_view> family_keys);

// "400k", "1.6M", "1.6mbit". Error: InvalidArgument, what is allowed.
absl::StatusOr<int64_t> ParseRate(absl::string_view text);

// "64k", "65536", "64Ki". Error: InvalidArgument, what is allowed.
absl::StatusOr<int64_t> ParseByteCount(absl::string_view text, int64_t least,
                                       int64_t most);

// A number from `least` to `most`, times `scale`, rounded. Error:
// InvalidArgument, what is allowed.
absl::StatusOr<int64_t> ParseNumber(absl::string_view text, double least,
                                    double most, double scale);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NET_NETWORK_SPEC_H_
