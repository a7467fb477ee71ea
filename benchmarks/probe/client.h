// A client of a server under test, without I/O and without a clock: whoever
// runs it (drive.h, or a test in memory) moves the bytes and tells the time.
//
//   client.Start(now);
//   … write the output of client.connection() after each call …
//   client.Receive(bytes_read, now);   // until client.done()
//   client.OnTime(now);                // when client.wake_at() has come
#ifndef SLUICE_BENCHMARKS_PROBE_CLIENT_H_
#define SLUICE_BENCHMARKS_PROBE_CLIENT_H_

#include <sluice/h2/connection.h>

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::probe {

class Client {
 public:
  virtual ~Client() = default;

  virtual h2::Connection& connection() = 0;

  // Times are those since the connection was opened. The errors are sentences
  // about the server; the client is finished then.
  virtual absl::Status Start(absl::Duration now) = 0;
  virtual absl::Status Receive(absl::string_view bytes, absl::Duration now) = 0;
  virtual absl::Status OnTime(absl::Duration now) = 0;
  virtual absl::Duration wake_at() const = 0;

  virtual bool done() const = 0;

  // Reads at most this much every kSlowRead, through small buffers of the
  // kernel's; 0: as fast as it comes.
  virtual size_t slow_read_bytes() const { return 0; }
  static constexpr absl::Duration kSlowRead = absl::Milliseconds(10);
};

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_CLIENT_H_
