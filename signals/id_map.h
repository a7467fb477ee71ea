// Stream id → a small value.
#ifndef SLUICE_SIGNALS_ID_MAP_H_
#define SLUICE_SIGNALS_ID_MAP_H_

#include <sluice/signals/stream_id.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"

namespace sluice::signals {
namespace internal {

template <class Value, Value kAbsent>
struct IdSlot {
  StreamId id = 0;  // 0: free
  Value value = kAbsent;
};

// Open addressing with linear probing and backward-shift deletion, at most half
// full. A peer cannot know which ids are neighbours here.
template <class Value, Value kAbsent, template <class> class Allocator>
class HashedIds {
 public:
  bool empty() const { return size_ == 0; }

  // Find() and SlotsRead() are for tables that are not empty. Nothing here is
  // usual, so it stays out of the code of its callers.
  ABSL_ATTRIBUTE_NOINLINE Value Find(StreamId id) const {
    return slots_[Search(id).slot].value;
  }

  size_t SlotsRead(StreamId id) const { return Search(id).read; }

  ABSL_ATTRIBUTE_NOINLINE void Insert(StreamId id, Value value) {
    if (2 * (size_ + 1) > slots_.size()) Grow();
    slots_[Search(id).slot] = {id, value};
    ++size_;
  }

  ABSL_ATTRIBUTE_NOINLINE Value Erase(StreamId id) {
    --size_;
    size_t hole = Search(id).slot;
    const Value value = slots_[hole].value;
    for (size_t i = Next(hole); slots_[i].id != 0; i = Next(i)) {
      // An entry may fill the hole unless its home lies after it.
      const size_t home = Home(slots_[i].id);
      const size_t mask = slots_.size() - 1;
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = {};
    return value;
  }

  template <class Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.id != 0) visit(slot.id, slot.value);
    }
  }

 private:
  using Slot = IdSlot<Value, kAbsent>;
  using Slots = std::vector<Slot, Allocator<Slot>>;

  // Two rounds, since one keeps ids of equal distances at equal distances; of
  // 64 bits, since the low bits of a product know nothing of the high ones of
  // an id. The address differs from process to process, as the seed of Abseil's
  // tables does. No result depends on it.
  size_t Home(StreamId id) const {
    const uint64_t salt =
        reinterpret_cast<uintptr_t>(&kSomewhere) / alignof(uint64_t);
    uint64_t hash = (id ^ salt) * 0x9e3779b97f4a7c15;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93;
    return hash >> shift_;
  }
  size_t Next(size_t i) const { return (i + 1) & (slots_.size() - 1); }

  // Where `id` is, or the free slot where it is missed.
  struct Place {
    size_t slot;
    size_t read;
  };
  Place Search(StreamId id) const {
    Place place = {Home(id), 1};
    while (slots_[place.slot].id != id && slots_[place.slot].id != 0) {
      place = {Next(place.slot), place.read + 1};
    }
    return place;
  }

  void Grow() {
    Slots larger(slots_.empty() ? kFirstSize : 2 * slots_.size(),
                 slots_.get_allocator());
    slots_.swap(larger);
    --shift_;
    for (const Slot& slot : larger) {
      if (slot.id != 0) slots_[Search(slot.id).slot] = slot;
    }
  }

  alignas(uint64_t) static inline const char kSomewhere = 0;
  static constexpr size_t kFirstSize = 4;
  Slots slots_;
  int shift_ = 64 - 1;  // of two slots; Grow() makes four the first time
  uint32_t size_ = 0;
};

}  // namespace internal

// Ids in the order in which clients use them, 1, 3, 5, …, have a slot each: the
// one of the number id / 2, going round. A look-up reads that slot and no other
// one, and streams of one time lie side by side. An id whose slot is taken by
// another goes to a hash table. So all calls are O(1), Insert() amortised,
// whatever ids a peer chooses.
//
// Grows by doubling when it is 4/5 full, and never shrinks. `kAbsent` is no
// stream's value.
template <class Value, Value kAbsent,
          template <class> class Allocator = std::allocator>
class IdMap {
 public:
  size_t size() const { return size_; }

  // Or kAbsent, as always for 0.
  Value Find(StreamId id) const {
    const Slot& slot = slots_[Home(id)];
    if (slot.id == id) return slot.value;
    return displaced_.empty() ? kAbsent : displaced_.Find(id);
  }

  // The slots that Find(id) reads: the work of a look-up, for tests.
  size_t SlotsRead(StreamId id) const {
    const bool here = slots_[Home(id)].id == id || displaced_.empty();
    return 1 + (here ? 0 : displaced_.SlotsRead(id));
  }

  // Brings what Find() reads first into the cache.
  void Prefetch(StreamId id) const { __builtin_prefetch(&slots_[Home(id)]); }

  // `id` is not 0 and not in the map. Allocates only when there were never so
  // many, or never so many whose slot was taken.
  void Insert(StreamId id, Value value) {
    if (5 * (size_ + 1) > 4 * slots_.size()) Grow();
    Slot& slot = slots_[Home(id)];
    if (slot.id == 0) {
      slot = {id, value};
    } else {
      displaced_.Insert(id, value);
    }
    ++size_;
  }

  // `id` must be in the map; returns what it had.
  Value Erase(StreamId id) {
    --size_;
    Slot& slot = slots_[Home(id)];
    return slot.id == id ? std::exchange(slot, {}).value : displaced_.Erase(id);
  }

  // Calls `visit` with each id and value, in no order that means anything.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.id != 0) visit(slot.id, slot.value);
    }
    displaced_.ForEach(visit);
  }

 private:
  using Slot = internal::IdSlot<Value, kAbsent>;
  using Slots = std::vector<Slot, Allocator<Slot>>;

  uint32_t Home(StreamId id) const { return id / 2 & mask_; }

  // Two that were in different slots still are. Out of the code of its callers,
  // as HashedIds is.
  ABSL_ATTRIBUTE_NOINLINE void Grow() {
    Slots larger(2 * slots_.size(), slots_.get_allocator());
    slots_.swap(larger);
    mask_ = 2 * mask_ + 1;
    for (const Slot& slot : larger) {
      if (slot.id != 0) slots_[Home(slot.id)] = slot;
    }
  }

  static constexpr size_t kFirstSize = 4;
  Slots slots_ = Slots(kFirstSize);
  uint32_t mask_ = kFirstSize - 1;  // the last slot
  uint32_t size_ = 0;
  internal::HashedIds<Value, kAbsent, Allocator> displaced_;
};

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_ID_MAP_H_
