// Loads every page × signal set × policy: the main job without its command
// line.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_COMPARE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/browser/edit.h"
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
  std::vector<Edit> edits = {Edit()};
  std::vector<std::string> policies;  // specs that CreatePolicy() accepts
  std::vector<NamedNetwork> networks = {NamedLink("3g_fast", LinkOptions())};
  std::vector<size_t> send_buffers = {TransportOptions().send_buffer_bytes};
  std::vector<uint64_t> seeds = {1};
  PageLoadOptions load_options;

  // The runs of one page on one network, with one send buffer and one seed.
  // They are neighbours.
  size_t RunsATable() const {
    return edits.size() * signals.size() * policies.size();
  }
};

// Makes every run, by page, network, send buffer, seed, edit, signals and
// policy, and gives it to each of `outputs` (not owned). Calls `progress`
// before each run, with its number, counted from 1.
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
