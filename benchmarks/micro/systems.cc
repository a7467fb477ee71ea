#include "benchmarks/micro/systems.h"

#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <random>

namespace sluice::benchmarks {

Shape FlatShape(uint32_t n) {
  std::mt19937 random(n);
  Shape shape(n);
  for (StreamSpec& stream : shape) {
    stream = {.weight = static_cast<int>(1 + random() % 256), .ready = true};
  }
  return shape;
}

Shape ChainShape(uint32_t n) {
  Shape shape(n);
  for (uint32_t i = 0; i < n; ++i) shape[i].parent = i;
  shape.back().ready = true;
  return shape;
}

Shape FirefoxShape(uint32_t n) {
  // Leaders, unblocked, background, speculative under background, followers
  // under leaders, urgent start.
  Shape shape = {{0, 201}, {0, 101}, {0, 1}, {3, 1}, {1, 1}, {0, 241}};
  static constexpr StreamSpec kKinds[] = {{1, 32, true},
                                          {2, 32, true},
                                          {5, 22, true},
                                          {5, 42, true},
                                          {5, 32, true}};
  for (uint32_t i = 0; i < n; ++i) shape.push_back(kKinds[i % 5]);
  return shape;
}

Shape ChromeShape(uint32_t n) {
  static constexpr int kWeights[] = {256, 220, 183, 147, 110};
  Shape shape(n);
  for (uint32_t i = 0; i < n; ++i) {
    shape[i] = {i, kWeights[5 * i / n], true};
  }
  return shape;
}

template <priority::TreeOrder order>
SluiceSystem<order>::SluiceSystem(const Shape& shape, uint32_t spare)
    : tree_({.max_nodes = shape.size() + spare + 1,
             .max_closed = 0,
             .order = order}) {
  for (uint32_t i = 0; i < shape.size(); ++i) {
    tree_
        .Insert(i + 1, signals::Rfc7540Priority{.depends_on = shape[i].parent,
                                                .weight = shape[i].weight})
        .IgnoreError();
    if (shape[i].ready) tree_.SetReady(i + 1).IgnoreError();
  }
}

template class SluiceSystem<priority::TreeOrder::kSlots>;
template class SluiceSystem<priority::TreeOrder::kExact>;

HeapSystem::HeapSystem(const Shape& shape, uint32_t) {
  for (uint32_t i = 0; i < shape.size(); ++i) {
    const auto weight = static_cast<uint32_t>(shape[i].weight);
    heap_.push_back(
        {int64_t{256 * kFrame} / weight, ++arrivals_, i + 1, weight});
  }
  std::make_heap(heap_.begin(), heap_.end(), After);
}

uint32_t HeapSystem::Decide(size_t bytes) {
  std::pop_heap(heap_.begin(), heap_.end(), After);
  Entry& entry = heap_.back();
  const uint32_t stream = entry.stream;
  entry.key += static_cast<int64_t>(256 * bytes / entry.weight);
  entry.arrival = ++arrivals_;
  std::push_heap(heap_.begin(), heap_.end(), After);
  return stream;
}

}  // namespace sluice::benchmarks
