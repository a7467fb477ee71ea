#include "benchmarks/probe/script.h"

#include <cstddef>
#include <cstdint>
#include <variant>

namespace sluice::probe {

size_t StreamsOf(const Script& script) {
  size_t streams = 0;
  for (const Phase& phase : script.phases) {
    for (const Action& action : phase.actions) {
      if (std::holds_alternative<Ask>(action)) ++streams;
    }
  }
  return streams;
}

int64_t BytesOf(const Script& script) {
  int64_t bytes = kFirstWindow;
  for (const Phase& phase : script.phases) bytes += phase.choices * kGrant;
  return bytes;
}

}  // namespace sluice::probe
