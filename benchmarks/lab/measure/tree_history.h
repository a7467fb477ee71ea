// The dependency tree that the signals of a page load make, over time.
//
// It is RFC 7540 §5.3's tree with the limits of the lab's policies, whatever
// the policy of the run: requests insert their streams, PRIORITY frames move
// them, and a stream closes when the transport has its last DATA. A run of
// `rfc7540` has this tree, but may order events of one time differently.
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_TREE_HISTORY_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_TREE_HISTORY_H_

#include <sluice/h2/types.h>

#include <cstdint>
#include <vector>

#include "benchmarks/lab/load/page_load.h"
#include "benchmarks/lab/measure/byte_columns.h"

namespace sluice::lab {

// A stream's place after a change. If a change moves other streams, each has a
// change of its own at the same time.
struct TreeChange {
  enum class State : uint8_t { kGone, kOpen, kIdle, kClosed };

  int64_t at_ns = 0;
  h2::StreamId stream_id = 0;
  State state = State::kGone;
  h2::StreamId parent = 0;  // 0: the root, or gone
  int weight = 0;           // as the tree has it, rounded; 0 when gone

  friend bool operator==(const TreeChange&, const TreeChange&) = default;
};

// By time, then by stream id. The last change of each stream up to t gives the
// tree at t. O(events · streams).
std::vector<TreeChange> TreeHistory(const PageLoad& load);

// As columns (byte_columns.h): gap of time, stream id, state, parent, weight.
void AppendTreeHistory(const std::vector<TreeChange>& changes,
                       ByteWriter& writer);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_TREE_HISTORY_H_
