// Counts what the process takes from the heap, by replacing operator new and
// delete: link this into a test that proves "no allocation" or "no growth".
#ifndef SLUICE_TESTS_SUPPORT_ALLOCATION_COUNTER_H_
#define SLUICE_TESTS_SUPPORT_ALLOCATION_COUNTER_H_

#include <cstddef>
#include <cstdint>

namespace sluice::testing {

// Calls of operator new so far, on every thread.
uint64_t Allocations();

// Bytes that are allocated now, as the heap rounds them.
int64_t LiveBytes();

// The most that LiveBytes() was since the last ForgetPeak(). Exact while one
// thread allocates.
int64_t PeakBytes();
void ForgetPeak();

}  // namespace sluice::testing

#endif  // SLUICE_TESTS_SUPPORT_ALLOCATION_COUNTER_H_
