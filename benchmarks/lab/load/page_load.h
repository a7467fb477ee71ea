// One page load: a page, a signal set, a policy and a network, in virtual time.
#ifndef SLUICE_BENCHMARKS_LAB_LOAD_PAGE_LOAD_H_
#define SLUICE_BENCHMARKS_LAB_LOAD_PAGE_LOAD_H_

#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "benchmarks/lab/browser/browser.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/net/transport.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// Everything that happened in one page load. The other forms of a run are made
// from it: Metrics and Run (measure/), and what report/ writes.
struct PageLoad {
  std::vector<ResourceTiming> timings;    // in the page's order of resources
  std::vector<Arrival> arrivals;          // by time
  std::vector<Pick> picks;                // by time
  std::vector<ReceivedRequest> requests;  // by time
  std::vector<ReceivedSignal> signals;    // by time
};

struct PageLoadOptions {
  // The server's SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.2), from 1.
  uint32_t max_streams = 100;
  // Called before a stream is ready to send, for a policy that knows the page:
  // `stream_id` carries the resource of that index.
  std::function<void(h2::StreamId stream_id, size_t resource)> on_answer =
      nullptr;
  // Asked after each arrival. True ends the load there: nothing later is in the
  // PageLoad, but that the resource is complete if that was its last byte.
  std::function<bool(const Arrival& arrival)> enough = nullptr;
};

// Loads `page` over `transport`, which must be new. Error: Internal, when
// something never arrives or an end reports an error: a defect of the policy or
// of the core, never of the page. O(bytes / segment · log events).
absl::StatusOr<PageLoad> RunPageLoad(const Page& page, Signals& signals,
                                     std::unique_ptr<scheduler::Policy> policy,
                                     Transport& transport,
                                     const PageLoadOptions& options = {});

// Joins successive picks of one stream into one, at the time of the first.
// O(picks).
std::vector<Pick> JoinPicks(absl::Span<const Pick> picks);

// The resources in the order of their last bytes, without redirects; among
// equals in the page's order. O(n log n).
std::vector<size_t> CompletionOrder(const Page& page, const PageLoad& load);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_LOAD_PAGE_LOAD_H_
