#include "tests/fuzz/fuzz_signals.h"

#include <cstdint>
#include <optional>

namespace sluice::fuzz {

using ::sluice::scheduler::ResourceClass;
using ::sluice::scheduler::ResourceHints;
using ::sluice::scheduler::ServerPriority;
using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Priority;

Rfc7540Priority DrawDependency(Input& input) {
  const uint32_t parent = input.Byte();
  return {.depends_on = parent % 4 == 0 ? 0 : 1 + 2 * (parent % 20),
          .weight = static_cast<int>(1 + input.Byte()),
          .exclusive = (parent & 128) != 0};
}

Rfc9218Priority DrawField(Input& input) {
  const uint32_t byte = input.Byte();
  return {static_cast<int>(byte % 8), (byte & 8) != 0};
}

std::optional<ServerPriority> DrawOverride(Input& input) {
  const uint32_t byte = input.Byte();
  if (byte % 4 == 0) return std::nullopt;
  ServerPriority server;
  if (byte & 1) {
    server.rfc9218 =
        Rfc9218Priority{static_cast<int>((byte >> 4) % 8), (byte & 128) != 0};
  }
  if (byte & 2) {
    server.rfc7540 = DrawDependency(input);
  }
  return server;
}

ResourceHints DrawHints(Input& input) {
  const uint32_t byte = input.Byte();
  ResourceHints hints;
  hints.resource_class = static_cast<ResourceClass>(byte % 9);
  hints.in_head = (byte & 16) != 0;
  hints.async_or_defer = (byte & 32) != 0;
  hints.preload = hints.via = (byte & 64) != 0;
  if (byte & 128) hints.bytes_remaining = input.Size();
  return hints;
}

}  // namespace sluice::fuzz
