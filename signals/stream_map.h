// Objects of open streams, by id: a connection, a session or a policy keeps one
// for each.
#ifndef SLUICE_SIGNALS_STREAM_MAP_H_
#define SLUICE_SIGNALS_STREAM_MAP_H_

#include <sluice/signals/id_map.h>
#include <sluice/signals/stream_id.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"

namespace sluice::signals {

// Objects that stay where they are from Insert() to Erase(). The memory of
// erased ones is kept for the next, so that requests that come and go take
// nothing from the heap: that of a few, and of more where more were missed, up
// to as many as most servers let a client have at a time. Everything is O(1),
// Insert() amortised.
template <class T, template <class> class Allocator = std::allocator>
class StreamMap {
 public:
  StreamMap() = default;
  StreamMap(const StreamMap&) = delete;
  StreamMap& operator=(const StreamMap&) = delete;
  ~StreamMap() {
    ids_.ForEach([this](StreamId, T* object) {
      object->~T();
      Free(object);
    });
    FreeSpares();
  }

  size_t size() const { return ids_.size(); }

  // Or null.
  T* Find(StreamId id) const { return ids_.Find(id); }

  // Brings the one of `id`, if any, into the cache. It is found faster when
  // PrefetchPlace() was called some time before.
  void Prefetch(StreamId id) const { __builtin_prefetch(Find(id)); }
  void PrefetchPlace(StreamId id) const { ids_.Prefetch(id); }

  // A new one, made of `args`, by a constructor that throws nothing. `id` must
  // not be here.
  template <class... Args>
  T& Insert(StreamId id, Args&&... args) {
    // A spare first: if the next line finds no memory, nothing is lost.
    if (spare_ == nullptr) AddSpare(Allocate());
    ids_.Insert(id, static_cast<T*>(static_cast<void*>(spare_)));
    return *::new (TakeSpare()) T(std::forward<Args>(args)...);
  }

  // `id` must be here.
  void Erase(StreamId id) {
    T* const object = ids_.Erase(id);
    object->~T();
    if (spares_ == kept_) return Free(object);
    AddSpare(object);
  }

  // Gives back what is kept of erased ones.
  void FreeSpares() {
    while (spare_ != nullptr) Free(TakeSpare());
  }

  // Calls `visit` with each object, in no order that means anything.
  template <class Visit>
  void ForEach(Visit visit) const {
    ids_.ForEach([&visit](StreamId, T* object) { visit(*object); });
  }

  // The lowest ids, ascending, as many as fit into the array; returns their
  // number. Takes nothing from the heap. O(n log(most)).
  template <size_t most>
  size_t LowestIds(std::array<StreamId, most>* lowest) const {
    const auto first = lowest->begin();
    auto last = first;
    ids_.ForEach([&](StreamId id, T*) {
      if (last != lowest->end()) {
        *last++ = id;
      } else if (id < lowest->front()) {
        std::pop_heap(first, last);
        lowest->back() = id;
      } else {
        return;
      }
      std::push_heap(first, last);
    });
    std::sort_heap(first, last);
    return last - first;
  }

  // Lowest first, so that nothing depends on the order of a hash. O(n log n).
  std::vector<StreamId, Allocator<StreamId>> SortedIds() const {
    std::vector<StreamId, Allocator<StreamId>> ids(allocator_);
    ids.reserve(size());
    ids_.ForEach([&ids](StreamId id, T*) { ids.push_back(id); });
    std::sort(ids.begin(), ids.end());
    return ids;
  }

 private:
  struct Spare {
    Spare* next;
  };
  static_assert(sizeof(T) >= sizeof(Spare) && alignof(T) >= alignof(Spare));

  static constexpr size_t kFewSpare = 32;
  static constexpr size_t kMaxSpare = 100;

  void AddSpare(void* block) {
    spare_ = ::new (block) Spare{spare_};
    ++spares_;
  }
  void* TakeSpare() {
    --spares_;
    return std::exchange(spare_, spare_->next);
  }
  // There were so many before, so its memory was given back too early.
  ABSL_ATTRIBUTE_NOINLINE void* Allocate() {
    if (size() < most_ && kept_ < kMaxSpare) ++kept_;
    most_ = std::max(most_, size() + 1);
    return allocator_.allocate(1);
  }
  void Free(void* block) { allocator_.deallocate(static_cast<T*>(block), 1); }

  IdMap<T*, nullptr, Allocator> ids_;
  Spare* spare_ = nullptr;
  size_t spares_ = 0;
  size_t kept_ = kFewSpare;  // the most spares
  size_t most_ = 0;          // objects at a time, so far
  Allocator<T> allocator_;
};

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_STREAM_MAP_H_
