// Fuzzes the priority tree against its oracle.
//
// Operations: insert, reprioritise, close, remove, ready, blocked, pick and
// charge, on ids 0…31, any of them inside a pull. Invariants: after each
// operation the tree and the oracle agree on the result, the shape, who was
// picked and every tag, and CheckInvariants() holds.
//
// Input: the first byte chooses the limits, then each operation takes a byte of
// kind and id and up to four bytes of arguments.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "tests/priority/tree_program.h"

namespace sluice::priority {
namespace {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  // 0 when nothing is left.
  unsigned Byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

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

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace priority = sluice::priority;
  priority::Input input(data, size);
  const unsigned limits = input.Byte();
  const priority::PriorityTreeOptions options = {
      .max_nodes = limits & 1 ? 6u : 40u,
      .max_closed = (limits >> 1) & 3,
      .max_idle = limits & 8 ? 3u : 40u,
      .max_grant = limits & 16 ? 1u : 16384u,
      .large_queues = limits & 32 ? 0u : 1u,
      .max_depth = limits & 64 ? 4u : 0u,
  };
  priority::TreePair<priority::ByteFairOrder> pair(options);
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
  return 0;
}
