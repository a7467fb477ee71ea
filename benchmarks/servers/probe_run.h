// Runs a client over the link.
#ifndef SLUICE_BENCHMARKS_SERVERS_PROBE_RUN_H_
#define SLUICE_BENCHMARKS_SERVERS_PROBE_RUN_H_

#include "absl/status/status.h"
#include "benchmarks/servers/client_stream.h"
#include "benchmarks/servers/link_client.h"

namespace sluice::servers {

// Until the client is done. Errors: those of the client and of the stream;
// DeadlineExceeded (no byte for 30 s), Cancelled (`interrupt` is readable).
absl::Status RunProbe(ClientStream* stream, int interrupt, LinkClient* client);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_PROBE_RUN_H_
