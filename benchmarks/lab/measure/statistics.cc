#include "benchmarks/lab/measure/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "benchmarks/lab/net/random.h"

namespace sluice::lab {
namespace {

constexpr size_t kDraws = 4'000;
constexpr size_t kDrawsMissed = kDraws * 5 / 100;

// Of sorted values, at least one: below it lie `part` (0 … 1) of them.
double Quantile(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = at - std::floor(at);
  return sorted[below] * (1 - weight) + sorted[above] * weight;
}

// A set of pages by their numbers.
using PageSet = std::vector<uint64_t>;

void Insert(size_t page, PageSet& pages) {
  pages[page / 64] |= uint64_t{1} << (page % 64);
}

// The ratios of a policy, and where its pages lie.
struct PolicyRatios {
  std::vector<double> sorted;
  PageSet pages;
  PageSet above;  // the median

  // [i]: the probability that at most i of as many fair coins show heads.
  std::vector<double> tail;
};

std::vector<double> BinomialTail(size_t coins) {
  std::vector<double> tail;
  double log_of_one = -std::log(2.0) * static_cast<double>(coins);
  double sum = 0;
  for (size_t heads = 0; heads <= coins; ++heads) {
    sum += std::exp(log_of_one);
    tail.push_back(sum);
    log_of_one += std::log(static_cast<double>(coins - heads)) -
                  std::log(static_cast<double>(heads + 1));
  }
  return tail;
}

PolicyRatios Prepare(const PageRatios& ratios,
                     const std::map<absl::string_view, size_t>& numbers) {
  PolicyRatios prepared;
  for (const auto& [page, ratio] : ratios) prepared.sorted.push_back(ratio);
  std::sort(prepared.sorted.begin(), prepared.sorted.end());
  const PageSet none(numbers.size() / 64 + 1);
  prepared.pages = prepared.above = none;
  for (const auto& [page, ratio] : ratios) {
    Insert(numbers.at(page), prepared.pages);
    if (ratio > Quantile(prepared.sorted, 0.5)) {
      Insert(numbers.at(page), prepared.above);
    }
  }
  prepared.tail = BinomialTail(ratios.size());
  return prepared;
}

// The probability that so few pages lie on one side, or fewer, when those of
// `turned` change sides.
double TailOf(const PolicyRatios& policy, const PageSet& turned) {
  size_t above = 0;
  for (size_t i = 0; i < turned.size(); ++i) {
    above += static_cast<size_t>(
        std::popcount((policy.above[i] ^ turned[i]) & policy.pages[i]));
  }
  return policy.tail[std::min(above, policy.sorted.size() - above)];
}

// The probability below which a side has too few pages (statistics.h).
double CriticalTail(const std::vector<PolicyRatios>& policies, size_t words,
                    uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<double> tails;
  tails.reserve(kDraws);
  PageSet turned(words);
  for (size_t i = 0; i < kDraws; ++i) {
    for (uint64_t& word : turned) word = random.Next();
    double least = 1;
    for (const PolicyRatios& policy : policies) {
      if (!policy.sorted.empty()) {
        least = std::min(least, TailOf(policy, turned));
      }
    }
    tails.push_back(least);
  }
  std::nth_element(tails.begin(), tails.begin() + kDrawsMissed, tails.end());
  return tails[kDrawsMissed];
}

}  // namespace

PageRatios RatiosOfPages(const ByPage& baseline, const ByPage& policy) {
  PageRatios ratios;
  for (const auto& [page, values] : policy) {
    const auto base = baseline.find(page);
    if (base == baseline.end()) continue;
    std::vector<double> of_page;
    for (const auto& [seed, value] : values) {
      const auto of_seed = base->second.find(seed);
      if (of_seed == base->second.end() || of_seed->second == 0 || value == 0) {
        continue;
      }
      of_page.push_back(of_seed->second / value);
    }
    if (!of_page.empty()) ratios[page] = Median(std::move(of_page));
  }
  return ratios;
}

absl::string_view VerdictOf(const Spread& spread) {
  if (spread.TooFewPages()) return "too few pages";
  if (spread.InsideTheNoise()) return "inside the noise";
  return spread.median > 1 ? "better" : "worse";
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return Quantile(values, 0.5);
}

size_t LeastPages(size_t policies) {
  size_t pages = 1;
  double outside = static_cast<double>(std::max<size_t>(policies, 1));
  while (outside > 0.05) {  // policies · 2 · 0.5 to the power of pages
    outside /= 2;
    ++pages;
  }
  return pages;
}

std::vector<Spread> SpreadsOf(const std::vector<PageRatios>& policies,
                              uint64_t seed) {
  std::map<absl::string_view, size_t> numbers;  // of the pages
  for (const PageRatios& ratios : policies) {
    for (const auto& [page, ratio] : ratios) {
      numbers.emplace(page, numbers.size());
    }
  }
  std::vector<PolicyRatios> prepared;
  prepared.reserve(policies.size());
  for (const PageRatios& ratios : policies) {
    prepared.push_back(Prepare(ratios, numbers));
  }
  const double critical = CriticalTail(prepared, numbers.size() / 64 + 1, seed);

  std::vector<Spread> spreads;
  for (const PolicyRatios& policy : prepared) {
    const std::vector<double>& sorted = policy.sorted;
    Spread& spread = spreads.emplace_back();
    spread.count = sorted.size();
    spread.least_pages = LeastPages(policies.size());
    if (sorted.empty()) continue;
    spread.lower_quartile = Quantile(sorted, 0.25);
    spread.median = Quantile(sorted, 0.5);
    spread.upper_quartile = Quantile(sorted, 0.75);
    size_t outside = 0;  // r − 1
    while (policy.tail[outside + 1] < critical) ++outside;
    spread.interval_low = sorted[outside];
    spread.interval_high = sorted[sorted.size() - 1 - outside];
  }
  return spreads;
}

}  // namespace sluice::lab
