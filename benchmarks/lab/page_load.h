// One page load: a page, a signal set, a policy and a network, in virtual time.
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_LOAD_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_LOAD_H_

#include <sluice/scheduler/policy.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/lab/browser.h"
#include "benchmarks/lab/origin.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/signals.h"
#include "benchmarks/lab/transport.h"

namespace sluice::lab {

struct PageLoad {
  std::vector<ResourceTiming> timings;    // by the page's order of resources
  std::vector<Arrival> arrivals;          // by time
  std::vector<Pick> picks;                // by time
  std::vector<ReceivedRequest> requests;  // by time
  std::vector<ReceivedSignal> signals;    // by time
};

struct PageLoadOptions {
  // The server's SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.2), from 1.
  uint32_t max_streams = 100;
};

// Loads `page` over `transport`, which must be new. Error: Internal, when
// something never arrives or an end reports an error: a defect of the policy or
// of the core, never of the page. O(bytes / segment · log events).
absl::StatusOr<PageLoad> RunPageLoad(const Page& page, Signals& signals,
                                     std::unique_ptr<scheduler::Policy> policy,
                                     Transport& transport,
                                     const PageLoadOptions& options = {});

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_LOAD_H_
