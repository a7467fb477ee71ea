#include "benchmarks/lab/load/page_load.h"

#include <algorithm>
#include <utility>

namespace sluice::lab {

absl::StatusOr<PageLoad> RunPageLoad(const Page& page, Signals& signals,
                                     std::unique_ptr<scheduler::Policy> policy,
                                     Transport& transport,
                                     const PageLoadOptions& options) {
  Origin origin(page, std::move(policy), transport, options.max_streams,
                options.on_answer);
  Browser browser(page, signals, transport, options.max_streams);
  if (options.enough) {
    browser.OnArrival([&](const Arrival& arrival) {
      if (!options.enough(arrival)) return;
      browser.Stop();
      origin.Stop();
    });
  }
  origin.Start();
  browser.Start();
  transport.Run();
  if (!origin.status().ok()) return origin.status();
  if (absl::Status status = browser.Finish(); !status.ok()) return status;
  return PageLoad{.timings = browser.TakeTimings(),
                  .arrivals = browser.TakeArrivals(),
                  .picks = origin.TakePicks(),
                  .requests = origin.TakeRequests(),
                  .signals = origin.TakeSignals()};
}

std::vector<Pick> JoinPicks(absl::Span<const Pick> picks) {
  std::vector<Pick> joined;
  for (const Pick& pick : picks) {
    if (!joined.empty() && joined.back().stream_id == pick.stream_id) {
      joined.back().bytes += pick.bytes;
    } else {
      joined.push_back(pick);
    }
  }
  return joined;
}

std::vector<size_t> CompletionOrder(const Page& page, const PageLoad& load) {
  std::vector<size_t> order;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    if (!page.resources[i].redirect) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return load.timings[a].completed_ns < load.timings[b].completed_ns;
  });
  return order;
}

}  // namespace sluice::lab
