// Draws from a fuzzer's input: bytes, sizes, and every limit and option of a
// connection. A limit keeps its default, or is so small that a short input
// reaches it.
#ifndef SLUICE_TESTS_FUZZ_FUZZ_INPUT_H_
#define SLUICE_TESTS_FUZZ_FUZZ_INPUT_H_

#include <sluice/h2/options.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size)
      : bytes_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return bytes_.empty(); }
  // 0 when nothing is left, as are all below.
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  bool Flag() { return (Byte() & 1) != 0; }
  std::string Bytes(size_t most) {
    const std::string bytes(bytes_.substr(0, most));
    bytes_.remove_prefix(bytes.size());
    return bytes;
  }
  // Few bytes or many, from 1 up to half a MiB; large ones are rare.
  uint32_t Size() {
    const uint32_t byte = Byte();
    return (1 + (byte & 15)) << (byte >> 4);
  }
  // A limit: small, or `usual`.
  size_t Limit(size_t usual) {
    constexpr size_t kSmall[] = {0,  1,   2,   3,    7,    9,
                                 64, 200, 777, 1000, 5000, 16384};
    const uint8_t byte = Byte() % 16;
    return byte > 0 && byte <= std::size(kSmall) ? kSmall[byte - 1] : usual;
  }

 private:
  absl::string_view bytes_;
};

// Limits that bound our own output and memory. Whatever they are, a peer that
// keeps the rules notices no more than slowness.
void DrawHarmlessLimits(Input& input, h2::Limits* limits);

// One budget of few tokens, which are never given back but by useful work.
void DrawSmallBudget(Input& input, h2::BudgetSet* budgets);

// Budgets that no input uses up.
h2::BudgetSet AmpleBudgets();

// Limits that end streams or connections by ENHANCE_YOUR_CALM.
void DrawHarmfulLimits(Input& input, h2::Limits* limits);

// Settings of ours, to begin with or to change to. Each is legal.
std::vector<h2::Setting> DrawSettings(Input& input, h2::Side side);

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_FUZZ_INPUT_H_
