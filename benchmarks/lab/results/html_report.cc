#include "benchmarks/lab/results/html_report.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/statistics.h"
#include "benchmarks/lab/measure/tree_history.h"
#include "benchmarks/lab/measure/version.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/html_includes.h"
#include "benchmarks/lab/results/run_file.h"

namespace sluice::lab {
namespace {

using Json = nlohmann::ordered_json;

// The places of the results in the template.
constexpr absl::string_view kTimelines = "<!--timelines-->";
constexpr absl::string_view kIndex = "<!--index-->";

// Of timelines that are deflated together: the cost of a look at one run.
constexpr size_t kMaxLineBytes = 1 << 20;

// As JsonLine() rounds.
int64_t Microseconds(int64_t ns) { return (ns + 500) / 1000; }

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

// [page, setting, policy, seed, [microseconds of each metric], lower first
// bytes, [microseconds of each type or null], microseconds of the reaction or
// null, line of the timeline or -1, its place in the line]
Json RunRow(const Sample& sample, int64_t line, size_t place) {
  Json times = Json::array();
  for (size_t metric = 0; metric < kTimeMetrics; ++metric) {
    times.push_back(Microseconds(TimeOf(sample.metrics, metric)));
  }
  Json classes = Json::array();
  for (const std::optional<int64_t>& done : sample.metrics.class_done_ns) {
    classes.push_back(done.has_value() ? Json(Microseconds(*done)) : Json());
  }
  const std::optional<Reaction>& reaction = sample.metrics.reaction;
  return {sample.page,
          sample.setting,
          sample.policy,
          std::to_string(sample.seed),
          std::move(times),
          sample.metrics.lower_first_bytes,
          std::move(classes),
          reaction ? Json(Microseconds(reaction->reaction_ns)) : Json(),
          line,
          place};
}

}  // namespace

absl::StatusOr<HtmlTemplate> LoadHtmlTemplate(const std::string& folder) {
  const absl::StatusOr<std::string> whole =
      ReadWithIncludes(folder + "/report.html");
  if (!whole.ok()) return whole.status();
  const std::vector<std::string> by_timelines =
      absl::StrSplit(*whole, kTimelines);
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
      // A load is of a page and a policy, so these stay apart.
      samples_(options_.baseline.compared == Compared::kPage
                   ? Compared::kPolicy
                   : options_.baseline.compared) {
  stream_ << page_.before_timelines;
}

absl::Status HtmlOutput::Write(const Run& run, const PageLoad& load) {
  const absl::StatusOr<Sample> sample = samples_.Add(run);
  if (!sample.ok()) return sample.status();
  if (run.best.has_value()) {
    best_[{sample->page, sample->setting, sample->seed}] = *run.best;
  }
  if (sample->page == tables_) {
    const Json table = {{"name", run.page->name},
                        {"sha256", run.page->sha256},
                        {"warnings", PageWarnings(*run.page)},
                        {"resources", ResourceTable(*run.page)}};
    absl::StrAppend(&pages_, tables_ > 0 ? "," : "", table.dump());
    ++tables_;
  }
  if (runs_in_line_ > 0 &&
      (sample->page != first_.page || sample->setting != first_.setting ||
       sample->seed != first_.seed || line_.bytes().size() > kMaxLineBytes)) {
    if (absl::Status status = EndLine(); !status.ok()) return status;
  }
  if (runs_in_line_ == 0) first_ = *sample;
  ++runs_in_line_;
  ByteWriter timeline;
  AppendTimeline(load, timeline);
  AppendTreeHistory(TreeHistory(load), timeline);
  line_.Text(timeline.bytes());
  return absl::OkStatus();
}

absl::Status HtmlOutput::EndLine() {
  if (runs_in_line_ == 0) return absl::OkStatus();
  const std::string text =
      absl::StrCat(absl::Base64Escape(Deflate(line_.Take())), "\n");
  const std::string& network = samples_.settings()[first_.setting].network;
  const Line line = {.offset = timelines_.size(),
                     .size = text.size(),
                     .runs = runs_in_line_,
                     .round = rounds_[{first_.page, network, first_.policy}]++};
  line_ = ByteWriter();
  runs_in_line_ = 0;
  if (absl::Status status = lines_.Append(line); !status.ok()) return status;
  return timelines_.Append(text);
}

absl::StatusOr<std::vector<bool>> HtmlOutput::ChooseLines() const {
  std::vector<bool> chosen(lines_.size());
  size_t characters = 0;
  bool more = true;
  for (uint64_t round = 0; more; ++round) {
    more = false;
    for (size_t i = 0; i < chosen.size(); ++i) {
      const absl::StatusOr<Line> line = lines_.Read(i);
      if (!line.ok()) return line.status();
      if (line->round != round ||
          characters + line->size > options_.max_timelines) {
        continue;
      }
      characters += line->size;
      chosen[i] = true;
      more = true;
    }
  }
  return chosen;
}

absl::Status HtmlOutput::WriteTimelines(const std::vector<bool>& chosen) {
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i]) continue;
    const absl::StatusOr<Line> line = lines_.Read(i);
    if (!line.ok()) return line.status();
    const absl::StatusOr<std::string> text =
        timelines_.Read(line->offset, line->size);
    if (!text.ok()) return text.status();
    stream_ << *text;
  }
  return absl::OkStatus();
}

absl::StatusOr<Json> HtmlOutput::Summaries() const {
  Json summaries = Json::array();
  for (size_t metric = 0; metric < kAllTimeMetrics; ++metric) {
    for (size_t setting = 0; setting < samples_.settings().size(); ++setting) {
      const absl::StatusOr<std::vector<Standing>> standings =
          samples_.Standings(setting, options_.baseline.name, metric,
                             options_.seed);
      if (!standings.ok()) return standings.status();
      for (const Standing& standing : *standings) {
        const Spread& spread = standing.spread;
        if (spread.count == 0) continue;
        summaries.push_back({metric, setting, standing.policy, spread.count,
                             spread.lower_quartile, spread.median,
                             spread.upper_quartile, spread.interval_low,
                             spread.interval_high, spread.InsideTheNoise(),
                             standing.may_equal_best});
      }
    }
  }
  return summaries;
}

absl::Status HtmlOutput::WriteIndex(const std::vector<bool>& chosen) {
  Json head;
  head["version"] = std::string(kLabVersion);
  head["compared"] = std::string(ComparedName(options_.baseline.compared));
  head["baseline"] = options_.baseline.name;
  head["policies"] = samples_.policies();
  Json& settings = head["settings"] = Json::array();
  for (const Setting& setting : samples_.settings()) {
    const std::string signals = SignalsInWords(setting);
    settings.push_back(
        {{"signals", setting.policy.empty()
                         ? signals
                         : absl::StrCat(setting.policy,
                                        signals.empty() ? "" : ", ", signals)},
         {"network", setting.network},
         {"send_buffer_bytes", setting.send_buffer_bytes},
         {"max_streams", setting.max_streams},
         {"late_signals", setting.late_signals}});
  }
  Json& types = head["types"] = Json::array();
  for (size_t i = 0; i < kResourceTypes; ++i) {
    types.push_back(
        std::string(ResourceTypeName(static_cast<ResourceType>(i))));
  }
  Json& metrics = head["metrics"] = Json::array();
  for (size_t metric = 0; metric < kTimeMetrics; ++metric) {
    metrics.push_back(TimeMetricName(metric));
  }
  // [metric or, after them, class, setting, policy, pages, lower quartile,
  // median, upper quartile, interval's low, high, inside the noise, may equal
  // the best]
  absl::StatusOr<Json> summaries = Summaries();
  if (!summaries.ok()) return summaries.status();
  head["least_pages"] = samples_.LeastPages();
  head["summaries"] = *std::move(summaries);

  // [page, setting, seed, microseconds of the best order, of the bound or null]
  Json& best = head["best"] = Json::array();
  for (const auto& [key, of_page] : best_) {
    const auto& [page, setting, seed] = key;
    best.push_back({page, setting, std::to_string(seed),
                    Microseconds(of_page.painted_area_ns),
                    of_page.bound_ns.has_value()
                        ? Json(Microseconds(*of_page.bound_ns))
                        : Json()});
  }

  // There may be many runs: they go into the object one by one.
  PackedWriter writer(stream_);
  const std::string object = head.dump();
  writer.Write(absl::StripSuffix(object, "}"));
  writer.Write(",\"pages\":[");
  writer.Write(pages_);
  writer.Write("],\"runs\":[");
  int64_t chosen_before = 0;
  uint64_t number = 0;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const absl::StatusOr<Line> line = lines_.Read(i);
    if (!line.ok()) return line.status();
    for (size_t place = 0; place < line->runs; ++place, ++number) {
      const absl::StatusOr<Sample> sample = samples_.Read(number);
      if (!sample.ok()) return sample.status();
      if (number > 0) writer.Write(",");
      writer.Write(
          RunRow(*sample, chosen[i] ? chosen_before : -1, place).dump());
    }
    if (chosen[i]) ++chosen_before;
  }
  writer.Write("]}");
  writer.Finish();
  return absl::OkStatus();
}

absl::Status HtmlOutput::Finish() {
  if (absl::Status status = EndLine(); !status.ok()) return status;
  const absl::StatusOr<std::vector<bool>> chosen = ChooseLines();
  if (!chosen.ok()) return chosen.status();
  absl::Status status = WriteTimelines(*chosen);
  if (!status.ok()) return status;
  stream_ << page_.before_index;
  status = WriteIndex(*chosen);
  if (!status.ok()) return status;
  stream_ << page_.after_index;
  return absl::OkStatus();
}

}  // namespace sluice::lab
