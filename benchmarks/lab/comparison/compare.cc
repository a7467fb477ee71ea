#include "benchmarks/lab/comparison/compare.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/comparison/best_order.h"
#include "benchmarks/lab/comparison/run_once.h"
#include "benchmarks/lab/measure/metrics.h"

namespace sluice::lab {
namespace {

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

// The choices of one page's runs but for the policy, in their order.
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
  return Times(choices, all.signals,
               [](Choice& choice, const SignalSet& signals) {
                 choice.signals = &signals;
               });
}

Run RunOf(const Comparison& comparison, const Page& page, const Choice& choice,
          const std::string& policy, const PageLoad& load) {
  return Run{
      .page = &page,
      .policy = policy,
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

// "vk cable chrome7540", of what tells a run from others beside its policy.
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
  absl::StrAppend(&name, " ", choice.signals->name);
  return name;
}

using ShowProgress =
    std::function<void(size_t run, size_t total, absl::string_view name)>;

// The runs of every policy with one choice.
class Group {
 public:
  Group(const Comparison& comparison, const Page& page, const Choice& choice)
      : comparison_(comparison),
        page_(page),
        choice_(choice),
        name_(NameOf(comparison, page, choice)) {}

  absl::Status Run(absl::Span<Output* const> outputs, size_t& done,
                   size_t total, const ShowProgress& progress) const {
    std::optional<BestOrder> best;
    if (comparison_.best_order > 0) {
      absl::StatusOr<FoundOrder> found = FindBestOrder(
          comparison_, page_, choice_, [&](size_t evaluations, int64_t) {
            progress(done + 1, total,
                     absl::StrCat(name_, " best order, ", evaluations, " of ",
                                  comparison_.best_order));
          });
      if (!found.ok()) return Failed(found.status(), "");
      best = std::move(found->best);
    }
    for (const std::string& policy : comparison_.policies) {
      progress(++done, total, absl::StrCat(name_, " ", policy));
      const absl::StatusOr<PageLoad> load =
          LoadOnce(comparison_, page_, choice_, policy);
      if (!load.ok()) return Failed(load.status(), policy);
      lab::Run run = RunOf(comparison_, page_, choice_, policy, *load);
      run.best = best;
      for (Output* output : outputs) {
        absl::Status status = output->Write(run, *load);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Failed(const absl::Status& status,
                      absl::string_view policy) const {
    return absl::Status(status.code(),
                        absl::StrCat(name_, policy.empty() ? "" : " ", policy,
                                     ": ", status.message()));
  }

  const Comparison& comparison_;
  const Page& page_;
  const Choice& choice_;
  const std::string name_;
};

}  // namespace

absl::Status Compare(const Comparison& comparison,
                     absl::Span<Output* const> outputs,
                     const ShowProgress& progress) {
  const std::vector<Choice> choices = ChoicesOf(comparison);
  const size_t total =
      comparison.pages.size() * choices.size() * comparison.policies.size();
  size_t done = 0;
  for (const Page& page : comparison.pages) {
    for (const Choice& choice : choices) {
      absl::Status status =
          Group(comparison, page, choice).Run(outputs, done, total, progress);
      if (!status.ok()) return status;
    }
  }
  for (Output* output : outputs) {
    if (absl::Status status = output->Finish(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
