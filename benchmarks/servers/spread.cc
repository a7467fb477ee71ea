#include "benchmarks/servers/spread.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace sluice::servers {

Spread SpreadOf(std::vector<double> values) {
  absl::c_sort(values);
  const size_t count = values.size();
  return {.median = (values[(count - 1) / 2] + values[count / 2]) / 2,
          .least = values.front(),
          .most = values.back()};
}

std::string SpreadText(const Spread& spread, int digits) {
  return absl::StrFormat("%.*f (%.*f–%.*f)", digits, spread.median, digits,
                         spread.least, digits, spread.most);
}

std::string Padded(absl::string_view text, size_t width) {
  // "–" is one character of three bytes.
  const auto characters = static_cast<size_t>(
      absl::c_count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
  return absl::StrCat(text,
                      std::string(width - std::min(width, characters), ' '));
}

}  // namespace sluice::servers
