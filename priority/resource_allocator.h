// Where trees, policies and their containers live: on the heap, or in the
// std::pmr::memory_resource of the scope that they are made in. A program that
// must own every byte, as the C ABI does for its callers, opens such a scope;
// the author of a policy meets no allocator.
//
//   MemoryScope scope(&memory);
//   std::unique_ptr<Policy> policy = *CreatePolicy("rr");
//   // All of it is in `memory`, and stays there when the scope ends. Open
//   // another scope of `memory` where the policy is destroyed.
#ifndef SLUICE_PRIORITY_RESOURCE_ALLOCATOR_H_
#define SLUICE_PRIORITY_RESOURCE_ALLOCATOR_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory_resource>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/hash/hash.h"

namespace sluice::priority {

// While it stands, `memory` is that of what this thread makes. Scopes nest.
// `memory` must outlive what is made.
class MemoryScope {
 public:
  explicit MemoryScope(std::pmr::memory_resource* memory)
      : before_(std::exchange(current_, memory)) {}
  ~MemoryScope() { current_ = before_; }
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  // That of the innermost scope; outside of all of them, the heap.
  static std::pmr::memory_resource* Current() {
    return current_ != nullptr ? current_ : std::pmr::new_delete_resource();
  }

 private:
  static inline thread_local constinit std::pmr::memory_resource* current_ =
      nullptr;
  std::pmr::memory_resource* const before_;
};

// A base of classes whose objects live there. One that was made in a scope must
// be deleted in a scope of the same memory.
struct LivesInScope {
  static void* operator new(size_t size) {
    return MemoryScope::Current()->allocate(size);
  }
  static void operator delete(void* object, size_t size) {
    MemoryScope::Current()->deallocate(object, size);
  }
};

// For containers of any library. It keeps the resource of the scope that it was
// made in, and so does a copy of it.
template <class T>
class ResourceAllocator {
 public:
  using value_type = T;

  ResourceAllocator() = default;
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
  std::pmr::memory_resource* memory_ = MemoryScope::Current();
};

template <class T>
using ResourceVector = std::vector<T, ResourceAllocator<T>>;
template <class Key, class T>
using ResourceMap =
    std::map<Key, T, std::less<>, ResourceAllocator<std::pair<const Key, T>>>;
// In an order that differs from run to run. Those of a ResourceNodeMap stay
// where they are.
template <class Key, class T>
using ResourceHashMap =
    absl::flat_hash_map<Key, T, absl::Hash<Key>, std::equal_to<Key>,
                        ResourceAllocator<std::pair<const Key, T>>>;
template <class Key, class T>
using ResourceNodeMap =
    absl::node_hash_map<Key, T, absl::Hash<Key>, std::equal_to<Key>,
                        ResourceAllocator<std::pair<const Key, T>>>;

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_RESOURCE_ALLOCATOR_H_
