// The experiments: docs/probe.md defines each in words.
//
// An experiment has two scripts with the same requests. The signals of the
// first favour the last request, and those of the second the first request. So
// the server's own order cancels out: one that ignores the signals sends the
// same bytes in both.
#ifndef SLUICE_BENCHMARKS_PROBE_CATALOGUE_H_
#define SLUICE_BENCHMARKS_PROBE_CATALOGUE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/probe/script.h"

namespace sluice::probe {

// How the verdict follows from the bytes (judge.h).
enum class Judge {
  kOrder,        // the favoured come first
  kShare,        // the favoured get `asked` times the bytes of the others
  kIncremental,  // alike at once with the first script, in turn with the second
  kControl,      // no verdict: the server's own order
  kResponse,     // as kOrder, where the responses' fields favour one
  kFieldOnly,    // as kOrder; reversed means that the setting is ignored
  kLateness,     // no script: lateness.h
};

struct Experiment {
  absl::string_view name;
  absl::string_view about;  // a sentence
  Judge judge = Judge::kOrder;
  double asked = 0;  // kShare only
  // The first script, or the second. `streams`: the most that may be open at
  // once, stream 1 left out.
  Script (*script)(bool second, size_t streams) = nullptr;
};

absl::Span<const Experiment> Experiments();

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_CATALOGUE_H_
