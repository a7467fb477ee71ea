// What policies keep for each stream, by its id, in memory of their maker's.
#ifndef SLUICE_SCHEDULER_STREAM_MAP_H_
#define SLUICE_SCHEDULER_STREAM_MAP_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/scheduler/policy.h>

#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"

namespace sluice::scheduler {

// Made as StreamMap<T>(memory). Its order is arbitrary: to walk it, sort.
template <class T>
using StreamMap = absl::flat_hash_map<
    StreamId, T, absl::Hash<StreamId>, std::equal_to<StreamId>,
    priority::ResourceAllocator<std::pair<const StreamId, T>>>;

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_MAP_H_
