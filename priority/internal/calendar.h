// A calendar: 4,096 slots over the keys of one level, first-in first-out in a
// slot, and a bitmap in two levels over the slots that are not empty.
#ifndef SLUICE_PRIORITY_INTERNAL_CALENDAR_H_
#define SLUICE_PRIORITY_INTERNAL_CALENDAR_H_

#include <sluice/priority/internal/tree_node.h>

#include <cstdint>

#include "absl/numeric/bits.h"

namespace sluice::priority::internal {

// Insertion, removal and search are O(1): a search reads at most four words.
// Every key inside must lie within kSlots slots of every other.
class Calendar {
 public:
  static constexpr int kSlots = 4096;

  // The smallest shift whose slots span `max_quantum` with one to spare: live
  // keys lie in [V, V + max_quantum + 1], and V may stand anywhere in its slot.
  static constexpr int ShiftFor(int64_t max_quantum) {
    int shift = 0;
    while ((int64_t{kSlots - 1} << shift) <= max_quantum) ++shift;
    return shift;
  }

  Calendar() {
    for (NodeIndex& head : heads_) head = kNone;
  }

  // Appends `n` to the slot of `key`.
  void PushBack(Node* nodes, NodeIndex n, int64_t key, int shift) {
    const uint32_t slot = SlotOf(key, shift);
    Node& node = nodes[n];
    const NodeIndex head = heads_[slot];
    if (head == kNone) {
      node.link[0] = node.link[1] = n;
      heads_[slot] = n;
      words_[slot >> 6] |= uint64_t{1} << (slot & 63);
      summary_ |= uint64_t{1} << (slot >> 6);
      return;
    }
    const NodeIndex tail = nodes[head].link[0];
    node.link[0] = tail;
    node.link[1] = head;
    nodes[tail].link[1] = n;
    nodes[head].link[0] = n;
  }

  // `key` is the one that `n` was pushed with.
  void Remove(Node* nodes, NodeIndex n, int64_t key, int shift) {
    const uint32_t slot = SlotOf(key, shift);
    const NodeIndex prev = nodes[n].link[0];
    const NodeIndex next = nodes[n].link[1];
    if (next == n) {
      heads_[slot] = kNone;
      const uint64_t word = words_[slot >> 6] ^ (uint64_t{1} << (slot & 63));
      words_[slot >> 6] = word;
      if (word == 0) summary_ ^= uint64_t{1} << (slot >> 6);
      return;
    }
    nodes[prev].link[1] = next;
    nodes[next].link[0] = prev;
    if (heads_[slot] == n) heads_[slot] = next;
  }

  // The first of the first slot at or after that of `from`, going round. The
  // calendar must not be empty.
  NodeIndex Front(int64_t from, int shift) const {
    const uint32_t slot = SlotOf(from, shift);
    const uint32_t word = slot >> 6;
    const uint64_t here = words_[word] >> (slot & 63);
    if (here != 0) return heads_[slot + absl::countr_zero(here)];
    // The words after this one, then from the first round to this one again.
    const uint64_t after = summary_ & (~uint64_t{1} << word);
    const int found = absl::countr_zero(after != 0 ? after : summary_);
    return heads_[(found << 6) + absl::countr_zero(words_[found])];
  }

 private:
  static uint32_t SlotOf(int64_t key, int shift) {
    return static_cast<uint32_t>(key >> shift) & (kSlots - 1);
  }

  uint64_t summary_ = 0;
  uint64_t words_[kSlots / 64] = {};
  NodeIndex heads_[kSlots];
};

}  // namespace sluice::priority::internal

#endif  // SLUICE_PRIORITY_INTERNAL_CALENDAR_H_
