// Objects of open streams, by id, which live where the policy lives.
#ifndef SLUICE_SCHEDULER_STREAM_MAP_H_
#define SLUICE_SCHEDULER_STREAM_MAP_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/signals/stream_map.h>

namespace sluice::scheduler {

template <class T>
using StreamMap = signals::StreamMap<T, priority::ResourceAllocator>;

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_MAP_H_
