// Makes one report of the runs that several compare programs kept in files.
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/comparison/selection.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/results/output.h"
#include "benchmarks/lab/results/result_files.h"
#include "benchmarks/lab/results/run_file.h"
#include "support/command_line.h"
#include "support/paths.h"

ABSL_FLAG(std::string, baseline, "rr",
          "what the others are compared with: a policy or a signal set, "
          "edit=NAME or page=NAME");
ABSL_FLAG(uint64_t, seed, 1, "seed of the resamples in the HTML report");

namespace {

using sluice::lab::Output;
using sluice::lab::PageLoad;
using sluice::lab::Run;
using sluice::support::ExitBadCommandLine;
using sluice::support::ReadFile;
using sluice::support::ValueOrExit;

constexpr char kProgram[] = "report";
constexpr absl::string_view kUsage =
    "report FILE…: makes one report of the runs in files of compare's --runs, "
    "in the\norder of the files and of the runs inside them. @LIST stands for "
    "the files that\nLIST names, one a line.\n";

// Errors: InvalidArgument, a sentence, for a file that is no file of runs;
// those of the outputs.
absl::Status Report(const std::vector<std::string>& paths,
                    const std::vector<Output*>& outputs) {
  const auto write = [&outputs](const Run& run, const PageLoad& load) {
    for (Output* output : outputs) {
      absl::Status status = output->Write(run, load);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  };
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> contents = ReadFile(path);
    if (!contents.ok()) {
      return absl::InvalidArgumentError(contents.status().message());
    }
    absl::Status status = sluice::lab::ReadRuns(*contents, path, write);
    if (!status.ok()) return status;
  }
  for (Output* output : outputs) {
    absl::Status status = output->Finish();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> paths = ValueOrExit(
      kProgram, sluice::support::ExpandPathLists(
                    sluice::support::ParseFlagsOrExit(argc, argv, kUsage)));
  if (paths.empty()) {
    ExitBadCommandLine(kProgram, "no file of runs is given");
  }
  const sluice::lab::Baseline baseline = ValueOrExit(
      kProgram, sluice::lab::SelectBaseline(absl::GetFlag(FLAGS_baseline)));
  sluice::lab::ResultFiles files(
      kProgram, argv[0],
      {.baseline = baseline, .seed = absl::GetFlag(FLAGS_seed)});
  if (files.outputs().empty()) {
    ExitBadCommandLine(
        kProgram,
        "no result is asked for; give --html, --answers, --json, --csv, "
        "--verdicts, --runs or --qlog");
  }
  // Not ExitBadCommandLine(): the files are removed when they go out of scope.
  const absl::Status status = Report(paths, files.outputs());
  if (!status.ok()) {
    absl::FPrintF(stderr, "%s: %s\n", kProgram, status.message());
    return absl::IsInvalidArgument(status) ? sluice::support::kBadCommandLine
                                           : 1;
  }
  return files.Close() ? 0 : 1;
}
