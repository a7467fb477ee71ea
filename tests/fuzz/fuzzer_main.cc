// For libFuzzer: the target that this program is linked with.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const sluice::fuzz::Target target =
      sluice::fuzz::Targets().begin()->second;
  target(data, size);
  return 0;
}
