// The functions that this library stands in front of.
//
// The loader gives a program the first definition of a name, which is the
// preloaded library's; this is the one behind it. This library needs no
// libnghttp2 itself: the program's is found at the first call, or that of a
// plugin, which may bring its own.
#ifndef SLUICE_ADAPTERS_PRELOAD_NEXT_DEFINITION_H_
#define SLUICE_ADAPTERS_PRELOAD_NEXT_DEFINITION_H_

namespace sluice::adapters {

// Null: there is none.
void* NextDefinition(const char* name);

}  // namespace sluice::adapters

// The next definition of `function`, as a pointer of its type; null: there is
// none. It is looked up once. `name` is the symbol, where that is another.
#define SLUICE_NEXT_NAMED(function, name)                             \
  ([] {                                                               \
    static const auto next = reinterpret_cast<decltype(&(function))>( \
        ::sluice::adapters::NextDefinition(name));                    \
    return next;                                                      \
  }())
#define SLUICE_NEXT(function) SLUICE_NEXT_NAMED(function, #function)

// Of a form that later releases than the headers have, as `name`; `older` has
// the same arguments. A program finds the newer name here with every release,
// so it may call it with one that has none.
#define SLUICE_NEXT_FORM(function, name, older)          \
  ([] {                                                  \
    const auto next = SLUICE_NEXT_NAMED(function, name); \
    return next == nullptr ? SLUICE_NEXT(older) : next;  \
  }())

#endif  // SLUICE_ADAPTERS_PRELOAD_NEXT_DEFINITION_H_
