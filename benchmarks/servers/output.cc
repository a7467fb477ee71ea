#include "benchmarks/servers/output.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
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

ABSL_FLAG(
    std::string, results, "",
    "keeps each run at once, so that an interrupted benchmark goes on; by "
    "default a file in ~/.cache/sluice/servers");
ABSL_FLAG(std::string, json, "", "also write all runs to this file");
ABSL_FLAG(std::string, html, "", "also write a page with charts to this file");

namespace sluice::servers {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kPlace = "<!--results-->";

std::string DefaultLog(absl::string_view program) {
  const char* home = std::getenv("HOME");
  const std::string folder =
      absl::StrCat(home == nullptr ? "/root" : home, "/.cache/sluice/servers");
  std::error_code ignored;  // opening the file says it
  fs::create_directories(folder, ignored);
  return absl::StrCat(folder, "/", program, ".jsonl");
}

void CheckWritable(absl::string_view program, const std::string& path) {
  if (!path.empty() && !std::ofstream(path, std::ios::app)) {
    support::ExitBadCommandLine(program, absl::StrCat("cannot write ", path));
  }
}

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) std::cerr << "cannot write " << path << "\n";
  return file.good();
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
      json_(support::ResolveUserPath(absl::GetFlag(FLAGS_json))),
      html_(support::ResolveUserPath(absl::GetFlag(FLAGS_html))) {
  if (log_.empty()) log_ = DefaultLog(program);
  for (const std::string& path : {log_, json_, html_}) {
    CheckWritable(program, path);
  }
}

int Output::Finish(Json about, const std::vector<std::string>& notes,
                   const std::vector<Cell>& cells,
                   const std::vector<Column>& columns) const {
  std::cout << ResultTable(cells, columns);
  for (const std::string& note : notes) std::cout << note << ".\n";
  about["benchmark"] = program_;
  about["notes"] = notes;
  AddCircumstances(cells, &about);
  const std::string json = ResultJson(std::move(about), cells).dump(1) + "\n";
  bool good = json_.empty() || Write(json_, json);
  if (!html_.empty()) {
    const absl::StatusOr<std::string> frame = lab::ReadWithIncludes(
        RunfileOrExit(program_, "benchmarks/servers/web/servers.html"));
    if (!frame.ok()) std::cerr << frame.status().message() << "\n";
    // No text may end the script.
    const std::string safe = absl::StrReplaceAll(json, {{"<", "\\u003c"}});
    good = good && frame.ok() &&
           Write(html_, absl::StrReplaceAll(*frame, {{kPlace, safe}}));
  }
  std::error_code ignored;  // it is complete, and counts no more
  fs::rename(log_, absl::StrCat(log_, ".complete"), ignored);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace sluice::servers
