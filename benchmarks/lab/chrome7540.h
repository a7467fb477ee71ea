// Chrome's RFC 7540 signals.
//
// Every request depends exclusively on the last open stream whose level is as
// high as its own or higher, and on the root when there is none. So all open
// streams form one chain, the levels in order and, inside a level, the order of
// the requests; the server is asked to send one response after another. The
// weight repeats the level: 256, 220, 183, 147, 110 from VeryHigh to VeryLow.
// It matters only to a server that breaks the chain.
//
// A request that changes its level moves to the end of the new level by one or
// two exclusive PRIORITY frames: the stream below it first takes its place,
// then it goes to its new parent. Where its place stays the same, one frame
// carries the new weight.
#ifndef SLUICE_BENCHMARKS_LAB_CHROME7540_H_
#define SLUICE_BENCHMARKS_LAB_CHROME7540_H_

#include <memory>

#include "benchmarks/lab/page.h"
#include "benchmarks/lab/signals.h"

namespace sluice::lab {

// 1…256: int(255.9 / 7 · (7 − p)) + 1 for the p-th level, p = 0 the most
// urgent.
int Chrome7540Weight(ChromeLevel level);

std::unique_ptr<Signals> MakeChrome7540();

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_CHROME7540_H_
