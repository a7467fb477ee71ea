// A decision log in memory, for tests.
#ifndef SLUICE_TESTS_SUPPORT_MEMORY_TRACE_H_
#define SLUICE_TESTS_SUPPORT_MEMORY_TRACE_H_

#include <sluice/scheduler/trace.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace sluice::testing {

// Keeps the first `limit` events and counts all of them.
class MemoryTrace : public scheduler::TraceSink {
 public:
  explicit MemoryTrace(size_t limit = size_t{1} << 20) : limit_(limit) {}
  MemoryTrace(MemoryTrace&&) = default;

  // Invalid after the next event.
  absl::Span<const scheduler::TraceEvent> events() const {
    return {events_.data(),
            static_cast<size_t>(std::min<uint64_t>(written(), limit_))};
  }
  uint64_t written() const { return before_room_ + handed_out(); }

 private:
  absl::Span<scheduler::TraceEvent> Room() override;

  const size_t limit_;
  std::vector<scheduler::TraceEvent> events_;
  std::vector<scheduler::TraceEvent>
      beyond_;                // past the limit: counted, written over
  uint64_t before_room_ = 0;  // events before the present room
};

}  // namespace sluice::testing

#endif  // SLUICE_TESTS_SUPPORT_MEMORY_TRACE_H_
