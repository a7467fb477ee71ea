#include "benchmarks/lab/comparison/compare.h"

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/measure/metrics.h"

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

Run RunOf(const Comparison& comparison, const Page& page, const SignalSet& set,
          const std::string& spec, const PageLoad& load) {
  return Run{
      .page = &page,
      .policy = spec,
      .setting = {.signals = std::string(set.name),
                  .network = comparison.network,
                  .send_buffer_bytes =
                      comparison.transport_options.send_buffer_bytes,
                  .max_streams = comparison.load_options.max_streams,
                  .late_signals = comparison.signal_options.late_signals},
      .seed = comparison.transport_options.seed,
      .metrics = Measure(page, load)};
}

}  // namespace

absl::Status Compare(
    const Comparison& comparison, absl::Span<Output* const> outputs,
    const std::function<void(size_t run, size_t total, absl::string_view name)>&
        progress) {
  const size_t total = comparison.pages.size() * comparison.RunsAPage();
  size_t done = 0;
  for (const Page& page : comparison.pages) {
    for (const SignalSet& set : comparison.signals) {
      for (const std::string& spec : comparison.policies) {
        const std::string name =
            absl::StrCat(page.name, " ", set.name, " ", spec);
        progress(++done, total, name);
        const absl::StatusOr<PageLoad> load =
            LoadOnce(comparison, page, set, spec);
        if (!load.ok()) {
          return absl::Status(
              load.status().code(),
              absl::StrCat(name, ": ", load.status().message()));
        }
        const Run run = RunOf(comparison, page, set, spec, *load);
        for (Output* output : outputs) {
          const absl::Status status = output->Write(run, *load);
          if (!status.ok()) return status;
        }
      }
    }
  }
  for (Output* output : outputs) {
    if (absl::Status status = output->Finish(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
