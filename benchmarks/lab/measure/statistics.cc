#include "benchmarks/lab/measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "benchmarks/lab/net/random.h"

namespace sluice::lab {
namespace {

constexpr int kResamples = 2000;

// The position in `size` sorted values below which `part` (0 … 1) of them lie:
// between the values `below` and `above`.
struct Position {
  Position(size_t size, double part) {
    const double at = part * static_cast<double>(size - 1);
    below = static_cast<size_t>(at);
    above = std::min(below + 1, size - 1);
    weight = at - std::floor(at);
  }
  double Between(double low, double high) const {
    return low * (1 - weight) + high * weight;
  }

  size_t below;
  size_t above;
  double weight;
};

// Of sorted values, at least one.
double Quantile(const std::vector<double>& sorted, double part) {
  const Position position(sorted.size(), part);
  return position.Between(sorted[position.below], sorted[position.above]);
}

// The median of a resample that drew value i `drawn[i]` times.
double ResampleMedian(const std::vector<double>& sorted,
                      const std::vector<uint32_t>& drawn) {
  const Position position(sorted.size(), 0.5);
  size_t i = 0;
  size_t passed = drawn[0];
  while (passed <= position.below) passed += drawn[++i];
  const double low = sorted[i];
  while (passed <= position.above) passed += drawn[++i];
  return position.Between(low, sorted[i]);
}

}  // namespace

std::vector<double> RatiosOfPages(const ByPage& baseline,
                                  const ByPage& policy) {
  std::vector<double> ratios;
  for (const auto& [page, values] : policy) {
    const auto base = baseline.find(page);
    if (base == baseline.end()) continue;
    std::vector<double> of_page;
    for (const auto& [seed, value] : values) {
      const auto of_seed = base->second.find(seed);
      if (of_seed == base->second.end() || value == 0) continue;
      of_page.push_back(of_seed->second / value);
    }
    if (!of_page.empty()) ratios.push_back(Median(std::move(of_page)));
  }
  return ratios;
}

absl::string_view VerdictOf(const Spread& spread) {
  if (spread.count < kLeastPages) return "too few pages";
  if (spread.InsideTheNoise()) return "inside the noise";
  return spread.median > 1 ? "better" : "worse";
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return Quantile(values, 0.5);
}

Spread SpreadOf(std::vector<double> ratios, uint64_t seed) {
  Spread spread;
  spread.count = ratios.size();
  if (ratios.empty()) return spread;
  std::sort(ratios.begin(), ratios.end());
  spread.lower_quartile = Quantile(ratios, 0.25);
  spread.median = Quantile(ratios, 0.5);
  spread.upper_quartile = Quantile(ratios, 0.75);

  SplitMix64 random(seed);
  std::vector<double> medians;
  medians.reserve(kResamples);
  std::vector<uint32_t> drawn(ratios.size());
  for (int i = 0; i < kResamples; ++i) {
    std::fill(drawn.begin(), drawn.end(), 0);
    for (size_t draws = 0; draws < ratios.size(); ++draws) {
      ++drawn[random.Below(ratios.size())];
    }
    medians.push_back(ResampleMedian(ratios, drawn));
  }
  std::sort(medians.begin(), medians.end());
  spread.interval_low = Quantile(medians, 0.025);
  spread.interval_high = Quantile(medians, 0.975);
  return spread;
}

}  // namespace sluice::lab
