#include "benchmarks/lab/results/lines.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/measure/version.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/resource_times.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::ordered_json;

// The columns up to the classes, by name; null where the page lacks the value.
ordered_json Columns(const Run& run) {
  ordered_json columns = RunParameters(run);
  const Metrics& metrics = run.metrics;
  columns["render_critical_ms"] = ToMilliseconds(metrics.render_critical_ns);
  columns["atf_ms"] = ToMilliseconds(metrics.atf_ns);
  columns["atf_area_ms"] = ToMilliseconds(metrics.atf_area_ns);
  columns["page_load_ms"] = ToMilliseconds(metrics.page_load_ns);
  columns["painted_area_ms"] = ToMilliseconds(metrics.painted_area_ns);
  columns["lcp_candidate_ms"] = ToMilliseconds(metrics.lcp_candidate_ns);
  columns["lower_first_bytes"] = metrics.lower_first_bytes;
  const std::optional<Reaction>& reaction = metrics.reaction;
  const auto of_reaction = [&reaction](auto value) {
    return reaction ? ordered_json(value(*reaction)) : ordered_json();
  };
  columns["reaction_ms"] = of_reaction(
      [](const Reaction& r) { return ToMilliseconds(r.reaction_ns); });
  columns["low_open"] =
      of_reaction([](const Reaction& r) { return r.low_open; });
  columns["low_left_bytes"] =
      of_reaction([](const Reaction& r) { return r.low_left_bytes; });
  return columns;
}

// Where the visual progress reaches another whole per cent: [ms, per cent].
ordered_json ProgressPoints(const Page& page, const PageLoad& load) {
  const std::vector<ProgressStep> steps = VisualProgress(page, load);
  ordered_json points = ordered_json::array();
  uint64_t shown = 0;
  for (const ProgressStep& step : steps) {
    const uint64_t percent = 100 * step.bytes / steps.back().bytes;
    if (percent == shown) continue;
    shown = percent;
    points.push_back({ToMilliseconds(step.at_ns), percent});
  }
  return points;
}

// Its waterfall.
ordered_json ResourceObjects(const Page& page, const PageLoad& load) {
  ordered_json objects = ordered_json::array();
  for (const ResourceTimes& times : TimesOfResources(page, load)) {
    ordered_json object = {
        {"id", times.id},
        {"label", times.label},
        {"type", std::string(ResourceTypeName(times.type))},
        {"bytes", times.bytes},
        {"requested_ms", ToMilliseconds(times.requested_ns)}};
    if (times.first_byte_ns.has_value()) {
      object["first_byte_ms"] = ToMilliseconds(*times.first_byte_ns);
    }
    object["done_ms"] = ToMilliseconds(times.done_ns);
    objects.push_back(std::move(object));
  }
  return objects;
}

std::string CsvCell(const ordered_json& value) {
  if (value.is_null()) return "";
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_number_float()) {
    return absl::StrFormat("%.3f", value.get<double>());
  }
  if (!value.is_string()) return value.dump();
  return CsvText(value.get_ref<const std::string&>());
}

}  // namespace

std::string CsvText(absl::string_view text) {
  // Only options, of a policy or a network, can hold a comma.
  return absl::StrContains(text, ',') ? absl::StrCat("\"", text, "\"")
                                      : std::string(text);
}

double ToMilliseconds(int64_t ns) {
  return static_cast<double>((ns + 500) / 1000) / 1000.0;
}

ordered_json RunParameters(const Run& run) {
  return {{"version", std::string(kLabVersion)},
          {"page", run.page->name},
          {"page_sha256", run.page->sha256},
          {"edit", run.setting.edit},
          {"edit_sha256", run.setting.edit_sha256},
          {"policy", run.policy},
          {"signals", run.setting.signals},
          {"late_signals", run.setting.late_signals},
          {"network", run.setting.network},
          {"send_buffer_bytes", run.setting.send_buffer_bytes},
          {"max_streams", run.setting.max_streams},
          {"seed", run.seed}};
}

std::string JsonLine(const Run& run, const PageLoad& load) {
  ordered_json object;
  const ordered_json columns = Columns(run);
  for (const auto& [name, value] : columns.items()) {
    if (!value.is_null()) object[name] = value;
  }
  ordered_json& classes = object["class_done_ms"] = ordered_json::object();
  for (size_t i = 0; i < kResourceTypes; ++i) {
    const std::optional<int64_t>& done = run.metrics.class_done_ns[i];
    if (!done.has_value()) continue;
    classes[std::string(ResourceTypeName(static_cast<ResourceType>(i)))] =
        ToMilliseconds(*done);
  }
  object["visual_progress"] = ProgressPoints(*run.page, load);
  object["resources"] = ResourceObjects(*run.page, load);
  ordered_json picks = ordered_json::array();
  for (const Pick& pick : JoinPicks(load.picks)) {
    picks.push_back(
        {run.page->resources[pick.resource].id, pick.stream_id, pick.bytes});
  }
  object["picks"] = std::move(picks);
  return absl::StrCat(object.dump(), "\n");
}

std::string CsvHeader() {
  const Page page;
  const ordered_json columns = Columns({.page = &page});
  std::string line;
  for (const auto& [name, value] : columns.items()) {
    absl::StrAppend(&line, line.empty() ? "" : ",", name);
  }
  for (size_t i = 0; i < kResourceTypes; ++i) {
    absl::StrAppend(&line, ",", ResourceTypeName(static_cast<ResourceType>(i)),
                    "_done_ms");
  }
  return absl::StrCat(line, "\n");
}

std::string CsvLine(const Run& run) {
  const ordered_json columns = Columns(run);
  std::string line;
  for (const auto& [name, value] : columns.items()) {
    absl::StrAppend(&line, line.empty() ? "" : ",", CsvCell(value));
  }
  for (const std::optional<int64_t>& done : run.metrics.class_done_ns) {
    absl::StrAppend(&line, ",", done ? CsvCell(ToMilliseconds(*done)) : "");
  }
  return absl::StrCat(line, "\n");
}

absl::Status JsonOutput::Write(const Run& run, const PageLoad& load) {
  stream_ << JsonLine(run, load);
  return absl::OkStatus();
}

CsvOutput::CsvOutput(std::ostream& stream) : stream_(stream) {
  stream_ << CsvHeader();
}

absl::Status CsvOutput::Write(const Run& run, const PageLoad& /*load*/) {
  stream_ << CsvLine(run);
  return absl::OkStatus();
}

}  // namespace sluice::lab
