// --network=ns3:…: an ns-3 network from its spec (net/network_spec.h).
#ifndef SLUICE_BENCHMARKS_LAB_NS3_NS3_NETWORK_H_
#define SLUICE_BENCHMARKS_LAB_NS3_NS3_NETWORK_H_

#include "absl/status/statusor.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/net/network_spec.h"
#include "benchmarks/lab/ns3/ns3_transport.h"

namespace sluice::lab {

// The options of "ns3:" and `spec`. The link must have rates, and no tick, slow
// start of its own or further headers: TCP and the packets' 54 bytes have them.
// A queue that is left out is the bandwidth-delay product, and never less than
// 45,000 bytes. Keys of its own:
//
//   loss_up   per cent of the packets to the server, acknowledgements too
//   qdisc     fifo, codel, fq_codel (the last counts in packets of 1,454)
//   cc        cubic, bbr (version 1), newreno
//
// Error: InvalidArgument with a sentence that names the item.
absl::StatusOr<Ns3Options> ReadNs3Options(const NetworkSpec& spec);

// "ns3:…", for CompareMain().
NetworkFamily Ns3Networks();

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NS3_NS3_NETWORK_H_
