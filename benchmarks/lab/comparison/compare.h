// Loads every page × signal set × policy: the main job without its command
// line.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/net/transport.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/output.h"

namespace sluice::lab {

struct Comparison {
  std::vector<Page> pages;
  std::vector<SignalSet> signals;
  SignalOptions signal_options;
  std::vector<std::string> policies;  // specs that CreatePolicy() accepts
  std::string network = "3g_fast";    // its name in results
  TransportFactory transport = LinkFactory(LinkOptions());  // 3G Fast
  TransportOptions transport_options;
  PageLoadOptions load_options;

  // The number of runs of each page.
  size_t RunsAPage() const { return signals.size() * policies.size(); }
};

// Makes every run, page by page, and gives it to each of `outputs` (not owned).
// Calls `progress` before each run, with its number, counted from 1.
//
// Error: the name of the run that failed and the reason (a defect, see
// RunPageLoad()), or an output's; the runs before it have been written. Holds
// one page load at a time.
absl::Status Compare(
    const Comparison& comparison, absl::Span<Output* const> outputs,
    const std::function<void(size_t run, size_t total, absl::string_view name)>&
        progress);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_H_
