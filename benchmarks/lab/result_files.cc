#include "benchmarks/lab/result_files.h"

#include <fstream>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/run_file.h"
#include "examples/support/command_line.h"
#include "examples/support/paths.h"

ABSL_FLAG(std::string, json, "",
          "also write the runs to this file, one JSON object a line");
ABSL_FLAG(std::string, csv, "",
          "also write the runs to this file as comma-separated values");
ABSL_FLAG(std::string, runs, "",
          "also keep the runs in this file, of which //benchmarks/lab:report "
          "makes a report together with others");

namespace sluice::lab {

struct ResultFiles::File {
  std::string path;
  std::ofstream stream;
  std::unique_ptr<Output> output;
};

ResultFiles::ResultFiles(std::string program) : program_(std::move(program)) {
  if (File* file = Open("json", absl::GetFlag(FLAGS_json))) {
    file->output = std::make_unique<JsonOutput>(file->stream);
  }
  if (File* file = Open("csv", absl::GetFlag(FLAGS_csv))) {
    file->output = std::make_unique<CsvOutput>(file->stream);
  }
  if (File* file = Open("runs", absl::GetFlag(FLAGS_runs))) {
    file->output = std::make_unique<RunFileOutput>(file->stream);
  }
  for (const auto& file : files_) outputs_.push_back(file->output.get());
}

ResultFiles::~ResultFiles() = default;

ResultFiles::File* ResultFiles::Open(absl::string_view flag,
                                     const std::string& path) {
  if (path.empty()) return nullptr;
  auto file = std::make_unique<File>();
  file->path = examples::ResolveUserPath(path);
  file->stream.open(file->path, std::ios::binary | std::ios::trunc);
  if (!file->stream) {
    examples::ExitBadCommandLine(
        program_, absl::StrCat("--", flag, ": cannot write ", file->path));
  }
  files_.push_back(std::move(file));
  return files_.back().get();
}

bool ResultFiles::Close() {
  bool written = true;
  for (const auto& file : files_) {
    file->stream.close();
    if (file->stream) continue;
    absl::FPrintF(stderr, "%s: writing %s failed\n", program_, file->path);
    written = false;
  }
  return written;
}

}  // namespace sluice::lab
