// Objects of open streams, by id, which live where the policy lives.
#ifndef SLUICE_SCHEDULER_STREAM_MAP_H_
#define SLUICE_SCHEDULER_STREAM_MAP_H_

#include <sluice/priority/resource_allocator.h>
#include <sluice/signals/stream_map.h>

#include <cstddef>

namespace sluice::scheduler {

template <class T, size_t kSpare = 100>
using StreamMap = signals::StreamMap<T, kSpare, priority::ResourceAllocator>;

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_MAP_H_
