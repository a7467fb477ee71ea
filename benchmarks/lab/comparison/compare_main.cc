#include "benchmarks/lab/comparison/compare_main.h"

#include <sluice/scheduler/registry.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/comparison/progress.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/har_output.h"
#include "benchmarks/lab/results/result_files.h"
#include "benchmarks/lab/results/text_report.h"
#include "benchmarks/lab/results/trace_folder.h"
#include "support/bundled.h"
#include "support/command_line.h"
#include "support/paths.h"

using sluice::support::ListFlag;

ABSL_FLAG(
    ListFlag, pages, {{"wikipedia_mobile,vk"}},
    "pages to load, separated by commas: names of bundled pages, real "
    "(the captured ones), all, and paths or globs of HAR files or of files "
    "in the bundled format");
ABSL_FLAG(ListFlag, policies, {{"rfc7540,rr,fifo"}},
          "policies of the server, separated by commas: NAME, "
          "NAME:KEY=VALUE,KEY=VALUE, or all");
ABSL_FLAG(ListFlag, signals, {{"chrome7540,firefox7540"}},
          "priority signals of the browser, separated by commas, or all");
ABSL_FLAG(ListFlag, edit, {{"none"}},
          "files that change u, i, weight and dependency of some resources, "
          "separated by commas; none is the page as it is");
ABSL_FLAG(bool, late_signals, false,
          "chrome9218 sets: raise an image by PRIORITY_UPDATE when it comes "
          "into view, not with its request");
ABSL_FLAG(bool, quiet, false,
          "write the files only; print neither progress nor tables");
ABSL_FLAG(ListFlag, network, {{"3g_fast"}},
          "networks, separated by commas: NAME, NAME,KEY=VALUE,… or "
          "KEY=VALUE,… with down, up, rtt, loss, queue, as in "
          "down=400k,up=400k,rtt=400ms,loss=1%,queue=64k; or all");
ABSL_FLAG(std::string, baseline, "rr",
          "the policy that the summary over pages compares with");
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
ABSL_FLAG(std::string, har, "",
          "also write each page load into this folder as a HAR file, which "
          "--pages can read");

namespace sluice::lab {
namespace {

using support::ExitBadCommandLine;

constexpr char kProgram[] = "compare";

template <typename T>
T ValueOrExit(absl::StatusOr<T> value) {
  return support::ValueOrExit(kProgram, std::move(value));
}

// The value of an integer flag, or exits when it is outside of [least, most].
int64_t InRangeOrExit(const absl::Flag<int64_t>& flag, absl::string_view name,
                      int64_t least, int64_t most) {
  const int64_t value = absl::GetFlag(flag);
  if (value >= least && value <= most) return value;
  ExitBadCommandLine(
      kProgram, absl::StrCat("--", name, " is ", value, "; it must be from ",
                             least, " to ", most));
}

// The values of a flag as one list.
std::string ListOf(const absl::Flag<ListFlag>& flag,
                   absl::string_view separator = ",") {
  return absl::StrJoin(absl::GetFlag(flag).values, separator);
}

std::string Usage(absl::Span<const NetworkFamily> families) {
  std::string usage =
      "Loads pages in virtual time through HTTP/2 at both ends, once for each "
      "signal set\nand policy, and prints when resources "
      "arrived.\n\nsignals:\n";
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
  return usage;
}

Comparison ComparisonOrExit(absl::string_view argv0,
                            absl::Span<const NetworkFamily> families) {
  Comparison comparison;
  comparison.send_buffers =
      ValueOrExit(SelectSendBuffers(ListOf(FLAGS_send_buffer)));
  comparison.load_options.max_streams = static_cast<uint32_t>(InRangeOrExit(
      FLAGS_max_streams, "max_streams", 1, (int64_t{1} << 31) - 1));
  comparison.pages = ValueOrExit(
      SelectPages(ListOf(FLAGS_pages),
                  support::BundledFolder(argv0, "benchmarks/lab/pages")));
  comparison.edits =
      ValueOrExit(SelectEdits(ListOf(FLAGS_edit), comparison.pages));
  comparison.signals = ValueOrExit(SelectSignals(ListOf(FLAGS_signals)));
  comparison.signal_options.late_signals = absl::GetFlag(FLAGS_late_signals);
  comparison.policies = ValueOrExit(SelectPolicies(ListOf(FLAGS_policies)));
  comparison.networks =
      ValueOrExit(SelectNetworks(ListOf(FLAGS_network, ";"), families));
  comparison.seeds = ValueOrExit(SelectSeeds(ListOf(FLAGS_seed)));
  return comparison;
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

}  // namespace

int CompareMain(int argc, char** argv,
                absl::Span<const NetworkFamily> families) {
  const std::vector<std::string> positional =
      support::ParseFlagsOrExit(argc, argv, Usage(families));
  if (!positional.empty()) {
    ExitBadCommandLine(kProgram, absl::StrCat("unexpected argument \"",
                                              positional.front(), "\""));
  }
  const Comparison comparison = ComparisonOrExit(argv[0], families);
  const std::string baseline =
      ValueOrExit(SelectBaseline(absl::GetFlag(FLAGS_baseline)));
  const uint64_t seed = comparison.seeds.front();

  // Not one of result_files.h: kept runs lack details of the page.
  std::optional<TraceOutput> har;
  if (const std::string path = absl::GetFlag(FLAGS_har); !path.empty()) {
    absl::StatusOr<TraceFolder> folder =
        TraceFolder::In(support::ResolveUserPath(path), ".har");
    if (!folder.ok()) {
      ExitBadCommandLine(kProgram,
                         absl::StrCat("--har: ", folder.status().message()));
    }
    har.emplace(*std::move(folder), HarText);
  }
  ResultFiles files(kProgram, argv[0], {.baseline = baseline, .seed = seed});
  const bool quiet = absl::GetFlag(FLAGS_quiet);
  if (!quiet) PrintNotes(comparison.pages);
  Progress progress(std::cerr, isatty(STDERR_FILENO) == 1, [] {
    using std::chrono::steady_clock;  // Abseil's clocks may go back
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               steady_clock::now().time_since_epoch())
        .count();
  });
  TextOutput text(comparison.RunsATable(), baseline, seed,
                  [&progress](absl::string_view text) {
                    progress.Clear();
                    std::fwrite(text.data(), 1, text.size(), stdout);
                    std::fflush(stdout);
                  });
  std::vector<Output*> outputs = files.outputs();
  if (har.has_value()) outputs.push_back(&*har);
  if (!quiet) outputs.push_back(&text);
  const absl::Status status =
      Compare(comparison, outputs,
              [&](size_t run, size_t total, absl::string_view name) {
                if (!quiet) progress.OnRun(run, total, name);
              });
  progress.Clear();
  if (!status.ok()) {
    absl::FPrintF(stderr, "%s: %s\n", kProgram, status.message());
    return 1;
  }
  return files.Close() ? 0 : 1;
}

}  // namespace sluice::lab
