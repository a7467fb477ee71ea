#include "benchmarks/lab/page/page_fixture.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "benchmarks/lab/page/json_fields.h"
#include "benchmarks/lab/page/page_rules.h"

namespace sluice::lab {
namespace {

using nlohmann::json;

constexpr int64_t kMaxId = 1'000'000'000;

// The row of `table` with the name that the string field has; an unknown name
// is an error that lists the known ones. Nothing when the field is absent.
template <typename Row>
const Row* FindRow(absl::Span<const Row> table, absl::string_view field,
                   JsonFields& fields) {
  if (!fields.Has(field)) return nullptr;
  const std::string name = fields.String(field);
  for (const Row& row : table) {
    if (row.name == name) return &row;
  }
  fields.Fail(field,
              absl::StrCat("must be one of ",
                           absl::StrJoin(table, ", ",
                                         [](std::string* out, const Row& row) {
                                           absl::StrAppend(out, row.name);
                                         }),
                           ", not \"", absl::CHexEscape(name), "\""));
  return nullptr;
}

// Fields of the file that a Resource does not keep.
struct Capture {
  std::optional<int64_t> initiator_id;
  std::string field_prefix;
  CaptureTimes times;
  std::vector<uint64_t> change_after;  // ids
};

class PageReader {
 public:
  PageReader(const json& document, absl::string_view file)
      : document_(document), file_(file) {}

  absl::StatusOr<Page> Read();

 private:
  void ReadResource(const json& object, size_t index);
  void ReadDiscovery(JsonFields& fields, Resource& resource, Capture& capture);
  void ReadTrigger(JsonFields& fields, Resource& resource);
  void ReadPriority(JsonFields& fields, Resource& resource, Capture& capture);
  void ReadChangeOfMind(JsonFields& fields, Resource& resource,
                        Capture& capture);
  void LinkInitiators();
  void LinkChangesOfMind();
  void CheckDiscovery();
  void CheckLcpCandidates();
  void FailUndiscovered(size_t index);
  void Fail(size_t index, absl::string_view field, absl::string_view problem);

  const json& document_;
  const absl::string_view file_;
  absl::Status status_;
  Page page_;
  std::vector<Capture> captures_;
  absl::flat_hash_map<int64_t, size_t> index_by_id_;
};

void PageReader::Fail(size_t index, absl::string_view field,
                      absl::string_view problem) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(
      file_, ": ", captures_[index].field_prefix, field, ": ", problem));
}

absl::StatusOr<Page> PageReader::Read() {
  JsonFields fields(document_, file_, "", &status_);
  const std::string format = fields.String("format");
  if (format != kPageFixtureFormat) {
    fields.Fail("format",
                absl::StrCat("must be \"", kPageFixtureFormat, "\", not \"",
                             absl::CHexEscape(format), "\""));
  }
  page_.name = fields.String("page");
  if (page_.name.empty() || page_.name.size() > kMaxPageName ||
      !std::all_of(page_.name.begin(), page_.name.end(), IsPageNameCharacter)) {
    fields.Fail("page", absl::StrCat("must be a name of 1 to ", kMaxPageName,
                                     " letters, digits, '_', '-', '.'"));
  }
  const json* resources = fields.Find("resources");
  if (resources == nullptr || !resources->is_array() || resources->empty()) {
    fields.Fail("resources", "must be an array of at least one resource");
  } else if (resources->size() > kMaxResources) {
    fields.Fail("resources",
                absl::StrCat("has more than ", kMaxResources, " elements"));
  }
  if (!status_.ok()) return status_;
  for (size_t i = 0; i < resources->size(); ++i) {
    ReadResource((*resources)[i], i);
    if (!status_.ok()) return status_;
  }
  LinkInitiators();
  if (status_.ok()) CheckDiscovery();
  if (status_.ok()) LinkChangesOfMind();
  if (!status_.ok()) return status_;
  SetHints(page_.resources);
  MarkMetricSets(page_.resources);
  CheckLcpCandidates();
  if (!status_.ok()) return status_;
  std::vector<CaptureTimes> times;
  for (const Capture& capture : captures_) times.push_back(capture.times);
  PlaceChangesOfMind(times, page_.resources);
  return std::move(page_);
}

void PageReader::ReadResource(const json& object, size_t index) {
  Resource resource;
  Capture capture;
  capture.field_prefix = absl::StrCat("resources[", index, "].");
  JsonFields fields(object, file_, capture.field_prefix, &status_);

  resource.id = fields.RequiredInteger("id", 0, kMaxId);
  if (!index_by_id_.emplace(resource.id, index).second) {
    fields.Fail("id", absl::StrCat("is ", resource.id, ", the id of resources[",
                                   index_by_id_[resource.id], "]"));
  }
  resource.bytes = static_cast<uint64_t>(
      fields.RequiredInteger("bytes", 0, kMaxResourceBytes));
  resource.redirect = fields.Boolean("redirect", false);
  resource.role = fields.String("role");
  resource.url = fields.String("url");

  if (!fields.Has("type")) fields.Fail("type", "is missing");
  if (const TypeRow* row = FindRow(ResourceTypeRows(), "type", fields)) {
    SetType(row->value, resource);
  }
  const json* blocking = fields.Find("render_blocking");
  if (blocking != nullptr && *blocking != json(false)) {
    if (const auto* row =
            FindRow(RenderBlockingRows(), "render_blocking", fields)) {
      resource.render_blocking = row->value;
    }
  }
  resource.hints.async_or_defer = fields.Boolean("async_or_defer", false);
  resource.hints.above_the_fold = fields.Boolean("in_viewport", false);
  resource.hints.preload = fields.Boolean("preload", false);
  resource.lcp_candidate = fields.Boolean("lcp", false);

  ReadDiscovery(fields, resource, capture);
  ReadPriority(fields, resource, capture);
  page_.resources.push_back(std::move(resource));
  captures_.push_back(std::move(capture));
}

void PageReader::ReadDiscovery(JsonFields& fields, Resource& resource,
                               Capture& capture) {
  capture.initiator_id = fields.Integer("initiator", 0, kMaxId);
  resource.discovery_delay_ns = ToNanoseconds(
      fields.Number("discovery_delay_ms", 0, kMaxCaptureMs).value_or(0));
  ReadTrigger(fields, resource);
  if (resource.trigger.has_value() || !capture.initiator_id.has_value()) return;

  const std::string discovered = fields.String("discovered", "end");
  if (discovered == "stream") {
    resource.discovered_at_byte = static_cast<uint64_t>(
        fields.RequiredInteger("discovered_at_byte", 0, kMaxResourceBytes));
  } else if (discovered != "end") {
    fields.Fail("discovered",
                absl::StrCat("must be \"stream\" or \"end\" where there is no "
                             "trigger, not \"",
                             absl::CHexEscape(discovered), "\""));
  }
}

void PageReader::ReadTrigger(JsonFields& fields, Resource& resource) {
  const json* object = fields.Find("trigger");
  if (object == nullptr || !status_.ok()) return;
  JsonFields trigger(
      *object, file_,
      absl::StrCat("resources[", page_.resources.size(), "].trigger."),
      &status_);
  const bool by_bytes = trigger.Has("after_bytes_of");
  if (by_bytes == trigger.Has("after_completed_of")) {
    trigger.Fail("", "must have either after_bytes_of or after_completed_of");
    return;
  }
  Trigger read;
  if (by_bytes) {
    read.role = trigger.String("after_bytes_of");
    read.bytes = static_cast<uint64_t>(
        trigger.RequiredInteger("bytes", 1, int64_t{1} << 50));
  } else {
    read.role = trigger.String("after_completed_of");
    read.completed =
        static_cast<size_t>(trigger.RequiredInteger("count", 1, kMaxResources));
  }
  if (read.role.empty()) trigger.Fail("", "must name a role");
  resource.trigger = std::move(read);
}

void PageReader::ReadPriority(JsonFields& fields, Resource& resource,
                              Capture& capture) {
  if (const auto* row = FindRow(ChromeLevelRows(), "chrome_priority", fields)) {
    resource.level = row->value;
  }
  capture.times.start_ms = fields.Number("start_ms", 0, kMaxCaptureMs);
  capture.times.end_ms = fields.Number("end_ms", 0, kMaxCaptureMs);
  ReadChangeOfMind(fields, resource, capture);
  if (resource.change_of_mind.has_value()) return;
  const auto* final_level =
      FindRow(ChromeLevelRows(), "chrome_priority_final", fields);
  capture.times.reprioritised_ms =
      fields.Number("reprioritised_ms", 0, kMaxCaptureMs);
  if (final_level == nullptr || !capture.times.reprioritised_ms.has_value()) {
    capture.times.reprioritised_ms.reset();
    return;
  }
  if (!capture.times.start_ms.has_value()) {
    fields.Fail("start_ms", "is missing beside reprioritised_ms");
  } else if (*capture.times.reprioritised_ms < *capture.times.start_ms) {
    fields.Fail("reprioritised_ms", "must not be before start_ms");
  }
  resource.change_of_mind = ChangeOfMind{.level = final_level->value};
}

void PageReader::ReadChangeOfMind(JsonFields& fields, Resource& resource,
                                  Capture& capture) {
  const json* object = fields.Find("change_of_mind");
  if (object == nullptr || !status_.ok()) return;
  JsonFields change(
      *object, file_,
      absl::StrCat("resources[", page_.resources.size(), "].change_of_mind."),
      &status_);
  if (!change.Has("level")) change.Fail("level", "is missing");
  const auto* level = FindRow(ChromeLevelRows(), "level", change);
  if (level == nullptr) return;
  resource.change_of_mind = ChangeOfMind{
      .level = level->value,
      .delay_ns = ToNanoseconds(
          change.Number("delay_ms", 0, kMaxCaptureMs).value_or(0))};
  const json* after = change.Find("after");
  if (after == nullptr) return;
  if (!after->is_array() || after->size() > kMaxResources) {
    change.Fail("after", "must be an array of ids of resources");
    return;
  }
  for (const json& id : *after) {
    if (!id.is_number_unsigned()) {
      change.Fail("after", "must be an array of ids of resources");
      return;
    }
    capture.change_after.push_back(id.get<uint64_t>());
  }
}

void PageReader::LinkChangesOfMind() {
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    for (uint64_t id : captures_[i].change_after) {
      auto found = id > uint64_t{kMaxId}
                       ? index_by_id_.end()
                       : index_by_id_.find(static_cast<int64_t>(id));
      if (found == index_by_id_.end()) {
        Fail(i, "change_of_mind.after",
             absl::StrCat("has ", id, ", which is no resource's id"));
        return;
      }
      page_.resources[i].change_of_mind->after.push_back(found->second);
    }
  }
}

void PageReader::LinkInitiators() {
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    if (!captures_[i].initiator_id.has_value()) continue;
    const int64_t id = *captures_[i].initiator_id;
    auto found = index_by_id_.find(id);
    if (found == index_by_id_.end()) {
      Fail(i, "initiator",
           absl::StrCat("is ", id, ", which is no resource's id"));
      return;
    }
    Resource& resource = page_.resources[i];
    if (resource.trigger.has_value()) continue;
    const Resource& initiator = page_.resources[found->second];
    resource.initiator = found->second;
    if (resource.discovered_at_byte.value_or(0) > initiator.bytes) {
      Fail(i, "discovered_at_byte",
           absl::StrCat("is ", *resource.discovered_at_byte, ", beyond the ",
                        initiator.bytes, " bytes of its initiator ", id));
      return;
    }
  }
}

// Plays discovery without time: from the roots over the initiators, and over a
// trigger as soon as the discovered resources of its role suffice for it. The
// rest waits for itself. O(resources · triggers).
void PageReader::CheckDiscovery() {
  std::vector<Resource>& resources = page_.resources;
  std::vector<std::vector<size_t>> children(resources.size());
  std::vector<size_t> triggered;
  std::vector<size_t> next;
  std::vector<bool> found(resources.size(), false);
  for (size_t i = 0; i < resources.size(); ++i) {
    if (resources[i].trigger.has_value()) {
      triggered.push_back(i);
    } else if (resources[i].initiator.has_value()) {
      children[*resources[i].initiator].push_back(i);
    } else {
      next.push_back(i);
    }
  }
  if (next.empty()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(
        file_,
        ": resources: all have an initiator, so the browser cannot start"));
    return;
  }
  std::map<std::string, Trigger> sums;  // what each role can deliver
  while (!next.empty()) {
    const size_t i = next.back();
    next.pop_back();
    found[i] = true;
    next.insert(next.end(), children[i].begin(), children[i].end());
    if (!resources[i].role.empty()) {
      Trigger& sum = sums[resources[i].role];
      if (!resources[i].redirect) sum.bytes += resources[i].bytes;
      ++sum.completed;
    }
    if (!next.empty()) continue;
    for (size_t candidate : triggered) {
      const Trigger& trigger = *resources[candidate].trigger;
      auto sum = sums.find(trigger.role);
      if (found[candidate] || sum == sums.end()) continue;
      if (sum->second.bytes >= trigger.bytes &&
          sum->second.completed >= trigger.completed) {
        next.push_back(candidate);
        break;
      }
    }
  }
  for (size_t i = 0; i < resources.size() && status_.ok(); ++i) {
    if (!found[i]) FailUndiscovered(i);
  }
}

void PageReader::CheckLcpCandidates() {
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    const Resource& resource = page_.resources[i];
    if (resource.lcp_candidate && !resource.above_the_fold) {
      Fail(i, "lcp",
           "must be true of something above the fold only: the document, an "
           "image in_viewport, a font");
    }
  }
}

// Reports a trigger that never fires or a circle of initiators. A resource that
// waits for the one or the other leaves the report to it.
void PageReader::FailUndiscovered(size_t index) {
  const std::vector<Resource>& resources = page_.resources;
  if (resources[index].trigger.has_value()) {
    Fail(index, "trigger",
         absl::StrCat("never fires: the role \"",
                      absl::CHexEscape(resources[index].trigger->role),
                      "\" has too few resources, or bytes, that come earlier"));
    return;
  }
  std::vector<bool> walked(resources.size(), false);
  std::vector<int64_t> chain;
  size_t at = index;
  while (!walked[at] && !resources[at].trigger.has_value()) {
    walked[at] = true;
    chain.push_back(resources[at].id);
    at = *resources[at].initiator;
  }
  if (resources[at].trigger.has_value()) return;
  chain.push_back(resources[at].id);
  if (chain.size() > 10) chain.resize(10);
  Fail(index, "initiator",
       absl::StrCat("leads into a circle: ", absl::StrJoin(chain, ", ")));
}

}  // namespace

absl::StatusOr<Page> ReadPageFixture(const json& document,
                                     absl::string_view file) {
  return PageReader(document, file).Read();
}

}  // namespace sluice::lab
