#include "benchmarks/lab/results/har_output.h"

#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmarks/lab/capture/har_page.h"
#include "benchmarks/lab/measure/version.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/page/page_fixture.h"
#include "benchmarks/lab/page/page_rules.h"
#include "benchmarks/lab/results/lines.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using nlohmann::ordered_json;

constexpr char kPageId[] = "page_1";
constexpr char kHttpVersion[] = "HTTP/2";

// Any date does: it has to be the same in each file.
std::string DateTime(int64_t at_ns) {
  static const absl::Time begin =
      absl::FromCivil(absl::CivilSecond(2020, 1, 1), absl::UTCTimeZone());
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ",
                          begin + absl::Nanoseconds(at_ns),
                          absl::UTCTimeZone());
}

// By ResourceType.
struct TypeWords {
  const char* chrome;
  const char* mime;
};
constexpr TypeWords kTypeWords[kResourceTypes] = {
    {"document", "text/html"},     {"stylesheet", "text/css"},
    {"script", "text/javascript"}, {"font", "font/woff2"},
    {"image", "image/png"},        {"fetch", "application/json"},
    {"media", "video/mp4"},        {"manifest", "application/manifest+json"},
    {"ping", "text/plain"},        {"other", "application/octet-stream"},
};

const TypeWords& WordsOf(const Resource& resource) {
  return kTypeWords[static_cast<size_t>(resource.type)];
}

std::string UrlOf(const Page& page, const Resource& resource) {
  if (!resource.url.empty()) return resource.url;
  return absl::StrCat("https://", page.name, ".invalid/", resource.label);
}

ordered_json SignalFields(const ReceivedSignal& signal) {
  ordered_json fields;
  if (const auto* tree =
          std::get_if<signals::Rfc7540Priority>(&signal.signal)) {
    fields["dependency"] = tree->depends_on;
    fields["weight"] = tree->weight;
    fields["exclusive"] = tree->exclusive ? 1 : 0;
  } else {
    fields["priority"] = signals::FormatRfc9218Priority(
        std::get<signals::Rfc9218Priority>(signal.signal));
  }
  return fields;
}

class Writer {
 public:
  Writer(const Run& run, const PageLoad& load)
      : run_(run),
        load_(load),
        page_(*run.page),
        arrivals_(page_.resources.size()),
        targets_(page_.resources.size()) {
    for (const Arrival& arrival : load.arrivals) {
      arrivals_[arrival.resource].push_back(&arrival);
    }
    for (const ReceivedSignal& signal : load.signals) {
      signals_[signal.stream_id].push_back(&signal);
    }
    for (size_t i = page_.resources.size(); i-- > 0;) {
      const std::optional<size_t>& initiator = page_.resources[i].initiator;
      if (!initiator.has_value()) continue;
      std::optional<size_t>& target = targets_[*initiator];
      // The first, but a document before anything else.
      const bool html = page_.resources[i].type == ResourceType::kHtml;
      if (html || !target.has_value() ||
          page_.resources[*target].type != ResourceType::kHtml) {
        target = i;
      }
    }
  }

  ordered_json Log() const;

 private:
  ordered_json Entry(size_t index) const;
  ordered_json Response(size_t index) const;
  ordered_json Chunks(size_t index) const;
  void AddInitiator(size_t index, ordered_json& entry) const;
  void AddPriorities(size_t index, ordered_json& entry) const;

  const Run& run_;
  const PageLoad& load_;
  const Page& page_;
  std::vector<std::vector<const Arrival*>> arrivals_;  // by resource
  absl::flat_hash_map<h2::StreamId, std::vector<const ReceivedSignal*>>
      signals_;
  std::vector<std::optional<size_t>> targets_;  // what a redirect leads to
};

ordered_json Writer::Response(size_t index) const {
  const Resource& resource = page_.resources[index];
  const int64_t bytes =
      resource.redirect ? 0 : static_cast<int64_t>(resource.bytes);
  ordered_json response;
  response["status"] = resource.redirect ? 302 : 200;
  response["statusText"] = "";
  response["httpVersion"] = kHttpVersion;
  response["cookies"] = ordered_json::array();
  response["headers"] = ordered_json::array();
  response["content"] = {{"size", bytes}, {"mimeType", WordsOf(resource).mime}};
  response["redirectURL"] =
      resource.redirect && targets_[index].has_value()
          ? UrlOf(page_, page_.resources[*targets_[index]])
          : "";
  response["headersSize"] = -1;
  response["bodySize"] = bytes;
  response["_transferSize"] = bytes;
  return response;
}

ordered_json Writer::Chunks(size_t index) const {
  ordered_json chunks = ordered_json::array();
  std::optional<int64_t> last;
  for (const Arrival* arrival : arrivals_[index]) {
    if (arrival->at_ns == last) {
      chunks.back()["bytes"] =
          chunks.back()["bytes"].get<size_t>() + arrival->bytes;
    } else {
      chunks.push_back(
          {{"ts", InMilliseconds(arrival->at_ns)}, {"bytes", arrival->bytes}});
    }
    last = arrival->at_ns;
  }
  return chunks;
}

void Writer::AddInitiator(size_t index, ordered_json& entry) const {
  const Resource& resource = page_.resources[index];
  if (!resource.initiator.has_value()) {
    entry["_initiator_type"] = "other";
    return;
  }
  const Resource& initiator = page_.resources[*resource.initiator];
  const char* type = "other";
  if (resource.hints.preload) {
    type = "preload";
  } else if (initiator.redirect) {
    type = "redirect";
  } else if (initiator.type == ResourceType::kJs) {
    type = "script";
  } else if (initiator.type == ResourceType::kHtml ||
             initiator.type == ResourceType::kCss) {
    type = "parser";
  }
  entry["_initiator"] = UrlOf(page_, initiator);
  entry["_initiator_type"] = type;
}

void Writer::AddPriorities(size_t index, ordered_json& entry) const {
  const Resource& resource = page_.resources[index];
  entry["_initialPriority"] = std::string(ChromeLevelName(resource.level));
  entry["_priority"] = std::string(ChromeLevelName(resource.FinalLevel()));
  if (resource.type == ResourceType::kCss ||
      resource.type == ResourceType::kJs) {
    const RenderBlocking blocking = resource.render_blocking;
    entry["_renderBlocking"] = blocking == RenderBlocking::kNo ? "non_blocking"
                               : blocking == RenderBlocking::kParserLate
                                   ? "in_body_parser_blocking"
                                   : "blocking";
  }
  if (resource.redirect) return;
  signals::Rfc7540Priority tree;
  std::optional<std::string> header;
  ordered_json later = ordered_json::array();
  if (auto found = signals_.find(load_.timings[index].stream_id);
      found != signals_.end()) {
    for (const ReceivedSignal* signal : found->second) {
      const auto* of_tree =
          std::get_if<signals::Rfc7540Priority>(&signal->signal);
      const ordered_json fields = SignalFields(*signal);
      if (!signal->with_request) {
        ordered_json timed = {{"ts", InMilliseconds(signal->at_ns)}};
        timed.update(fields);
        later.push_back(std::move(timed));
      } else if (of_tree != nullptr) {
        tree = *of_tree;
      } else {
        header = fields["priority"].get<std::string>();
      }
    }
  }
  entry["_http2_stream_id"] = load_.timings[index].stream_id;
  entry["_http2_stream_dependency"] = tree.depends_on;
  entry["_http2_stream_weight"] = tree.weight;
  entry["_http2_stream_exclusive"] = tree.exclusive ? 1 : 0;
  if (header.has_value()) entry["_http_priority"] = *header;
  if (!later.empty()) entry["_priority_signals"] = std::move(later);
}

ordered_json Writer::Entry(size_t index) const {
  const Resource& resource = page_.resources[index];
  const ResourceTiming& timing = load_.timings[index];
  // An empty body ends with its headers.
  const int64_t first_ns = arrivals_[index].empty()
                               ? timing.completed_ns
                               : arrivals_[index].front()->at_ns;
  ordered_json entry;
  entry["pageref"] = kPageId;
  entry["startedDateTime"] = DateTime(timing.requested_ns);
  entry["time"] = InMilliseconds(timing.completed_ns - timing.requested_ns);
  ordered_json& request = entry["request"];
  request["method"] = "GET";
  request["url"] = UrlOf(page_, resource);
  request["httpVersion"] = kHttpVersion;
  request["cookies"] = ordered_json::array();
  request["headers"] = ordered_json::array();
  request["queryString"] = ordered_json::array();
  request["headersSize"] = -1;
  request["bodySize"] = 0;
  entry["response"] = Response(index);
  entry["cache"] = ordered_json::object();
  entry["timings"] = {
      {"blocked", -1},
      {"dns", -1},
      {"connect", -1},
      {"ssl", -1},
      {"send", 0},
      {"wait", InMilliseconds(first_ns - timing.requested_ns)},
      {"receive", InMilliseconds(timing.completed_ns - first_ns)}};
  entry["_resourceType"] = WordsOf(resource).chrome;
  AddInitiator(index, entry);
  AddPriorities(index, entry);
  entry["_chunks"] = Chunks(index);
  return entry;
}

ordered_json Writer::Log() const {
  ordered_json log;
  log["version"] = "1.2";
  log["creator"] = {{"name", "sluice"}, {"version", std::string(kLabVersion)}};
  ordered_json page;
  page["startedDateTime"] = DateTime(0);
  page["id"] = kPageId;
  page["title"] = page_.name;
  page["pageTimings"] = {{"onContentLoad", -1},
                         {"onLoad", InMilliseconds(run_.metrics.page_load_ns)}};
  log["pages"] = ordered_json::array({std::move(page)});
  std::vector<size_t> order(page_.resources.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
    return load_.timings[a].requested_ns < load_.timings[b].requested_ns;
  });
  ordered_json& entries = log["entries"];
  entries = ordered_json::array();
  for (size_t index : order) entries.push_back(Entry(index));
  log["_run"] = RunParameters(run_);
  log[kHarFixtureField] = PageFixture(page_);
  return log;
}

}  // namespace

std::string HarText(const Run& run, const PageLoad& load) {
  ordered_json har;
  har["log"] = Writer(run, load).Log();
  // One line: most of a file are chunks, and programs read it.
  return absl::StrCat(
      har.dump(-1, ' ', false, ordered_json::error_handler_t::replace), "\n");
}

}  // namespace sluice::lab
