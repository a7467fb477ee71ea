#include "benchmarks/lab/page_load.h"

#include <utility>

namespace sluice::lab {

absl::StatusOr<PageLoad> RunPageLoad(const Page& page, Signals& signals,
                                     std::unique_ptr<scheduler::Policy> policy,
                                     Transport& transport,
                                     const PageLoadOptions& options) {
  Origin origin(page, std::move(policy), transport, options.max_streams);
  Browser browser(page, signals, transport, options.max_streams);
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

}  // namespace sluice::lab
