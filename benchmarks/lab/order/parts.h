// A page's bodies, cut into the parts that a search puts in order.
//
// A body is cut where it discovers a resource that the first screen needs: what
// comes before may be urgent when what comes after is not. The screen needs a
// resource that is above the fold, and one that discovers a needed one.
#ifndef SLUICE_BENCHMARKS_LAB_ORDER_PARTS_H_
#define SLUICE_BENCHMARKS_LAB_ORDER_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmarks/lab/order/order.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// Every part of a page once, each as its resource: the first time a resource
// stands in the sequence it stands for its first part, and so on. So any
// permutation is an order.
using Sequence = std::vector<size_t>;

class Parts {
 public:
  explicit Parts(const Page& page);

  // The number of parts that the first screen needs.
  size_t needed() const { return needed_; }

  // The parts in the order in which `order` completes them; what it leaves out
  // comes last, by resource.
  Sequence SequenceOf(const Order& order) const;

  Order OrderOf(const Sequence& sequence) const;

  // First the parts that lead to render-critical resources, then those that
  // lead to others above the fold, then the rest; else as they were.
  Sequence Sorted(const Sequence& sequence) const;

  // The places of the parts that the first screen needs, or of all.
  std::vector<size_t> Places(const Sequence& sequence, bool all) const;

  // Moves the resource at place `from`, with the resources that lead to its
  // discovery, to place `to` ≤ `from`.
  void Lift(size_t from, size_t to, Sequence& sequence) const;

 private:
  // What a part leads to; the smaller, the more urgent.
  enum Need { kCritical, kAboveTheFold, kNothing };

  struct Part {
    uint64_t bytes = 0;
    Need need = kNothing;
  };

  void FindNeeds();
  void Cut();

  const Page& page_;
  // By resource: what it and all that it discovers lead to, what it discovers,
  // and its parts.
  std::vector<Need> needs_;
  std::vector<std::vector<size_t>> children_;
  std::vector<std::vector<Part>> parts_;
  size_t needed_ = 0;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_ORDER_PARTS_H_
