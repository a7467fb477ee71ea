// The orders in which a level of the priority tree serves its children: the
// template parameter of BasicPriorityTree.
#ifndef SLUICE_PRIORITY_TREE_ORDER_H_
#define SLUICE_PRIORITY_TREE_ORDER_H_

namespace sluice::priority {

// Self-clocked fair queueing: the smallest finish tag F = S + 256·L/w first,
// first-in first-out among equals. A level with more than eight active children
// compares F by slots of 256·L/4095 rounded up to a power of two (8 bytes per
// unit of weight at the default L), which is what makes a decision O(1).
struct ByteFairOrder {
  static constexpr bool kSlots = true;
  static constexpr bool kTiesById = false;
};

// The same, exact at every level: O(log active) instead of O(1).
struct ExactByteFairOrder {
  static constexpr bool kSlots = false;
  static constexpr bool kTiesById = false;
};

// Exact as well, with ties to the lower stream id instead of first-in
// first-out.
struct ExactByIdOrder {
  static constexpr bool kSlots = false;
  static constexpr bool kTiesById = true;
};

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_TREE_ORDER_H_
