// Bytes that one idle server connection keeps, for ours and for nghttp2's
// session, given the same bytes from a client.
#ifndef SLUICE_BENCHMARKS_MICRO_IDLE_MEMORY_H_
#define SLUICE_BENCHMARKS_MICRO_IDLE_MEMORY_H_

#include <cstddef>
#include <string>

namespace sluice::benchmarks {

struct IdleBytes {
  // By mallinfo2(), so it is 0 where another allocator stands in (sanitizers).
  size_t heap = 0;
  // The growth of the process. Exact for many connections in a fresh process.
  size_t resident = 0;
};

// The average over `connections` that have shaken hands and answered `requests`
// requests each, with nothing left to send or to receive. `system`: "nghttp2",
// "core" (an h2::Connection alone), or a policy of the registry, for a
// connection with a DataScheduler.
IdleBytes IdleConnectionBytes(const std::string& system, size_t connections,
                              size_t requests);

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_IDLE_MEMORY_H_
