// From the bytes of two runs to figures, and from the figures to a verdict.
//
// Order. `with_percent` is what requests got of all bytes while the signals
// favoured them, `against_percent` what the same requests got in the other run;
// both are means of the two runs. A server that honours the signals has 100 and
// 0; one that ignores them has the same figure twice, whatever its own order
// is. The verdict follows from the difference.
//
// Shares. `share` is the geometric mean of both runs' ratio between the
// favoured and the others, so that an order of the server's own cancels out.
#ifndef SLUICE_BENCHMARKS_PROBE_JUDGE_H_
#define SLUICE_BENCHMARKS_PROBE_JUDGE_H_

#include "absl/types/span.h"
#include "benchmarks/probe/catalogue.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/probe/script.h"

namespace sluice::probe {

// A share between kNear times the ideal and the ideal by kNear is honoured; one
// between 1/kEqual and kEqual is that of equals.
inline constexpr double kNear = 0.7;
inline constexpr double kEqual = 1.5;
// Of the difference between `with_percent` and `against_percent`, for honoured
// and for partly.
inline constexpr double kHonoured = 70;
inline constexpr double kPartly = 20;

struct Played {
  Script script;
  RunOutcome outcome;
};

// Of one repeat; both outcomes are complete. Empty: the responses carry no
// signals to judge (Judge::kResponse).
Figures FiguresOf(const Experiment& experiment, const Played& first,
                  const Played& second);

// Of at least one repeat, by the medians.
Verdict VerdictOf(const Experiment& experiment,
                  absl::Span<const Figures> repeats);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_JUDGE_H_
