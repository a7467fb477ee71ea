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
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
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

ABSL_FLAG(
    std::string, pages, "wikipedia_mobile,vk",
    "pages to load, separated by commas: names of bundled pages, real "
    "(the captured ones), all, and paths or globs of HAR files or of files "
    "in the bundled format");
ABSL_FLAG(std::string, policies, "rfc7540,rr,fifo",
          "policies of the server, separated by commas: NAME, "
          "NAME:KEY=VALUE,KEY=VALUE, or all");
ABSL_FLAG(std::string, signals, "chromium_h2_156",
          "priority signals of the browser, separated by commas, or all; the "
          "default is what Chromium 156 sends on HTTP/2");
ABSL_FLAG(bool, late_signals, false,
          "chrome9218 sets: raise an image by PRIORITY_UPDATE when it comes "
          "into view, not with its request");
ABSL_FLAG(bool, quiet, false,
          "write the files only; print neither progress nor tables");
ABSL_FLAG(std::string, network, "3g_fast", "the name of the network");
ABSL_FLAG(std::string, baseline, "rr",
          "the policy that the summary over pages compares with");
ABSL_FLAG(uint64_t, seed, 1,
          "seed of the network's losses and of the summary's resamples");
ABSL_FLAG(int64_t, send_buffer, 16384,
          "bytes that the server's socket holds before they are on the wire; "
          "0: one segment of 1,400 bytes at a time");
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

// --network: a name, or a family's prefix, a colon and its options.
absl::StatusOr<TransportFactory> SelectNetwork(
    absl::string_view spec, absl::Span<const NetworkFamily> families) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(spec, absl::MaxSplits(':', 1));
  for (const NetworkFamily& family : families) {
    if (parts.first == family.prefix) return family.parse(parts.second);
  }
  if (parts.first == "ns3") {
    return absl::InvalidArgumentError(absl::StrCat(
        "ns-3 has a program of its own, since it is GPL-2.0: ./bazelw run "
        "//benchmarks/lab/ns3:compare -- --network=",
        absl::CHexEscape(spec), " …"));
  }
  absl::StatusOr<Network> network = FindNetwork(spec);
  if (!network.ok()) return network.status();
  return LinkFactory(network->link);
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
  comparison.transport_options.send_buffer_bytes = static_cast<size_t>(
      InRangeOrExit(FLAGS_send_buffer, "send_buffer", 0, int64_t{1} << 30));
  comparison.load_options.max_streams = static_cast<uint32_t>(InRangeOrExit(
      FLAGS_max_streams, "max_streams", 1, (int64_t{1} << 31) - 1));
  comparison.pages = ValueOrExit(
      SelectPages(absl::GetFlag(FLAGS_pages),
                  support::BundledFolder(argv0, "benchmarks/lab/pages")));
  comparison.signals = ValueOrExit(SelectSignals(absl::GetFlag(FLAGS_signals)));
  comparison.signal_options.late_signals = absl::GetFlag(FLAGS_late_signals);
  comparison.policies =
      ValueOrExit(SelectPolicies(absl::GetFlag(FLAGS_policies)));
  comparison.network = absl::GetFlag(FLAGS_network);
  absl::StatusOr<TransportFactory> network =
      SelectNetwork(comparison.network, families);
  if (!network.ok()) {
    ExitBadCommandLine(kProgram,
                       absl::StrCat("--network: ", network.status().message()));
  }
  comparison.transport = *std::move(network);
  comparison.transport_options.seed = absl::GetFlag(FLAGS_seed);
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
  const uint64_t seed = comparison.transport_options.seed;

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
  TextOutput text(comparison.RunsAPage(), baseline, seed,
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
