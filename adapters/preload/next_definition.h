// The functions that this library stands in front of.
//
// The loader gives a program the first definition of a name, which is the
// preloaded library's; this is the one behind it. This library needs no
// libnghttp2 itself: the program's is found at the first call, or that of a
// plugin, which may bring its own.
#ifndef SLUICE_ADAPTERS_PRELOAD_NEXT_DEFINITION_H_
#define SLUICE_ADAPTERS_PRELOAD_NEXT_DEFINITION_H_

#include <atomic>

namespace sluice::adapters {

// Null: there is none.
void* NextDefinition(const char* name);

namespace internal {

// The next definition of a function, which `Name::Find()` returns. At first it
// points to a function that looks it up, so a call asks nothing and saves no
// registers for the look-up.
template <class Name, class Function>
class Next;

template <class Name, class Result, class... Args>
class Next<Name, Result(Args...)> {
 public:
  using Pointer = Result (*)(Args...);
  static Pointer Get() { return next_.load(std::memory_order_relaxed); }

 private:
  static Result FindAndCall(Args... args) {
    const auto found = reinterpret_cast<Pointer>(Name::Find());
    next_.store(found, std::memory_order_relaxed);
    return found(args...);
  }
  static constinit inline std::atomic<Pointer> next_ = FindAndCall;
};

}  // namespace internal
}  // namespace sluice::adapters

// A pointer of `function`'s type that calls its next definition. That is looked
// up once; there must be one when it is called.
#define SLUICE_NEXT(function) \
  SLUICE_NEXT_FOUND_BY(function, ::sluice::adapters::NextDefinition(#function))

// Of a form that later releases than the headers have, as `name`; `older` has
// the same arguments. A program finds the newer name here with every release,
// so it may call it with one that has none.
#define SLUICE_NEXT_FORM(function, name, older)                           \
  SLUICE_NEXT_FOUND_BY(function, [] {                                     \
    void* const newer = ::sluice::adapters::NextDefinition(name);         \
    return newer != nullptr ? newer                                       \
                            : ::sluice::adapters::NextDefinition(#older); \
  }())

#define SLUICE_NEXT_FOUND_BY(function, find)                          \
  ([] {                                                               \
    struct Name {                                                     \
      static void* Find() { return find; }                            \
    };                                                                \
    using Found =                                                     \
        ::sluice::adapters::internal::Next<Name, decltype(function)>; \
    return Found::Get();                                              \
  }())

#endif  // SLUICE_ADAPTERS_PRELOAD_NEXT_DEFINITION_H_
