// The figures of several runs together, and cells of a table to read.
#ifndef SLUICE_BENCHMARKS_SERVERS_SPREAD_H_
#define SLUICE_BENCHMARKS_SERVERS_SPREAD_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::servers {

struct Spread {
  double median = 0;  // of an even number of values: the mean of the middle two
  double least = 0;
  double most = 0;

  friend bool operator==(const Spread&, const Spread&) = default;
};

// Of at least one value.
Spread SpreadOf(std::vector<double> values);

// "4.3 (4.2–4.5)", with `digits` behind the point.
std::string SpreadText(const Spread& spread, int digits);

// "–" is one character of three bytes.
size_t CharactersOf(absl::string_view text);

// `text` and spaces to `width` characters.
std::string Padded(absl::string_view text, size_t width);

// "1 KB", "1 MB", "100 bytes".
std::string SizeName(size_t bytes);

// For nlohmann::json.
template <typename Json>
void to_json(Json& json, const Spread& spread) {
  json = Json{{"median", spread.median},
              {"least", spread.least},
              {"most", spread.most}};
}

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_SPREAD_H_
