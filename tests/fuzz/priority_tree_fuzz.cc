// Fuzzes the priority tree against its oracle.
//
// Operations: insert, reprioritise, close, remove, ready, blocked, pick and
// charge, on ids 0…31, any of them inside a pull. Invariants: after each
// operation the tree and the oracle agree on the result, the shape, the picked
// stream and every tag, and CheckInvariants() holds.
//
// Input: the first bytes choose the limits, then each operation takes a byte of
// kind and id and up to four bytes of arguments.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>

#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/priority/tree_program.h"

namespace sluice::priority {
namespace {

using fuzz::Input;

Rfc7540Priority ReadPriority(Input& input) {
  const unsigned parent = input.Byte();
  const auto weight = static_cast<int>(input.Byte()) + 1;
  return {.depends_on = parent & 31,
          .weight = parent & 64 ? 257 : weight,  // refused
          .exclusive = (parent & 128) != 0};
}

TreeOp ReadOp(Input& input, size_t max_grant) {
  const unsigned first = input.Byte();
  const StreamId id = first & 31;
  switch (first >> 5) {
    case 0:
      return InsertOp{id, ReadPriority(input)};
    case 1:
      return ReprioritiseOp{id, ReadPriority(input)};
    case 2:
      return ReadyOp{id};
    case 3:
      return BlockedOp{id};
    case 4:
      return PickOp{};
    case 5:
      // In sixteenths of the grant, or few bytes.
      return ChargeOp{id < 16 ? max_grant * (id + 1) / 16
                              : (id - 16) * (id - 16) % (max_grant + 1)};
    case 6:
      return CloseOp{id};
    default:
      if (input.Byte() & 1) return InsertOp{id, std::nullopt};
      return RemoveOp{id};
  }
}

}  // namespace
}  // namespace sluice::priority

SLUICE_FUZZ_TARGET(priority_tree_fuzz)(const uint8_t* data, size_t size) {
  namespace priority = sluice::priority;
  sluice::fuzz::Input input(data, size);
  constexpr size_t kSmall[] = {0, 1, 2, 3, 6, 40};
  const auto small = [&] { return kSmall[input.Byte() % std::size(kSmall)]; };
  const priority::PriorityTreeOptions options = {
      .max_nodes = std::max<size_t>(small(), 1),
      .max_closed = small(),
      .max_idle = small(),
      .max_grant = std::max<size_t>(input.Limit(16384), 1),
      .large_queues = input.Byte() % 3u,
  };
  priority::TreePair pair(options);
  std::string program;
  while (!input.empty()) {
    const priority::TreeOp op = priority::ReadOp(input, options.max_grant);
    if (const std::optional<std::string> difference = pair.Run(op)) {
      std::fprintf(stderr, "%s%s\n%s\n", program.c_str(),
                   priority::ToText(op).c_str(), difference->c_str());
      std::abort();
    }
    program += priority::ToText(op) + "\n";
  }
}
