// The memory of one handle: everything it holds comes from the caller's
// sluice_allocator.
//
// C++ containers cannot be refused a block in the middle of a change. When the
// caller's function returns NULL they get one from malloc() instead, a loan,
// and the change is finished; whoever made the call looks at on_loan() and
// begins none that would want more. So the caller's limit is exceeded by what
// one change takes, and no state is left half made. When malloc() has nothing
// either, the process ends.
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
