#include "benchmarks/lab/results/resource_times.h"

#include <map>

namespace sluice::lab {

std::vector<ResourceTimes> TimesOfResources(const Page& page,
                                            const PageLoad& load) {
  std::vector<std::optional<int64_t>> first(page.resources.size());
  for (const Arrival& arrival : load.arrivals) {
    std::optional<int64_t>& of_resource = first[arrival.resource];
    if (!of_resource.has_value()) of_resource = arrival.at_ns;
  }
  std::vector<ResourceTimes> times;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    const Resource& resource = page.resources[i];
    if (resource.redirect) continue;
    times.push_back({.id = resource.id,
                     .label = resource.label,
                     .type = resource.type,
                     .bytes = resource.bytes,
                     .requested_ns = load.timings[i].requested_ns,
                     .first_byte_ns = first[i],
                     .done_ns = load.timings[i].completed_ns});
  }
  return times;
}

std::vector<ResourceShift> ShiftsOf(absl::Span<const ResourceTimes> run,
                                    absl::Span<const ResourceTimes> baseline) {
  std::map<int64_t, const ResourceTimes*> by_id;
  for (const ResourceTimes& resource : baseline) {
    by_id[resource.id] = &resource;
  }
  std::vector<ResourceShift> shifts;
  for (const ResourceTimes& resource : run) {
    const auto found = by_id.find(resource.id);
    if (found != by_id.end()) shifts.push_back({&resource, found->second});
  }
  return shifts;
}

}  // namespace sluice::lab
