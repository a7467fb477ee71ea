// When each resource of a page was there, and how far that is from another run.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_RESOURCE_TIMES_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_RESOURCE_TIMES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// Of a resource that has a stream; redirects have none. In virtual nanoseconds
// from the moment the browser begins.
struct ResourceTimes {
  int64_t id;
  std::string label;
  ResourceType type;
  uint64_t bytes;
  int64_t requested_ns;
  std::optional<int64_t> first_byte_ns;  // nothing: it has no body
  int64_t done_ns;
};

// In the page's order. O(arrivals + resources).
std::vector<ResourceTimes> TimesOfResources(const Page& page,
                                            const PageLoad& load);

// The same resource in two runs. The lab is deterministic: this is what the one
// costs beside the other, and a repetition gives it again.
struct ResourceShift {
  const ResourceTimes* resource;
  const ResourceTimes* baseline;

  // Below 0: earlier than in the baseline.
  int64_t DoneNs() const { return resource->done_ns - baseline->done_ns; }
  int64_t RequestedNs() const {
    return resource->requested_ns - baseline->requested_ns;
  }
};

// The resources that both have, by their ids, in the order of `run`. Both must
// outlive the result. O(n log n).
std::vector<ResourceShift> ShiftsOf(absl::Span<const ResourceTimes> run,
                                    absl::Span<const ResourceTimes> baseline);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_RESOURCE_TIMES_H_
