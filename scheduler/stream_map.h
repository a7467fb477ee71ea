// A map by stream id, for policies.
#ifndef SLUICE_SCHEDULER_STREAM_MAP_H_
#define SLUICE_SCHEDULER_STREAM_MAP_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>

#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"

namespace sluice::scheduler {

// Its order is arbitrary: to walk it, sort.
template <class T>
using StreamMap = absl::flat_hash_map<
    StreamId, T, absl::Hash<StreamId>, std::equal_to<StreamId>,
    priority::ResourceAllocator<std::pair<const StreamId, T>>>;

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_MAP_H_
