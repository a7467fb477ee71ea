// Makes one report of the runs that several compare programs kept in files.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/output.h"
#include "benchmarks/lab/result_files.h"
#include "benchmarks/lab/run_file.h"
#include "benchmarks/lab/selection.h"
#include "examples/support/command_line.h"
#include "examples/support/path_lists.h"

ABSL_FLAG(std::string, baseline, "rr",
          "the policy that the HTML report compares with");
ABSL_FLAG(uint64_t, seed, 1, "of the resamples of the HTML report's sums");

namespace {

using sluice::examples::ExitBadCommandLine;
using sluice::lab::Output;
using sluice::lab::PageLoad;
using sluice::lab::Run;

constexpr char kProgram[] = "report";
constexpr absl::string_view kUsage =
    "report FILE…: makes one report of runs that were kept with compare's "
    "--runs,\nin the order of the files and of the runs inside them. @LIST "
    "stands for the files\nthat LIST names, one a line.\n";

// Errors: InvalidArgument and a sentence, when the files say nothing; those of
// the outputs.
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
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream contents;
    contents << stream.rdbuf();
    if (!stream) {
      return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
    }
    absl::Status status =
        sluice::lab::ReadRuns(std::move(contents).str(), path, write);
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
  const absl::StatusOr<std::vector<std::string>> paths =
      sluice::examples::ExpandPathLists(
          sluice::examples::ParseFlagsOrExit(argc, argv, kUsage));
  if (!paths.ok()) ExitBadCommandLine(kProgram, paths.status().message());
  if (paths->empty()) {
    ExitBadCommandLine(kProgram, "name at least one file of runs");
  }
  const absl::StatusOr<std::string> baseline =
      sluice::lab::SelectBaseline(absl::GetFlag(FLAGS_baseline));
  if (!baseline.ok()) ExitBadCommandLine(kProgram, baseline.status().message());
  sluice::lab::ResultFiles files(
      kProgram, argv[0],
      {.baseline = *baseline, .seed = absl::GetFlag(FLAGS_seed)});
  if (files.outputs().empty()) {
    ExitBadCommandLine(kProgram,
                       "ask for --html, --json, --csv, --runs or --qlog");
  }
  // Not ExitBadCommandLine(): the files are removed when they go out of scope.
  const absl::Status status = Report(*paths, files.outputs());
  if (!status.ok()) {
    absl::FPrintF(stderr, "%s: %s\n", kProgram, status.message());
    return absl::IsInvalidArgument(status) ? sluice::examples::kBadCommandLine
                                           : 1;
  }
  return files.Close() ? 0 : 1;
}
