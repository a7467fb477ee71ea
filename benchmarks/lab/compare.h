// The main job without its command line: every page × signal set × policy.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARE_H_
#define SLUICE_BENCHMARKS_LAB_COMPARE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/link.h"
#include "benchmarks/lab/network.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/page.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/signals.h"
#include "benchmarks/lab/transport.h"

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
  std::string baseline = "rr";  // of the summary over pages
};

// Where the results go, as they come.
struct Sinks {
  // Before run number `run` of `total`, counted from 1.
  std::function<void(size_t run, size_t total, absl::string_view name)>
      progress;
  // After each page, and at last the summary over pages, where there is one.
  // May be empty: nobody reads it.
  std::function<void(absl::string_view text)> text;
  std::vector<Output*> outputs;  // each sees every run; not owned
};

// Error: the run that failed, and why (a defect, see RunPageLoad(), or an
// output that could not be written); what came before it has been written.
// Holds one page load at a time, and of the runs of one page what its table
// shows; of all others nothing (samples.h).
absl::Status Compare(const Comparison& comparison, const Sinks& sinks);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARE_H_
