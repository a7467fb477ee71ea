// A folder with one file for each run: traces that other tools open.
#ifndef SLUICE_BENCHMARKS_LAB_TRACE_FOLDER_H_
#define SLUICE_BENCHMARKS_LAB_TRACE_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/report.h"

namespace sluice::lab {

// PAGE__SIGNALS__POLICY__NETWORK-HASH, safe on every file system: letters,
// digits, '-' and '+', everything else '_', at most 200 bytes. HASH is of all
// parameters of the run and of the page's content: runs that differ in any of
// them have different names, and a run has the same name in every comparison,
// so that a folder can take the runs of many.
std::string TraceName(const Run& run);

class TraceFolder {
 public:
  // Makes `folder`, and the folders above it, where they are missing. Files are
  // named TraceName() and `extension` (".qlog"). Error: InvalidArgument names
  // the folder and says why it cannot be had.
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

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_TRACE_FOLDER_H_
