// A fuzz target is a function of bytes that ends the process by abort() when an
// invariant does not hold:
//
//   SLUICE_FUZZ_TARGET(page_fuzz)(const uint8_t* data, size_t size) { … }
//
// fuzzer_main.cc gives libFuzzer the one that is linked; replay_main.cc, which
// all of them share, plays committed inputs to one of them by its name.
#ifndef SLUICE_TESTS_FUZZ_FUZZ_TARGET_H_
#define SLUICE_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace sluice::fuzz {

using Target = void (*)(const uint8_t* data, size_t size);

// By name. Filled before main().
inline std::map<std::string, Target>& Targets() {
  static auto& targets = *new std::map<std::string, Target>;
  return targets;
}

}  // namespace sluice::fuzz

#define SLUICE_FUZZ_TARGET(name)                             \
  static void name(const uint8_t* data, size_t size);        \
  [[maybe_unused]] static const bool name##_is_a_target =    \
      ::sluice::fuzz::Targets().emplace(#name, name).second; \
  static void name

#endif  // SLUICE_TESTS_FUZZ_FUZZ_TARGET_H_
