// The networks of the lab, by name.
#ifndef SLUICE_BENCHMARKS_LAB_NET_NETWORK_H_
#define SLUICE_BENCHMARKS_LAB_NET_NETWORK_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network_spec.h"
#include "benchmarks/lab/net/transport.h"

namespace sluice::lab {

struct Network {
  absl::string_view name;
  absl::string_view summary;  // one line, for --help and reports
  LinkOptions link;           // its send buffer and seed are defaults
};

absl::Span<const Network> Networks();

// Error: InvalidArgument names the unknown network and lists the known ones.
absl::StatusOr<Network> FindNetwork(absl::string_view name);

// A network that runs can use.
struct NamedNetwork {
  std::string name;  // in results: the one spelling of its spec
  TransportFactory transport;
  // Of a link; its send buffer and seed are defaults.
  std::optional<LinkOptions> link = std::nullopt;
};

// Networks that are called PREFIX:SPEC (network_spec.h), of a program that adds
// them.
struct NetworkFamily {
  absl::string_view prefix;
  absl::string_view summary;  // one line, for --help
  std::vector<absl::string_view> keys;
  // Error: InvalidArgument with a sentence for the user.
  std::function<absl::StatusOr<TransportFactory>(const NetworkSpec& spec)> make;
};

// Makes links of `options`, with the send buffer and the seed of each run.
TransportFactory LinkFactory(LinkOptions options);
NamedNetwork NamedLink(std::string name, const LinkOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NET_NETWORK_H_
