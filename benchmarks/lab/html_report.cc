#include "benchmarks/lab/html_report.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/byte_columns.h"
#include "benchmarks/lab/run_file.h"
#include "benchmarks/lab/summary.h"
#include "benchmarks/lab/tree_history.h"
#include "benchmarks/lab/version.h"

namespace sluice::lab {
namespace {

using Json = nlohmann::ordered_json;

// Where the results go in the template.
constexpr absl::string_view kTimelines = "<!--timelines-->";
constexpr absl::string_view kIndex = "<!--index-->";

// The metrics that are times, by their keys in JsonLine(); after them, in sums
// over pages, the times of the classes.
constexpr absl::string_view kTimeMetrics[] = {
    "atf_area_ms", "render_critical_ms", "atf_ms", "page_load_ms"};
constexpr size_t kSums = std::size(kTimeMetrics) + kResourceTypes;

// By index in kTimeMetrics or after it; 0: the page has no such resources.
int64_t TimeOf(const Metrics& metrics, size_t metric) {
  const int64_t times[] = {metrics.atf_area_ns, metrics.render_critical_ns,
                           metrics.atf_ns, metrics.page_load_ns};
  static_assert(std::size(times) == std::size(kTimeMetrics));
  return metric < std::size(times)
             ? times[metric]
             : metrics.class_done_ns[metric - std::size(times)].value_or(0);
}

// As JsonLine() rounds.
int64_t Microseconds(int64_t ns) { return (ns + 500) / 1000; }

template <typename T>
size_t IndexOf(std::vector<T>& values, const T& value) {
  const auto found = std::find(values.begin(), values.end(), value);
  if (found != values.end()) {
    return static_cast<size_t>(found - values.begin());
  }
  values.push_back(value);
  return values.size() - 1;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream contents;
  contents << stream.rdbuf();
  if (!stream) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return contents.str();
}

// [id, label, type, bytes, redirect | render critical | above the fold, level,
// final level, initiator or -1, address]
Json ResourceTable(const Page& page) {
  Json table = Json::array();
  for (const Resource& resource : page.resources) {
    table.push_back({resource.id, resource.label,
                     static_cast<int>(resource.type), resource.bytes,
                     (resource.redirect ? 1 : 0) |
                         (resource.render_critical ? 2 : 0) |
                         (resource.above_the_fold ? 4 : 0),
                     static_cast<int>(resource.level),
                     static_cast<int>(resource.FinalLevel()),
                     resource.initiator.has_value()
                         ? static_cast<int64_t>(*resource.initiator)
                         : int64_t{-1},
                     resource.url});
  }
  return table;
}

// Whether the pages leave it open which of two policies is better, given the
// ratios of each page's seeds to the baseline's. They do for a policy and
// itself.
bool MayEqual(const std::map<size_t, std::vector<double>>& best,
              const std::map<size_t, std::vector<double>>& other,
              uint64_t seed) {
  std::vector<double> ratios;
  for (const auto& [page, of_seeds] : best) {
    const auto found = other.find(page);
    if (found == other.end()) continue;
    ratios.push_back(Median(of_seeds) / Median(found->second));
  }
  return SpreadOf(std::move(ratios), seed).InsideTheNoise();
}

std::string Packed(absl::string_view bytes) {
  return absl::Base64Escape(Deflate(bytes));
}

}  // namespace

absl::StatusOr<HtmlTemplate> LoadHtmlTemplate(const std::string& folder) {
  absl::StatusOr<std::string> page = ReadFile(folder + "/report.html");
  if (!page.ok()) return page.status();
  std::string whole;
  for (absl::string_view line : absl::StrSplit(*page, '\n')) {
    absl::string_view name = absl::StripAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&name, "<!--include ") ||
        !absl::ConsumeSuffix(&name, "-->")) {
      absl::StrAppend(&whole, line, "\n");
      continue;
    }
    const absl::StatusOr<std::string> file =
        ReadFile(absl::StrCat(folder, "/", name));
    if (!file.ok()) return file.status();
    const bool is_text = absl::EndsWith(name, ".txt");
    absl::StrAppend(
        &whole,
        is_text ? absl::StrReplaceAll(*file, {{"&", "&amp;"}, {"<", "&lt;"}})
                : *file);
  }
  const std::vector<std::string> by_timelines =
      absl::StrSplit(whole, kTimelines);
  const std::vector<std::string> by_index =
      absl::StrSplit(by_timelines.back(), kIndex);
  if (by_timelines.size() != 2 || by_index.size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        folder, "/report.html: not one ", kTimelines, " before one ", kIndex));
  }
  return HtmlTemplate{by_timelines[0], by_index[0], by_index[1]};
}

HtmlOutput::HtmlOutput(std::ostream& stream, HtmlTemplate page,
                       HtmlOptions options)
    : stream_(stream),
      options_(std::move(options)),
      page_(std::move(page)),
      pages_(Json::array()) {
  stream_ << page_.before_timelines;
}

absl::Status HtmlOutput::Write(const Run& run, const PageLoad& load) {
  const std::pair<std::string, std::string> page(run.page->name,
                                                 run.page->sha256);
  Sample sample = {
      .page = IndexOf(page_names_, page),
      .setting = IndexOf(
          settings_, Setting{run.signals, run.network, run.send_buffer_bytes,
                             run.max_streams, run.late_signals}),
      .policy = IndexOf(policies_, run.policy),
      .seed = run.seed,
      .metrics = run.metrics,
      .turn = 0,
  };
  if (sample.page == pages_.size()) {
    pages_.push_back({{"name", run.page->name},
                      {"sha256", run.page->sha256},
                      {"resources", ResourceTable(*run.page)}});
  }
  ByteWriter writer;
  AppendTimeline(load, writer);
  AppendTreeHistory(TreeHistory(load), writer);
  turns_.resize(settings_.size());
  sample.turn = IndexOf(turns_[sample.setting], sample.page);
  if (sample.turn < turns_with_timelines_) {
    std::string line = absl::StrCat(Packed(writer.bytes()), "\n");
    timelines_size_ += line.size();
    timelines_.emplace(samples_.size(), std::move(line));
  }
  samples_.push_back(std::move(sample));
  MakeRoom();
  return absl::OkStatus();
}

void HtmlOutput::MakeRoom() {
  while (timelines_size_ > options_.max_timelines) {
    size_t last = 0;
    for (const auto& [index, line] : timelines_) {
      last = std::max(last, samples_[index].turn);
    }
    // First pages alone may be too many: then the first that came stay.
    const bool only_first = last == 0;
    for (auto it = only_first ? std::prev(timelines_.end())
                              : timelines_.begin();
         it != timelines_.end();) {
      if (samples_[it->first].turn == last) {
        timelines_size_ -= it->second.size();
        it = timelines_.erase(it);
      } else {
        ++it;
      }
    }
    if (!only_first) turns_with_timelines_ = last;
  }
}

Json HtmlOutput::Summaries() const {
  // By setting, page and seed: the metrics of the baseline.
  std::map<std::tuple<size_t, size_t, uint64_t>, const Metrics*> baseline;
  for (const Sample& sample : samples_) {
    if (policies_[sample.policy] != options_.baseline) continue;
    baseline[{sample.setting, sample.page, sample.seed}] = &sample.metrics;
  }
  Json summaries = Json::array();
  for (size_t metric = 0; metric < kSums; ++metric) {
    // By setting, policy and page: the ratio of each seed.
    std::map<std::pair<size_t, size_t>, std::map<size_t, std::vector<double>>>
        ratios;
    for (const Sample& sample : samples_) {
      const auto base =
          baseline.find({sample.setting, sample.page, sample.seed});
      if (base == baseline.end() || TimeOf(sample.metrics, metric) == 0) {
        continue;
      }
      ratios[{sample.setting, sample.policy}][sample.page].push_back(
          static_cast<double>(TimeOf(*base->second, metric)) /
          static_cast<double>(TimeOf(sample.metrics, metric)));
    }
    // By setting: the policy that is best by its median, the first of several.
    struct Sum {
      size_t policy;
      const std::map<size_t, std::vector<double>>* by_page;
      Spread spread;
    };
    std::map<size_t, std::vector<Sum>> sums;
    for (const auto& [key, by_page] : ratios) {
      std::vector<double> of_pages;
      for (const auto& [page, of_seeds] : by_page) {
        of_pages.push_back(Median(of_seeds));
      }
      sums[key.first].push_back(
          {key.second, &by_page, SpreadOf(std::move(of_pages), options_.seed)});
    }
    for (const auto& [setting, of_setting] : sums) {
      const Sum& best = *std::max_element(
          of_setting.begin(), of_setting.end(), [](const Sum& a, const Sum& b) {
            return a.spread.median < b.spread.median;
          });
      for (const Sum& sum : of_setting) {
        const Spread& spread = sum.spread;
        summaries.push_back(
            {metric, setting, sum.policy, spread.count, spread.lower_quartile,
             spread.median, spread.upper_quartile, spread.interval_low,
             spread.interval_high, spread.InsideTheNoise(),
             MayEqual(*best.by_page, *sum.by_page, options_.seed)});
      }
    }
  }
  return summaries;
}

Json HtmlOutput::Index() const {
  Json index;
  index["version"] = std::string(kLabVersion);
  index["baseline"] = options_.baseline;
  index["pages"] = pages_;
  index["policies"] = policies_;
  Json& settings = index["settings"] = Json::array();
  for (const Setting& setting : settings_) {
    settings.push_back({{"signals", setting.signals},
                        {"network", setting.network},
                        {"send_buffer_bytes", setting.send_buffer_bytes},
                        {"max_streams", setting.max_streams},
                        {"late_signals", setting.late_signals}});
  }
  Json& types = index["types"] = Json::array();
  for (size_t i = 0; i < kResourceTypes; ++i) {
    types.push_back(
        std::string(ResourceTypeName(static_cast<ResourceType>(i))));
  }
  Json& metrics = index["metrics"] = Json::array();
  for (const absl::string_view metric : kTimeMetrics) {
    metrics.push_back(std::string(metric));
  }
  // [page, setting, policy, seed, [microseconds of each metric], lower first
  // bytes, [microseconds of each type or null], microseconds of the reaction or
  // null, line of the timeline or -1]
  Json& runs = index["runs"] = Json::array();
  int64_t line = 0;
  for (size_t i = 0; i < samples_.size(); ++i) {
    const Sample& sample = samples_[i];
    Json times = Json::array();
    for (size_t metric = 0; metric < std::size(kTimeMetrics); ++metric) {
      times.push_back(Microseconds(TimeOf(sample.metrics, metric)));
    }
    Json classes = Json::array();
    for (const std::optional<int64_t>& done : sample.metrics.class_done_ns) {
      classes.push_back(done.has_value() ? Json(Microseconds(*done)) : Json());
    }
    const std::optional<Reaction>& reaction = sample.metrics.reaction;
    runs.push_back(
        {sample.page, sample.setting, sample.policy,
         std::to_string(sample.seed), std::move(times),
         sample.metrics.lower_first_bytes, std::move(classes),
         reaction ? Json(Microseconds(reaction->reaction_ns)) : Json(),
         timelines_.count(i) == 0 ? int64_t{-1} : line++});
  }
  // [metric or, after them, class, setting, policy, pages, lower quartile,
  // median, upper quartile, interval's low, high, inside the noise, may equal
  // the best]
  index["least_pages"] = kLeastPages;
  index["summaries"] = Summaries();
  return index;
}

absl::Status HtmlOutput::Finish() {
  for (const auto& [index, line] : timelines_) stream_ << line;
  stream_ << page_.before_index << Packed(Index().dump()) << page_.after_index;
  return absl::OkStatus();
}

}  // namespace sluice::lab
