// A folder with one file for each run: traces that other tools open.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_TRACE_FOLDER_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_TRACE_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"
#include "benchmarks/lab/results/output.h"

namespace sluice::lab {

// PAGE__SIGNALS__POLICY__NETWORK-HASH, safe on every file system: letters,
// digits, '-' and '+', everything else '_', at most 200 bytes. HASH covers all
// parameters of the run and the page's content: runs that differ in any of them
// have different names, and a run has the same name in every comparison, so one
// folder can take the runs of many.
std::string TraceName(const Run& run);

class TraceFolder {
 public:
  // Makes `folder`, and the folders above it, if they are missing. Files are
  // called TraceName() and `extension` (".qlog"). Error: InvalidArgument, with
  // the folder and the reason.
  static absl::StatusOr<TraceFolder> In(std::string folder,
                                        absl::string_view extension);

  // Writes the file of `run`, over one of an earlier comparison. Error:
  // Unavailable names the file.
  absl::Status Write(const Run& run, absl::string_view contents) const;

 private:
  TraceFolder(std::string folder, std::string extension)
      : folder_(std::move(folder)), extension_(std::move(extension)) {}

  std::string folder_;
  std::string extension_;
};

// Writes a file for each run: QlogText() or HarText().
class TraceOutput : public Output {
 public:
  using Text = std::string (*)(const Run& run, const PageLoad& load);

  TraceOutput(TraceFolder folder, Text text)
      : folder_(std::move(folder)), text_(text) {}
  absl::Status Write(const Run& run, const PageLoad& load) override {
    return folder_.Write(run, text_(run, load));
  }

 private:
  TraceFolder folder_;
  Text text_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_TRACE_FOLDER_H_
