#include "benchmarks/lab/results/summary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {
namespace {

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

// A line for each policy, the best first.
absl::StatusOr<std::vector<Summary::Line>> Summary::Lines(
    size_t setting) const {
  std::vector<Line> lines(samples_.policies().size());
  const absl::StatusOr<std::vector<Standing>> standings =
      samples_.Standings(setting, baseline_.name, kPaintedArea, seed_);
  if (!standings.ok()) return standings.status();
  for (const Standing& standing : *standings) {
    lines[standing.policy].ratios[kPaintedArea] = standing.spread;
    lines[standing.policy].may_equal_first = standing.may_equal_best;
  }
  const size_t baseline = samples_.IndexOfPolicy(baseline_.name);
  for (size_t metric = 0; metric < kAllTimeMetrics; ++metric) {
    if (metric == kPaintedArea) continue;
    const absl::StatusOr<std::vector<Spread>> ratios =
        samples_.Against(setting, baseline, metric, seed_);
    if (!ratios.ok()) return ratios.status();
    for (size_t policy = 0; policy < lines.size(); ++policy) {
      lines[policy].ratios[metric] = (*ratios)[policy];
    }
  }
  for (size_t policy = 0; policy < lines.size(); ++policy) {
    lines[policy].policy = policy;
    const absl::StatusOr<ByPage> parts =
        samples_.Values(setting, policy, [this](const Sample& sample) {
          const auto bytes =
              static_cast<double>(samples_.pages()[sample.page].body_bytes);
          const auto lower_first =
              static_cast<double>(sample.metrics.lower_first_bytes);
          return bytes == 0 ? 0 : lower_first / bytes;
        });
    if (!parts.ok()) return parts.status();
    std::vector<double> lower_first;
    for (const auto& [page, by_seed] : *parts) {
      for (const auto& [seed, part] : by_seed) lower_first.push_back(part);
    }
    if (!lower_first.empty()) {
      lines[policy].lower_first = Median(std::move(lower_first));
    }
  }
  std::stable_sort(
      lines.begin(), lines.end(), [](const Line& a, const Line& b) {
        return a.ratios[kPaintedArea].median > b.ratios[kPaintedArea].median;
      });
  return lines;
}

std::string Summary::TextOf(size_t setting,
                            const std::vector<Line>& lines) const {
  const auto name = [this](const Line& line) -> const std::string& {
    return samples_.policies()[line.policy];
  };
  const absl::string_view compared = ComparedName(baseline_.compared);
  size_t width = compared.size();
  for (const Line& line : lines) width = std::max(width, name(line).size());

  std::string text = absl::StrFormat(
      "\n  %s\n  %-*s  painted area  quartiles      95 %% interval  "
      "LCP candidate    render-critical    ATF area    page load\n",
      SettingInWords(samples_.settings()[setting], samples_.settings()),
      static_cast<int>(width), compared);
  for (const Line& line : lines) {
    const Spread& area = line.ratios[kPaintedArea];
    std::string verdict(name(line) == baseline_.name ? "baseline"
                                                     : VerdictOf(area));
    if (&line != &lines.front() && name(line) != baseline_.name &&
        !area.TooFewPages() && line.may_equal_first) {
      absl::StrAppend(&verdict, ", may equal the first");
    }
    absl::StrAppendFormat(
        &text, "  %-*s  %12.3f  %.3f – %.3f  %.3f – %.3f  %s  %s  %s  %s  %s\n",
        static_cast<int>(width), name(line), area.median, area.lower_quartile,
        area.upper_quartile, area.interval_low, area.interval_high,
        Right(Ratio(line.ratios[kLcpCandidate]), 15),
        Right(Ratio(line.ratios[kRenderCritical]), 17),
        Right(Ratio(line.ratios[kAtfArea]), 10),
        Right(Ratio(line.ratios[kPageLoad]), 11), verdict);
  }

  absl::StrAppendFormat(&text, "\n  %-*s", static_cast<int>(width), compared);
  std::vector<size_t> classes;
  for (size_t i = 0; i < kResourceTypes; ++i) {
    if (lines.front().ratios[kTimeMetrics + i].count < 2) continue;
    classes.push_back(i);
    absl::StrAppend(
        &text, "  ",
        Right(
            absl::StrCat(ResourceTypeName(static_cast<ResourceType>(i)), "  "),
            8));
  }
  absl::StrAppend(&text, "  lower first\n");
  for (const Line& line : lines) {
    absl::StrAppendFormat(&text, "  %-*s", static_cast<int>(width), name(line));
    for (const size_t i : classes) {
      absl::StrAppend(&text, "  ",
                      Right(Ratio(line.ratios[kTimeMetrics + i]), 8));
    }
    absl::StrAppendFormat(&text, "  %9.1f %%\n", 100 * line.lower_first);
  }
  return text;
}

absl::StatusOr<std::string> Summary::Text() const {
  const size_t pages = samples_.pages().size();
  const std::vector<std::string>& policies = samples_.policies();
  const absl::string_view compared = ComparedName(baseline_.compared);
  if (pages < 2) return "";
  if (samples_.IndexOfPolicy(baseline_.name) == policies.size()) {
    return absl::StrCat("no sums over the ", pages, " pages: the baseline, ",
                        compared, " ", baseline_.name,
                        ", is not among the runs\n");
  }
  std::string text = absl::StrCat(
      "over ", pages, " pages: median of ", baseline_.name, " ÷ ", compared,
      ", above 1 is better than ", baseline_.name,
      "\n~ is inside the noise: the 95 % interval of the median holds 1 (the "
      "intervals of\nall policies hold together)");
  if (pages < samples_.LeastPages()) {
    absl::StrAppend(&text, ", or the pages are fewer than ",
                    samples_.LeastPages());
  }
  absl::StrAppend(
      &text,
      "\nfirst each as a whole, then when its classes of resources are "
      "complete,\nand the part of all bytes that came while a more urgent "
      "request was open (median)\n");
  for (size_t i = 0; i < samples_.settings().size(); ++i) {
    const absl::StatusOr<std::vector<Line>> lines = Lines(i);
    if (!lines.ok()) return lines.status();
    absl::StrAppend(&text, TextOf(i, *lines));
  }
  return text;
}

}  // namespace sluice::lab
