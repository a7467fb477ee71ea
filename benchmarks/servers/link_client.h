// A client of a slow link. Like the connection it stands on, it does no I/O:
//
//   client.Start();
//   … write the output of client.connection() after each call …
//   client.Receive(bytes_read, now);   // until client.done()
#ifndef SLUICE_BENCHMARKS_SERVERS_LINK_CLIENT_H_
#define SLUICE_BENCHMARKS_SERVERS_LINK_CLIENT_H_

#include <sluice/h2/connection.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::servers {

class LinkClient {
 public:
  virtual ~LinkClient() = default;

  // Queues the preface, and what need not wait for the server.
  virtual absl::Status Start() = 0;

  // The server's next bytes, which came at `now`.
  virtual absl::Status Receive(absl::string_view bytes, absl::Duration now) = 0;

  virtual h2::Connection& connection() = 0;
  virtual bool done() const = 0;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_LINK_CLIENT_H_
