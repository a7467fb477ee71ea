#include "benchmarks/lab/comparison/compare.h"

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/measure/metrics.h"

namespace sluice::lab {
namespace {

// What is chosen for one run, beside its page. The pointers are into a
// Comparison.
struct Choice {
  const NamedNetwork* network = nullptr;
  TransportOptions transport_options;
  const Edit* edit = nullptr;
  const SignalSet* signals = nullptr;
  const std::string* policy = nullptr;
};

// Each of `choices` once for each of `items`, set by `set`.
template <typename T, typename Set>
std::vector<Choice> Times(const std::vector<Choice>& choices,
                          const std::vector<T>& items, Set set) {
  std::vector<Choice> more;
  more.reserve(choices.size() * items.size());
  for (const Choice& choice : choices) {
    for (const T& item : items) {
      more.push_back(choice);
      set(more.back(), item);
    }
  }
  return more;
}

// The choices of one page's runs, in their order.
std::vector<Choice> ChoicesOf(const Comparison& all) {
  std::vector<Choice> choices(1);
  choices = Times(choices, all.networks,
                  [](Choice& choice, const NamedNetwork& network) {
                    choice.network = &network;
                  });
  choices = Times(choices, all.send_buffers, [](Choice& choice, size_t bytes) {
    choice.transport_options.send_buffer_bytes = bytes;
  });
  choices = Times(choices, all.seeds, [](Choice& choice, uint64_t seed) {
    choice.transport_options.seed = seed;
  });
  choices = Times(choices, all.edits, [](Choice& choice, const Edit& edit) {
    choice.edit = &edit;
  });
  choices =
      Times(choices, all.signals, [](Choice& choice, const SignalSet& signals) {
        choice.signals = &signals;
      });
  return Times(choices, all.policies,
               [](Choice& choice, const std::string& policy) {
                 choice.policy = &policy;
               });
}

absl::StatusOr<PageLoad> LoadOnce(const Comparison& comparison,
                                  const Page& page, const Choice& choice) {
  scheduler::PolicyOptions options;
  options.max_grant = kMaxGrant;
  absl::StatusOr<std::unique_ptr<scheduler::Policy>> policy =
      scheduler::CreatePolicy(*choice.policy, options);
  if (!policy.ok()) return policy.status();
  const std::unique_ptr<Transport> transport =
      choice.network->transport(choice.transport_options);
  absl::StatusOr<PriorityEdits> edits = choice.edit->For(page);
  if (!edits.ok()) return edits.status();
  const std::unique_ptr<Signals> signals = EditSignals(
      choice.signals->make(comparison.signal_options), *std::move(edits));
  return RunPageLoad(page, *signals, *std::move(policy), *transport,
                     comparison.load_options);
}

Run RunOf(const Comparison& comparison, const Page& page, const Choice& choice,
          const PageLoad& load) {
  return Run{
      .page = &page,
      .policy = *choice.policy,
      .setting = {.signals = std::string(choice.signals->name),
                  .edit = choice.edit->name,
                  .edit_sha256 = choice.edit->sha256,
                  .network = choice.network->name,
                  .send_buffer_bytes =
                      choice.transport_options.send_buffer_bytes,
                  .max_streams = comparison.load_options.max_streams,
                  .late_signals = comparison.signal_options.late_signals},
      .seed = choice.transport_options.seed,
      .metrics = Measure(page, load)};
}

// "vk cable chrome7540 rr", of what tells a run from others.
std::string NameOf(const Comparison& comparison, const Page& page,
                   const Choice& choice) {
  std::string name = page.name;
  if (comparison.networks.size() > 1) {
    absl::StrAppend(&name, " ", choice.network->name);
  }
  if (comparison.send_buffers.size() > 1) {
    absl::StrAppend(&name, " ", choice.transport_options.send_buffer_bytes);
  }
  if (comparison.seeds.size() > 1) {
    absl::StrAppend(&name, " seed ", choice.transport_options.seed);
  }
  if (comparison.edits.size() > 1) {
    absl::StrAppend(&name, " ", choice.edit->name);
  }
  absl::StrAppend(&name, " ", choice.signals->name, " ", *choice.policy);
  return name;
}

}  // namespace

absl::Status Compare(
    const Comparison& comparison, absl::Span<Output* const> outputs,
    const std::function<void(size_t run, size_t total, absl::string_view name)>&
        progress) {
  const std::vector<Choice> choices = ChoicesOf(comparison);
  const size_t total = comparison.pages.size() * choices.size();
  size_t done = 0;
  for (const Page& page : comparison.pages) {
    for (const Choice& choice : choices) {
      const std::string name = NameOf(comparison, page, choice);
      progress(++done, total, name);
      const absl::StatusOr<PageLoad> load = LoadOnce(comparison, page, choice);
      if (!load.ok()) {
        return absl::Status(load.status().code(),
                            absl::StrCat(name, ": ", load.status().message()));
      }
      const Run run = RunOf(comparison, page, choice, *load);
      for (Output* output : outputs) {
        const absl::Status status = output->Write(run, *load);
        if (!status.ok()) return status;
      }
    }
  }
  for (Output* output : outputs) {
    if (absl::Status status = output->Finish(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
