// An allocator that takes from a std::pmr::memory_resource, for containers of
// any library.
//
//   std::vector<Node, ResourceAllocator<Node>> nodes(memory);
//
// Unlike std::pmr::polymorphic_allocator it must be given a resource, so that
// none is forgotten; a copy of a container keeps its resource; and it
// constructs elements as any other allocator does.
#ifndef SLUICE_PRIORITY_RESOURCE_ALLOCATOR_H_
#define SLUICE_PRIORITY_RESOURCE_ALLOCATOR_H_

#include <cstddef>
#include <memory_resource>
#include <vector>

namespace sluice::priority {

template <class T>
class ResourceAllocator {
 public:
  using value_type = T;

  // Implicit, as a container is made from its resource. `memory` must outlive
  // what is allocated.
  ResourceAllocator(std::pmr::memory_resource* memory) : memory_(memory) {}
  template <class U>
  ResourceAllocator(const ResourceAllocator<U>& other)
      : memory_(other.resource()) {}

  T* allocate(size_t count) {
    return static_cast<T*>(memory_->allocate(count * sizeof(T), alignof(T)));
  }
  void deallocate(T* block, size_t count) {
    memory_->deallocate(block, count * sizeof(T), alignof(T));
  }

  std::pmr::memory_resource* resource() const { return memory_; }

  template <class U>
  bool operator==(const ResourceAllocator<U>& other) const {
    return memory_->is_equal(*other.resource());
  }

 private:
  std::pmr::memory_resource* memory_;
};

template <class T>
using ResourceVector = std::vector<T, ResourceAllocator<T>>;

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_RESOURCE_ALLOCATOR_H_
