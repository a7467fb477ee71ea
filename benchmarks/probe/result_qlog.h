// The strip of an experiment as qlog, for qvis; lab/results/qlog_writer.h has
// the form.
#ifndef SLUICE_BENCHMARKS_PROBE_RESULT_QLOG_H_
#define SLUICE_BENCHMARKS_PROBE_RESULT_QLOG_H_

#include <string>

#include "absl/status/status.h"
#include "benchmarks/probe/result.h"

namespace sluice::probe {

// From the client's side. DATA frames without bytes are left out: qvis refuses
// them.
std::string QlogText(const ServerResult& server,
                     const ExperimentResult& experiment);

// Makes `folder`, and those above it, where they are missing. Error:
// InvalidArgument, with the folder and the reason.
absl::Status MakeQlogFolder(const std::string& folder);

// Writes a file for each experiment into `folder`, which exists:
// URL__EXPERIMENT.qlog, each sign of the URL that a file system may refuse as
// '_'. Error: Unavailable names the file.
absl::Status WriteQlogs(const std::string& folder, const ServerResult& server);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_RESULT_QLOG_H_
