#include "benchmarks/lab/summary.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/random.h"

namespace sluice::lab {
namespace {

constexpr int kResamples = 2000;

// Of sorted values, at least one; `part` from 0 to 1.
double Quantile(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = at - std::floor(at);
  return sorted[below] * (1 - weight) + sorted[above] * weight;
}

// The distinct values of one member of the samples, in order of appearance.
template <typename Samples, typename Member>
std::vector<std::string> Distinct(const Samples& samples, Member member) {
  std::vector<std::string> values;
  for (const auto& sample : samples) {
    if (std::find(values.begin(), values.end(), sample.*member) ==
        values.end()) {
      values.push_back(sample.*member);
    }
  }
  return values;
}

}  // namespace

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
  std::vector<double> resample(ratios.size());
  for (int i = 0; i < kResamples; ++i) {
    for (double& ratio : resample) ratio = ratios[random.Below(ratios.size())];
    std::sort(resample.begin(), resample.end());
    medians.push_back(Quantile(resample, 0.5));
  }
  std::sort(medians.begin(), medians.end());
  spread.interval_low = Quantile(medians, 0.025);
  spread.interval_high = Quantile(medians, 0.975);
  return spread;
}

void Summary::Add(absl::string_view page, absl::string_view signals,
                  absl::string_view policy, const Metrics& metrics) {
  samples_.push_back(
      {std::string(page), std::string(signals), std::string(policy), metrics});
}

std::vector<double> Summary::Ratios(const std::string& signals,
                                    const std::string& policy,
                                    int64_t Metrics::*metric) const {
  std::vector<double> ratios;
  for (const Sample& sample : samples_) {
    if (sample.signals != signals || sample.policy != policy) continue;
    for (const Sample& base : samples_) {
      if (base.page != sample.page || base.signals != signals ||
          base.policy != baseline_) {
        continue;
      }
      // 0: the page has no such resources.
      if (sample.metrics.*metric > 0) {
        ratios.push_back(static_cast<double>(base.metrics.*metric) /
                         static_cast<double>(sample.metrics.*metric));
      }
      break;
    }
  }
  return ratios;
}

std::string Summary::TextOf(const std::string& signals) const {
  struct Line {
    std::string policy;
    Spread area;
    double render_critical;
    double atf;
    double page_load;
  };
  std::vector<Line> lines;
  size_t width = 6;
  for (const std::string& policy : Distinct(samples_, &Sample::policy)) {
    auto spread = [&](int64_t Metrics::*metric) {
      return SpreadOf(Ratios(signals, policy, metric), seed_);
    };
    lines.push_back({policy, spread(&Metrics::atf_area_ns),
                     spread(&Metrics::render_critical_ns).median,
                     spread(&Metrics::atf_ns).median,
                     spread(&Metrics::page_load_ns).median});
    width = std::max(width, policy.size());
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) {
                     return a.area.median > b.area.median;
                   });
  std::string text = absl::StrFormat(
      "  %-*s  %8s  %13s  %13s  %15s  %6s  %9s\n", width, "policy", "ATF area",
      "quartiles", "95 % interval", "render-critical", "ATF", "page load");
  for (const Line& line : lines) {
    const Spread& area = line.area;
    const bool noise = area.interval_low <= 1 && 1 <= area.interval_high;
    absl::StrAppendFormat(
        &text,
        "  %-*s  %8.3f  %5.3f – %5.3f  %5.3f – %5.3f  %15.3f  %6.3f  "
        "%9.3f%s\n",
        width, line.policy, area.median, area.lower_quartile,
        area.upper_quartile, area.interval_low, area.interval_high,
        line.render_critical, line.atf, line.page_load,
        noise && line.policy != baseline_ ? "  inside the noise" : "");
  }
  return text;
}

std::string Summary::Text() const {
  const std::vector<std::string> pages = Distinct(samples_, &Sample::page);
  const std::vector<std::string> policies = Distinct(samples_, &Sample::policy);
  if (pages.size() < 2 || std::find(policies.begin(), policies.end(),
                                    baseline_) == policies.end()) {
    return "";
  }
  std::string text =
      absl::StrCat("over ", pages.size(), " pages: median of ", baseline_,
                   " ÷ policy, above 1 is better than ", baseline_, "\n");
  for (const std::string& signals : Distinct(samples_, &Sample::signals)) {
    absl::StrAppend(&text, "\n  signals ", signals, "\n", TextOf(signals));
  }
  return text;
}

}  // namespace sluice::lab
