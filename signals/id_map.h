// Stream id → a small value: open addressing with linear probing and
// backward-shift deletion.
#ifndef SLUICE_SIGNALS_ID_MAP_H_
#define SLUICE_SIGNALS_ID_MAP_H_

#include <sluice/signals/stream_id.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::signals {

// Grows when it is 4/5 full, by doubling, and never shrinks. A look-up of a
// stream reads one slot most often, and no bytes but the map's. `kAbsent` is no
// stream's value. Everything is O(1), Insert() amortised, whatever ids a peer
// chooses: it cannot know which of them are neighbours here.
template <class Value, Value kAbsent,
          template <class> class Allocator = std::allocator>
class IdMap {
 public:
  size_t size() const { return size_; }

  // Or kAbsent, as always for 0.
  Value Find(StreamId id) const {
    for (size_t i = Home(id);; i = Next(i)) {
      if (slots_[i].id == id) return slots_[i].value;
      if (slots_[i].id == 0) return kAbsent;
    }
  }

  // The slots that Find(id) reads: the work of a look-up, for tests.
  size_t SlotsRead(StreamId id) const {
    size_t read = 1;
    for (size_t i = Home(id); slots_[i].id != id && slots_[i].id != 0;) {
      i = Next(i);
      ++read;
    }
    return read;
  }

  // Brings what Find() reads into the cache.
  void Prefetch(StreamId id) const { __builtin_prefetch(&slots_[Home(id)]); }

  // `id` is not 0 and not in the map. Allocates only when there were never so
  // many.
  void Insert(StreamId id, Value value) {
    if (5 * ++size_ > 4 * slots_.size()) Grow();
    Put({id, value});
  }

  // `id` must be in the map; returns what it had.
  Value Erase(StreamId id) {
    --size_;
    size_t hole = Home(id);
    while (slots_[hole].id != id) hole = Next(hole);
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

  // Calls `visit` with each id and value, in no order that means anything.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.id != 0) visit(slot.id, slot.value);
    }
  }

 private:
  struct Slot {
    StreamId id = 0;
    Value value = kAbsent;
  };
  using Slots = std::vector<Slot, Allocator<Slot>>;

  // Two rounds, since one keeps ids of equal distances at equal distances. The
  // address differs from process to process, as the seed of Abseil's tables
  // does. No result depends on it.
  size_t Home(StreamId id) const {
    const auto salt = static_cast<uint32_t>(
        reinterpret_cast<uintptr_t>(&kSomewhere) / alignof(uint64_t));
    uint32_t hash = (id ^ salt) * uint32_t{0x9e3779b1};
    hash = (hash ^ hash >> 15) * uint32_t{0x85ebca6b};
    return hash >> shift_;
  }
  size_t Next(size_t i) const { return (i + 1) & (slots_.size() - 1); }

  void Put(const Slot& slot) {
    size_t i = Home(slot.id);
    while (slots_[i].id != 0) i = Next(i);
    slots_[i] = slot;
  }

  void Grow() {
    Slots larger(2 * slots_.size(), slots_.get_allocator());
    slots_.swap(larger);
    --shift_;
    for (const Slot& slot : larger) {
      if (slot.id != 0) Put(slot);
    }
  }

  alignas(uint64_t) static inline const char kSomewhere = 0;
  static constexpr int kFirstBits = 2;
  Slots slots_ = Slots(size_t{1} << kFirstBits);
  int shift_ = 32 - kFirstBits;
  size_t size_ = 0;
};

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_ID_MAP_H_
