// Opens the files of the flags --json, --csv, --verdicts, --html, --runs and
// --qlog, for every program that has runs to report.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_RESULT_FILES_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_RESULT_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/results/html_report.h"
#include "benchmarks/lab/results/output.h"
#include "benchmarks/lab/results/trace_folder.h"

namespace sluice::lab {

// A file is whole or absent: until Close() it is called NAME.part, and without
// Close() it is removed.
class ResultFiles {
 public:
  // Opens the files; paths are the user's. Ends the program with status 2 and a
  // sentence when one is not writable. `program` is its name in messages.
  // --html needs //benchmarks/lab/results/web as data and finds it by `argv0`.
  ResultFiles(std::string program, absl::string_view argv0, HtmlOptions html);
  ResultFiles(const ResultFiles&) = delete;
  ResultFiles& operator=(const ResultFiles&) = delete;
  ~ResultFiles();

  // One for each file or folder; they live as long as this.
  const std::vector<Output*>& outputs() const { return outputs_; }

  // Puts the files in place, once, after Output::Finish(). Returns whether all
  // bytes were written, and names a file that failed on standard error.
  bool Close();

 private:
  struct File;
  // The file of a flag, or null.
  File* Open(absl::string_view flag, const std::string& path);
  // The folder of a flag.
  TraceFolder OpenFolder(absl::string_view flag, const std::string& path,
                         absl::string_view extension);

  std::string program_;
  std::vector<std::unique_ptr<File>> files_;
  std::vector<std::unique_ptr<Output>> traces_;
  std::vector<Output*> outputs_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_RESULT_FILES_H_
