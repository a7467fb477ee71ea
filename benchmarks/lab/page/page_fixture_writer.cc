#include <string>
#include <utility>

#include "benchmarks/lab/page/page_fixture.h"
#include "benchmarks/lab/page/page_rules.h"

namespace sluice::lab {
namespace {

using nlohmann::ordered_json;

void WriteDiscovery(const Page& page, const Resource& resource,
                    ordered_json& object) {
  if (resource.initiator.has_value()) {
    object["initiator"] = page.resources[*resource.initiator].id;
    const bool stream = resource.discovered_at_byte.has_value();
    object["discovered"] = stream ? "stream" : "end";
    if (stream) object["discovered_at_byte"] = *resource.discovered_at_byte;
  }
  object["discovery_delay_ms"] = InMilliseconds(resource.discovery_delay_ns);
  if (resource.trigger.has_value()) {
    ordered_json& trigger = object["trigger"];
    if (resource.trigger->bytes > 0) {
      trigger["after_bytes_of"] = resource.trigger->role;
      trigger["bytes"] = resource.trigger->bytes;
    } else {
      trigger["after_completed_of"] = resource.trigger->role;
      trigger["count"] = resource.trigger->completed;
    }
  }
  if (!resource.role.empty()) object["role"] = resource.role;
}

void WriteChangeOfMind(const Page& page, const ChangeOfMind& change,
                       ordered_json& object) {
  ordered_json& written = object["change_of_mind"];
  written["level"] = std::string(ChromeLevelName(change.level));
  written["delay_ms"] = InMilliseconds(change.delay_ns);
  ordered_json& after = written["after"];
  after = ordered_json::array();
  for (size_t index : change.after) after.push_back(page.resources[index].id);
}

ordered_json ResourceObject(const Page& page, const Resource& resource) {
  ordered_json object;
  object["id"] = resource.id;
  object["type"] = std::string(ResourceTypeName(resource.type));
  if (!resource.url.empty()) object["url"] = resource.url;
  object["bytes"] = resource.bytes;
  if (resource.redirect) object["redirect"] = true;
  WriteDiscovery(page, resource, object);
  object["render_blocking"] = false;
  for (const auto& row : RenderBlockingRows()) {
    if (row.value == resource.render_blocking) {
      object["render_blocking"] = std::string(row.name);
    }
  }
  if (resource.hints.async_or_defer) object["async_or_defer"] = true;
  if (resource.hints.above_the_fold) object["in_viewport"] = true;
  if (resource.hints.preload) object["preload"] = true;
  if (resource.lcp_candidate) object["lcp"] = true;
  object["chrome_priority"] = std::string(ChromeLevelName(resource.level));
  if (resource.change_of_mind.has_value()) {
    WriteChangeOfMind(page, *resource.change_of_mind, object);
  }
  return object;
}

}  // namespace

ordered_json PageFixture(const Page& page) {
  ordered_json document;
  document["format"] = std::string(kPageFixtureFormat);
  document["page"] = page.name;
  ordered_json& resources = document["resources"];
  resources = ordered_json::array();
  for (const Resource& resource : page.resources) {
    resources.push_back(ResourceObject(page, resource));
  }
  return document;
}

}  // namespace sluice::lab
