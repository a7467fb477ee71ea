// A page load as qlog 0.3, from the server's side, in the form that qvis opens.
// qlog_writer.h has the form. DATA stands at the moment at which the server
// chose it and wrote it to its socket; times are virtual.
#ifndef SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_H_
#define SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_H_

#include <string>

#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/run.h"

namespace sluice::lab {

// The same run gives the same text. O(DATA frames + requests + signals).
std::string QlogText(const Run& run, const PageLoad& load);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_RESULTS_QLOG_H_
