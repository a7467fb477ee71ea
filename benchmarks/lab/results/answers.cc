#include "benchmarks/lab/results/answers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/resource_times.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::ordered_json;

// As a run waits: {run, metrics: [ns by index, 0: none], resources: [[id,
// label, type, bytes, requested ns, done ns]]}.
ordered_json Packed(const Run& run, const PageLoad& load) {
  ordered_json packed = {{"run", RunParameters(run)}};
  ordered_json& metrics = packed["metrics"] = ordered_json::array();
  for (size_t metric = 0; metric < kAllTimeMetrics; ++metric) {
    metrics.push_back(TimeOf(run.metrics, metric));
  }
  ordered_json& resources = packed["resources"] = ordered_json::array();
  for (const ResourceTimes& times : TimesOfResources(*run.page, load)) {
    resources.push_back({times.id, times.label, static_cast<int>(times.type),
                         times.bytes, times.requested_ns, times.done_ns});
  }
  return packed;
}

std::vector<ResourceTimes> TimesOf(const ordered_json& packed) {
  std::vector<ResourceTimes> times;
  for (const ordered_json& resource : packed["resources"]) {
    times.push_back({.id = resource[0].get<int64_t>(),
                     .label = resource[1].get<std::string>(),
                     .type = static_cast<ResourceType>(resource[2].get<int>()),
                     .bytes = resource[3].get<uint64_t>(),
                     .requested_ns = resource[4].get<int64_t>(),
                     .first_byte_ns = std::nullopt,
                     .done_ns = resource[5].get<int64_t>()});
  }
  return times;
}

// Of two times as they are written, so that the three agree to the digit.
double Difference(int64_t ns, int64_t baseline_ns) {
  const auto microseconds = [](int64_t of) { return (of + 500) / 1000; };
  return static_cast<double>(microseconds(ns) - microseconds(baseline_ns)) /
         1000.0;
}

ordered_json MetricsBeside(const ordered_json& run,
                           const ordered_json& baseline) {
  ordered_json metrics = ordered_json::object();
  for (size_t metric = 0; metric < kAllTimeMetrics; ++metric) {
    const auto ns = run["metrics"][metric].get<int64_t>();
    const auto baseline_ns = baseline["metrics"][metric].get<int64_t>();
    if (ns == 0 || baseline_ns == 0) continue;  // the page has none
    metrics[TimeMetricName(metric)] = {
        {"ms", ToMilliseconds(ns)},
        {"baseline_ms", ToMilliseconds(baseline_ns)},
        {"difference_ms", Difference(ns, baseline_ns)},
        {"ratio", static_cast<double>(baseline_ns) / static_cast<double>(ns)}};
  }
  return metrics;
}

std::string AnswerLine(const ordered_json& run, const ordered_json& baseline,
                       const std::string& name) {
  ordered_json line = run["run"];
  line["baseline"] = name;
  line["metrics"] = MetricsBeside(run, baseline);
  const std::vector<ResourceTimes> times = TimesOf(run);
  const std::vector<ResourceTimes> baseline_times = TimesOf(baseline);
  const std::vector<ResourceShift> shifts = ShiftsOf(times, baseline_times);
  line["earlier"] =
      std::count_if(shifts.begin(), shifts.end(),
                    [](const ResourceShift& s) { return s.DoneNs() < 0; });
  line["later"] =
      std::count_if(shifts.begin(), shifts.end(),
                    [](const ResourceShift& s) { return s.DoneNs() > 0; });
  ordered_json& resources = line["resources"] = ordered_json::array();
  for (const ResourceShift& shift : shifts) {
    const ResourceTimes& now = *shift.resource;
    const ResourceTimes& before = *shift.baseline;
    resources.push_back(
        {{"id", now.id},
         {"label", now.label},
         {"type", std::string(ResourceTypeName(now.type))},
         {"bytes", now.bytes},
         {"requested_difference_ms",
          Difference(now.requested_ns, before.requested_ns)},
         {"baseline_done_ms", ToMilliseconds(before.done_ns)},
         {"done_ms", ToMilliseconds(now.done_ns)},
         {"difference_ms", Difference(now.done_ns, before.done_ns)}});
  }
  return line.dump() + "\n";
}

}  // namespace

absl::Status AnswersOutput::Write(const Run& run, const PageLoad& load) {
  const absl::StatusOr<Sample> sample = samples_.Add(run);
  if (!sample.ok()) return sample.status();
  const std::string packed = Packed(run, load).dump();
  const uint64_t page =
      baseline_.compared == Compared::kPage ? 0 : sample->page;
  const Waiting waiting = {.key = {page, sample->setting, sample->seed},
                           .place = {runs_.size(), packed.size()}};
  if (samples_.policies()[sample->policy] == baseline_.name) {
    baselines_[waiting.key] = waiting.place;
  }
  const absl::Status status = waiting_.Append(waiting);
  return status.ok() ? runs_.Append(packed) : status;
}

absl::Status AnswersOutput::Finish() {
  const auto read = [this](Place place) -> absl::StatusOr<ordered_json> {
    const absl::StatusOr<std::string> packed =
        runs_.Read(place.offset, place.size);
    if (!packed.ok()) return packed.status();
    return ordered_json::parse(*packed);
  };
  for (uint64_t i = 0; i < waiting_.size(); ++i) {
    const absl::StatusOr<Waiting> waiting = waiting_.Read(i);
    if (!waiting.ok()) return waiting.status();
    const auto found = baselines_.find(waiting->key);
    if (found == baselines_.end()) continue;
    const absl::StatusOr<ordered_json> run = read(waiting->place);
    if (!run.ok()) return run.status();
    const absl::StatusOr<ordered_json> baseline = read(found->second);
    if (!baseline.ok()) return baseline.status();
    stream_ << AnswerLine(*run, *baseline, baseline_.name);
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
