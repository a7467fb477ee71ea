#include "benchmarks/lab/results/result_files.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/results/answers.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/qlog.h"
#include "benchmarks/lab/results/run_file.h"
#include "benchmarks/lab/results/trace_folder.h"
#include "benchmarks/lab/results/verdicts.h"
#include "support/bundled.h"
#include "support/command_line.h"
#include "support/paths.h"
#include "support/whole_file.h"

ABSL_FLAG(std::string, json, "",
          "also write the runs to this file, one JSON object a line");
ABSL_FLAG(std::string, csv, "",
          "also write the runs to this file as comma-separated values");
ABSL_FLAG(std::string, answers, "",
          "also write to this file what each run costs beside the baseline on "
          "its page, resource by resource, one JSON object a line");
ABSL_FLAG(std::string, verdicts, "",
          "also write the comparison over pages to this file as "
          "comma-separated values");
ABSL_FLAG(std::string, html, "",
          "also write a report to this file: one page that opens offline");
ABSL_FLAG(std::string, runs, "",
          "also keep the runs in this file; //benchmarks/lab:report makes one "
          "report of many such files");
ABSL_FLAG(std::string, qlog, "",
          "also write a trace of each run into this folder; qvis opens them");

namespace sluice::lab {

struct ResultFiles::File {
  std::ofstream& stream() { return file->stream(); }

  std::unique_ptr<support::WholeFile> file;
  std::unique_ptr<Output> output;
};

ResultFiles::ResultFiles(std::string program, absl::string_view argv0,
                         HtmlOptions html)
    : program_(std::move(program)) {
  if (File* file = Open("json", absl::GetFlag(FLAGS_json))) {
    file->output = std::make_unique<JsonOutput>(file->stream());
  }
  if (File* file = Open("csv", absl::GetFlag(FLAGS_csv))) {
    file->output = std::make_unique<CsvOutput>(file->stream());
  }
  if (File* file = Open("answers", absl::GetFlag(FLAGS_answers))) {
    file->output =
        std::make_unique<AnswersOutput>(file->stream(), html.baseline);
  }
  if (File* file = Open("verdicts", absl::GetFlag(FLAGS_verdicts))) {
    file->output = std::make_unique<VerdictsOutput>(file->stream(),
                                                    html.baseline, html.seed);
  }
  if (!absl::GetFlag(FLAGS_html).empty()) {
    absl::StatusOr<HtmlTemplate> page = LoadHtmlTemplate(
        support::BundledFolder(argv0, "benchmarks/lab/results/web"));
    if (!page.ok()) {
      support::ExitBadCommandLine(
          program_, absl::StrCat("--html: ", page.status().message()));
    }
    File* file = Open("html", absl::GetFlag(FLAGS_html));
    file->output = std::make_unique<HtmlOutput>(
        file->stream(), *std::move(page), std::move(html));
  }
  if (File* file = Open("runs", absl::GetFlag(FLAGS_runs))) {
    file->output = std::make_unique<RunFileOutput>(file->stream());
  }
  if (const std::string path = absl::GetFlag(FLAGS_qlog); !path.empty()) {
    traces_.push_back(std::make_unique<TraceOutput>(
        OpenFolder("qlog", path, ".qlog"), QlogText));
  }
  for (const auto& file : files_) outputs_.push_back(file->output.get());
  for (const auto& trace : traces_) outputs_.push_back(trace.get());
}

ResultFiles::~ResultFiles() = default;

ResultFiles::File* ResultFiles::Open(absl::string_view flag,
                                     const std::string& path) {
  if (path.empty()) return nullptr;
  const auto normal = [](const std::string& name) {
    return std::filesystem::path(name).lexically_normal();
  };
  for (const auto& other : files_) {
    if (normal(other->file->path()) != normal(support::ResolveUserPath(path))) {
      continue;
    }
    support::ExitBadCommandLine(
        program_,
        absl::StrCat("--", flag, ": another flag writes ", path, " as well"));
  }
  files_.push_back(std::make_unique<File>(
      support::OpenOrExit(program_, flag, path), nullptr));
  return files_.back().get();
}

TraceFolder ResultFiles::OpenFolder(absl::string_view flag,
                                    const std::string& path,
                                    absl::string_view extension) {
  absl::StatusOr<TraceFolder> folder =
      TraceFolder::In(support::ResolveUserPath(path), extension);
  if (!folder.ok()) {
    support::ExitBadCommandLine(
        program_, absl::StrCat("--", flag, ": ", folder.status().message()));
  }
  return *std::move(folder);
}

bool ResultFiles::Close() {
  bool written = true;
  for (const auto& file : files_) {
    if (file->file->Close()) continue;
    absl::FPrintF(stderr, "%s: writing %s failed\n", program_,
                  file->file->path());
    written = false;
  }
  return written;
}

}  // namespace sluice::lab
