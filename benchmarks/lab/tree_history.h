// The dependency tree of a page load as its signals make it, over time.
//
// It is RFC 7540 §5.3's tree with the limits of the lab's policies, whatever
// the policy of the run made of the signals: requests insert their streams,
// PRIORITY frames move them, and a stream closes when its last DATA was given
// to the transport. A run of `rfc7540` has this tree, but for what happened
// at the same time in another order.
#ifndef SLUICE_BENCHMARKS_LAB_TREE_HISTORY_H_
#define SLUICE_BENCHMARKS_LAB_TREE_HISTORY_H_

#include <sluice/h2/types.h>

#include <cstdint>
#include <vector>

#include "benchmarks/lab/byte_columns.h"
#include "benchmarks/lab/page_load.h"

namespace sluice::lab {

// A stream's place after a change. Streams that others' changes move have one
// of their own at the same time.
struct TreeChange {
  enum class State : uint8_t { kGone, kOpen, kIdle, kClosed };

  int64_t at_ns = 0;
  h2::StreamId stream_id = 0;
  State state = State::kGone;
  h2::StreamId parent = 0;  // 0: the root, or gone
  int weight = 0;           // as the tree has it, rounded; 0 when gone

  friend bool operator==(const TreeChange&, const TreeChange&) = default;
};

// By time; of one time by stream id. The tree at t is made of the last change
// up to t of each stream. O(events · streams).
std::vector<TreeChange> TreeHistory(const PageLoad& load);

// As columns (byte_columns.h): gap of time, stream id, state, parent, weight.
void AppendTreeHistory(const std::vector<TreeChange>& changes,
                       ByteWriter& writer);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_TREE_HISTORY_H_
