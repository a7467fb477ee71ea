// Pages that are put together from files, so that each opens offline.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_HTML_INCLUDES_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_HTML_INCLUDES_H_

#include <string>

#include "absl/status/statusor.h"

namespace sluice::lab {

// The file `path`. A line "<!--include NAME-->" stands for the file NAME,
// looked for from the folder of `path`; a .txt has its & and < escaped. Error:
// NotFound names the file that cannot be read.
absl::StatusOr<std::string> ReadWithIncludes(const std::string& path);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_HTML_INCLUDES_H_
