#include "benchmarks/lab/comparison/compare_main.h"

#include <cstdint>
#include <cstdio>
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
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/comparison/compare.h"
#include "benchmarks/lab/comparison/comparison_flags.h"
#include "benchmarks/lab/comparison/progress.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/results/har_output.h"
#include "benchmarks/lab/results/result_files.h"
#include "benchmarks/lab/results/text_report.h"
#include "benchmarks/lab/results/trace_folder.h"
#include "support/command_line.h"
#include "support/paths.h"

ABSL_FLAG(int64_t, best_order, 300,
          "orders of bodies to try for each page and setting in search of the "
          "best; 0: do not search");
ABSL_FLAG(bool, quiet, false,
          "write the files only; print neither progress nor tables");
ABSL_FLAG(std::string, har, "",
          "also write each page load into this folder as a HAR file, which "
          "--pages can read");

namespace sluice::lab {
namespace {

using support::ExitBadCommandLine;

constexpr char kProgram[] = "compare";
constexpr absl::string_view kUsage =
    "Loads pages in virtual time through HTTP/2 at both ends, once for each "
    "network,\nsend buffer, seed, edit, signal set and policy, and prints when "
    "resources arrived.\n\n";

}  // namespace

int CompareMain(int argc, char** argv,
                absl::Span<const NetworkFamily> families) {
  const std::vector<std::string> positional = support::ParseFlagsOrExit(
      argc, argv, absl::StrCat(kUsage, NamesHelp(families)));
  if (!positional.empty()) {
    ExitBadCommandLine(
        kProgram, absl::StrCat("unexpected argument \"", positional.front(),
                               "\"; a page is --pages=FILE"));
  }
  Comparison comparison = ComparisonOrExit(kProgram, argv[0], families);
  comparison.best_order =
      EvaluationsOrExit(kProgram, FLAGS_best_order, "best_order", 0);
  const Baseline baseline = BaselineOrExit(kProgram);
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
  Progress progress = Progress::OnStandardError();
  TextOutput text({.runs_a_table = comparison.RunsATable(),
                   .baseline = baseline,
                   .seed = seed,
                   .only_page = comparison.pages.size() == 1},
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
  return support::StatusOfOutput(kProgram, files.Close() ? 0 : 1);
}

}  // namespace sluice::lab
