#include "tests/support/memory_trace.h"

#include <sluice/scheduler/trace.h>

#include <algorithm>
#include <cstddef>

#include "absl/types/span.h"

namespace sluice::testing {

absl::Span<scheduler::TraceEvent> MemoryTrace::Room() {
  constexpr size_t kFirstRoom = 64;
  before_room_ += handed_out();
  const size_t size = events_.size();
  if (size < limit_) {
    events_.resize(std::min(limit_, std::max(2 * size, kFirstRoom)));
    return absl::MakeSpan(events_).subspan(size);
  }
  beyond_.resize(kFirstRoom);
  return absl::MakeSpan(beyond_);
}

}  // namespace sluice::testing
