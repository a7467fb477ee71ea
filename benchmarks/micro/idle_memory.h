// Heap bytes that one idle server connection keeps, for our core and for
// nghttp2's session, given the same bytes from a client.
#ifndef SLUICE_BENCHMARKS_MICRO_IDLE_MEMORY_H_
#define SLUICE_BENCHMARKS_MICRO_IDLE_MEMORY_H_

#include <cstddef>

namespace sluice::benchmarks {

enum class Implementation { kSluice, kNghttp2 };

// The average over `connections` that have shaken hands and answered `requests`
// requests each, with nothing left to send or to receive. By mallinfo2(), so it
// is 0 where another allocator stands in (sanitizers).
size_t IdleConnectionBytes(Implementation implementation, size_t connections,
                           size_t requests);

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_IDLE_MEMORY_H_
