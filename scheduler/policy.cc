#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <memory_resource>
#include <new>

namespace sluice::scheduler {
namespace {

using Memory = std::pmr::memory_resource*;

// Before each policy stands the resource that it came from.
constexpr size_t kPrefix = alignof(std::max_align_t);
static_assert(sizeof(Memory) <= kPrefix);

}  // namespace

void* Policy::operator new(size_t size, std::pmr::memory_resource* memory) {
  void* block = memory->allocate(kPrefix + size, kPrefix);
  ::new (block) Memory(memory);
  return static_cast<std::byte*>(block) + kPrefix;
}

void Policy::operator delete(void* policy, size_t size) {
  void* block = static_cast<std::byte*>(policy) - kPrefix;
  const Memory memory = *static_cast<Memory*>(block);
  memory->deallocate(block, kPrefix + size, kPrefix);
}

}  // namespace sluice::scheduler
