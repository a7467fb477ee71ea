// Searches for the best order of a page's bodies, and writes it to a file that
// the policy order:FILE plays.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/comparison/best_order.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/comparison/comparison_flags.h"
#include "benchmarks/lab/comparison/progress.h"
#include "benchmarks/lab/comparison/run_once.h"
#include "benchmarks/lab/order/order.h"
#include "benchmarks/lab/page/page.h"
#include "support/command_line.h"
#include "support/whole_file.h"

ABSL_FLAG(std::string, page, "",
          "the page, in place of --pages: the name of a bundled page, or the "
          "path of a HAR file or of a file in the bundled format");
ABSL_FLAG(int64_t, evaluations, 5000,
          "orders that the search tries; each is a page load of the lab");
ABSL_FLAG(std::string, output, "",
          "the file of the order; without it the page's name and .order");

namespace {

using sluice::lab::Choice;
using sluice::lab::Comparison;
using sluice::lab::FoundOrder;
using sluice::lab::Order;
using sluice::lab::Page;
using sluice::lab::Progress;
using sluice::support::ExitBadCommandLine;
using sluice::support::ListFlag;

constexpr char kProgram[] = "optimise";
constexpr absl::string_view kUsage =
    "Searches for the order of a page's bodies that paints the first screen "
    "first, and\nwrites it to a file for //:compare's "
    "--policies=order:FILE.\n--policies is where the search starts from. "
    "Unless "
    "you say otherwise, it is all, and\nthe page is vk.\n\n";

// Ends the program unless the flags choose one setting.
Choice OnlyChoiceOrExit(const Comparison& all) {
  const auto one = [](absl::string_view flag, size_t count) {
    if (count == 1) return;
    ExitBadCommandLine(kProgram, absl::StrCat("--", flag, " names ", count,
                                              ", and an order is for one"));
  };
  one("pages", all.pages.size());
  one("network", all.networks.size());
  one("send_buffer", all.send_buffers.size());
  one("seed", all.seeds.size());
  one("edit", all.edits.size());
  one("signals", all.signals.size());
  return {.network = &all.networks[0],
          .transport_options = {.send_buffer_bytes = all.send_buffers[0],
                                .seed = all.seeds[0]},
          .edit = &all.edits[0],
          .signals = &all.signals[0]};
}

std::string Milliseconds(int64_t ns) {
  return absl::StrFormat("%10.1f ms", static_cast<double>(ns) / 1e6);
}

// The flags that choose the setting, for //:compare as well.
std::string SettingFlags(const Comparison& comparison, const Choice& choice) {
  std::string flags = absl::StrCat(
      "--signals=", choice.signals->name, " --network=", choice.network->name,
      " --send_buffer=", choice.transport_options.send_buffer_bytes);
  if (comparison.load_options.max_streams !=
      sluice::lab::PageLoadOptions().max_streams) {
    absl::StrAppend(&flags,
                    " --max_streams=", comparison.load_options.max_streams);
  }
  if (comparison.signal_options.late_signals) {
    absl::StrAppend(&flags, " --late_signals");
  }
  if (choice.transport_options.seed != 1) {
    absl::StrAppend(&flags, " --seed=", choice.transport_options.seed);
  }
  if (choice.edit->name != sluice::lab::Edit::kNone) {
    absl::StrAppend(&flags, " --edit=",
                    absl::StrJoin(absl::GetFlag(FLAGS_edit).values, ","));
  }
  return flags;
}

// What the order gains; `found.policies` may be in any order.
std::string Gains(const FoundOrder& found) {
  const int64_t best_ns = found.best.painted_area_ns;
  std::string text =
      absl::StrCat("  best order found    ", Milliseconds(best_ns), "\n");
  if (found.best.bound_ns.has_value()) {
    absl::StrAppend(&text, "  no order is below   ",
                    Milliseconds(*found.best.bound_ns),
                    "  (proven; orders that wait included)\n");
  }
  const auto times = [best_ns](int64_t ns) {
    return absl::StrFormat(
        "%6.3f times the best",
        static_cast<double>(ns) /
            static_cast<double>(std::max<int64_t>(best_ns, 1)));
  };
  auto policies = found.policies;
  std::stable_sort(
      policies.begin(), policies.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const auto& [policy, area_ns] : policies) {
    absl::StrAppendFormat(&text, "  %-18s  %s  %s", policy,
                          Milliseconds(area_ns), times(area_ns));
    const std::optional<double> share =
        sluice::lab::ShareOfPossibleGain(found.best, area_ns);
    if (policy == found.best.baseline) {
      absl::StrAppend(&text, ", the baseline");
    } else if (share.has_value()) {
      absl::StrAppendFormat(&text, ", %.0f %% of the possible gain",
                            100 * *share);
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

// The file: what it is for, then the order.
std::string FileText(const Page& page, absl::string_view setting,
                     const FoundOrder& found) {
  return absl::StrCat("# page ", page.name, " ", page.sha256, "\n# ", setting,
                      "\n# painted area",
                      Milliseconds(found.best.painted_area_ns), "\n",
                      sluice::lab::OrderText(page, found.order));
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetFlag(&FLAGS_pages, ListFlag{{"vk"}});
  absl::SetFlag(&FLAGS_policies, ListFlag{{"all"}});
  const std::vector<std::string> positional = sluice::support::ParseFlagsOrExit(
      argc, argv, absl::StrCat(kUsage, sluice::lab::NamesHelp({})));
  if (!positional.empty()) {
    ExitBadCommandLine(
        kProgram, absl::StrCat("unexpected argument \"", positional.front(),
                               "\"; the page is --page=FILE"));
  }
  if (const std::string page = absl::GetFlag(FLAGS_page); !page.empty()) {
    absl::SetFlag(&FLAGS_pages, ListFlag{{page}});
  }
  Comparison comparison = sluice::lab::ComparisonOrExit(kProgram, argv[0], {});
  comparison.best_order = sluice::lab::EvaluationsOrExit(
      kProgram, FLAGS_evaluations, "evaluations", 1);
  const Choice choice = OnlyChoiceOrExit(comparison);
  const Page& page = comparison.pages[0];
  sluice::lab::PrintNotes(comparison.pages);
  std::string name = absl::GetFlag(FLAGS_output);
  if (name.empty()) name = absl::StrCat(page.name, ".order");
  if (absl::StrContains(name, ',')) {
    ExitBadCommandLine(
        kProgram,
        absl::StrCat("--output is \"", name,
                     "\"; a comma would end it in --policies=order:FILE"));
  }
  const auto file = sluice::support::OpenOrExit(kProgram, "output", name);

  Progress progress = Progress::OnStandardError();
  const absl::StatusOr<FoundOrder> found = sluice::lab::FindBestOrder(
      comparison, page, choice, [&](size_t evaluations, int64_t best_ns) {
        progress.OnRun(evaluations, comparison.best_order,
                       absl::StrFormat("%s, best so far %.1f ms", page.name,
                                       static_cast<double>(best_ns) / 1e6));
      });
  progress.Clear();
  if (!found.ok()) {
    absl::FPrintF(stderr, "%s: %s\n", kProgram, found.status().message());
    return 1;
  }
  const std::string setting = SettingFlags(comparison, choice);
  file->stream() << FileText(page, setting, *found);
  if (!file->Close()) {
    absl::FPrintF(stderr, "%s: writing %s failed\n", kProgram, file->path());
    return 1;
  }
  absl::PrintF(
      "%s, %s\n\n%s\n%s has the order, of %d pieces. To play it:\n"
      "  ./bazelw run //:compare -- --pages=%s %s "
      "--policies=%s,order:%s\n",
      page.name, setting, Gains(*found), name, found->order.size(),
      absl::StrJoin(absl::GetFlag(FLAGS_pages).values, ","), setting,
      comparison.baseline.empty() ? "rr" : comparison.baseline, name);
  return sluice::support::StatusOfOutput(kProgram, 0);
}
