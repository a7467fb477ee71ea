#include "benchmarks/lab/compare.h"

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/metrics.h"
#include "benchmarks/lab/origin.h"
#include "benchmarks/lab/page_load.h"
#include "benchmarks/lab/report.h"
#include "benchmarks/lab/summary.h"

namespace sluice::lab {
namespace {

absl::StatusOr<PageLoad> LoadOnce(const Comparison& comparison,
                                  const Page& page, const SignalSet& set,
                                  const std::string& spec) {
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  absl::StatusOr<std::unique_ptr<scheduler::Policy>> policy =
      scheduler::CreatePolicy(spec, options);
  if (!policy.ok()) return policy.status();
  const std::unique_ptr<Transport> transport =
      comparison.transport(comparison.transport_options);
  std::unique_ptr<Signals> signals = set.make(comparison.signal_options);
  return RunPageLoad(page, *signals, *std::move(policy), *transport,
                     comparison.load_options);
}

Run SumUp(const Comparison& comparison, const Page& page, const SignalSet& set,
          const std::string& spec, const PageLoad& load) {
  return Run{
      .page = &page,
      .policy = spec,
      .signals = std::string(set.name),
      .network = comparison.network,
      .late_signals = comparison.signal_options.late_signals,
      .send_buffer_bytes = comparison.transport_options.send_buffer_bytes,
      .max_streams = comparison.load_options.max_streams,
      .seed = comparison.transport_options.seed,
      .metrics = Measure(page, load),
      .picks = JoinPicks(load.picks),
      .completed = CompletionOrder(page, load)};
}

}  // namespace

absl::Status Compare(const Comparison& comparison, const Sinks& sinks) {
  const size_t total = comparison.pages.size() * comparison.signals.size() *
                       comparison.policies.size();
  size_t done = 0;
  Summary summary(comparison.baseline, comparison.transport_options.seed);
  for (const Page& page : comparison.pages) {
    std::vector<Run> runs;
    for (const SignalSet& set : comparison.signals) {
      for (const std::string& spec : comparison.policies) {
        const std::string name =
            absl::StrCat(page.name, " ", set.name, " ", spec);
        sinks.progress(++done, total, name);
        const absl::StatusOr<PageLoad> load =
            LoadOnce(comparison, page, set, spec);
        if (!load.ok()) {
          return absl::Status(
              load.status().code(),
              absl::StrCat(name, ": ", load.status().message()));
        }
        runs.push_back(SumUp(comparison, page, set, spec, *load));
        for (Output* output : sinks.outputs) {
          const absl::Status status = output->Write(runs.back(), *load);
          if (!status.ok()) return status;
        }
        if (!sinks.text) {
          runs.clear();
          continue;
        }
        absl::Status status = summary.Add(runs.back());
        if (!status.ok()) return status;
        KeepWhatTextShows(&runs.back());
      }
    }
    if (!sinks.text) continue;
    const bool first = &page == &comparison.pages.front();
    sinks.text(absl::StrCat(first ? "" : "\n", TextReport(runs)));
  }
  if (sinks.text) {
    const absl::StatusOr<std::string> over_pages = summary.Text();
    if (!over_pages.ok()) return over_pages.status();
    if (!over_pages->empty()) sinks.text(absl::StrCat("\n", *over_pages));
  }
  for (Output* output : sinks.outputs) {
    if (absl::Status status = output->Finish(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
