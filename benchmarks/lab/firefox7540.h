// Firefox's RFC 7540 signals, as it sent them until version 128.
//
// Six PRIORITY frames on ids that never open first build groups (RFC 7540
// §5.3.4 allows idle streams as placeholders); every request is then a
// non-exclusive child of one of them. The first request is stream 15.
//
//   0 ─┬─ 3 leaders (201) ── 11 followers (1)
//      ├─ 5 unblocked (101)
//      ├─ 7 background (1) ── 9 speculative (1)
//      └─ 13 urgent start (241)
//
//   document and frames          11, weight 32
//   css, js that blocks          3, weight 32
//   async or defer js, fetch     5, weight 32
//   image                        11, weight 22
//   font                         11, weight 42
//   the rest                     7, weight 32
//
// Levels that change later send nothing.
#ifndef SLUICE_BENCHMARKS_LAB_FIREFOX7540_H_
#define SLUICE_BENCHMARKS_LAB_FIREFOX7540_H_

#include <memory>

#include "benchmarks/lab/signals.h"

namespace sluice::lab {

std::unique_ptr<Signals> MakeFirefox7540();

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_FIREFOX7540_H_
