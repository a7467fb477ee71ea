// Chrome's signals.
//
// chrome7540. Every request depends exclusively on the last open stream whose
// level is as high as its own or higher, and on the root when there is none. So
// all open streams form one chain, the levels in order and, inside a level, the
// order of the requests; the server is asked to send one response after
// another. The weight repeats the level: 256, 220, 183, 147, 110 from VeryHigh
// to VeryLow. It matters only to a server that breaks the chain.
//
// A request that changes its level moves to the end of the new level by one or
// two exclusive PRIORITY frames: the stream below it first takes its place,
// then it goes to its new parent. Where its place stays the same, one frame
// carries the new weight.
//
// chrome9218_2022, chrome9218_2023. The level is the urgency, 0 to 4. In
// December 2022 nothing was incremental; by August 2023 all was but
// stylesheets, scripts and fonts. Sent in a PRIORITY_UPDATE frame in front of
// the request, and not at all where it would say the defaults (u=3). Captured
// over HTTP/3 (tests/lab/captures).
//
// An image that Chrome raised in the capture, since layout had put it into
// view, has its final level from its request on: clients of HTTP/2 send no
// update for it, and so the most that a server could know is modelled. With
// SignalOptions::late_signals the PRIORITY_UPDATE comes when Chrome changed its
// mind.
//
// chromium_h2_156. What Chromium 156 sends on HTTP/2, captured by this project
// in 2026: the chain of chrome7540, and beside it the field of chrome9218_2023
// as a `priority` header, omitted parts being defaults. A change of mind is
// PRIORITY frames only, and nothing at all if the stream keeps its parent
// (net/spdy/http2_priority_dependencies.cc). Requests come when and as urgently
// as Blink asks (blink.h).
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_CHROME_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_CHROME_H_

#include <memory>

#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// 1…256: int(255.9 / 7 · (7 − p)) + 1 for the p-th level, p = 0 the most
// urgent.
int Chrome7540Weight(ChromeLevel level);

std::unique_ptr<Signals> MakeChrome7540(const SignalOptions& options);
std::unique_ptr<Signals> MakeChrome9218In2022(const SignalOptions& options);
std::unique_ptr<Signals> MakeChrome9218In2023(const SignalOptions& options);
std::unique_ptr<Signals> MakeChromiumH2In156(const SignalOptions& options);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_CHROME_H_
