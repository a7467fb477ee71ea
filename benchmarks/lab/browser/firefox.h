// Firefox's signals. None of the sets says anything about a request that is on
// its way.
//
// firefox7540: as it was until version 128. Six PRIORITY frames on ids that
// never open first build groups (RFC 7540 §5.3.4 allows idle streams as
// placeholders); every request is then a non-exclusive child of one of them.
// The first request is stream 15.
//
//   0 ─┬─ 3 leaders (201) ── 11 followers (1)
//      ├─ 5 unblocked (101)
//      ├─ 7 background (1) ── 9 speculative (1)
//      └─ 13 urgent start (241)
//
// firefox9218: a `priority` header, captured over HTTP/3 in August 2023
// (tests/lab/captures).
//
// firefox_h2_153: what Firefox ESR 153 sends on HTTP/2, captured by this
// project in 2026: a weight on the root, not exclusive, and a `priority`
// header. Media and the rest were not in that capture; they are like its XHR.
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_FIREFOX_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_FIREFOX_H_

#include <memory>

#include "benchmarks/lab/browser/signals.h"

namespace sluice::lab {

std::unique_ptr<Signals> MakeFirefox7540(const SignalOptions& options);
std::unique_ptr<Signals> MakeFirefox9218(const SignalOptions& options);
std::unique_ptr<Signals> MakeFirefoxH2In153(const SignalOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_FIREFOX_H_
