// One run of the lab: a page load, the parameters that it was made with, and
// its metrics. Its events are a PageLoad (load/page_load.h).
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_RUN_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_RUN_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// The parameters that runs must share to be compared over pages and policies.
struct Setting {
  std::string signals = "";
  std::string edit = "none";     // its name (browser/edit.h)
  std::string edit_sha256 = "";  // of its file
  std::string network = "";
  size_t send_buffer_bytes = 0;
  uint32_t max_streams = 100;
  bool late_signals = false;
  // Of pairs that something else tells apart (baseline.h); of a Run empty.
  std::string policy = "";

  friend bool operator==(const Setting&, const Setting&) = default;
};

// `page` must outlive it.
struct Run {
  const Page* page = nullptr;
  std::string policy = "";
  Setting setting = {};
  uint64_t seed = 1;  // of the network's losses and of the summary
  Metrics metrics = {};
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_RUN_H_
