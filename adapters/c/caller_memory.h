// The memory of one handle: everything it holds comes from the caller's
// sluice_allocator.
//
// A C++ container cannot stop in the middle of a change for want of a block.
// When the caller's function returns NULL, the container gets a block from
// malloc() instead, a loan, and the change is finished. The C functions look at
// on_loan() and begin no other change that takes memory. So one change may
// exceed the caller's limit, and no state is left half made. When malloc() has
// no block either, the process ends.
#ifndef SLUICE_ADAPTERS_C_CALLER_MEMORY_H_
#define SLUICE_ADAPTERS_C_CALLER_MEMORY_H_

#include <cstddef>
#include <memory_resource>

#include "adapters/c/sluice.h"

namespace sluice::adapters {

class CallerMemory final : public std::pmr::memory_resource {
 public:
  explicit CallerMemory(const sluice_allocator& allocator)
      : allocator_(allocator) {}
  // Everything must have been given back.
  CallerMemory(const CallerMemory&) = delete;
  CallerMemory& operator=(const CallerMemory&) = delete;

  const sluice_allocator& allocator() const { return allocator_; }

  // Bytes that came from malloc() and are in use.
  size_t on_loan() const { return on_loan_; }

 private:
  struct Loan;

  void* do_allocate(size_t bytes, size_t alignment) override;
  void do_deallocate(void* block, size_t bytes, size_t alignment) override;
  bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  void* Borrow(size_t bytes, size_t alignment);
  // Whether `block` was on loan. O(loans).
  bool PayBack(void* block);

  const sluice_allocator allocator_;
  Loan* loans_ = nullptr;
  size_t on_loan_ = 0;
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_C_CALLER_MEMORY_H_
