#include "benchmarks/servers/output.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/lab/results/html_includes.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/spread.h"
#include "support/command_line.h"
#include "support/paths.h"
#include "support/whole_file.h"

ABSL_FLAG(
    std::string, results, "",
    "keeps each run at once, so that an interrupted benchmark goes on; by "
    "default a file in ~/.cache/sluice/servers");
ABSL_FLAG(std::string, json, "", "also write all runs to this file");
ABSL_FLAG(std::string, html, "", "also write a page with charts to this file");

namespace sluice::servers {
namespace {

namespace fs = std::filesystem;
using support::WholeFile;

constexpr absl::string_view kPlace = "<!--results-->";

std::string DefaultLog(absl::string_view program) {
  const char* home = std::getenv("HOME");
  const std::string folder =
      absl::StrCat(home == nullptr ? "/root" : home, "/.cache/sluice/servers");
  std::error_code ignored;  // opening the file says it
  fs::create_directories(folder, ignored);
  return absl::StrCat(folder, "/", program, ".jsonl");
}

// First and last run, by the day, and the load average over all.
void AddCircumstances(const std::vector<Cell>& cells, Json* about) {
  int64_t last = 0;
  std::vector<double> loads;
  for (const Cell& cell : cells) {
    for (const Json& run : cell.runs) {
      last = std::max(last, run.value("when", int64_t{0}));
      loads.push_back(run.value("load", 0.0));
    }
  }
  (*about)["date"] = absl::FormatTime(
      "%Y-%m-%d %H:%M", absl::FromUnixSeconds(last), absl::UTCTimeZone());
  utsname system = {};
  ::uname(&system);
  (*about)["kernel"] = std::string(system.sysname) + " " + system.release;
  if (!loads.empty()) (*about)["load"] = SpreadOf(loads);
}

}  // namespace

Output::Output(absl::string_view program)
    : program_(program),
      log_(support::ResolveUserPath(absl::GetFlag(FLAGS_results))),
      json_(support::OpenOrExit(program, "json", absl::GetFlag(FLAGS_json))),
      html_(support::OpenOrExit(program, "html", absl::GetFlag(FLAGS_html))) {
  if (log_.empty()) log_ = DefaultLog(program);
  if (!std::ofstream(log_, std::ios::app)) {
    support::ExitBadCommandLine(program, absl::StrCat("cannot write ", log_));
  }
}

bool Output::Write(WholeFile* file, absl::string_view text) const {
  file->stream() << text;
  if (file->Close()) return true;
  std::cerr << program_ << ": writing " << file->path() << " failed\n";
  return false;
}

int Output::Finish(Json about, const std::vector<std::string>& notes,
                   const std::vector<Cell>& cells,
                   const std::vector<Column>& columns) {
  std::cout << ResultTable(cells, columns);
  for (const std::string& note : notes) std::cout << note << ".\n";
  about["benchmark"] = program_;
  about["notes"] = notes;
  AddCircumstances(cells, &about);
  const std::string json = ResultJson(std::move(about), cells).dump(1) + "\n";
  bool good = json_ == nullptr || Write(json_.get(), json);
  if (html_ != nullptr) {
    const absl::StatusOr<std::string> frame = lab::ReadWithIncludes(
        RunfileOrExit(program_, "benchmarks/servers/web/servers.html"));
    if (!frame.ok()) std::cerr << frame.status().message() << "\n";
    // No text may end the script.
    const std::string safe = absl::StrReplaceAll(json, {{"<", "\\u003c"}});
    good = good && frame.ok() &&
           Write(html_.get(), absl::StrReplaceAll(*frame, {{kPlace, safe}}));
  }
  const int status =
      support::StatusOfOutput(program_, good ? EXIT_SUCCESS : EXIT_FAILURE);
  // It counts no more, unless the same command has to write the results again.
  std::error_code ignored;
  if (status == EXIT_SUCCESS) {
    fs::rename(log_, absl::StrCat(log_, ".complete"), ignored);
  }
  return status;
}

}  // namespace sluice::servers
