#include "benchmarks/lab/page.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/json_fields.h"
#include "openssl/sha.h"

namespace sluice::lab {
namespace {

using nlohmann::json;
using scheduler::ResourceClass;

constexpr absl::string_view kFormat = "h2-page-fixture/1";
constexpr int64_t kMaxBytes = int64_t{1} << 30;  // of one resource
constexpr int64_t kMaxId = 1'000'000'000;
constexpr double kMaxMs = 1e7;              // almost three hours
constexpr size_t kMaxResources = 10'000;    // of one page
constexpr size_t kMaxFileBytes = 64 << 20;  // of one page file

template <typename T>
struct Named {
  absl::string_view name;
  T value;
};

struct TypeRow {
  absl::string_view name;
  ResourceType value;
  absl::string_view label;
  ResourceClass resource_class;
  ChromeLevel level;  // where the capture says nothing
};

// By ResourceType, all of them.
constexpr TypeRow kTypes[kResourceTypes] = {
    {"html", ResourceType::kHtml, "html", ResourceClass::kHtml,
     ChromeLevel::kVeryHigh},
    {"css", ResourceType::kCss, "css", ResourceClass::kCss,
     ChromeLevel::kVeryHigh},
    {"js", ResourceType::kJs, "js", ResourceClass::kJs, ChromeLevel::kHigh},
    {"font", ResourceType::kFont, "font", ResourceClass::kFont,
     ChromeLevel::kVeryHigh},
    {"image", ResourceType::kImage, "img", ResourceClass::kImage,
     ChromeLevel::kLow},
    {"fetch", ResourceType::kFetch, "fetch", ResourceClass::kFetch,
     ChromeLevel::kHigh},
    {"media", ResourceType::kMedia, "media", ResourceClass::kMedia,
     ChromeLevel::kLow},
    {"manifest", ResourceType::kManifest, "manifest", ResourceClass::kOther,
     ChromeLevel::kMedium},
    {"beacon", ResourceType::kBeacon, "beacon", ResourceClass::kOther,
     ChromeLevel::kVeryLow},
    {"other", ResourceType::kOther, "other", ResourceClass::kOther,
     ChromeLevel::kLow},
};

constexpr Named<ChromeLevel> kLevels[] = {
    {"VeryHigh", ChromeLevel::kVeryHigh}, {"High", ChromeLevel::kHigh},
    {"Medium", ChromeLevel::kMedium},     {"Low", ChromeLevel::kLow},
    {"VeryLow", ChromeLevel::kVeryLow},
};

constexpr Named<RenderBlocking> kBlocking[] = {
    {"document", RenderBlocking::kDocument},
    {"render", RenderBlocking::kStylesheet},
    {"parser", RenderBlocking::kParser},
    {"parser-late", RenderBlocking::kParserLate},
};

// The row of `table` with the name that the string field has; an unknown name
// is an error that lists the known ones. Nothing when the field is absent.
template <typename Row, size_t N>
const Row* FindRow(const Row (&table)[N], absl::string_view field,
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

int64_t ToNanoseconds(double ms) { return std::llround(ms * 1e6); }

std::string Sha256(absl::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), sizeof(digest)));
}

// What the file has beside a Resource and only the reading needs.
struct Capture {
  std::optional<int64_t> initiator_id;
  std::string field_prefix;
  std::optional<double> start_ms;
  std::optional<double> end_ms;
  std::optional<double> reprioritised_ms;
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
  void LinkInitiators();
  void CheckDiscovery();
  void MarkMetricSets();
  void PlaceChangesOfMind();
  void Fail(size_t index, absl::string_view field, absl::string_view problem);

  const json& document_;
  const absl::string_view file_;
  absl::Status status_;
  Page page_;
  std::vector<Capture> captures_;
  absl::flat_hash_map<int64_t, size_t> index_by_id_;
  bool image_seen_ = false;
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
  if (format != kFormat) {
    fields.Fail("format", absl::StrCat("must be \"", kFormat, "\", not \"",
                                       absl::CHexEscape(format), "\""));
  }
  page_.name = fields.String("page");
  if (page_.name.empty() || page_.name.size() > 100 ||
      !std::all_of(page_.name.begin(), page_.name.end(), [](char c) {
        return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
      })) {
    fields.Fail("page",
                "must be a name of 1 to 100 letters, digits, '_', '-', '.'");
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
  if (!status_.ok()) return status_;
  MarkMetricSets();
  PlaceChangesOfMind();
  return std::move(page_);
}

void PageReader::ReadResource(const json& object, size_t index) {
  Resource resource;
  Capture capture;
  capture.field_prefix = absl::StrCat("resources[", index, "].");
  JsonFields fields(object, file_, capture.field_prefix, &status_);

  resource.id = fields.RequiredInteger("id", 0, kMaxId);
  if (!index_by_id_.emplace(resource.id, index).second) {
    fields.Fail("id", absl::StrCat("is ", resource.id, ", which resources[",
                                   index_by_id_[resource.id], "] has already"));
  }
  resource.bytes =
      static_cast<uint64_t>(fields.RequiredInteger("bytes", 0, kMaxBytes));
  resource.redirect = fields.Boolean("redirect", false);
  resource.role = fields.String("role");

  if (!fields.Has("type")) fields.Fail("type", "is missing");
  if (const TypeRow* row = FindRow(kTypes, "type", fields)) {
    resource.type = row->value;
    resource.label = absl::StrCat(row->label, resource.id);
    resource.level = row->level;
    resource.hints.resource_class = row->resource_class;
  }
  const json* blocking = fields.Find("render_blocking");
  if (blocking != nullptr && *blocking != json(false)) {
    if (const auto* row = FindRow(kBlocking, "render_blocking", fields)) {
      resource.render_blocking = row->value;
    }
  }
  resource.hints.in_head = resource.render_blocking == RenderBlocking::kParser;
  resource.hints.after_first_image =
      resource.type == ResourceType::kJs && image_seen_;
  image_seen_ = image_seen_ || resource.type == ResourceType::kImage;
  resource.hints.async_or_defer = fields.Boolean("async_or_defer", false);
  resource.hints.above_the_fold = fields.Boolean("in_viewport", false);
  resource.hints.preload = fields.Boolean("preload", false);
  resource.hints.bytes_remaining = resource.bytes;

  ReadDiscovery(fields, resource, capture);
  ReadPriority(fields, resource, capture);
  page_.resources.push_back(std::move(resource));
  captures_.push_back(std::move(capture));
}

void PageReader::ReadDiscovery(JsonFields& fields, Resource& resource,
                               Capture& capture) {
  capture.initiator_id = fields.Integer("initiator", 0, kMaxId);
  resource.discovery_delay_ns =
      ToNanoseconds(fields.Number("discovery_delay_ms", 0, kMaxMs).value_or(0));
  ReadTrigger(fields, resource);
  if (resource.trigger.has_value() || !capture.initiator_id.has_value()) return;

  const std::string discovered = fields.String("discovered", "end");
  if (discovered == "stream") {
    resource.discovered_at_byte = static_cast<uint64_t>(
        fields.RequiredInteger("discovered_at_byte", 0, kMaxBytes));
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
    trigger.Fail("", "must have after_bytes_of or after_completed_of");
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
  if (const auto* row = FindRow(kLevels, "chrome_priority", fields)) {
    resource.level = row->value;
  }
  capture.start_ms = fields.Number("start_ms", 0, kMaxMs);
  capture.end_ms = fields.Number("end_ms", 0, kMaxMs);
  const auto* final_level = FindRow(kLevels, "chrome_priority_final", fields);
  capture.reprioritised_ms = fields.Number("reprioritised_ms", 0, kMaxMs);
  if (final_level == nullptr || !capture.reprioritised_ms.has_value()) {
    capture.reprioritised_ms.reset();
    return;
  }
  if (!capture.start_ms.has_value()) {
    fields.Fail("start_ms", "is missing beside reprioritised_ms");
  } else if (*capture.reprioritised_ms < *capture.start_ms) {
    fields.Fail("reprioritised_ms", "must not be before start_ms");
  }
  resource.change_of_mind = ChangeOfMind{.level = final_level->value};
}

void PageReader::LinkInitiators() {
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    if (!captures_[i].initiator_id.has_value()) continue;
    const int64_t id = *captures_[i].initiator_id;
    auto found = index_by_id_.find(id);
    if (found == index_by_id_.end()) {
      Fail(i, "initiator", absl::StrCat("is ", id, ", which no resource has"));
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
// trigger as soon as the discovered resources of its role are enough for it.
// What is left over waits for itself. O(resources · triggers).
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
        file_, ": resources: none is without an initiator, so none is first"));
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
  for (size_t i = 0; i < resources.size(); ++i) {
    if (found[i]) continue;
    if (resources[i].trigger.has_value()) {
      Fail(i, "trigger",
           absl::StrCat("never fires: the role \"",
                        absl::CHexEscape(resources[i].trigger->role),
                        "\" has too little before it"));
      return;
    }
    // Walk up to the resource that waits for itself, or for a trigger.
    std::vector<bool> walked(resources.size(), false);
    size_t at = i;
    std::vector<int64_t> chain;
    while (!walked[at] && !resources[at].trigger.has_value()) {
      walked[at] = true;
      chain.push_back(resources[at].id);
      at = *resources[at].initiator;
    }
    if (resources[at].trigger.has_value()) continue;  // reported for itself
    chain.push_back(resources[at].id);
    if (chain.size() > 10) chain.resize(10);
    Fail(i, "initiator",
         absl::StrCat("leads into a circle: ", absl::StrJoin(chain, ", ")));
    return;
  }
}

void PageReader::MarkMetricSets() {
  std::vector<Resource>& resources = page_.resources;
  size_t document = resources.size();
  for (size_t i = 0; i < resources.size(); ++i) {
    const Resource& resource = resources[i];
    if (resource.render_blocking == RenderBlocking::kDocument) {
      document = i;
      break;
    }
    const bool root = !resource.initiator.has_value() && !resource.trigger;
    if (root && document == resources.size()) document = i;
  }
  if (resources[document].redirect) {
    auto behind_redirects_only = [&](size_t i) {
      while (resources[i].initiator.has_value()) {
        i = *resources[i].initiator;
        if (!resources[i].redirect) return false;
      }
      return true;
    };
    for (size_t i = 0; i < resources.size(); ++i) {
      if (resources[i].type == ResourceType::kHtml && !resources[i].redirect &&
          behind_redirects_only(i)) {
        document = i;
        break;
      }
    }
  }
  for (size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    if (resource.redirect) continue;
    resource.render_critical =
        i == document ||
        resource.render_blocking == RenderBlocking::kStylesheet ||
        resource.render_blocking == RenderBlocking::kParser;
    const bool styles_screen = resource.type == ResourceType::kCss &&
                               resource.level != ChromeLevel::kVeryLow;
    resource.above_the_fold = resource.render_critical || styles_screen ||
                              resource.type == ResourceType::kFont ||
                              (resource.type == ResourceType::kImage &&
                               resource.hints.above_the_fold);
  }
}

void PageReader::PlaceChangesOfMind() {
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    if (!page_.resources[i].change_of_mind.has_value()) continue;
    ChangeOfMind& change = *page_.resources[i].change_of_mind;
    const double at = *captures_[i].reprioritised_ms;
    double last = *captures_[i].start_ms;
    for (size_t j = 0; j < page_.resources.size(); ++j) {
      const std::optional<double>& end = captures_[j].end_ms;
      if (j == i || !page_.resources[j].render_critical) continue;
      if (!end.has_value() || *end > at) continue;
      change.after.push_back(j);
      last = std::max(last, *end);
    }
    change.delay_ns = ToNanoseconds(at - last);
  }
}

}  // namespace

absl::string_view ResourceTypeName(ResourceType type) {
  return kTypes[static_cast<size_t>(type)].name;
}

uint64_t Page::BodyBytes() const {
  uint64_t bytes = 0;
  for (const Resource& resource : resources) {
    if (!resource.redirect) bytes += resource.bytes;
  }
  return bytes;
}

absl::StatusOr<Page> ParsePage(absl::string_view text, absl::string_view file) {
  absl::StatusOr<json> document = ParseJson(text, file);
  if (!document.ok()) return document.status();
  absl::StatusOr<Page> page = PageReader(*document, file).Read();
  if (page.ok()) page->sha256 = Sha256(text);
  return page;
}

absl::StatusOr<Page> LoadPageFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text;
  char block[1 << 16];
  while (stream.read(block, sizeof(block)), stream.gcount() > 0) {
    text.append(block, static_cast<size_t>(stream.gcount()));
    if (text.size() > kMaxFileBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": is larger than ", kMaxFileBytes, " bytes"));
    }
  }
  if (!stream.eof()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  }
  return ParsePage(text, path);
}

}  // namespace sluice::lab
