// The version that every result of the lab carries. Raise it when a result can
// change: the engine, a metric, a signal set, a network.
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_VERSION_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_VERSION_H_

#include "absl/strings/string_view.h"

namespace sluice::lab {

inline constexpr absl::string_view kLabVersion = "1.4";

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_VERSION_H_
