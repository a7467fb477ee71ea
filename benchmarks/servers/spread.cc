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

size_t CharactersOf(absl::string_view text) {
  return static_cast<size_t>(
      absl::c_count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string SizeName(size_t bytes) {
  constexpr size_t kKb = 1024;
  if (bytes > 0 && bytes % (kKb * kKb) == 0) {
    return absl::StrCat(bytes / (kKb * kKb), " MB");
  }
  if (bytes > 0 && bytes % kKb == 0) return absl::StrCat(bytes / kKb, " KB");
  return absl::StrCat(bytes, " bytes");
}

std::string Padded(absl::string_view text, size_t width) {
  return absl::StrCat(
      text, std::string(width - std::min(width, CharactersOf(text)), ' '));
}

}  // namespace sluice::servers
