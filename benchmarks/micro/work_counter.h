// Counts what the process copies and what it takes from the heap, libnghttp2
// included: replaces memcpy, memmove, malloc and their kin for the program that
// links it. A copy that the compiler wrote inline, of a few bytes, is not seen.
#ifndef SLUICE_BENCHMARKS_MICRO_WORK_COUNTER_H_
#define SLUICE_BENCHMARKS_MICRO_WORK_COUNTER_H_

#include <cstdint>

namespace sluice::benchmarks {

struct Work {
  uint64_t copied_bytes = 0;
  uint64_t allocations = 0;
};

// Since the process began. For one thread.
Work WorkSoFar();

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_WORK_COUNTER_H_
