#include "benchmarks/lab/summary.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/metrics.h"
#include "benchmarks/lab/random.h"

namespace sluice::lab {
namespace {

constexpr int kResamples = 2000;

// Between the values `below` and `above` of `size` sorted ones, where `part`
// (0 … 1) of all lie lower.
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

size_t IndexOf(absl::string_view name, std::vector<std::string>& names) {
  // The newest is the likeliest: runs come page by page.
  const auto found = std::find(names.rbegin(), names.rend(), name);
  if (found != names.rend()) {
    return static_cast<size_t>(names.rend() - found) - 1;
  }
  names.emplace_back(name);
  return names.size() - 1;
}

// "1.234" or "1.234 ~", of one width.
std::string Ratio(const Spread& spread) {
  if (spread.count == 0) return "–      ";
  return absl::StrFormat("%.3f %s", spread.median,
                         spread.InsideTheNoise() ? "~" : " ");
}

// Right-aligned in `width` columns: UTF-8's dashes are more bytes than columns.
std::string Right(absl::string_view text, size_t width) {
  const size_t columns = static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  return absl::StrCat(std::string(width - std::min(width, columns), ' '), text);
}

}  // namespace

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

void Summary::Add(const Run& run) {
  Sample sample;
  sample.page =
      IndexOf(absl::StrCat(run.page->name, " ", run.page->sha256), pages_);
  sample.signals = IndexOf(run.signals, signals_);
  sample.policy = IndexOf(run.policy, policies_);
  sample.times[kAtfArea] = run.metrics.atf_area_ns;
  sample.times[kRenderCritical] = run.metrics.render_critical_ns;
  sample.times[kAtf] = run.metrics.atf_ns;
  sample.times[kPageLoad] = run.metrics.page_load_ns;
  for (size_t i = 0; i < kResourceTypes; ++i) {
    sample.times[kFirstClass + i] = run.metrics.class_done_ns[i].value_or(0);
  }
  if (const uint64_t bytes = run.page->BodyBytes(); bytes > 0) {
    sample.lower_first = static_cast<double>(run.metrics.lower_first_bytes) /
                         static_cast<double>(bytes);
  }
  samples_.push_back(sample);
}

Spread Summary::Compare(const std::vector<const Sample*>& base,
                        const std::vector<const Sample*>& samples,
                        size_t metric) const {
  std::vector<double> ratios;
  for (size_t page = 0; page < pages_.size(); ++page) {
    if (base[page] == nullptr || samples[page] == nullptr) continue;
    const int64_t time = samples[page]->times[metric];
    if (time == 0) continue;
    ratios.push_back(static_cast<double>(base[page]->times[metric]) /
                     static_cast<double>(time));
  }
  return SpreadOf(std::move(ratios), seed_);
}

struct Summary::Line {
  absl::string_view policy;
  std::vector<const Sample*> samples;  // by page
  std::array<Spread, kMetrics> ratios;
  double lower_first = 0;  // the median
};

// A line for each policy, the best first.
std::vector<Summary::Line> Summary::Lines(size_t signals) const {
  std::vector<Line> lines(policies_.size());
  size_t baseline = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    lines[i].policy = policies_[i];
    lines[i].samples.resize(pages_.size());
    if (policies_[i] == baseline_) baseline = i;
  }
  for (const Sample& sample : samples_) {
    if (sample.signals != signals) continue;
    lines[sample.policy].samples[sample.page] = &sample;
  }
  const std::vector<const Sample*> base = lines[baseline].samples;
  for (Line& line : lines) {
    for (size_t metric = 0; metric < kMetrics; ++metric) {
      line.ratios[metric] = Compare(base, line.samples, metric);
    }
    std::vector<double> lower_first;
    for (const Sample* sample : line.samples) {
      if (sample != nullptr) lower_first.push_back(sample->lower_first);
    }
    if (!lower_first.empty()) line.lower_first = Median(std::move(lower_first));
  }
  std::stable_sort(
      lines.begin(), lines.end(), [](const Line& a, const Line& b) {
        return a.ratios[kAtfArea].median > b.ratios[kAtfArea].median;
      });
  return lines;
}

std::string Summary::TextOf(size_t signals) const {
  const std::vector<Line> lines = Lines(signals);
  size_t width = 6;
  for (const Line& line : lines) width = std::max(width, line.policy.size());

  std::string text = absl::StrFormat(
      "\n  signals %s\n  %-*s  ATF area  quartiles      95 %% interval  "
      "render-critical      ATF    page load\n",
      signals_[signals], static_cast<int>(width), "policy");
  for (const Line& line : lines) {
    const Spread& area = line.ratios[kAtfArea];
    std::string verdict;
    if (line.policy == baseline_) {
      verdict = "baseline";
    } else if (area.count < kLeastPages) {
      verdict = "too few pages";
    } else if (area.InsideTheNoise()) {
      verdict = "inside the noise";
    } else {
      verdict = area.median > 1 ? "better" : "worse";
    }
    if (&line != &lines.front() && line.policy != baseline_ &&
        area.count >= kLeastPages &&
        Compare(lines.front().samples, line.samples, kAtfArea)
            .InsideTheNoise()) {
      absl::StrAppend(&verdict, ", may equal the first");
    }
    absl::StrAppendFormat(
        &text, "  %-*s  %8.3f  %.3f – %.3f  %.3f – %.3f  %s  %s  %s  %s\n",
        static_cast<int>(width), line.policy, area.median, area.lower_quartile,
        area.upper_quartile, area.interval_low, area.interval_high,
        Right(Ratio(line.ratios[kRenderCritical]), 15),
        Right(Ratio(line.ratios[kAtf]), 7),
        Right(Ratio(line.ratios[kPageLoad]), 11), verdict);
  }

  absl::StrAppendFormat(&text, "\n  %-*s", static_cast<int>(width), "policy");
  std::vector<size_t> classes;
  for (size_t i = 0; i < kResourceTypes; ++i) {
    if (lines.front().ratios[kFirstClass + i].count < 2) continue;
    classes.push_back(i);
    absl::StrAppend(
        &text, "  ",
        Right(
            absl::StrCat(ResourceTypeName(static_cast<ResourceType>(i)), "  "),
            8));
  }
  absl::StrAppend(&text, "  lower first\n");
  for (const Line& line : lines) {
    absl::StrAppendFormat(&text, "  %-*s", static_cast<int>(width),
                          line.policy);
    for (const size_t i : classes) {
      absl::StrAppend(&text, "  ",
                      Right(Ratio(line.ratios[kFirstClass + i]), 8));
    }
    absl::StrAppendFormat(&text, "  %9.1f %%\n", 100 * line.lower_first);
  }
  return text;
}

std::string Summary::Text() const {
  if (pages_.size() < 2 || std::find(policies_.begin(), policies_.end(),
                                     baseline_) == policies_.end()) {
    return "";
  }
  std::string text = absl::StrCat(
      "over ", pages_.size(), " pages: median of ", baseline_,
      " ÷ policy, above 1 is better than ", baseline_,
      "\n~ is inside the noise: the 95 % interval of the median holds 1");
  if (pages_.size() < kLeastPages) {
    absl::StrAppend(&text, ", or the pages are fewer than ", kLeastPages);
  }
  absl::StrAppend(
      &text,
      "\nfirst each policy as a whole, then when its classes of resources are "
      "complete,\nand the part of all bytes that came while a more urgent "
      "request was open (median)\n");
  for (size_t i = 0; i < signals_.size(); ++i) {
    absl::StrAppend(&text, TextOf(i));
  }
  return text;
}

}  // namespace sluice::lab
