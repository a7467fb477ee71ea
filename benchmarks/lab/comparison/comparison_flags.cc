#include "benchmarks/lab/comparison/comparison_flags.h"

#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/comparison/run_once.h"
#include "benchmarks/lab/comparison/selection.h"
#include "support/bundled.h"
#include "support/command_line.h"

using sluice::support::ListFlag;

ABSL_FLAG(
    ListFlag, pages, {{"wikipedia_mobile,vk"}},
    "pages to load, separated by commas: names of bundled pages, real "
    "(the captured ones), all, and paths or globs of HAR files or of files "
    "in the bundled format");
ABSL_FLAG(ListFlag, policies, {{"rfc7540,rr,fifo"}},
          "policies of the server, separated by commas: NAME, "
          "NAME:KEY=VALUE,KEY=VALUE, or all");
ABSL_FLAG(ListFlag, signals, {{"chromium_h2_156"}},
          "priority signals of the browser, separated by commas, or all");
ABSL_FLAG(ListFlag, edit, {{"none"}},
          "files that change u, i, weight and dependency of some resources, "
          "separated by commas; none is the page as it is");
ABSL_FLAG(bool, late_signals, false,
          "chrome9218 sets: raise an image by PRIORITY_UPDATE when it comes "
          "into view, not with its request");
ABSL_FLAG(ListFlag, network, {{"3g_fast"}},
          "networks, separated by commas: NAME, NAME,KEY=VALUE,… or "
          "KEY=VALUE,… with down, up, rtt, loss, queue, as in "
          "down=400k,up=400k,rtt=400ms,loss=1%,queue=64k; or all");
ABSL_FLAG(std::string, baseline, "rr",
          "what the others are compared with: a policy or a signal set, "
          "edit=NAME or page=NAME");
ABSL_FLAG(ListFlag, seed, {{"1"}},
          "seeds of the network's losses, as in 1-10; the first is that of "
          "the summary's resamples");
ABSL_FLAG(ListFlag, send_buffer, {{"16384"}},
          "bytes that the server's socket holds before they are on the wire, "
          "or several numbers of them; 0: one segment of 1,400 bytes at a "
          "time");
ABSL_FLAG(int64_t, max_streams, 100,
          "streams that the server lets the browser have open at a time "
          "(SETTINGS_MAX_CONCURRENT_STREAMS); further requests wait");
namespace sluice::lab {
namespace {

// The value of an integer flag, or exits when it is outside of [least, most].
int64_t InRangeOrExit(absl::string_view program,
                      const absl::Flag<int64_t>& flag, absl::string_view name,
                      int64_t least, int64_t most) {
  const int64_t value = absl::GetFlag(flag);
  if (value >= least && value <= most) return value;
  support::ExitBadCommandLine(
      program, absl::StrCat("--", name, " is ", value, "; it must be from ",
                            least, " to ", most));
}

// The values of a flag as one list.
std::string ListOf(const absl::Flag<ListFlag>& flag,
                   absl::string_view separator = ",") {
  return absl::StrJoin(absl::GetFlag(flag).values, separator);
}

}  // namespace

std::string NamesHelp(absl::Span<const NetworkFamily> families) {
  std::string usage = "signals:\n";
  for (const SignalSet& set : SignalSets()) {
    absl::StrAppend(&usage, "  ", set.name, ": ", set.summary, "\n");
  }
  absl::StrAppend(&usage, "networks:\n");
  for (const Network& network : Networks()) {
    absl::StrAppend(&usage, "  ", network.name, ": ", network.summary, "\n");
  }
  for (const NetworkFamily& family : families) {
    absl::StrAppend(&usage, "  ", family.prefix, ":…: ", family.summary, "\n");
  }
  absl::StrAppend(&usage, "policies:\n");
  for (const auto& policy : scheduler::RegisteredPolicies()) {
    absl::StrAppend(&usage, "  ", policy.name, ": ", policy.summary, "\n");
  }
  absl::StrAppend(&usage, "  ", kOrderPrefix,
                  "FILE: the bodies in the order of a file, as //:optimise "
                  "writes it (no comma in its path)\n");
  return usage;
}

Comparison ComparisonOrExit(absl::string_view program, absl::string_view argv0,
                            absl::Span<const NetworkFamily> families) {
  const auto value_or_exit = [program](auto value) {
    return support::ValueOrExit(program, std::move(value));
  };
  Comparison comparison;
  comparison.send_buffers =
      value_or_exit(SelectSendBuffers(ListOf(FLAGS_send_buffer)));
  comparison.load_options.max_streams = static_cast<uint32_t>(InRangeOrExit(
      program, FLAGS_max_streams, "max_streams", 1, (int64_t{1} << 31) - 1));
  comparison.pages = value_or_exit(
      SelectPages(ListOf(FLAGS_pages),
                  support::BundledFolder(argv0, "benchmarks/lab/pages")));
  comparison.edits =
      value_or_exit(SelectEdits(ListOf(FLAGS_edit), comparison.pages));
  comparison.signals = value_or_exit(SelectSignals(ListOf(FLAGS_signals)));
  comparison.signal_options.late_signals = absl::GetFlag(FLAGS_late_signals);
  comparison.policies = value_or_exit(SelectPolicies(ListOf(FLAGS_policies)));
  if (absl::Status status = CheckOrders(comparison); !status.ok()) {
    support::ExitBadCommandLine(program, status.message());
  }
  comparison.networks =
      value_or_exit(SelectNetworks(ListOf(FLAGS_network, ";"), families));
  comparison.seeds = value_or_exit(SelectSeeds(ListOf(FLAGS_seed)));
  const Baseline baseline = BaselineOrExit(program);
  comparison.baseline =
      baseline.compared == Compared::kPolicy ? baseline.name : "";
  if (baseline.compared == Compared::kPage) {
    // First, so that the tables of the others have it.
    std::stable_partition(
        comparison.pages.begin(), comparison.pages.end(),
        [&](const Page& page) { return page.name == baseline.name; });
  }
  return comparison;
}

Baseline BaselineOrExit(absl::string_view program) {
  return support::ValueOrExit(program,
                              SelectBaseline(absl::GetFlag(FLAGS_baseline)));
}

size_t EvaluationsOrExit(absl::string_view program,
                         const absl::Flag<int64_t>& flag,
                         absl::string_view name, int64_t least) {
  constexpr int64_t kMost = 10'000'000;
  return static_cast<size_t>(InRangeOrExit(program, flag, name, least, kMost));
}

void PrintNotes(absl::Span<const Page> pages) {
  for (const Page& page : pages) {
    if (!page.note.empty()) {
      absl::FPrintF(stderr, "%s: %s\n", page.name, page.note);
    }
    for (const std::string& warning : PageWarnings(page)) {
      absl::FPrintF(stderr, "%s: warning: %s\n", page.name, warning);
    }
  }
}

}  // namespace sluice::lab
