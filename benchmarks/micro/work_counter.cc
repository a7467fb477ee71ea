#include "benchmarks/micro/work_counter.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstring>

extern "C" {
// glibc's own, behind the names that are replaced below.
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace sluice::benchmarks {
namespace {

Work work;

using Copy = void* (*)(void*, const void*, size_t);

// The loader may copy before dlsym() works: byte by byte then.
void* CopyPlainly(void* to, const void* from, size_t bytes) {
  auto* out = static_cast<volatile char*>(to);
  const auto* in = static_cast<const char*>(from);
  const bool backwards = to > from;
  for (size_t i = 0; i < bytes; ++i) {
    const size_t at = backwards ? bytes - 1 - i : i;
    out[at] = in[at];
  }
  return to;
}

void* CountedCopy(const char* name, Copy* next, void* to, const void* from,
                  size_t bytes) {
  work.copied_bytes += bytes;
  if (*next == nullptr) {
    *next = CopyPlainly;  // dlsym() itself may copy
    *next = reinterpret_cast<Copy>(dlsym(RTLD_NEXT, name));
  }
  return (*next)(to, from, bytes);
}

Copy next_memcpy = nullptr;
Copy next_memmove = nullptr;

}  // namespace

Work WorkSoFar() { return work; }

}  // namespace sluice::benchmarks

extern "C" {

using sluice::benchmarks::CountedCopy;
using sluice::benchmarks::work;

void* memcpy(void* to, const void* from, size_t bytes) {
  return CountedCopy("memcpy", &sluice::benchmarks::next_memcpy, to, from,
                     bytes);
}

void* memmove(void* to, const void* from, size_t bytes) {
  return CountedCopy("memmove", &sluice::benchmarks::next_memmove, to, from,
                     bytes);
}

void* malloc(size_t bytes) {
  ++work.allocations;
  return __libc_malloc(bytes);
}

void* calloc(size_t count, size_t bytes) {
  ++work.allocations;
  return __libc_calloc(count, bytes);
}

void* realloc(void* old, size_t bytes) {
  ++work.allocations;
  return __libc_realloc(old, bytes);
}

// The operator new for types with an alignment calls it.
void* aligned_alloc(size_t alignment, size_t bytes) {
  ++work.allocations;
  return __libc_memalign(alignment, bytes);
}

}  // extern "C"
