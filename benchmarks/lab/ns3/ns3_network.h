// --network=ns3:…: an ns-3 network from its description.
#ifndef SLUICE_BENCHMARKS_LAB_NS3_NS3_NETWORK_H_
#define SLUICE_BENCHMARKS_LAB_NS3_NS3_NETWORK_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/ns3/ns3_transport.h"

namespace sluice::lab {

// "3g_fast,cc=bbr,loss=2": items separated by commas, in any order. One may be
// the name of a network of the lab, which gives rates, round trip and loss
// (3g_fast when there is none); its slow start is TCP's here. The others are
// KEY=VALUE, each key once:
//
//   down, up  bits per second of the link, with k or M: 800k, 1.6M
//   rtt       milliseconds without any queue
//   loss      per cent of the packets to the client; loss_up: to the server
//   queue     bytes that the router holds for the client; when not given, the
//             bandwidth-delay product, and never less than 45,000
//   qdisc     fifo, codel, fq_codel (the last counts in packets of 1,454)
//   cc        cubic, bbr (version 1), newreno
//
// Error: InvalidArgument with a sentence that names the item.
absl::StatusOr<Ns3Options> ParseNs3Options(absl::string_view text);

// "ns3:…", for CompareMain().
NetworkFamily Ns3Networks();

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NS3_NS3_NETWORK_H_
