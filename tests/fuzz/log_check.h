// Checks of a decision log.
#ifndef SLUICE_TESTS_FUZZ_LOG_CHECK_H_
#define SLUICE_TESTS_FUZZ_LOG_CHECK_H_

#include <sluice/scheduler/trace.h>

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace sluice::fuzz {

// Picks and charges alternate; a pick is of a ready stream, and its grant is 1
// to `max_grant` bytes; its first hundred events survive JSON Lines; it
// plays to the same decisions, and under another policy. `sent`: the bytes
// charged in all.
void CheckLog(absl::Span<const scheduler::TraceEvent> events, size_t max_grant,
              uint64_t sent);

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_LOG_CHECK_H_
