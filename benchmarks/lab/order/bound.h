// A proof that no order of bodies can do better.
//
// The bound drops most of what holds a page load back. Each resource is asked
// for as soon as the bytes that discover it can arrive, if everything before it
// on its chain had the whole link for itself; its bytes come a round trip later
// at the earliest. From then on the link is shared, and never faster than its
// rate, less the header of each DATA frame. So
//
//  - the render-critical resources are complete at RC or later, when the link
//    has carried them in the order of those moments, and nothing else;
//  - of what is above the fold, at most as much has arrived by t as if the link
//    had carried nothing else, in the same order;
//  - a byte is seen at RC, or when it arrives, or later.
//
// Slow start, losses, queues, waiting for a stream, the send buffer and the
// time of the request only add to that. Nor does the bound suppose that the
// wire is never idle.
#ifndef SLUICE_BENCHMARKS_LAB_ORDER_BOUND_H_
#define SLUICE_BENCHMARKS_LAB_ORDER_BOUND_H_

#include <cstdint>

#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// No load of `page` over `link` has a painted area (measure/metrics.h) below
// this many nanoseconds. O(resources · log resources).
int64_t PaintedAreaBound(const Page& page, const LinkOptions& link);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_ORDER_BOUND_H_
