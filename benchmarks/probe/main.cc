// What does any HTTP/2 server do with priorities? docs/probe.md.
//
//   probe https://localhost:8443/big --insecure --json=out.json
//   probe --low http://localhost:8080/a --high http://localhost:8080/b
//   probe --compare before.json after.json
//
// Progress goes to standard error, the table to standard output. Exit status:
// 0 when every server was probed, whatever the verdicts; 1 when one could not
// be; 2 for a bad command line.
#include <sluice/signals/version.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/probe/catalogue.h"
#include "benchmarks/probe/drive.h"
#include "benchmarks/probe/probe.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/result_json.h"
#include "benchmarks/probe/result_page.h"
#include "benchmarks/probe/result_qlog.h"
#include "benchmarks/probe/result_text.h"
#include "benchmarks/probe/url.h"
#include "support/bundled.h"
#include "support/command_line.h"
#include "support/paths.h"
#include "support/whole_file.h"

ABSL_FLAG(std::string, low, "",
          "instead of a URL: the body of the unimportant requests");
ABSL_FLAG(std::string, high, "",
          "with --low: the body of the last request, on the same server");
ABSL_FLAG(bool, insecure, false, "takes any certificate");
ABSL_FLAG(std::string, experiments, "all",
          "list of names, see --dry_run, or all");
ABSL_FLAG(int, repeat, 2,
          "repeats of each experiment; from two on, one more where they "
          "disagree");
ABSL_FLAG(absl::Duration, time, absl::Seconds(20),
          "the longest time for one server");
ABSL_FLAG(int, megabytes, 20, "the most MB that one server may send");
ABSL_FLAG(bool, dry_run, false,
          "prints what would be done, and opens no connection");
ABSL_FLAG(bool, compare, false,
          "compares two files that --json wrote, and opens no connection");
ABSL_FLAG(std::string, json, "", "also writes a line of JSON for each server");
ABSL_FLAG(std::string, html, "", "also writes a page with charts");
ABSL_FLAG(std::string, qlog, "",
          "also writes a qlog of each experiment into this folder");

namespace {

using namespace sluice::probe;  // NOLINT: this is its main()
using sluice::support::ExitBadCommandLine;
using sluice::support::OpenOrExit;
using sluice::support::ReadFile;
using sluice::support::ValueOrExit;
using sluice::support::WholeFile;

constexpr char kProgram[] = "probe";
constexpr char kUsage[] =
    "Finds out what HTTP/2 servers do with priorities.\n\n"
    "  probe URL [URL…] [--insecure]\n"
    "  probe --low URL --high URL [--insecure]\n"
    "  probe --compare BEFORE.json AFTER.json\n";

std::vector<const Experiment*> ExperimentsOrExit(absl::string_view list) {
  std::vector<const Experiment*> chosen;
  std::vector<absl::string_view> known;
  for (const Experiment& experiment : Experiments()) {
    known.push_back(experiment.name);
    if (list == "all") chosen.push_back(&experiment);
  }
  if (list == "all") return chosen;
  for (const absl::string_view name : absl::StrSplit(list, ',')) {
    const auto found = absl::c_find(known, name);
    if (found == known.end()) {
      ExitBadCommandLine(kProgram, absl::StrCat("--experiments names '", name,
                                                "'; it is all, or a list of ",
                                                absl::StrJoin(known, ", ")));
    }
    const Experiment* one = &Experiments()[found - known.begin()];
    if (!absl::c_linear_search(chosen, one)) chosen.push_back(one);
  }
  return chosen;
}

void RequireWithin(absl::string_view flag, int value, int least, int most) {
  if (value >= least && value <= most) return;
  ExitBadCommandLine(
      kProgram, absl::StrCat("--", flag, " is ", value, "; it must be ", least,
                             " to ", most));
}

void RequireTime() {
  const absl::Duration time = absl::GetFlag(FLAGS_time);
  if (time >= absl::Seconds(1) && time <= absl::Hours(1)) return;
  ExitBadCommandLine(kProgram,
                     absl::StrCat("--time is ", absl::FormatDuration(time),
                                  "; it must be 1s to 1h"));
}

std::vector<Plan> PlansOrExit(const std::vector<std::string>& urls) {
  const std::string low = absl::GetFlag(FLAGS_low);
  const std::string high = absl::GetFlag(FLAGS_high);
  if (low.empty() != high.empty()) {
    ExitBadCommandLine(kProgram, "--low and --high go together");
  }
  if (urls.empty() == low.empty()) {
    ExitBadCommandLine(
        kProgram, urls.empty() ? "name the URL of a server, or --low and --high"
                               : "a URL and --low exclude each other");
  }
  Plan plan = {
      .low = {},
      .experiments = ExperimentsOrExit(absl::GetFlag(FLAGS_experiments)),
      .repeat = absl::GetFlag(FLAGS_repeat)};
  RequireWithin("repeat", plan.repeat, 1, 100);
  RequireWithin("megabytes", absl::GetFlag(FLAGS_megabytes), 1, 10'000);
  RequireTime();
  std::vector<Plan> plans;
  for (const std::string& url : urls) {
    plan.low = ValueOrExit(kProgram, ParseUrl(url));
    plans.push_back(plan);
  }
  if (plans.empty()) {
    plan.low = ValueOrExit(kProgram, ParseUrl(low));
    plan.high = ValueOrExit(kProgram, ParseUrl(high));
    if (!plan.high->SameOrigin(plan.low)) {
      ExitBadCommandLine(kProgram,
                         absl::StrCat("--high is '", high,
                                      "'; it must be on the server of --low"));
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

void PrintPlan(const Plan& plan) {
  std::cout << plan.low.ToString() << ": at most " << ConnectionsOf(plan)
            << " connections, one after the other, "
            << std::min<int64_t>(BytesOf(plan) / 1'000'000 + 1,
                                 absl::GetFlag(FLAGS_megabytes))
            << " MB and " << absl::FormatDuration(absl::GetFlag(FLAGS_time))
            << "\n";
  for (const Experiment* experiment : plan.experiments) {
    std::cout << "  " << experiment->name << ": " << experiment->about << "\n";
  }
}

ServerResult ProbeServer(const Plan& plan) {
  Budget budget(absl::GetFlag(FLAGS_time),
                int64_t{absl::GetFlag(FLAGS_megabytes)} * 1'000'000);
  Dialer dialer(plan.low, absl::GetFlag(FLAGS_insecure));
  ServerResult result = Probe(
      plan, [&](Client* client) { return Drive(&dialer, client, &budget); },
      [](const std::string& line) { std::cerr << line << "\n"; });
  result.version = sluice::Version();
  result.date = absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone());
  result.took = budget.took();
  result.bytes = budget.bytes_spent();
  return result;
}

int CompareFiles(const std::vector<std::string>& files) {
  if (files.size() != 2) {
    ExitBadCommandLine(kProgram, absl::StrCat("--compare takes two files, not ",
                                              files.size()));
  }
  std::vector<std::vector<ServerResult>> sides;
  for (const std::string& file : files) {
    const std::string text =
        ValueOrExit(kProgram, ReadFile(sluice::support::ResolveUserPath(file)));
    sides.push_back(ValueOrExit(kProgram, ReadResults(text, file)));
  }
  std::cout << CompareText(sides[0], sides[1]);
  return EXIT_SUCCESS;
}

// The files of a run are opened before it, so that an error costs no probe.
struct Outputs {
  explicit Outputs(const std::string& argv0)
      : json(OpenOrExit(kProgram, "json", absl::GetFlag(FLAGS_json))),
        html(OpenOrExit(kProgram, "html", absl::GetFlag(FLAGS_html))),
        qlog(sluice::support::ResolveUserPath(absl::GetFlag(FLAGS_qlog))) {
    if (!qlog.empty()) {
      if (absl::Status status = MakeQlogFolder(qlog); !status.ok()) {
        ExitBadCommandLine(kProgram, status.message());
      }
    }
    if (html == nullptr) return;
    frame = ValueOrExit(kProgram, LoadPageFrame(sluice::support::BundledFolder(
                                      argv0, "benchmarks/probe/web")));
  }

  void Add(const ServerResult& result) {
    std::cout << ResultText(result) << std::flush;
    if (json != nullptr) json->stream() << ResultLine(result);
    if (!qlog.empty()) {
      if (absl::Status status = WriteQlogs(qlog, result); !status.ok()) {
        std::cerr << kProgram << ": " << status.message() << "\n";
        written = false;
      }
    }
    results.push_back(result);
  }

  // Whether everything was written.
  bool Finish() {
    if (html != nullptr) html->stream() << ResultPage(frame, results);
    for (WholeFile* file : {json.get(), html.get()}) {
      if (file == nullptr || file->Close()) continue;
      std::cerr << kProgram << ": writing " << file->path() << " failed\n";
      written = false;
    }
    return written;
  }

  std::unique_ptr<WholeFile> json;  // null: not asked for
  std::unique_ptr<WholeFile> html;
  const std::string qlog;
  std::string frame;
  std::vector<ServerResult> results;
  bool written = true;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments =
      sluice::support::ParseFlagsOrExit(argc, argv, kUsage);
  if (absl::GetFlag(FLAGS_compare)) {
    return sluice::support::StatusOfOutput(kProgram, CompareFiles(arguments));
  }
  const std::vector<Plan> plans = PlansOrExit(arguments);
  if (absl::GetFlag(FLAGS_dry_run)) {
    for (const Plan& plan : plans) PrintPlan(plan);
    return sluice::support::StatusOfOutput(kProgram, EXIT_SUCCESS);
  }
  Outputs outputs(argv[0]);
  int status = EXIT_SUCCESS;
  for (const Plan& plan : plans) {
    const ServerResult result = ProbeServer(plan);
    outputs.Add(result);
    if (!result.failure.empty()) {
      std::cerr << kProgram << ": " << result.url << ": " << result.failure
                << "\n";
      status = EXIT_FAILURE;
    }
  }
  if (!outputs.Finish()) status = EXIT_FAILURE;
  return sluice::support::StatusOfOutput(kProgram, status);
}
