// Objects of open streams, by id: a session or a policy keeps one for each.
#ifndef SLUICE_SCHEDULER_STREAM_MAP_H_
#define SLUICE_SCHEDULER_STREAM_MAP_H_

#include <sluice/priority/id_map.h>
#include <sluice/priority/resource_allocator.h>
#include <sluice/signals/stream_id.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

namespace sluice::scheduler {

// Objects that stay where they are from Insert() to Erase(). The memory of up
// to kSpare erased ones is kept for the next, so that requests that come and go
// take nothing from the heap; by default as many as most servers let a client
// have at a time. Everything is O(1), Insert() amortised.
template <class T, size_t kSpare = 100>
class StreamMap {
 public:
  StreamMap() = default;
  StreamMap(const StreamMap&) = delete;
  StreamMap& operator=(const StreamMap&) = delete;
  ~StreamMap() {
    ids_.ForEach([this](signals::StreamId, T* object) {
      object->~T();
      Free(object);
    });
    while (spare_ != nullptr) Free(TakeSpare());
  }

  size_t size() const { return ids_.size(); }

  // Or null.
  T* Find(signals::StreamId id) const { return ids_.Find(id); }

  // Brings the one of `id`, if any, into the cache. It is found faster when
  // PrefetchPlace() was called some time before.
  void Prefetch(signals::StreamId id) const { __builtin_prefetch(Find(id)); }
  void PrefetchPlace(signals::StreamId id) const { ids_.Prefetch(id); }

  // A blank one. `id` must not be here.
  T& Insert(signals::StreamId id) {
    T* const object =
        ::new (spare_ != nullptr ? TakeSpare() : allocator_.allocate(1)) T();
    ids_.Insert(id, object);
    return *object;
  }

  // `id` must be here.
  void Erase(signals::StreamId id) {
    T* const object = ids_.Erase(id);
    object->~T();
    if (spares_ == kSpare) return Free(object);
    spare_ = ::new (static_cast<void*>(object)) Spare{spare_};
    ++spares_;
  }

  // Lowest first, so that nothing depends on the order of a hash. O(n log n).
  priority::ResourceVector<signals::StreamId> SortedIds() const {
    priority::ResourceVector<signals::StreamId> ids(allocator_);
    ids.reserve(size());
    ids_.ForEach([&ids](signals::StreamId id, T*) { ids.push_back(id); });
    std::sort(ids.begin(), ids.end());
    return ids;
  }

 private:
  struct Spare {
    Spare* next;
  };
  static_assert(sizeof(T) >= sizeof(Spare) && alignof(T) >= alignof(Spare));

  void* TakeSpare() {
    --spares_;
    return std::exchange(spare_, spare_->next);
  }
  void Free(void* block) { allocator_.deallocate(static_cast<T*>(block), 1); }

  priority::IdMap<T*, nullptr> ids_;
  Spare* spare_ = nullptr;
  size_t spares_ = 0;
  priority::ResourceAllocator<T> allocator_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_MAP_H_
