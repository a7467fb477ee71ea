#include "benchmarks/lab/measure/samples.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace sluice::lab {
namespace {

constexpr absl::string_view kTimeNames[] = {
    "painted_area_ms",    "lcp_candidate_ms", "atf_area_ms",
    "render_critical_ms", "atf_ms",           "page_load_ms"};
static_assert(std::size(kTimeNames) == kTimeMetrics);

template <typename T>
size_t IndexOf(T value, std::vector<T>& values) {
  // The newest is the likeliest: runs come page by page.
  const auto found = std::find(values.rbegin(), values.rend(), value);
  if (found != values.rend()) {
    return static_cast<size_t>(values.rend() - found) - 1;
  }
  values.push_back(std::move(value));
  return values.size() - 1;
}

}  // namespace

std::string TimeMetricName(size_t metric) {
  if (metric < kTimeMetrics) return std::string(kTimeNames[metric]);
  const auto type = static_cast<ResourceType>(metric - kTimeMetrics);
  return absl::StrCat(ResourceTypeName(type), "_done_ms");
}

int64_t TimeOf(const Metrics& metrics, size_t metric) {
  switch (metric) {
    case kPaintedArea:
      return metrics.painted_area_ns;
    case kLcpCandidate:
      return metrics.lcp_candidate_ns;
    case kAtfArea:
      return metrics.atf_area_ns;
    case kRenderCritical:
      return metrics.render_critical_ns;
    case kAtf:
      return metrics.atf_ns;
    case kPageLoad:
      return metrics.page_load_ns;
    default:
      return metrics.class_done_ns[metric - kTimeMetrics].value_or(0);
  }
}

absl::StatusOr<Sample> Samples::Add(const Run& run) {
  Pair pair = PairOf(run, compared_);
  const SamplePage page = {absl::StrCat(run.page->name, " ", run.page->sha256),
                           run.page->BodyBytes()};
  const Sample sample = {.page = IndexOf(page, pages_),
                         .setting = IndexOf(std::move(pair.setting), settings_),
                         .policy = IndexOf(std::move(pair.variant), policies_),
                         .seed = run.seed,
                         .metrics = run.metrics};
  uint64_t& last = last_[{sample.setting, sample.policy}];
  const absl::Status status = records_.Append({sample, last});
  if (!status.ok()) return status;
  last = records_.size();
  return sample;
}

absl::StatusOr<Sample> Samples::Read(uint64_t number) const {
  const absl::StatusOr<Record> record = records_.Read(number);
  if (!record.ok()) return record.status();
  return record->sample;
}

size_t Samples::IndexOfPolicy(absl::string_view policy) const {
  return static_cast<size_t>(
      std::find(policies_.begin(), policies_.end(), policy) -
      policies_.begin());
}

absl::StatusOr<ByPage> Samples::Values(
    size_t setting, size_t policy,
    const std::function<double(const Sample&)>& value) const {
  ByPage values;
  const auto last = last_.find({setting, policy});
  uint64_t next = last == last_.end() ? 0 : last->second;
  while (next != 0) {
    const absl::StatusOr<Record> record = records_.Read(next - 1);
    if (!record.ok()) return record.status();
    const Sample& sample = record->sample;
    const std::string& page = pages_[sample.page].name;
    absl::string_view pair = page;
    if (compared_ == Compared::kPage) pair = "";
    if (!values[pair].emplace(sample.seed, value(sample)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("page ", page.substr(0, page.find(' ')), " with ",
                       ComparedName(compared_), " ", policies_[policy], ", ",
                       SettingInWords(settings_[setting], /*among=*/{}),
                       ", network ", settings_[setting].network, " and seed ",
                       sample.seed, " comes twice"));
    }
    next = record->before;
  }
  return values;
}

absl::StatusOr<std::vector<Spread>> Samples::Against(size_t setting,
                                                     size_t base, size_t metric,
                                                     uint64_t seed) const {
  const auto times_of = [&](size_t policy) {
    return Values(setting, policy, [metric](const Sample& sample) {
      return static_cast<double>(TimeOf(sample.metrics, metric));
    });
  };
  const absl::StatusOr<ByPage> of_base = times_of(base);
  if (!of_base.ok()) return of_base.status();
  std::vector<PageRatios> others;
  for (size_t policy = 0; policy < policies_.size(); ++policy) {
    if (policy == base) continue;
    const absl::StatusOr<ByPage> times = times_of(policy);
    if (!times.ok()) return times.status();
    others.push_back(RatiosOfPages(*of_base, *times));
  }
  std::vector<Spread> spreads = SpreadsOf(others, seed);
  if (base < policies_.size()) {
    spreads.insert(spreads.begin() + static_cast<int64_t>(base),
                   SpreadsOf({RatiosOfPages(*of_base, *of_base)}, seed)[0]);
  }
  return spreads;
}

size_t Samples::LeastPages() const {
  return lab::LeastPages(std::max<size_t>(policies_.size(), 1) - 1);
}

absl::StatusOr<std::vector<Standing>> Samples::Standings(
    size_t setting, absl::string_view baseline, size_t metric,
    uint64_t seed) const {
  const absl::StatusOr<std::vector<Spread>> ratios =
      Against(setting, IndexOfPolicy(baseline), metric, seed);
  if (!ratios.ok()) return ratios.status();
  std::vector<Standing> standings;
  const Spread* best = nullptr;
  for (const Spread& spread : *ratios) {
    standings.push_back({standings.size(), spread, false});
    if (spread.count == 0) continue;
    if (best == nullptr || spread.median > best->median) best = &spread;
  }
  if (best == nullptr) return standings;
  const absl::StatusOr<std::vector<Spread>> beside_best = Against(
      setting, static_cast<size_t>(best - ratios->data()), metric, seed);
  if (!beside_best.ok()) return beside_best.status();
  for (Standing& standing : standings) {
    standing.may_equal_best = (*beside_best)[standing.policy].InsideTheNoise();
  }
  return standings;
}

}  // namespace sluice::lab
