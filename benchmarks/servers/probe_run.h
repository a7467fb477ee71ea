// Runs a Prober over a socket.
#ifndef SLUICE_BENCHMARKS_SERVERS_PROBE_RUN_H_
#define SLUICE_BENCHMARKS_SERVERS_PROBE_RUN_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_end.h"
#include "benchmarks/servers/prober.h"

namespace sluice::servers {

// A TCP connection from the client's end to `port` at kServerAddress.
// Error: Unavailable.
absl::StatusOr<Fd> ConnectToServer(const LinkEnd& client_end, int port);

// Until the prober is done. Errors: those of the prober; Unavailable (the
// server ends the connection), DeadlineExceeded (no byte for 30 s), Cancelled
// (`interrupt` is readable).
absl::Status RunProbe(int socket, int interrupt, Prober* prober);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_PROBE_RUN_H_
