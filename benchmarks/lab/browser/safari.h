// Safari's signals. Neither set says anything about a request that is on its
// way.
//
// safari7540: every stream on the root, with a weight for each of WebKit's five
// levels. The numbers are made inside a closed library; those here are the ones
// that Marx et al. took for Safari (256, 24, 16, 8; doi 10.5220/
// 0008191701300143), and 1 for the lowest level. Read results as those of a
// weighted round robin, not as Safari's.
//
// safari9218: a `priority` header, captured over HTTP/3 in August 2023
// (tests/lab/captures). Everything is incremental. An image that is not in view
// counts as one of the capture's hidden images; async and defer scripts, which
// Safari tells apart and a page file does not, count as async.
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_SAFARI_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_SAFARI_H_

#include <memory>

#include "benchmarks/lab/browser/signals.h"

namespace sluice::lab {

std::unique_ptr<Signals> MakeSafari7540(const SignalOptions& options);
std::unique_ptr<Signals> MakeSafari9218(const SignalOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_SAFARI_H_
